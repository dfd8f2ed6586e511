"""Cuts are found to the frame; what is no cut is none."""

from collections.abc import Sequence

import numpy as np
import pytest

from schemas.codec import pack, unpack
from streamer.vision.shots import ShotState, Span, finish, observe
from tests.media_folder import MEDIA, needs_media
from tests.vision.film import RATE, mixtures, noisy, scene

THRESHOLD = 30.0  # of the configuration


def shots(pictures: Sequence[np.ndarray], rate: float = RATE) -> list[Span]:
    state, found = ShotState(), []
    for number, picture in enumerate(pictures):
        if over := observe(state, picture, number / rate, THRESHOLD):
            found.append(over)
    return found + finish(state, len(pictures) / rate, THRESHOLD)


def beginnings(found: Sequence[Span], rate: float = RATE) -> list[tuple[int, str]]:
    """Frame at which each shot begins, and how; the first one left out."""
    return [(round(span.start * rate), span.transition) for span in found[1:]]


def test_hard_cuts_are_found_at_their_frames() -> None:
    lengths, film, cuts = [40, 12, 75, 26, 6, 51], [], []
    for seed, length in enumerate(lengths):
        cuts.append((len(film), "cut"))
        film += [noisy(scene(seed), 3, 100 * seed + i) for i in range(length)]
    found = shots(film)
    assert beginnings(found) == cuts[1:]
    assert [span.end for span in found[:-1]] == [span.start for span in found[1:]]
    assert (found[0].start, found[0].transition, found[-1].end) == (0.0, "start", len(film) / RATE)


def test_a_cut_in_a_dark_film_is_found() -> None:
    film = [scene(1, low=0, high=60)] * 30 + [scene(2, low=0, high=60)] * 30
    assert beginnings(shots(film)) == [(30, "cut")]


def test_a_cut_through_a_blended_frame_is_one_cut() -> None:
    one, other = scene(1), scene(2)
    film = [one] * 30 + mixtures(one, other, 3)[1:2] + [other] * 30
    assert beginnings(shots(film)) in ([(30, "cut")], [(31, "cut")])


def test_cuts_to_and_from_black_are_cuts() -> None:
    film = [scene(1)] * 30 + [np.zeros((90, 160), np.uint8)] * 20 + [scene(2)] * 30
    assert beginnings(shots(film)) == [(30, "cut"), (50, "cut")]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length: int) -> None:
    dark = scene(1, high=120)
    bright = (dark.astype(int) + 120).clip(0, 255).astype(np.uint8)
    for flash in (bright, np.full_like(dark, 255), scene(2)):
        assert beginnings(shots([dark] * 30 + [flash] * length + [dark] * 30)) == []


