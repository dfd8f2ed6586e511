"""Membership of a group on a real broker: the client's faults (Q6–Q9 of the design, and Q15 found since), and our rule for each."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError

from schemas.topics import full_name
from streamer.bus.address import connect, parse
from streamer.bus.consumer import KafkaBusConsumer
from streamer.bus.kafka import client_settings, consumer_settings
from streamer.bus.protocol import Commit, FencedError, LostError
from streamer.bus.security import Security
from streamer.config import Bus
from tests.kafka.test_contract import Notes, fill, keep, read, wait_for


def test_q6_a_commit_in_a_rebalance_asks_for_another_poll(topics, group):
    """A frozen member holds the others up until its session is over; the leader, frozen by then, gives nobody anything."""
    address = topics("events")
    with connect(address) as bus, connect(address, Bus(session_timeout_s=20)) as own, contextlib.ExitStack() as members:
        fill(bus, 40)
        leader = members.enter_context(running(member(address, group, "", 20)))
        frozen = members.enter_context(running(member(address, group, "", 4)))
        consumer = members.enter_context(own.consume(["events"], group=group))
        wait_for(lambda: len(consumer.assignment()) == 1, consumer)
        [place] = consumer.assignment()
        keep(consumer, {place: Commit(1, "before")})
        frozen.send_signal(signal.SIGSTOP)
        members.enter_context(running(member(address, group, ""), until=""))
        settle_for(consumer, 2)  # all others have joined again
        leader.send_signal(signal.SIGSTOP)
        settle_for(consumer, 5)  # the frozen one is given up
        assert consumer.commit({place: Commit(2, "during")}) is False
        leader.send_signal(signal.SIGCONT)
        keep(consumer, {place: Commit(3, "after")})


@contextlib.contextmanager
def running(command, until="assigned"):
    """A member, from a line that it says on."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if until:
                next(line for line in process.stdout if line.startswith(until))
            yield process
        finally:
            process.kill()


def settle_for(consumer, seconds):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        consumer.poll(0.1, 32)


def member(address, group, name, session_s=6):
    return [sys.executable, "-m", "tests.kafka.member", address, group, name, str(session_s)]


def test_q7_a_fenced_member_is_told_within_a_session_even_when_it_is_idle(topics, group):
    address = topics("events")
    with connect(address, Bus(session_timeout_s=4)) as bus:
        first = bus.consume(["events"], group=group, member="w1")
        wait_for(lambda: len(first.assignment()) == 4, first)
        second = bus.consume(["events"], group=group, member="w1")
        wait_for(lambda: len(second.assignment()) == 4, second)
        began = time.monotonic()
        with pytest.raises(FencedError, match="same name"):
            while time.monotonic() - began < 20:
                first.poll(0.2, 32)
        assert time.monotonic() - began < 8
        first.close()
        second.close()


def test_q8_a_member_that_was_frozen_ends_and_the_other_has_all(topics, group):
    address = topics("events")
    frozen = subprocess.Popen(member(address, group, "", 2), stdout=subprocess.PIPE, text=True)
    with connect(address, Bus(session_timeout_s=2)) as bus:
        for line in frozen.stdout:
            if line.startswith("assigned"):
                break
        frozen.send_signal(signal.SIGSTOP)
        with bus.consume(["events"], group=group) as consumer:
            wait_for(lambda: len(consumer.assignment()) == 4, consumer)
            fill(bus, 20)
            assert len(read(consumer, 20)) == 20
            frozen.send_signal(signal.SIGCONT)
            wait_for(lambda: frozen.poll() is not None, consumer)
            assert frozen.returncode == 3
            wait_for(lambda: len(consumer.assignment()) == 4, consumer)
    frozen.stdout.close()


def test_q9_there_is_one_assignor_and_a_mixture_raises(kafka, group):
    settings = client_settings(parse(kafka).servers, Security()) | consumer_settings(Bus())
    assert [assignor.__name__ for assignor in settings["partition_assignment_strategy"]] == ["CooperativeStickyAssignor"]
    settings["partition_assignment_strategy"].append(RangePartitionAssignor)
    with pytest.raises((KafkaError, ValueError)):
        KafkaConsumer(group_id=group, **settings)


def test_a_member_that_polls_while_it_works_is_never_evicted(topics, group):
    address = topics("events", partitions=2)
    with connect(address, Bus(session_timeout_s=2, max_poll_interval_s=3)) as bus:
        fill(bus, 20)
        notes = Notes()
        with bus.consume(["events"], group=group, hooks=notes) as consumer:
            found = read(consumer, 20)
            consumer.pause(consumer.assignment())
            ends = time.monotonic() + 5
            while time.monotonic() < ends:
                assert consumer.poll(0.5, 32) == []
            at = {(record.topic, record.partition): Commit(record.offset + 1, "slow") for record in found}
            keep(consumer, at)
            assert not notes.revoked
            assert not notes.lost


def test_one_that_does_not_poll_loses_its_partitions_and_is_told(topics, group):
    address = topics("events", partitions=2)
    with connect(address, Bus(session_timeout_s=2, max_poll_interval_s=3)) as bus:
        notes = Notes()
        consumer = bus.consume(["events"], group=group, hooks=notes)
        wait_for(lambda: len(notes.assigned) == 2, consumer)
        time.sleep(5)
        with pytest.raises(LostError, match="too long"):
            wait_for(lambda: False, consumer, patience_s=10)
        assert sorted(notes.lost) == sorted(notes.assigned)
        consumer.close()


def test_q15_a_joining_that_outlasts_a_poll_is_not_forgotten(topics):
    address = topics("events", partitions=2)
    servers, prefix = parse(address).servers, parse(address).prefix
    settings = client_settings(servers, Security()) | consumer_settings(Bus(session_timeout_s=3)) | {"metadata_max_age_ms": 300}
    name, notes = full_name(prefix, "events"), Notes()
    admin = KafkaAdminClient(bootstrap_servers=servers)
    with KafkaBusConsumer(KafkaConsumer(group_id=prefix, **settings), prefix, notes, 3.0) as consumer:
        consumer.subscribe([name])
        for partitions in range(2, 9):
            if partitions > 2:
                admin.create_partitions({name: partitions})
            ends = time.monotonic() + 20
            while len(notes.assigned) < partitions and time.monotonic() < ends:
                consumer.poll(0.001, 32)
            assert len(notes.assigned) == partitions
        keep(consumer, {("events", 0): Commit(0, "")}, patience_s=5)
    admin.close()
    assert not notes.lost
