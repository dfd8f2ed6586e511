"""Streams that move, are given up, come again, or are forgotten."""

import time

from schemas.codec import from_json
from schemas.messages import Gap, StreamStatus
from streamer.errors import MediaError
from streamer.replaying import replay
from tests.workers.made import chunks, closed, expected, fresh_bus, publish, records, results, sums, understanding, until, working
from workers import partition, state
from workers.state import Line


def films(count):
    return [f"film-{number}" for number in range(count)]


def test_streams_move_between_workers_while_they_run_and_nothing_is_told_twice():
    bus = fresh_bus()
    with working(bus, understanding(slow_s=0.005), "a"):
        for name in films(8):
            publish(bus, chunks(name, 60))
        time.sleep(0.4)
        with working(bus, understanding(slow_s=0.005), "b"), working(bus, understanding(slow_s=0.005), "c"):
            time.sleep(0.8)
        until(lambda: closed(bus) == set(films(8)))
    for name in films(8):
        assert sums(bus, name) == expected(name, 60), name
    assert len(records(bus)) == 8 * 61


def hopeless(audio):
    if audio.stream == "film-1":
        raise MediaError("nothing in it can be decoded")
    return False


def test_a_film_of_which_nothing_can_be_used_is_given_up_and_others_go_on():
    bus = fresh_bus()
    for name in films(3):
        publish(bus, chunks(name, 30))
    with working(bus, understanding(refuses=hopeless), "a"):
        until(lambda: closed(bus) == {"film-0", "film-2"} and len(records(bus, "dlq")) == 1)
        until(lambda: all(found.line.resting for each in state.read(bus, "understand", range(4)).values() for found in each))
    [status] = [message for message in map(from_json, results(bus, "status")["film-1"].values()) if isinstance(message, StreamStatus)]
    assert (status.state, status.reason) == ("ended", "nothing in it can be decoded")


def test_replay_gives_what_a_healthy_run_would_have_given():
    bus, healthy = fresh_bus(), fresh_bus()
    for name in films(4):
        publish(bus, chunks(name, 30))
        publish(healthy, chunks(name, 30))
    with working(healthy, understanding()):
        until(lambda: closed(healthy) == set(films(4)))
    with working(bus, understanding(refuses=hopeless)):
        until(lambda: len(closed(bus)) == 3 and len(records(bus, "dlq")) == 1)
    [done] = replay(bus)
    assert (done.letter.stream, done.records) == ("film-1", 31)
    with working(bus, understanding()):
        until(lambda: closed(bus) == set(films(4)))
    told, whole = results(bus), results(healthy)
    assert {name: {key: value for key, value in told[name].items() if key in whole[name]} for name in whole} == whole
    assert [done.reason for done in replay(bus)] == ["it was replayed before"]


def test_a_stream_that_rests_is_forgotten_after_a_while():
    bus = fresh_bus()
    publish(bus, chunks("film", 12))
    with working(bus, understanding(), "a") as runner:
        until(lambda: closed(bus) == {"film"})
        for ours in runner._partitions.values():
            for stream in ours.streams.values():
                stream.active_at -= partition.REMEMBERED_S
        until(lambda: not any(state.read(bus, "understand", range(4)).values()))
        publish(bus, chunks("film", 12))
        until(lambda: len(records(bus)) == 26)
    assert sums(bus, "film") == expected("", 12)


def test_media_that_expired_while_nobody_worked_is_a_gap():
    bus = fresh_bus()
    known = partition.Assigned(None, 50, 90)
    lost = Line(stream="film", topic="media.files", number=3, restart=20, behind=30, position=12.5)
    there = Line(stream="other", topic="media.files", number=3, restart=60, behind=70)
    ours = partition.Partition(("media.files", 0), known, understanding())
    [gap] = ours.load([state.Kept(lost, set()), state.Kept(there, set())], {})
    assert isinstance(gap, Gap)
    assert (gap.stream, gap.start, gap.cause) == ("film", 12.5, "retention")
    assert ours.next == 50
    assert ours.streams["film"].line.states == {}
    assert bus.partitions("media.files") == 4