def test_a_light_that_is_switched_on_is_no_cut() -> None:
    room = scene(3)
    assert beginnings(shots([(room // 3)] * 30 + [room] * 30)) == []


def test_a_large_thing_that_crosses_the_picture_is_no_cut() -> None:
    room, film = scene(4), []
    for number in range(60):
        picture = room.copy()
        left = 8 * number - 160
        picture[20:85, max(0, left) : max(0, left + 100)] = 250
        film.append(noisy(picture, 4, number))
    assert beginnings(shots(film)) == []


@pytest.mark.parametrize("pace", [1, 4, 12])  # px a frame of 160
def test_a_pan_is_no_cut(pace: int) -> None:
    wide = scene(5, width=160 + 60 * pace)
    wait = [wide[:, :160]] * 25
    assert beginnings(shots([*wait, *(wide[:, pace * i : pace * i + 160] for i in range(60))])) == []


def test_a_zoom_and_shaking_are_no_cuts() -> None:
    wide, rng = scene(6, height=180, width=320), np.random.default_rng(0)
    film = []
    for _ in range(80):
        y, x = rng.integers(0, 12, 2)
        film.append(wide[40 + y : 130 + y, 80 + x : 240 + x])
    assert beginnings(shots(film)) == []


def test_white_noise_is_one_shot() -> None:
    rng = np.random.default_rng(0)
    assert beginnings(shots([rng.integers(0, 256, (90, 160), np.uint8) for _ in range(60)])) == []


@pytest.mark.parametrize("colour", [0, 255])
@pytest.mark.parametrize("length", [8, 25, 60])
def test_a_fade_through_a_colour_is_one_fade(colour: int, length: int) -> None:
    one, other, blank = scene(7), scene(8), np.full((90, 160), colour, np.uint8)
    film = [one] * 50 + mixtures(one, blank, length) + [blank] * 20 + mixtures(blank, other, length) + [other] * 50
    [(frame, transition)] = beginnings(shots(film))
    assert transition == "fade"
    assert abs(frame - (70 + length)) <= 4 + length // 10


@pytest.mark.parametrize("length", [10, 25, 50])
def test_a_dissolve_is_one_fade(length: int) -> None:
    one, other = scene(9), scene(10)
    film = [noisy(picture, 2, i) for i, picture in enumerate([one] * 60 + mixtures(one, other, length) + [other] * 60)]
    [(frame, transition)] = beginnings(shots(film))
    assert transition == "fade"
    assert 60 - 4 <= frame <= 60 + length


def test_a_film_that_fades_in_and_out_is_told_as_its_shots() -> None:
    one, black = scene(11), np.zeros((90, 160), np.uint8)
    found = shots([black] * 3 + mixtures(black, one, 25) + [one] * 50 + mixtures(one, black, 25) + [black] * 10)
    assert "cut" not in [span.transition for span in found]
    assert len(found) <= 2


def test_holes_between_the_thumbnails_of_a_still_scene_are_no_cuts() -> None:
    state, wide = ShotState(), scene(12, width=400)
    times = [0.0, 0.04, 0.08, 1.0, 1.04, 1.08, 2.0, 2.04, 2.08, 3.0, 3.04, 3.08, 4.0]
    found = [observe(state, wide[:, round(10 * time) : round(10 * time) + 160], time, THRESHOLD) for time in times]
    assert not any(found)
    assert len(finish(state, 4.04, THRESHOLD)) == 1


def test_the_state_survives_a_checkpoint_at_any_frame() -> None:
    film = [scene(1)] * 20 + mixtures(scene(1), scene(2), 20) + [scene(2)] * 20 + [scene(3)] * 20
    state, found = ShotState(), []
    for number, picture in enumerate(film):
        state = unpack(pack(state), ShotState)
        found.append(observe(state, picture, number / RATE, THRESHOLD))
    assert [over for over in found if over] + finish(state, len(film) / RATE, THRESHOLD) == shots(film)
    assert len(pack(state)) < 800_000


def thumbnails(name: str) -> tuple[list[np.ndarray], list[float]]:
    """Of every frame of a clip."""
    from schemas.messages import Frame
    from streamer.config import Media
    from streamer.media.reader import read

    frames = [m for m in read(MEDIA / name, "s", Media(decode="full"), rates=(), pictures=False) if isinstance(m, Frame)]
    return [picture for frame in frames for picture in frame.luma], [time for frame in frames for time in frame.luma_times.tolist()]


def clip_shots(name: str, every: int = 1) -> list[Span]:
    state, found = ShotState(), []
    pictures, times = thumbnails(name)
    for picture, time in zip(pictures[::every], times[::every], strict=True):
        if over := observe(state, picture, time, THRESHOLD):
            found.append(over)
    return found + finish(state, times[-1], THRESHOLD)


@needs_media
@pytest.mark.parametrize("every", [1, 5])
def test_the_shots_of_a_real_film(every: int) -> None:
    found = clip_shots("scenedetect_testvideo.mp4", every)
    frame = 1001 / 30000
    cuts = [span.start for span in found if span.transition == "cut"]
    assert cuts == pytest.approx([30 * frame, 180 * frame], abs=1.01 * frame * every)
    fades = [span.start for span in found if span.transition == "fade"]
    assert fades == pytest.approx([210 * frame, 394 * frame, 530 * frame], abs=0.2)  # two out of black, one dissolve


@needs_media
def test_a_real_dissolve_and_a_real_cut() -> None:
    found = clip_shots("nasa_13013.mp4")
    assert [span.transition for span in found] == ["start", "fade", "cut"]
    assert [span.start for span in found] == pytest.approx([0.0, 5.0, 8.008], abs=0.1)  # by eye: the dissolve lasts from 5.0 to 6.0


@needs_media
@pytest.mark.parametrize("name", ["one-by-one-person-detection.mp4", "autoeditor_example.mp4"])
def test_fixed_cameras_have_one_shot(name: str) -> None:
    assert len(clip_shots(name)) == 1
