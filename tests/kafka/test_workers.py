"""Workers on a real broker tell what comes of the files, each thing once, in order, as the schemas say."""

import json
import pathlib
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest

from schemas.codec import from_json
from schemas.messages import Chunk, DeadLetter, Gap, WindowClosed
from streamer.bus.address import connect
from streamer.config import Bus
from streamer.media.chunks import chunks
from streamer.replaying import replay
from tests import clips
from tests.kafka.brokers import make_topics
from tests.kafka.crew import ALL, QUICK, ROOT, SMALL, STEPS, Crew, Told, config_of, in_process, publish
from tests.media_folder import MEDIA, needs_media, needs_models
from tests.workers import made
from tests.workers.made import until
from workers import state
from workers.runner import POLL_RECORDS
from workers.state import Line

REAL = ["scenedetect_testvideo.mp4", "jfk.flac", "one-by-one-person-detection.mp4"]
TOLD = ["autoeditor_example.mp4", "scenedetect_testvideo.mp4", "jfk.flac"]  # words, labels and shots among them
OFFLINE = ("speech.compute=int8", *QUICK)
TINY = clips.Pictures(size=(64, 36), rate=5, gop=10, draw=clips.coloured([(200, 30, 30), (30, 200, 30), (30, 30, 200)], 23))


@pytest.fixture(scope="module")
def small():
    return config_of(SMALL)


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> pathlib.Path:
    return clips.make(tmp_path_factory.mktemp("films") / "film.mp4", 26, TINY, clips.Tone(rate=16_000, layout="mono"))


@pytest.fixture
def crew(topics, tmp_path):
    with Crew(topics(*ALL, partitions=6), tmp_path / "workers.log") as crew:
        yield crew


def tell(crew: Crew, films: dict[str, pathlib.Path], expected: dict[str, dict[str, bytes]], within_s: float = 90) -> Told:
    """Publishes films and waits for their results, which must be as expected."""
    with connect(crew.address) as bus, Told(crew.address) as told:
        for stream, path in films.items():
            publish(bus, chunks(path, stream))
        told.wait(sum(map(len, expected.values())), within_s)
        told.drain()
        assert told.found == expected
        assert not told.conflicts
        return told


@pytest.fixture(scope="module")
def real(small):
    """Real films, and what comes of them without a bus."""
    films = {name.partition(".")[0]: MEDIA / name for name in REAL}
    return films, in_process(films, *small)


@needs_media
@pytest.mark.parametrize(
    ("services", "workers"),
    [
        (("understand",), 3),
        (STEPS, 1),
        pytest.param(("understand",), 1, marks=pytest.mark.slow),
        pytest.param(STEPS, 3, marks=pytest.mark.slow),
    ],
    ids=["together-3", "apart-1", "together-1", "apart-3"],
)
def test_real_films_come_out_as_without_a_bus(crew, real, services, workers):
    for service in services:
        for number in range(workers):
            crew.start(f"{service}-{number}", service)
    told = tell(crew, *real)
    assert told.repeats == 0


@needs_media
@needs_models
def test_real_models_say_the_same_through_a_broker(topics, tmp_path):
    films = {"jfk": MEDIA / "jfk.flac"}
    with Crew(topics(*ALL, partitions=2), tmp_path / "workers.log", OFFLINE) as crew:
        crew.start("a")
        tell(crew, films, in_process(films, *config_of(OFFLINE)))


@pytest.fixture(scope="module")
def offline():
    """Three films, and what the real models tell of them without a bus."""
    films = {name.partition(".")[0]: MEDIA / name for name in TOLD}
    return films, in_process(films, *config_of(OFFLINE))


@pytest.mark.slow
@needs_media
@needs_models
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("services", [("understand",), STEPS], ids=["together", "apart"])
def test_three_films_come_out_the_same_through_a_broker(topics, tmp_path, offline, services, workers):
    with Crew(topics(*ALL, partitions=6), tmp_path / "workers.log", OFFLINE) as crew:
        for service in services:
            for number in range(workers):
                crew.start(f"{service}-{number}", service)
        told = tell(crew, *offline, within_s=400)
    assert told.repeats == 0


