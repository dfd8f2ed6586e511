"""The stage: what it tells of a film, however the film comes."""

import itertools
import math
import pathlib
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import AnyMessage, Features, Frame, Keyframe, Levels, Picture, ScreenText, Shot, Watermark
from streamer.config import Config, Media, Vision
from streamer.media.reader import read
from streamer.models.protocols import Queries
from streamer.vision.ocr import RapidReader, load_reader
from streamer.vision.see import See, SeeState
from tests.clips import Pictures, make
from tests.media_folder import MEDIA, needs_media, needs_models
from tests.vision.film import RATE, mixtures, reading, scene, written


class Means:
    """A tiny image encoder: the key is the mean colour, the vector the corners."""

    name, size = "means", (224, 224)

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.calls += 1
        means = images.mean((1, 2), dtype=np.float32) + 1e-3
        return means / np.linalg.norm(means, axis=1, keepdims=True), images[:, ::223, ::223, 0].reshape(len(images), -1).astype(np.float32)

    def queries(self, prompts: Sequence[str]) -> Queries:
        raise NotImplementedError


class Letters:
    """A tiny text encoder: how often each letter occurs."""

    name = "letters"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array([[text.lower().count(chr(97 + i)) + 1e-3 for i in range(26)] for text in texts], np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)

    def queries(self, prompts: Sequence[str]) -> Queries:
        raise NotImplementedError


@pytest.fixture(scope="module")
def rapid() -> RapidReader:
    return load_reader()


def film() -> list[np.ndarray]:
    """Ten seconds at 25/s, 640 × 360: a room, from 3.0 s a page of text, from 6.0 s a fade into another room."""
    rooms = [np.repeat(scene(seed, 360, 640)[..., None], 3, 2) for seed in (1, 2)]
    page = written(["OPENING HOURS", "Monday to Friday"], paper=0)
    return [rooms[0]] * 75 + [page] * 75 + mixtures(page, rooms[1], 25) + [rooms[1]] * 75


T = TypeVar("T")


def of(kind: type[T], messages: Sequence[AnyMessage]) -> list[T]:
    return [message for message in messages if isinstance(message, kind)]


@pytest.fixture(scope="module")
def told(rapid: RapidReader) -> list[AnyMessage]:
    return list(See(Means(), Letters(), Vision(), rapid)(reading(film())))


def test_shots_with_their_keyframes(told: list[AnyMessage]) -> None:
    shots = of(Shot, told)
    assert [shot.transition for shot in shots] == ["start", "cut", "fade"]
    assert [shot.start for shot in shots] == pytest.approx([0.0, 3.0, 6.1], abs=0.15)
    assert shots[-1].end == pytest.approx(249 / RATE, abs=1.0)
    frames, pictures = {frame.ref: frame for frame in of(Keyframe, told)}, {picture.ref: picture for picture in of(Picture, told)}
    assert set(frames) == set(pictures) == {shot.keyframe for shot in shots}
    for shot in shots:
        assert shot.keyframe
        assert shot.start <= frames[shot.keyframe].time < shot.end


def test_vectors_cover_the_film_without_gaps(told: list[AnyMessage]) -> None:
    spans = np.concatenate([features.spans for features in of(Features, told) if features.modality == "vision"])
    assert spans[:, 0].tolist() == [float(second) for second in range(10)]
    assert spans[1:, 0].tolist() == spans[:-1, 1].tolist()


def test_writing_is_told_with_its_time_and_as_tokens(told: list[AnyMessage]) -> None:
    texts = [(text.text, text.start, text.end) for text in of(ScreenText, told)]
    assert texts[:2] == [("OPENING HOURS", 3.0, texts[0][2]), ("Monday to Friday", 3.0, texts[1][2])]
    assert 6.0 <= texts[0][2] <= 7.0
    tokens = [features for features in of(Features, told) if features.modality == "ocr"]
    said = [(*span, text) for features in tokens for span, text in zip(features.spans.tolist(), features.texts, strict=True)]
    assert (3.0, 4.0, "OPENING HOURS") in said
    assert (4.0, texts[0][2], "OPENING HOURS") in said
    assert all(features.keys.dtype == np.float16 and features.keys.shape == (len(features.texts), 26) for features in tokens)


