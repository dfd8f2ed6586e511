"""The local bus and Kafka do the same."""

import time
import uuid

import pytest

from streamer.bus.address import connect
from streamer.bus.protocol import Commit, FencedError
from streamer.config import Bus

QUICK = Bus(session_timeout_s=6)


@pytest.fixture(params=["local", "kafka"])
def address(request):
    if request.param == "local":
        return f"local://{uuid.uuid4().hex}"
    return request.getfixturevalue("topics")("events", "scenes")


@pytest.fixture
def bus(address):
    with connect(address, QUICK) as bus:
        yield bus


class Notes:
    """What a member was told, and what it would commit."""

    def __init__(self):
        self.assigned, self.revoked, self.lost, self.safe = {}, [], [], {}

    def on_assigned(self, places):
        self.assigned |= places

    def on_revoked(self, places):
        self.revoked += places
        return {place: self.safe[place] for place in places if place in self.safe}

    def on_lost(self, places):
        self.lost += places


def fill(bus, count, topic="events"):
    for number in range(count):
        bus.publish(topic, f"s{number % 8}", str(number).encode(), {"ce_id": str(number)})
    bus.settle(20)


def read(consumer, count, patience_s=20.0):
    found, ends = [], time.monotonic() + patience_s
    while len(found) < count and time.monotonic() < ends:
        found += consumer.poll(0.3, 32)
    return found


def keep(consumer, offsets, patience_s=20.0):
    """Commits; in a rebalance, which a loaded machine can bring at any time, polls and commits again."""
    ends = time.monotonic() + patience_s
    while not consumer.commit(offsets):
        assert time.monotonic() < ends
        assert consumer.poll(0.1, 32) == []


def wait_for(condition, *consumers, patience_s=30.0):
    ends = time.monotonic() + patience_s
    while not condition() and time.monotonic() < ends:
        for consumer in consumers:
            consumer.poll(0.1, 32)
    assert condition()


def test_what_is_published_is_read_whole_and_in_order_of_its_key(bus):
    fill(bus, 64)
    with bus.consume(["events"]) as consumer:
        found = read(consumer, 64)
    assert sorted(int(record.value) for record in found) == list(range(64))
    for key in {record.key for record in found}:
        values = [int(record.value) for record in found if record.key == key]
        assert values == sorted(values)
        assert len({record.partition for record in found if record.key == key}) == 1
    assert found[0].headers == {"ce_id": found[0].value.decode()}
    assert {record.topic for record in found} == {"events"}


def test_a_receipt_tells_where_the_record_is(bus):
    receipt = bus.publish("events", "s", b"1", {})
    bus.settle(20)
    partition, offset = receipt.wait(5)
    assert receipt.done
    with bus.consume(["events"], partitions=[partition]) as consumer:
        assert [(record.partition, record.offset) for record in read(consumer, 1)] == [(partition, offset)]


def test_a_partition_can_be_named(bus):
    assert bus.publish("events", "s", b"1", {}, partition=3).wait(20)[0] == 3


def test_an_empty_value_is_a_tombstone(bus):
    bus.publish("events", "s", b"", {})
    with bus.consume(["events"]) as consumer:
        assert read(consumer, 1)[0].value == b""


def test_a_record_without_a_key_or_too_large_is_refused_before_it_is_sent(bus):
    with pytest.raises(ValueError, match="no key"):
        bus.publish("events", "", b"1", {})
    with pytest.raises(ValueError, match="expected at most"):
        bus.publish("events", "s", bytes(1 << 20), {})
    fill(bus, 1)


def test_a_group_goes_on_at_its_commit_and_gets_its_note_back(bus, group):
    fill(bus, 40)
    notes = Notes()
    with bus.consume(["events"], group=group, hooks=notes) as consumer:
        first = read(consumer, 40)
        at = {(record.topic, record.partition): record.offset + 1 for record in first}
        keep(consumer, {place: Commit(offset - 1, f"note {place[1]}") for place, offset in at.items()})
    assert sorted(notes.revoked) == sorted(notes.assigned)
    again = Notes()
    with bus.consume(["events"], group=group, hooks=again) as consumer:
        second = read(consumer, len(at))
    assert {place: known.committed for place, known in again.assigned.items() if known.committed} == {
        place: Commit(offset - 1, f"note {place[1]}") for place, offset in at.items()
    }
    assert sorted((record.partition, record.offset) for record in second) == sorted((place[1], offset - 1) for place, offset in at.items())


