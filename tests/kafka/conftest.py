"""Real Kafka for the tests: one broker for the session, others for tests that kill or guard theirs."""

import os
import pathlib
import uuid
from collections.abc import Callable, Iterator

import pytest

from streamer.bus.broker.cluster import Cluster
from tests.kafka.brokers import make_topics, require_kafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker: that of STREAMER_KAFKA=host:port, or one that is started for the session. Do not harm it."""
    if given := os.environ.get("STREAMER_KAFKA"):
        yield f"kafka://{given}"
        return
    require_kafka()
    with Cluster(tmp_path_factory.mktemp("kafka")) as cluster:
        yield cluster.address


@pytest.fixture
def topics(kafka: str) -> Callable[..., str]:
    """topics("events", "media.files", partitions=4) makes them under a prefix of their own; the address with it."""

    def make(*names: str, partitions: int = 4, **settings: str) -> str:
        return make_topics(kafka, *names, partitions=partitions, **settings)

    return make


@pytest.fixture
def group() -> str:
    """A group of the test's own: members that another test left to die keep nobody of this one waiting."""
    return f"g{uuid.uuid4().hex[:8]}"


@pytest.fixture
def own_kafka(tmp_path: pathlib.Path) -> Iterator[Cluster]:
    """A node of the test's own, to kill and freeze."""
    require_kafka()
    yield from own(Cluster(tmp_path / "kafka"))


@pytest.fixture
def three_kafkas(tmp_path: pathlib.Path) -> Iterator[Cluster]:
    """Three nodes of the test's own, every partition on each, two of which must have a record."""
    require_kafka()
    yield from own(Cluster(tmp_path / "kafka", nodes=3))


def own(cluster: Cluster) -> Iterator[Cluster]:
    """Started, and killed afterwards: an orderly end of several nodes takes its time."""
    try:
        yield cluster.start()
    finally:
        for node in range(cluster.nodes):
            cluster.kill(node)