def test_levels_come_by_the_cell(told: list[AnyMessage]) -> None:
    levels = of(Levels, told)
    assert [level.start for level in levels] == [0.0, 4.0, 8.0]
    assert levels[0].motion is not None
    assert levels[0].brightness is not None
    assert levels[0].brightness[0] == pytest.approx(scene(1).mean() / 255, abs=0.02)
    assert len(levels[0].motion) == len(levels[0].brightness) == 8


def test_nothing_begins_before_its_watermark(told: list[AnyMessage]) -> None:
    reached = {"vision": 0.0, "ocr": 0.0}
    for message in told:
        if isinstance(message, Watermark):
            assert message.time >= reached[message.modality]
            reached[message.modality] = message.time
        elif isinstance(message, Features):
            assert message.spans[:, 0].min() >= reached[message.modality]
            assert message.spans[:, 0].tolist() == sorted(message.spans[:, 0])
    assert reached == {"vision": math.inf, "ocr": math.inf}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_batches_may_be_cut_anywhere(told: list[AnyMessage], rapid: RapidReader, size: int) -> None:
    stage, messages, got = See(Means(), Letters(), Vision(), rapid), iter(reading(film())), []
    while batch := list(itertools.islice(messages, size)):
        got += stage(batch)
    assert [pack(message) for message in got] == [pack(message) for message in told]
    assert stage.states == {}


def test_a_fresh_stage_goes_on_from_any_state(told: list[AnyMessage], rapid: RapidReader) -> None:
    stage, got = See(Means(), Letters(), Vision(), rapid), []
    for message in reading(film()):
        got += [pack(each) for each in stage([message])]
        states = unpack(pack(stage.states), dict[str, SeeState])
        assert len(pack(stage.states)) < 2_000_000
        stage = See(Means(), Letters(), Vision(), rapid)
        stage.states = states
    assert got == [pack(message) for message in told]


def test_streams_in_one_batch_are_kept_apart(told: list[AnyMessage], rapid: RapidReader) -> None:
    mine = reading(film())
    other = [msgspec.structs.replace(message, stream="t") for message in reading([scene(9)] * 250)]
    mixed = [message for pair in itertools.zip_longest(mine, other) for message in pair if message]
    got = list(See(Means(), Letters(), Vision(), rapid)(mixed))
    assert [pack(message) for message in got if message.stream == "s"] == [pack(message) for message in told]


def test_a_still_picture_is_encoded_once() -> None:
    encoder = Means()
    told = list(See(encoder, None, Vision(ocr=False), None)(reading([scene(1)] * 250)))
    assert encoder.calls == 1
    assert len(of(Features, told)) == 10


def test_without_models_there_are_the_facts() -> None:
    told = list(See(None, None, Vision(), None)(reading(film())))
    assert {type(message) for message in told} == {Shot, Keyframe, Picture, Levels, Watermark}
    assert Watermark(stream="s", modality="ocr", time=math.inf, status="no_track") in told


def test_without_a_track_both_senses_say_so(rapid: RapidReader) -> None:
    absent = Watermark(stream="s", modality="vision", time=math.inf, status="no_track")
    other = Watermark(stream="s", modality="sound", time=3.0)
    stage = See(Means(), Letters(), Vision(), rapid)
    assert list(stage([absent, other])) == [absent, msgspec.structs.replace(absent, modality="ocr"), other]


def test_odd_pictures_do_no_harm(rapid: RapidReader) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (90, 160, 3), np.uint8) for _ in range(60)]
    for pictures in ([np.zeros((1, 1, 3), np.uint8)] * 60, noise, noise[:1], [noise[0], noise[0][:, :3]] * 20):
        told = list(See(Means(), Letters(), Vision(), rapid)(reading(pictures)))
        assert [shot.transition for shot in of(Shot, told)] == ["start"]
        assert of(ScreenText, told) == []
        assert all(1e-4 <= features.reliability.min() <= features.reliability.max() <= 1 for features in of(Features, told))


def test_a_film_that_starts_late_keeps_its_times() -> None:
    told = list(See(Means(), None, Vision(), None)(reading([scene(1)] * 50, start=2.3)))
    assert [(shot.start, shot.end) for shot in of(Shot, told)] == [(2.3, pytest.approx(2.3 + 1.04))]
    assert of(Levels, told)[0].start == 2.0


