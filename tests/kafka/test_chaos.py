"""Workers and brokers that die while they work: nothing is lost, nothing conflicts, little is told twice."""

import pathlib
import random
import threading
import time
from collections.abc import Iterator

import pytest

from streamer.bus.address import connect
from streamer.media.chunks import chunks
from tests import clips
from tests.kafka.brokers import make_topics
from tests.kafka.crew import ALL, SMALL, STEPS, Crew, Told, config_of, in_process, publish
from tests.kafka.test_workers import TINY

SECONDS = 26  # of a film: 26 windows


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> pathlib.Path:
    return clips.make(tmp_path_factory.mktemp("films") / "film.mp4", SECONDS, TINY, clips.Tone(rate=16_000, layout="mono"))


@pytest.fixture(scope="module")
def expected(film) -> dict[str, dict[str, bytes]]:
    """What 24 films tell."""
    return tells(film, 24)


def tells(film: pathlib.Path, count: int) -> dict[str, dict[str, bytes]]:
    """What so many films tell, each as a stream of its own."""
    return in_process({f"film-{number}": film for number in range(count)}, *config_of(SMALL))


@pytest.fixture
def crew(topics, tmp_path) -> Iterator[Crew]:
    with Crew(topics(*ALL, partitions=6), tmp_path / "workers.log") as crew:
        yield crew


def ends_well(told: Told, expected: dict[str, dict[str, bytes]], within_s: float = 120) -> None:
    """Nothing is lost, nothing conflicts, and nothing is there that should not be."""
    told.wait(sum(map(len, expected.values())), within_s)
    told.drain()
    assert not told.conflicts
    assert told.found == expected


def windows(expected: dict[str, dict[str, bytes]]) -> int:
    return sum(b'"type":"WindowClosed"' in value for each in expected.values() for value in each.values())


def kills(crew: Crew, film: pathlib.Path, expected: dict[str, dict[str, bytes]], count: int, pause_s: tuple[float, float]) -> Told:
    """Kills random workers while films come in, each time when some of what came since the last one is told."""
    rng, names, streams = random.Random(11), list(crew.processes), iter(expected)
    services = {name: name.partition("-")[0] for name in names}
    with connect(crew.address) as bus, Told(crew.address) as told:
        for _ in range(len(expected) - count):
            publish(bus, chunks(film, next(streams)))
        for _ in range(count):
            before = told.look()
            publish(bus, chunks(film, next(streams)))
            told.wait(before + 1)
            ends = time.monotonic() + rng.uniform(*pause_s)  # a moment like any other, not that in which something was told
            while time.monotonic() < ends:
                told.look()
            victim = rng.choice(names)
            crew.kill(victim)
            crew.start(victim, services[victim])
        ends_well(told, expected)
        print(f"{count} kills, {windows(expected)} windows, {len(told.records)} records, {told.repeats:.2%} told again")
        return told


def test_twenty_kills_lose_nothing_and_repeat_little(crew, film, expected):
    assert windows(expected) >= 500
    for number in range(3):
        crew.start(f"understand-{number}")
    told = kills(crew, film, expected, 20, (0.3, 1.5))
    assert told.repeats <= 0.02


@pytest.mark.slow
def test_kills_of_workers_a_step_each_lose_nothing_and_repeat_little(crew, film):
    for service in STEPS:
        for number in range(2):
            crew.start(f"{service}-{number}", service)
    told = kills(crew, film, tells(film, 44), 40, (0.5, 2.5))
    assert told.repeats <= 0.02


def test_workers_that_come_and_go_lose_and_repeat_nothing(crew, film, expected):
    streams = iter(expected)
    with connect(crew.address) as bus, Told(crew.address) as told:
        for change in ("+a +b", "+c +d", "-a -b -c"):
            for _ in range(8):
                publish(bus, chunks(film, next(streams)))
            for step in change.split():
                if step[0] == "+":
                    crew.start(step[1])
                else:
                    assert crew.stop(step[1])[0] == 0
            ends = time.monotonic() + 3
            while time.monotonic() < ends:
                told.look()
        ends_well(told, expected)
        assert told.repeats == 0


@pytest.mark.slow
def test_a_change_every_five_seconds_is_no_livelock(crew, film, expected):
    rng = random.Random(2)
    crew.start("a")
    with connect(crew.address) as bus, Told(crew.address) as told:
        for number, stream in enumerate(expected):
            publish(bus, chunks(film, stream))
            name = rng.choice("bcdefgh")
            if name in crew.processes:
                assert crew.stop(name)[0] == 0
            else:
                crew.start(name)
            ends = time.monotonic() + 5
            while time.monotonic() < ends:
                told.look()
            assert told.look() >= sum(map(len, list(expected.values())[: max(0, number - 2)]))  # never three films behind
        ends_well(told, expected)
        assert told.repeats == 0


def test_a_broker_that_is_killed_while_films_come_in_and_are_worked_on_loses_nothing(own_kafka, film, expected, tmp_path):
    address = make_topics(own_kafka.address, *ALL, partitions=3)
    some = {stream: expected[stream] for stream in list(expected)[:12]}

    def feed() -> None:
        with connect(address) as bus:
            for stream in some:
                publish(bus, chunks(film, stream))
                time.sleep(0.5)

    with Crew(address, tmp_path / "workers.log") as crew, Told(address) as told:
        for name in "ab":
            crew.start(name)
        feeding = threading.Thread(target=feed)
        feeding.start()
        for _ in range(2):
            told.wait(told.look() + 30)
            own_kafka.kill(0)
            time.sleep(1)
            own_kafka.start_node(0)
            own_kafka.wait()
        feeding.join(60)
        assert not feeding.is_alive()
        told.wait(sum(map(len, some.values())))
        told.drain()
        assert told.found == some
        assert not told.conflicts


@pytest.mark.slow
def test_three_nodes_whose_leaders_die_lose_nothing_and_go_on_within_ten_seconds(three_kafkas, film, expected, tmp_path):
    address = make_topics(three_kafkas.address, *ALL, partitions=3)
    streams = iter(expected)
    with Crew(address, tmp_path / "workers.log") as crew, connect(address) as bus, Told(address) as told:
        for name in "ab":
            crew.start(name)
        for _ in range(4):
            publish(bus, chunks(film, next(streams)))
        told.wait(20)
        slowest = 0.0
        for number in range(5):  # every node leads some partitions
            three_kafkas.kill(number % 3)
            died, before = time.monotonic(), told.look()
            publish(bus, chunks(film, next(streams)))
            told.wait(before + 1)
            slowest = max(slowest, time.monotonic() - died)
            three_kafkas.start_node(number % 3)
            three_kafkas.wait()
            for _ in range(2):
                publish(bus, chunks(film, next(streams)))
            time.sleep(2)
        for stream in streams:
            publish(bus, chunks(film, stream))
        ends_well(told, expected)
        print(f"on the way again after {slowest:.1f} s at most")
        assert slowest < 10