def test_what_a_member_gives_back_when_it_is_revoked_is_committed(bus, group):
    fill(bus, 16)
    notes = Notes()
    with bus.consume(["events"], group=group, hooks=notes) as consumer:
        for record in read(consumer, 16):
            notes.safe[record.topic, record.partition] = Commit(record.offset + 1, "last")
    again = Notes()
    with bus.consume(["events"], group=group, hooks=again) as consumer:
        wait_for(lambda: len(again.assigned) == 4, consumer)
    assert {place: known.committed for place, known in again.assigned.items() if known.committed} == notes.safe


def test_two_members_share_and_the_one_that_stays_takes_all(bus, group):
    one, two = Notes(), Notes()
    first = bus.consume(["events"], group=group, hooks=one)
    wait_for(lambda: len(first.assignment()) == 4, first)
    second = bus.consume(["events"], group=group, hooks=two)
    wait_for(lambda: len(first.assignment()) == len(second.assignment()) == 2, first, second)
    assert len(one.revoked) == 2  # only those that moved
    first.close()
    wait_for(lambda: len(second.assignment()) == 4, second)
    second.close()
    assert not one.lost
    assert not two.lost


def test_a_seek_in_the_hook_decides_where_reading_begins(bus, group):
    fill(bus, 40)

    class Later(Notes):
        def on_assigned(self, places):
            for place, known in places.items():
                consumer.seek(place, max(known.end - 1, 0))

    consumer = bus.consume(["events"], group=group, hooks=Later())
    found = read(consumer, 40, patience_s=2)
    consumer.close()
    assert len(found) == len({record.partition for record in found}) > 1


def test_a_paused_partition_gives_nothing_until_it_is_resumed(bus):
    fill(bus, 40)
    with bus.consume(["events"]) as consumer:
        places = [("events", number) for number in range(4)]
        consumer.pause(places[:2])
        some = read(consumer, 40, patience_s=1)
        assert {record.partition for record in some} <= {2, 3}
        consumer.resume(places)
        assert len(some + read(consumer, 40 - len(some))) == 40


def test_the_end_and_the_first_record_of_a_time_are_known(bus):
    fill(bus, 20)
    time.sleep(0.05)
    later = time.time()
    fill(bus, 20)
    with bus.consume(["events"]) as consumer:
        places = [("events", number) for number in range(4)]
        ends = consumer.ends(places)
        assert sum(ends.values()) == 40
        half = consumer.since(places, later)
        assert sum(half.values()) == 20
        assert consumer.since(places, time.time() + 60) == ends
        read(consumer, 40)
        assert {place: consumer.position(place) for place in places} == ends


def test_a_commit_that_cannot_be_right_is_refused(bus, group):
    fill(bus, 8)
    with bus.consume(["events"], group=group) as consumer:
        record = read(consumer, 8)[0]
        place = (record.topic, record.partition)
        with pytest.raises(ValueError, match="at most what was read"):
            consumer.commit({place: Commit(1000, "")})
        with pytest.raises(ValueError, match="4096"):
            consumer.commit({place: Commit(1, "x" * 4097)})
        keep(consumer, {place: Commit(1, "ü" * 4096)})
        assert consumer.commit({("events", 77): Commit(1, "not ours")})


def test_a_member_of_the_same_name_fences_the_first(bus, group):
    first = bus.consume(["events"], group=group, member="w1")
    wait_for(lambda: len(first.assignment()) == 4, first)
    place = first.assignment()[0]
    keep(first, {place: Commit(0, "")})
    second = bus.consume(["events"], group=group, member="w1")
    wait_for(lambda: len(second.assignment()) == 4, second)
    with pytest.raises(FencedError, match="same name"):
        first.commit({place: Commit(0, "")})
    first.close()
    second.close()