@needs_media
def test_the_clock_of_a_real_film_is_read_and_right(rapid: RapidReader) -> None:
    config, readings = Config(), {}
    stage, frames = See(None, Letters(), config.vision, rapid), []
    for message in read(MEDIA / "autoeditor_example.mp4", "s", config.media, rates=()):
        if isinstance(message, Frame):
            frames.append(message.time)
            assert message.picture is not None
        for text in of(ScreenText, list(stage([message]))):
            if match := re.fullmatch(r"(\d\d):(\d\d):(\d\d):(\d\d)", text.text):
                hours, minutes, seconds, pictures = map(int, match.groups())
                readings[text.start] = (hours - 1) * 3600 + minutes * 60 + seconds + pictures / 30
    right = [time for time in frames if time in readings and abs(readings[time] - time) <= 0.1]
    print(f"\nclock right on {len(right)} of {len(frames)} frames")
    assert len(right) >= 0.9 * len(frames)


@needs_media
def test_a_line_that_stays_through_cuts_is_one_line(rapid: RapidReader) -> None:
    config = Config()
    told = list(See(None, None, config.vision, rapid)(list(read(MEDIA / "scenedetect_testvideo.mp4", "s", config.media, rates=()))))
    texts = of(ScreenText, told)
    assert [text.text for text in texts if text.end - text.start > 15] == ["Copyright © 2013 Brandon Castellano", "www.bcastell.com"]
    assert [shot.transition for shot in of(Shot, told)] == ["start", "cut", "cut", "fade", "fade", "fade"]


@needs_media
@needs_models
def test_real_vectors_of_a_real_film() -> None:
    from streamer.models.encoders import load_image

    config, encoder = Config(), load_image("efficientnet-lite0")
    told = list(See(encoder, None, config.vision, None)(list(read(MEDIA / "scenedetect_testvideo.mp4", "s", config.media, rates=()))))
    keys = np.concatenate([features.keys for features in of(Features, told)]).astype(np.float32)
    assert len(keys) == 25
    assert np.linalg.norm(keys, axis=1) == pytest.approx(np.ones(25), abs=0.01)
    assert keys[2] @ keys[4] > 0.95 > keys[2] @ keys[9]  # the leaf and itself, the leaf and the deer


def seen(path: pathlib.Path, media: Media | None = None) -> list[AnyMessage]:
    """What the reader and the stage make of a file."""
    return list(See(Means(), None, Vision(), None)(list(read(path, "s", media or Media(), rates=()))))


@pytest.mark.parametrize("b_frames", [0, 2])
def test_cuts_of_an_encoded_film_are_found_to_the_frame(tmp_path: pathlib.Path, b_frames: int) -> None:
    def draw(number: int, width: int, height: int) -> np.ndarray:
        return np.repeat(scene(number // 35, height, width)[..., None], 3, 2)

    told = seen(make(tmp_path / "cuts.mp4", 6.2, Pictures(draw=draw, gop=250, b_frames=b_frames), None))
    starts = [(round(shot.start * RATE), shot.transition) for shot in of(Shot, told)]
    assert starts == [(0, "start"), (35, "cut"), (70, "cut"), (105, "cut"), (140, "cut")]


def test_a_film_of_a_tenth_of_a_second_and_one_of_one_pixel_are_shots_too(tmp_path: pathlib.Path) -> None:
    short = seen(make(tmp_path / "short.mp4", 0.1, Pictures(), None))
    assert [(shot.start, shot.transition) for shot in of(Shot, short)] == [(0.0, "start")]
    assert of(Shot, short)[0].end == pytest.approx(0.1, abs=0.08)
    tiny = seen(make(tmp_path / "tiny.mkv", 1.0, Pictures(size=(1, 1), codec="ffv1", format="bgr0"), None))
    assert [shot.start for shot in of(Shot, tiny)] == [0.0]


def test_a_film_with_pauses_is_covered_all_the_time(tmp_path: pathlib.Path) -> None:
    times = [0.0, 0.1, 0.2, 3.0, 3.1, 6.5, 6.6]
    told = seen(make(tmp_path / "pauses.mkv", 7.0, Pictures(times=times), None))
    spans = np.concatenate([features.spans for features in of(Features, told)])
    assert spans[0, 0] == 0.0
    assert spans[1:, 0].tolist() == spans[:-1, 1].tolist()
    levels = of(Levels, told)
    assert levels[0].start == 0.0
    assert [level.start for level in levels[1:]] == [4.0]