def test_twenty_streams_are_read_in_order_and_every_record_is_as_its_schema_says(crew, small, film):
    films = {f"camera-{number}": film for number in range(20)}
    crew.start("a")
    crew.start("b")
    told = tell(crew, films, in_process(films, *small))
    schemas = {path.stem: json.loads(path.read_text()) for path in (ROOT / "schemas" / "json").glob("*.json")}
    checks = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas.items()}
    for record in told.records:
        value = json.loads(record.value)
        checks[value["type"]].validate(value)
        assert record.headers["ce_dataschema"] == schemas[value["type"]]["$id"]
        assert record.key == value["stream"]
    assert len({record.partition for record in told.records}) > 3
    for stream in films:
        windows = [from_json(record.value) for record in told.records if record.key == stream and record.topic == "windows"]
        assert [window.start for window in windows] == sorted(window.start for window in windows)


def test_sigterm_loses_and_repeats_nothing(crew, small, film):
    films = {f"film-{number}": film for number in range(16)}
    expected = in_process(films, *small)
    count = sum(map(len, expected.values()))
    with connect(crew.address) as bus, Told(crew.address) as told:
        for stream, path in films.items():
            publish(bus, chunks(path, stream))
        stops = 0
        while told.look() < count:
            told.drain(0.5)  # of the one before: else this one is stopped before it has begun
            crew.start("a")
            told.wait(min(count, told.look() + 50))
            code, took_s = crew.stop("a")
            assert (code, took_s < 10) == (0, True)
            stops += 1
        assert stops > 3
        told.drain()
        assert told.found == expected
        assert told.repeats == 0


def test_exactly_once_a_worker_that_is_killed_tells_nothing_twice(topics, tmp_path, small, film):
    films = {f"film-{number}": film for number in range(10)}
    expected = in_process(films, *small)
    address = topics(*ALL, partitions=3)
    with Crew(address, tmp_path / "workers.log", more=("--exactly-once",)) as crew, connect(address) as bus, Told(address) as told:
        for stream, path in films.items():
            publish(bus, chunks(path, stream))
        for _ in range(4):
            crew.start("a")
            told.wait(min(told.look() + 60, sum(map(len, expected.values()))))
            crew.kill("a")
        crew.start("a")
        told.wait(sum(map(len, expected.values())))
        told.drain()
        assert told.found == expected
        assert told.repeats == 0


def test_what_was_fetched_before_a_pause_comes_after_it(topics):
    with connect(topics("events")) as bus, bus.consume(["events"]) as consumer:
        for number in range(400):
            bus.publish("events", f"s{number % 16}", bytes(20_000), {})
        bus.settle(30)
        found, ends = [], time.monotonic() + 20
        while len(found) < 400 and time.monotonic() < ends:
            found += consumer.poll(0.3, POLL_RECORDS)  # with 32 of them it would stand still for ever
            consumer.pause(consumer.assignment())
            assert consumer.poll(0.2, POLL_RECORDS) == []
            consumer.resume(consumer.assignment())
        assert len(found) == 400


def test_lines_that_come_slowly_are_all_read(own_kafka):
    with connect(make_topics(own_kafka.address, "state", partitions=1)) as bus, ThreadPoolExecutor(1) as pool:
        for number in range(120):
            line = Line(stream=f"s{number}", topic="media.files", number=1, restart=0, behind=0, states={"see": bytes(200_000)})
            for record in state.records(line, "g", 0):
                bus.publish(record.topic, record.key, record.value, record.headers, record.partition)
        bus.settle(30)
        reading = pool.submit(state.read, bus, "g", [0])
        for _ in range(3):  # a broker that answers nothing for longer than any poll takes
            time.sleep(0.1)
            own_kafka.signal(0, signal.SIGSTOP)
            time.sleep(3)
            own_kafka.signal(0, signal.SIGCONT)
        assert len(reading.result(60)[0]) == 120


def test_the_second_sigterm_ends_it_at_once(crew, film):
    with connect(crew.address) as bus:
        for number in range(8):
            publish(bus, chunks(film, f"film-{number}"))
    crew.start("a")
    with Told(crew.address) as told:
        told.wait(20)
    process = crew.processes["a"]
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # two signals at once may be delivered as one
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    assert time.monotonic() - began < 1


def test_a_stage_five_times_slower_than_the_poll_interval_is_never_evicted(topics):
    address = topics(*ALL, partitions=2)
    options = Bus(session_timeout_s=3, max_poll_interval_s=3)
    with connect(address, options) as bus:
        for chunk in made.chunks("film", 12):
            publish(bus, [chunk])
        service = made.understanding(refuses=lambda audio: time.sleep(15) if audio.time == 5 else None)
        with made.working(bus, service, "a"), connect(address, options) as other, made.working(other, service, "b"), Told(address) as told:
            told.wait(13, 60)
            told.drain()
            assert told.repeats == 0
    assert made.sums_of(told.found["film"]) == made.expected("film", 12)


