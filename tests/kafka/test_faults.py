"""The faults of kafka-python 3.0.12 (Q1–Q14 of the design), and that our rule for each works on a real broker.

Those of membership (Q6–Q9) are in test_membership.py.
"""

import signal
import subprocess
import sys
import threading
import time

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from schemas.topics import full_name
from streamer.bus.address import connect, parse
from streamer.bus.kafka import client_settings, producer_settings
from streamer.bus.protocol import Commit
from streamer.bus.security import Security
from streamer.config import Bus
from streamer.errors import BusError
from streamer.subscribing import subscribe
from tests.bus.results import event, publish
from tests.kafka.brokers import make_topics
from tests.kafka.test_contract import Notes, fill, keep, read, wait_for


def values(address, count, topic="events", patience_s=20.0):
    with connect(address) as bus, bus.consume([topic]) as consumer:
        return [record.value for record in read(consumer, count, patience_s)]


def test_q1_a_producer_that_hangs_after_a_long_outage_is_found_and_replaced(own_kafka):
    address = make_topics(own_kafka.address, "events")
    threads = threading.active_count()
    with connect(address, Bus(delivery_timeout_s=6)) as bus:
        fill(bus, 4)
        ridden_out = 0  # as one in five is
        while outage(bus, own_kafka) is None:
            ridden_out += 1
            assert ridden_out < 4
        for _ in range(3):
            bus.publish("events", "s", b"again", {})
        bus.settle(20)
        assert bus.waiting().records == 0
    wait_for(lambda: threading.active_count() <= threads, patience_s=10)
    assert values(address, 7 + 3 * ridden_out).count(b"again") == 3


def outage(bus, kafka):
    """Publishes while the broker does not answer for longer than the delivery time-out; what settling says then."""
    kafka.signal(0, signal.SIGSTOP)
    receipts = [bus.publish("events", "s", b"during", {}) for _ in range(3)]
    time.sleep(7)  # this client may say nothing about them, ever
    kafka.signal(0, signal.SIGCONT)
    began = time.monotonic()
    try:
        bus.settle(30)
    except BusError as error:
        assert time.monotonic() - began < 12
        assert all(receipt.error for receipt in receipts)
        return error
    return None


def test_q2_a_record_that_is_refused_costs_the_producer_not_the_bus(topics):
    address = topics("events", "scenes", max_message_bytes="10000")
    with connect(address) as bus:
        fill(bus, 1)
        refused = bus.publish("events", "s", bytes(100_000), {})
        with pytest.raises(BusError, match="MessageSizeTooLarge"):
            refused.wait(20)
        with pytest.raises(BusError, match="MessageSizeTooLarge"):
            bus.publish("scenes", "s", b"overtakes", {})  # not before `settle` has told
        with pytest.raises(BusError, match="MessageSizeTooLarge"):
            bus.settle(20)
        bus.publish("scenes", "s", b"after", {})
        bus.settle(20)
    assert values(address, 1, "scenes") == [b"after"]


@pytest.mark.parametrize("against", [{"acks": 1}, {"acks": 0}, {"retries": 0}, {"max_in_flight_requests_per_connection": 6}])
def test_q3_a_setting_against_idempotence_raises(kafka, against):
    settings = client_settings(parse(kafka).servers, Security()) | producer_settings(Bus())
    with pytest.raises((KafkaError, AssertionError)):
        KafkaProducer(**(settings | against))


def test_q4_of_many_commits_the_last_one_holds(topics, group):
    address = topics("events", partitions=1)
    with connect(address) as bus:
        fill(bus, 60)
        with bus.consume(["events"], group=group) as consumer:
            read(consumer, 60)
            for number in range(1, 51):
                keep(consumer, {("events", 0): Commit(number, f"note {number}")})
        notes = Notes()
        with bus.consume(["events"], group=group, hooks=notes) as consumer:
            wait_for(lambda: notes.assigned, consumer)
    assert notes.assigned["events", 0].committed == Commit(50, "note 50")


