"""What comes through the bus is what comes of the file: id by id and value by value, in one worker or in many."""

import contextlib
import pathlib
import random
import time

import pytest

from schemas.codec import from_json, to_json
from schemas.messages import Event, Result, WindowClosed
from streamer.config import Config, Fusion, Vision
from streamer.media.chunks import chunks
from streamer.synth.names import LABELS
from streamer.wiring import Models, load_models, understand
from tests import clips
from tests.fusion.folders import folder
from tests.media_folder import MEDIA, needs_media, needs_models
from tests.workers.made import DyingBus, Killed, fresh_bus, publish, results, until, working
from workers import fuse, interpret, see, split, transcribe
from workers import understand as fat

NONE = Config(profile="none", vision=Vision(ocr=False))
REAL = ["scenedetect_testvideo.mp4", "jfk.flac", "one-by-one-person-detection.mp4"]


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(NONE)


def in_process(path: pathlib.Path, stream: str, config: Config, models: Models) -> dict[str, bytes]:
    """Id → value of all results of a file."""
    found = (message for message in understand(path, stream, config, models) if isinstance(message, Result))
    return {f"{message.id}.{message.rev}": to_json(message) for message in found}


def through_the_bus(films: dict[str, pathlib.Path], services: list, workers: int, count: int) -> dict[str, dict[str, bytes]]:
    """The same by stream, through so many workers of each service; `count` results are waited for."""
    bus = fresh_bus()
    with contextlib.ExitStack() as stack:
        for service in services:
            for number in range(workers):
                stack.enter_context(working(bus, service, f"{service.name}-{number}"))
        for stream, path in films.items():
            publish(bus, chunks(path, stream))
        until(lambda: sum(map(len, results(bus).values())) >= count, 120)
    return results(bus)


def apart(config: Config, models: Models) -> list:
    return [module.service(config, models) for module in (split, see, transcribe, fuse, interpret)]


def together(config: Config, models: Models) -> list:
    return [fat.service(config, models)]


def equal(films: dict[str, pathlib.Path], config: Config, models: Models, layout, workers: int) -> None:
    expected = {stream: in_process(path, stream, config, models) for stream, path in films.items()}
    found = through_the_bus(films, layout(config, models), workers, sum(map(len, expected.values())))
    assert found.keys() == expected.keys()
    for stream in films:
        assert found[stream] == expected[stream], stream


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, pathlib.Path]:
    """Films of every kind: cuts, B-frames in open GOPs, no sound, only sound, damage, shorter than a window."""
    folder = tmp_path_factory.mktemp("films")
    cuts = clips.Pictures(draw=clips.coloured([(200, 30, 30), (30, 200, 30), (30, 30, 200)], 40), rate=10, gop=20)
    found = {
        "cuts": clips.make(folder / "cuts.mp4", 24, cuts),
        "open": clips.make(folder / "open.mp4", 12, clips.Pictures(b_frames=2, open_gop=True, gop=25)),
        "mute": clips.make(folder / "mute.mkv", 9, sound=None),
        "sound": clips.make(folder / "sound.wav", 11, None, clips.Tone(codec="pcm_s16le", onset=3)),
        "short": clips.make(folder / "short.mp4", 0.4),
    }
    found["damaged"] = clips.damage(clips.make(folder / "film.mkv", 20, clips.Pictures(gop=25)))
    return found


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("layout", [together, apart])
def test_made_films(made, models, layout, workers):
    equal(made, NONE, models, layout, workers)


@pytest.mark.parametrize("layout", [together, apart])
def test_made_films_while_workers_are_killed(made, models, layout):
    expected = {stream: in_process(path, stream, NONE, models) for stream, path in made.items()}
    services, rng, bus = layout(NONE, models), random.Random(1), fresh_bus()
    for stream, path in made.items():
        publish(bus, chunks(path, stream))
    for _ in range(12):
        with contextlib.suppress(Killed), contextlib.ExitStack() as stack:
            for service in services:
                stack.enter_context(working(DyingBus(bus, rng.randrange(1, 60)), service, service.name))
            time.sleep(0.25)
    with contextlib.ExitStack() as stack:
        for service in services:
            stack.enter_context(working(bus, service, service.name))
        until(lambda: sum(map(len, results(bus).values())) >= sum(map(len, expected.values())), 60)
    assert results(bus) == expected


@needs_media
@pytest.mark.parametrize("layout", [together, apart])
def test_real_films(models, layout):
    equal({name.partition(".")[0]: MEDIA / name for name in REAL}, NONE, models, layout, 2)


@needs_media
@needs_models
def test_real_models(tmp_path):
    config = Config(fusion=Fusion(), tell=("says: country",))
    models = load_models(config)
    film = clips.make(tmp_path / "film.mp4", 9)
    films = {"jfk": MEDIA / "jfk.flac", "made": film}
    for layout in (together, apart):
        equal(films, config, models, layout, 1)


@needs_media
@needs_models
def test_a_trained_fusion(tmp_path):
    path = folder(tmp_path / "fusion", thresholds=dict.fromkeys(LABELS, 0.01))
    config = Config(fusion=Fusion(model=str(path), level=3), vision=Vision(ocr=False))
    models = load_models(config)
    films = {"heard": MEDIA / "jfk.flac", "seen": clips.make(tmp_path / "film.mp4", 13)}
    told = [from_json(value) for stream, path in films.items() for value in in_process(path, stream, config, models).values()]
    assert {result.level for result in told if isinstance(result, WindowClosed)} == {0, 3}  # 0: without pictures
    assert any(event.level == 3 and event.contributions.get("together") for event in told if isinstance(event, Event))
    equal(films, config, models, apart, 1)