def test_one_poison_chunk_among_two_hundred_streams_of_one_run(crew, small, tmp_path):
    path = clips.make(tmp_path / "film.mp4", 1.6, TINY, None)  # with sound the first Chunk would be its priming packet alone
    films = {f"film-{number}": path for number in range(200)}
    healthy = in_process({"film-0": path}, *small)["film-0"]
    crew.start("a")
    with connect(crew.address) as bus, Told(crew.address) as told, Told(crew.address, ("dlq",)) as letters:
        for stream, each in films.items():
            publish(bus, poisoned(chunks(each, stream), 0) if stream == "film-77" else chunks(each, stream))
        told.wait(199 * len(healthy), 120)
        letters.wait(1)
        told.drain()
        whole = [stream for stream in films if len(told.found.get(stream, {})) == len(healthy) and not gaps(told, stream)]
        assert len(whole) == 199
        [letter] = letters.found["film-77"].values()
        letter = from_json(letter)
        assert isinstance(letter, DeadLetter)
        assert (letter.topic, letter.key, letter.tries) == ("media.files", "film-77", 3)
        assert "MessageError" in letter.error
        [gap] = gaps(told, "film-77")
        assert (gap.cause, gap.start) == ("poison", 0)
        assert gap.end > 0.5


def test_poison_that_takes_the_only_key_frame_is_a_gap_in_both_senses(crew, small, tmp_path):
    """The first Chunk is the priming packet of the sound alone; the one behind it is lost, and sound goes on in the third."""
    path = clips.make(tmp_path / "film.mp4", 1.6, TINY, clips.Tone(rate=16_000, layout="mono"))
    films = {f"film-{number}": path for number in range(20)}
    healthy = in_process({"film-0": path}, *small)["film-0"]
    crew.start("a")
    with connect(crew.address) as bus, Told(crew.address) as told, Told(crew.address, ("dlq",)) as letters:
        for stream, each in films.items():
            publish(bus, poisoned(chunks(each, stream), 1) if stream == "film-7" else chunks(each, stream))
        told.wait(19 * len(healthy), 120)
        letters.wait(1)
        until(lambda: told.look() and len(gaps(told, "film-7")) == 2)
        told.drain()
        assert [stream for stream in films if len(told.found[stream]) != len(healthy) or gaps(told, stream)] == ["film-7"]
        lost = {gap.modality: gap for gap in gaps(told, "film-7")}
        assert {(gap.cause, gap.start) for gap in lost.values()} == {("poison", 0)}
        assert lost["vision"].end == pytest.approx(1.6, abs=0.01)
        assert lost["sound"].end == pytest.approx(1, abs=0.1)


def test_poison_in_a_long_stream_costs_the_windows_it_touches_and_replay_gives_the_same_ids(crew, small, film):
    expected = windows(in_process({"film": film}, *small)["film"])
    crew.start("a")
    with connect(crew.address) as bus, Told(crew.address) as told, Told(crew.address, ("dlq",)) as letters:
        publish(bus, poisoned(chunks(film, "film"), 12))
        letters.wait(1)
        until(lambda: told.look() and windows(told.found["film"]).keys() == expected.keys())
        told.drain()
        lost = gaps(told, "film")
        assert {gap.modality for gap in lost} == {"vision", "sound"}
        assert {gap.cause for gap in lost} == {"poison"}
        start, end = min(gap.start for gap in lost), max(gap.end for gap in lost)
        assert end - start < 4  # one run of pictures, and a block of sound
        found = windows(told.found["film"])
        assert {key for key, window in found.items() if not window.complete} == {
            key for key, window in expected.items() if window.start < end and window.end > start
        }
        before = dict(told.found["film"])
        [done] = replay(bus)
        assert done.records > 20
        letters.wait(2)
        told.drain(2)
        assert told.found["film"] == before
        assert len(told.records) > 1.9 * len(before)
        assert not told.conflicts


def poisoned(whole, seq):
    """The Chunks of a film, one of which lies about its bytes."""
    for chunk in whole:
        yield Chunk(**{name: getattr(chunk, name) for name in chunk.__struct_fields__} | {"data": b"lies"}) if chunk.seq == seq else chunk


def gaps(told: Told, stream: str) -> list[Gap]:
    return [message for value in told.found.get(stream, {}).values() if isinstance(message := from_json(value), Gap)]


def windows(found: dict[str, bytes]) -> dict[str, WindowClosed]:
    return {message.id: message for value in found.values() if isinstance(message := from_json(value), WindowClosed)}