def test_q5_leaving_and_idling_keep_the_note(topics, group):
    address = topics("events", partitions=1)
    with connect(address, Bus(session_timeout_s=2)) as bus:
        fill(bus, 5)
        with bus.consume(["events"], group=group) as consumer:
            read(consumer, 5)
            keep(consumer, {("events", 0): Commit(3, "the note")})
            ends = time.monotonic() + 2.5
            while time.monotonic() < ends:
                consumer.poll(0.2, 32)
        notes = Notes()
        with bus.consume(["events"], group=group, hooks=notes) as consumer:
            wait_for(lambda: notes.assigned, consumer)
    assert notes.assigned["events", 0].committed == Commit(3, "the note")


def test_q11_an_unknown_topic_is_told_and_blocks_nothing(topics):
    address = topics("events")
    with connect(address) as bus:
        began = time.monotonic()
        with pytest.raises(BusError, match="streamer topics create"):
            bus.publish("scenes", "s", b"1", {})
        with pytest.raises(BusError, match="streamer topics create"):
            bus.consume(["scenes"])
        assert time.monotonic() - began < 15
        fill(bus, 1)


def test_q12_without_crc32c_nothing_starts(kafka):
    code = f"import sys; sys.modules['crc32c'] = None\nfrom streamer.bus.address import connect\nconnect({kafka!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConfigError: crc32c is not there" in done.stderr


def test_q14_times_that_do_not_ascend_are_filtered(topics):
    address = topics("events", partitions=1)
    where = parse(address)
    now = time.time()
    with connect(address) as bus:
        publish(bus, event(1))
        with bus.consume(["events"]) as consumer:
            [record] = read(consumer, 1)
    raw = KafkaProducer(bootstrap_servers=list(where.servers))
    for number, ago_s in ((2, 60), (3, 3600), (4, 30)):
        value = record.value.replace(b'"e1"', f'"e{number}"'.encode())
        headers = [(name, text.encode()) for name, text in record.headers.items()]
        stamp = int((now - ago_s) * 1000)
        raw.send(full_name(where.prefix, "events"), value=value, key=b"cam-1", headers=headers, timestamp_ms=stamp).get(10)
    raw.close()
    assert [result.id for result in subscribe(address, kinds=["event"], since=now - 100, idle_s=1)] == ["e1", "e2", "e4"]
    assert list(subscribe(address, kinds=["event"], since=now + 3000, idle_s=0.5)) == []


def test_media_that_has_expired_below_the_commit_is_told(topics, group):
    address = topics("events", partitions=1)
    where = parse(address)
    with connect(address) as bus:
        fill(bus, 10)
        with bus.consume(["events"], group=group) as consumer:
            read(consumer, 10)
            keep(consumer, {("events", 0): Commit(2, "old")})
        admin = KafkaAdminClient(bootstrap_servers=list(where.servers))
        admin.delete_records({TopicPartition(full_name(where.prefix, "events"), 0): 6})
        admin.close()
        notes = Notes()
        with bus.consume(["events"], group=group, hooks=notes) as consumer:
            found = read(consumer, 4)
    assert notes.assigned["events", 0].committed == Commit(2, "old")
    assert notes.assigned["events", 0].begin == 6
    assert [record.offset for record in found] == [6, 7, 8, 9]


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(own_kafka):
    address = make_topics(own_kafka.address, "events")
    with connect(address) as bus:
        for number in range(300):
            bus.publish("events", f"s{number % 8}", str(number).encode(), {})
            if number == 150:
                own_kafka.kill(0)
                own_kafka.start_node(0)
        bus.settle(60)
    assert {int(value) for value in values(address, 300)} == set(range(300))


def test_bytes_in_flight_are_bounded_while_the_broker_is_away(own_kafka):
    address = make_topics(own_kafka.address, "events")
    with connect(address, Bus(in_flight_mb=1, delivery_timeout_s=6)) as bus:
        fill(bus, 1)
        own_kafka.signal(0, signal.SIGSTOP)
        with pytest.raises(BusError):
            for number in range(100):
                bus.publish("events", f"s{number}", bytes(100_000), {})
                assert bus.waiting().bytes <= 1 << 20
        own_kafka.signal(0, signal.SIGCONT)
        with pytest.raises(BusError):
            bus.settle(5)
        fill(bus, 3)
