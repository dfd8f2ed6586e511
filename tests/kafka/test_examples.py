"""A consumer that knows nothing of us reads the topics: the examples on Kafka, each a program of its own."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from streamer.bus.address import connect
from streamer.bus.protocol import Bus
from tests.bus.results import event, publish

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
TOLD = ["cam-1: dog started at 1.0 s", "cam-1: dog updated at 1.0 s", "cam-2: dog started at 2.0 s"]
WITHIN_S = 40.0


@pytest.fixture
def bus(topics: Callable[..., str]) -> Iterator[tuple[Bus, str]]:
    address = topics("events", "perceived", "scenes", "sentiment", "status", "transcripts", "windows")
    with connect(address) as connected:
        yield connected, address


@contextlib.contextmanager
def _publishing(bus: Bus) -> Iterator[None]:
    """The same three events again and again, as some only read what comes after them: what is told once is told once."""
    done = threading.Event()

    def publishing() -> None:
        while not done.is_set():
            publish(bus, event(1), event(1, rev=1), event(2, "cam-2"))
            done.wait(0.5)

    thread = threading.Thread(target=publishing)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _printed(command: Sequence[str], most: int = len(TOLD)) -> list[str]:
    """The first lines of a program that does not end."""
    here = os.environ | {"PYTHONPATH": str(EXAMPLES.parent)}
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=here)
    timer = threading.Timer(WITHIN_S, program.kill)
    timer.start()
    assert program.stdout
    lines = [line.rpartition(" (")[0] for _, line in zip(range(most), program.stdout, strict=False)]
    timer.cancel()
    program.kill()
    _, errors = program.communicate()
    assert len(lines) == most, errors
    return lines


def _servers(address: str) -> tuple[str, str]:
    servers, _, prefix = address.removeprefix("kafka://").partition("/")
    return servers, f"{prefix}.events.v1"


def test_a_subscriber(bus: tuple[Bus, str]) -> None:
    with _publishing(bus[0]):
        assert sorted(_printed([sys.executable, str(EXAMPLES / "subscriber.py"), bus[1], "cam-*"])) == TOLD


@pytest.mark.parametrize("name", ["plain_kafka_python.py", "plain_confluent_kafka.py"])
def test_plain_python(bus: tuple[Bus, str], name: str) -> None:
    with _publishing(bus[0]):
        assert sorted(_printed([sys.executable, str(EXAMPLES / name), *_servers(bus[1])])) == TOLD


def test_plain_node(bus: tuple[Bus, str], tmp_path: pathlib.Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node is not there: apt-get install nodejs npm")
    program = shutil.copy(EXAMPLES / "plain_node.mjs", tmp_path)
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "kafkajs@2"]
    if subprocess.run(install, cwd=tmp_path, capture_output=True, timeout=120, check=False).returncode:
        pytest.skip("kafkajs cannot be installed: npm reaches no registry")
    with _publishing(bus[0]):
        assert sorted(_printed(["node", program, *_servers(bus[1])])) == TOLD
