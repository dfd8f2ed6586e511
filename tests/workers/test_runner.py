"""The loop of all services, on the bus inside one process."""

import contextlib
import random
import time

import pytest

from schemas.codec import from_json
from schemas.messages import DeadLetter, Gap
from streamer.bus.protocol import Assigned, Record
from streamer.errors import BusError
from tests.workers.made import (
    LINE,
    RUN,
    DyingBus,
    Killed,
    chunks,
    closed,
    expected,
    fresh_bus,
    publish,
    records,
    results,
    splitting,
    summing,
    sums,
    understanding,
    until,
    working,
)
from workers.partition import MOST_RECORDS, Partition

NAMES = [f"film-{number}" for number in range(6)]


def fill(bus, count=40, names=NAMES):
    for name in names:
        publish(bus, chunks(name, count))


def complete(bus, count=40, names=NAMES):
    for name in names:
        assert sums(bus, name) == expected(name, count), name


def test_every_stream_is_told_whole():
    bus = fresh_bus()
    fill(bus)
    with working(bus, understanding()):
        until(lambda: closed(bus) == set(NAMES))
    complete(bus)
    assert len(records(bus)) == len(NAMES) * 41


def test_three_workers_share_the_streams_and_tell_the_same():
    bus = fresh_bus()
    with working(bus, understanding(), "a"), working(bus, understanding(), "b"), working(bus, understanding(), "c"):
        fill(bus)
        until(lambda: closed(bus) == set(NAMES))
    complete(bus)


def test_a_worker_that_is_killed_at_any_record_loses_and_changes_nothing():
    rng = random.Random(3)
    bus = fresh_bus()
    fill(bus)
    for _ in range(25):
        with contextlib.suppress(Killed), working(DyingBus(bus, rng.randrange(1, 30)), understanding(), "a"):
            time.sleep(0.15)
    with working(bus, understanding(), "a"):
        until(lambda: closed(bus) == set(NAMES))
    complete(bus)
    assert len(records(bus)) == len(NAMES) * 41  # what the dead told without a line is found in the log


def test_exactly_once_a_worker_that_is_killed_tells_nothing_twice():
    rng = random.Random(9)
    bus = fresh_bus()
    fill(bus)
    for _ in range(15):
        with contextlib.suppress(Killed), working(DyingBus(bus, rng.randrange(1, 80)), understanding(), "a", exactly_once=True):
            time.sleep(0.15)
    with working(bus, understanding(), "a", exactly_once=True):
        until(lambda: closed(bus) == set(NAMES))
    complete(bus)
    assert len(records(bus)) == len(NAMES) * 41


def test_stop_and_go_tells_nothing_twice():
    bus = fresh_bus()
    for round_ in range(4):
        with working(bus, understanding(slow_s=0.002), "a"):
            publish(bus, chunks(f"film-{round_}", 60))
            time.sleep(0.3)
    with working(bus, understanding(), "a"):
        until(lambda: len(closed(bus)) == 4)
    for round_ in range(4):
        assert sums(bus, f"film-{round_}") == expected("", 60)
    assert len(records(bus)) == 4 * 61


def test_cameras_are_told_at_once_and_a_stop_in_between_tells_nothing_twice():
    bus = fresh_bus()
    live = list(chunks("camera", 25, epoch=1_700_000_000_000))
    with working(bus, understanding(), "a"):
        publish(bus, live[:14])
        until(lambda: len(records(bus)) == 14)  # the line is at 10
    with working(bus, understanding(), "a"):
        publish(bus, live[14:])
        until(lambda: closed(bus) == {"camera"})
    assert sums(bus, "camera") == expected("", 25)
    assert len(records(bus)) == 26


