"""Subscribers and bridges on a real broker."""

import json
import subprocess
import sys
import threading
import time
import uuid

import pytest
from kafka import KafkaConsumer

from schemas.document import json_schema
from schemas.messages import Event
from schemas.topics import full_name
from streamer.bridges.webhook import Webhook
from streamer.bus import topics as making
from streamer.bus.address import connect, parse
from streamer.config import Bus
from streamer.subscribing import Subscription, subscribe
from tests.bus.results import event, publish, scene
from tests.bus.test_webhook import Receiver

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module")
def address(kafka):
    found = f"{kafka}/t{uuid.uuid4().hex[:8]}"
    making.create(found, Bus(partitions=3))
    return found


def test_a_consumer_that_knows_nothing_of_us_reads_the_topic(address):
    where = parse(address)
    with connect(address) as bus:
        publish(bus, event(1, "plain"))
    consumer = KafkaConsumer(
        full_name(where.prefix, "events"), bootstrap_servers=list(where.servers), auto_offset_reset="earliest", consumer_timeout_ms=5000
    )
    record = next(record for record in consumer if record.key == b"plain")
    consumer.close()
    headers = {name: value.decode() for name, value in record.headers}
    assert headers["ce_type"] == "streamer.event.started"
    jsonschema.Draft202012Validator(json_schema(Event)).validate(json.loads(record.value))


def test_confluent_kafka_reads_the_same_and_maps_a_stream_to_the_same_partition(address):
    confluent = pytest.importorskip("confluent_kafka")
    where = parse(address)
    with connect(address) as bus:
        ours = {
            key: bus.publish("scenes", key, b"{}", {}).wait(20)[0]
            for key in ("cam-1", "cam-2", "f-0123456789abcdef0123456789abcdef", "door")
        }
    theirs, producer = {}, confluent.Producer({"bootstrap.servers": where.servers[0], "partitioner": "murmur2_random"})
    for key in ours:
        producer.produce(
            full_name(where.prefix, "scenes"),
            b"{}",
            key,
            on_delivery=lambda _, sent: theirs.update({sent.key().decode(): sent.partition()}),
        )
    producer.flush(20)
    assert theirs == ours


def test_subscribing_follows_what_is_published_and_replays(address):
    since = time.time()
    with connect(address) as bus:
        with Subscription(address, kinds=["event"], streams="live-*") as subscription:
            publish(bus, event(1, "live-1"), event(1, "live-1"), event(2, "dead-1"), scene(1, "live-1"))
            found, ends = [], time.monotonic() + 20
            while not found and time.monotonic() < ends:
                found = subscription.poll(0.5)
        assert [delivery.result for delivery in found] == [event(1, "live-1")]
        replayed = list(subscribe(address, since=since, streams="live-*", idle_s=1.5))
        assert sorted(result.id for result in replayed) == ["e1", "s1"]


def test_watch_topic_prints_lines_of_json_and_ends_when_idle(address):
    with connect(address) as bus:
        publish(bus, event(7, "watched"))
    command = [
        sys.executable,
        "-m",
        "streamer.cli",
        "watch-topic",
        "event",
        "--bus",
        address,
        "--streams",
        "watched",
        "--since",
        "all",
        "--idle",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["e7"]
    assert done.stderr == ""


def test_a_webhook_that_is_stopped_goes_on_and_loses_nothing(address):
    receiver = Receiver(500)
    since = time.time()
    with connect(address) as bus:
        publish(bus, *(event(number, f"hook-{number % 4}") for number in range(20)))
        for wanted in (8, 20):
            ends = time.monotonic() + 30
            hook = Webhook(receiver.url, kinds=["event"], streams="hook-*", since=since)
            hook.run(
                address,
                Bus(session_timeout_s=6),
                lambda wanted=wanted, ends=ends: len(receiver.taken()) >= wanted or time.monotonic() > ends,
            )
    receiver.close()
    taken = receiver.taken()
    assert set(taken) == {f"e{number}" for number in range(20)}
    assert len(taken) <= 22  # what the stop cut off may come twice


def test_leaving_a_subscription_ends_its_threads(address):
    before = threading.active_count()
    for _ in range(3):
        with Subscription(address) as subscription:
            subscription.poll(0.1)
    time.sleep(0.2)
    assert threading.active_count() <= before
