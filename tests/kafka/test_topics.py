"""`streamer topics create` on a real broker: stated settings, made once, differences reported."""

import uuid

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from schemas.topics import KEPT_MS, TOPICS, full_name
from streamer.bus import topics as making
from streamer.bus.address import parse
from streamer.cli import app
from streamer.config import Bus
from streamer.errors import ConfigError


@pytest.fixture
def address(kafka):
    return f"{kafka}/t{uuid.uuid4().hex[:8]}"


def kept(address):
    where = parse(address)
    admin = KafkaAdminClient(bootstrap_servers=list(where.servers))
    names = [full_name(where.prefix, name) for name in TOPICS]
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])["topic"]
    parts = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(names)}
    admin.close()
    return {name: {key: value["value"] for key, value in found[full_name(where.prefix, name)].items()} for name in TOPICS}, parts


def test_topics_are_made_as_stated_and_a_second_time_changes_nothing(address):
    first = making.create(address, Bus(partitions=2, media_kept_h=1))
    assert all(made.new and not made.differs for made in first)
    settings, partitions = kept(address)
    assert set(partitions.values()) == {2}
    assert settings["media.live"]["message.timestamp.type"] == "LogAppendTime"
    assert settings["media.live"]["retention.ms"] == "3600000"
    assert int(settings["media.live"]["retention.bytes"]) == 10_000_000_000
    assert settings["events"]["retention.ms"] == str(KEPT_MS["results"])
    assert settings["state"]["cleanup.policy"] == settings["sources"]["cleanup.policy"] == "compact"
    assert settings["dlq"]["retention.ms"] == str(14 * 24 * 3_600_000)
    again = making.create(address, Bus(partitions=2, media_kept_h=1))
    assert not any(made.new or made.differs for made in again)


def test_what_is_there_and_differs_is_reported_and_left(address):
    making.create(address, Bus(partitions=2))
    said = CliRunner().invoke(app, ["topics", "create", "--bus", address, "--set", "bus.partitions=3", "--set", "bus.results_kept_days=1"])
    assert said.exit_code == 1
    assert "differs: 2 partitions; expected 3" in said.output
    assert "differs: retention.ms is 604800000; expected 86400000" in said.output
    assert kept(address)[0]["events"]["retention.ms"] == "604800000"


def test_the_command_says_what_it_made(address):
    said = CliRunner().invoke(app, ["topics", "create", "--bus", address, "--set", "bus.partitions=1"])
    assert said.exit_code == 0
    assert len(said.output.splitlines()) == len(TOPICS)
    assert "made" in said.output
    assert "cleanup.policy=compact" in said.output


def test_defaults_are_those_of_the_published_document():
    for topic in TOPICS.values():
        found = making.settings(topic, Bus())
        assert topic.kept == "newest" or found["retention.ms"] == str(KEPT_MS[topic.kept])


def test_a_local_bus_needs_none():
    with pytest.raises(ConfigError, match="makes its topics by itself"):
        making.create("local://x", Bus())


def test_media_with_a_recorded_date_stays(address):
    making.create(address, Bus(partitions=1))
    where = parse(address)
    producer = KafkaProducer(bootstrap_servers=list(where.servers))
    old = producer.send(full_name(where.prefix, "media.files"), value=b"1", key=b"s", timestamp_ms=1_000_000_000_000).get(10)
    producer.close()
    assert old.timestamp > 1_700_000_000_000  # the broker's own time, or retention would delete it at once
    assert msgspec.structs.asdict(TOPICS["media.files"])["kept"] == "media"