def test_poison_costs_one_dead_letter_and_one_run_of_its_own_stream():
    bus = fresh_bus()
    names = [f"film-{number}" for number in range(20)]
    for name in names:
        publish(bus, chunks(name, 30, poison=[12] if name == "film-7" else ()))
    with working(bus, understanding()):
        until(lambda: closed(bus) == set(names))
    complete(bus, 30, [name for name in names if name != "film-7"])
    [letter] = [from_json(record.value) for record in records(bus, "dlq")]
    assert isinstance(letter, DeadLetter)
    assert (letter.stream, letter.topic, letter.tries) == ("film-7", "media.files", 3)
    assert "poison in 12" in letter.error
    [gap] = [message for message in map(from_json, results(bus, "status")["film-7"].values()) if isinstance(message, Gap)]
    assert (gap.start, gap.end, gap.cause) == (12, 15, "poison")
    assert [time for time, _ in sums(bus, "film-7")] == [*range(12), *range(15, 30)]


def test_what_a_stage_refuses_is_left_out_though_it_came_a_record_before():
    bus = fresh_bus()
    publish(bus, chunks("film", 30))
    with working(bus, understanding(refuses=lambda audio: audio.time == 17)):
        until(lambda: closed(bus) == {"film"})
    assert [time for time, _ in sums(bus, "film")] == [*range(17), *range(20, 30)]
    assert len(records(bus, "dlq")) == 1


def test_what_may_be_over_soon_is_tried_until_it_is():
    bus = fresh_bus()
    ends = time.monotonic() + 1.5

    def busy(audio):
        if audio.time == 5 and time.monotonic() < ends:
            raise OSError("no memory on the device")
        return False

    publish(bus, chunks("film", 20))
    with working(bus, understanding(refuses=busy)):
        until(lambda: closed(bus) == {"film"})
    assert sums(bus, "film") == expected("", 20)
    assert not records(bus, "dlq")


@pytest.mark.parametrize("value", [b"", b"no message", b"\x81\xa4type\xa5Chunk", b"{}"])
def test_bytes_that_are_no_message_become_a_dead_letter_and_the_rest_goes_on(value):
    bus = fresh_bus()
    publish(bus, chunks("film", 20))
    bus.publish("media.files", "film", value, {})
    bus.publish("media.files", "no name of ours!", value, {})
    publish(bus, chunks("another", 5))
    with working(bus, understanding()):
        until(lambda: closed(bus) == {"film", "another"} and len(records(bus, "dlq")) == 2)
    assert sums(bus, "film") == expected("", 20)


def test_a_broker_that_refuses_for_a_while_costs_nothing_but_time():
    ends = time.monotonic() + 2

    class Shaky(DyingBus):
        def publish(self, *args, **more):
            if time.monotonic() < ends and len(records(self)) % 5 == 4:
                raise BusError("away")
            return super().publish(*args, **more)

    bus = fresh_bus()
    fill(bus, 20)
    with working(Shaky(bus, 10_000), understanding()):
        until(lambda: closed(bus) == set(NAMES))
    complete(bus, 20)


def test_reading_pauses_where_much_waits_and_goes_on_when_half_is_done():
    partition = Partition(("media.files", 0), Assigned(None, 0, 0), understanding())
    taken = [Record("media.files", 0, offset, "film", b"media", {}, 0) for offset in range(MOST_RECORDS + 1)]
    for record in taken:
        assert not partition.full()
        partition.route(record)
    assert partition.full()
    partition.paused = True
    partition.release(taken[: MOST_RECORDS // 2])
    assert partition.full()
    partition.release(taken[MOST_RECORDS // 2 : MOST_RECORDS // 2 + 1])
    assert not partition.full()


def test_one_step_a_worker_tells_the_same():
    bus = fresh_bus()
    fill(bus)
    with working(bus, splitting()), working(bus, summing()):
        until(lambda: closed(bus) == set(NAMES))
    complete(bus)


def test_one_step_a_worker_and_kills_lose_and_change_nothing():
    rng = random.Random(5)
    bus = fresh_bus()
    fill(bus)
    for _ in range(15):
        with contextlib.suppress(Killed), working(DyingBus(bus, rng.randrange(1, 60)), splitting(), "a"):
            time.sleep(0.1)
        with contextlib.suppress(Killed), working(DyingBus(bus, rng.randrange(1, 30)), summing(), "b"):
            time.sleep(0.1)
    with working(bus, splitting(), "a"), working(bus, summing(), "b"):
        until(lambda: closed(bus) == set(NAMES))
    complete(bus)


def test_the_constants_that_these_tests_count_on():
    assert LINE % RUN == 0
