"""Transactions, the fault Q13: records and offsets together, and nothing from a worker that has been replaced."""

import time

import pytest
from kafka import KafkaProducer

from schemas.topics import full_name
from streamer.bus.address import connect, parse
from streamer.bus.causes import abandon
from streamer.bus.kafka import client_settings, producer_settings
from streamer.bus.protocol import Commit, FencedError, LostError, Outgoing
from streamer.bus.security import Security
from streamer.config import Bus
from tests.kafka.test_contract import Notes, fill, read, wait_for
from tests.kafka.test_faults import values


def test_q13_a_transaction_publishes_and_commits_together(topics, group):
    address = topics("events", "scenes", partitions=1)
    with connect(address) as bus, connect(address, transactional_id="w1") as worker:
        fill(bus, 12)
        notes = Notes()
        with worker.consume(["events"], group=group, hooks=notes) as consumer:
            found = read(consumer, 12)
            records = [Outgoing("scenes", record.key, record.value, {"n": "1"}) for record in found]
            worker.transact(records, consumer, {("events", 0): Commit(12, "all")})
        again = Notes()
        with bus.consume(["events"], group=group, hooks=again) as consumer:
            wait_for(lambda: again.assigned, consumer)
    assert again.assigned["events", 0].committed == Commit(12, "all")
    assert len(values(address, 12, "scenes")) == 12


def test_q13_a_worker_that_was_replaced_publishes_nothing(topics, group):
    address = topics("events", "scenes", partitions=1)
    with connect(address) as bus, connect(address, transactional_id="w1") as old, connect(address, transactional_id="w2") as other:
        fill(bus, 4)
        first = old.consume(["events"], group=group, member="m")
        read(first, 4)
        second = other.consume(["events"], group=group, member="m")
        wait_for(lambda: second.assignment(), second)
        with pytest.raises((FencedError, LostError)):
            old.transact([Outgoing("scenes", "s", b"zombie")], first, {("events", 0): Commit(4)})
        other.transact([Outgoing("scenes", "s", b"good")], second, {("events", 0): Commit(4)})
        first.close()
        second.close()
    assert values(address, 2, "scenes", patience_s=3) == [b"good"]


def test_q13_a_publisher_of_the_same_name_fences_the_first_and_frees_what_it_left_open(topics, group):
    address = topics("events", "scenes", partitions=1)
    where = parse(address)
    with connect(address) as bus, connect(address, transactional_id="w1") as worker:
        fill(bus, 4)
        settings = client_settings(where.servers, Security()) | producer_settings(Bus())
        dead = KafkaProducer(**settings, transactional_id="w1", transaction_timeout_ms=60_000)
        dead.init_transactions()
        dead.begin_transaction()
        dead.send(full_name(where.prefix, "scenes"), value=b"torn", key=b"s").get(10)
        with worker.consume(["events"], group=group) as consumer:
            read(consumer, 4)
            worker.transact([Outgoing("scenes", "s", b"whole")], consumer, {("events", 0): Commit(4)})
        began = time.monotonic()
        assert values(address, 1, "scenes") == [b"whole"]
        assert time.monotonic() - began < 10  # not the 60 s of the one that died
        with connect(address, transactional_id="w1") as twin, twin.consume(["events"], group="h") as consumer:
            read(consumer, 4)
            twin.transact([Outgoing("scenes", "s", b"twin")], consumer, {("events", 0): Commit(4)})
            with pytest.raises(FencedError, match="name of its own"):
                worker.transact([Outgoing("scenes", "s", b"late")], consumer, {("events", 0): Commit(4)})
        abandon(dead)
