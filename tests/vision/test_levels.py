"""Movement is seen where there is some, and only there."""

from collections.abc import Sequence

import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import Frame
from streamer.config import Media
from streamer.media.reader import read
from streamer.vision.levels import CELL, HOP_S, MOTION_HIGH, MOTION_LOW, LevelState, Series, begin, changed, finish, observe
from tests.media_folder import MEDIA, needs_media
from tests.vision.film import RATE, noisy, scene

# Looked at frame by frame: seconds in which somebody walks for at least half of the second
WALKING = (6, 7, 18, 19, 23, 43, 44, 50, 51, 52, 68, 69, 74, 75, 76, 85, 86, 92, 93, 118, 119, 123, 124, 125, 134, 135)
# … and those in which nobody is there, no foot and no shadow; in all the others somebody stands at the table, or comes or goes
EMPTY = (0, 1, 2, 3, 4, 21, 46, 47, 48, 71, 72, 73, 88, 89, 90, 91, 121, 122, 137, 138)


def fill(pictures: Sequence[np.ndarray], times: Sequence[float], end: float) -> list[Series]:
    state = begin(pictures[0], times[0])
    done = [series for picture, time in zip(pictures, times, strict=True) for series in observe(state, picture, time)]
    return done + finish(state, end)


def motion(done: Sequence[Series]) -> np.ndarray:
    return np.array([value for series in done for value in series.motion])


def crossing(seconds: float, from_s: float, to_s: float, sigma: float = 3.0) -> list[np.ndarray]:
    """A noisy room; something crosses it between two times."""
    room, film = scene(1), []
    for number in range(round(seconds * RATE)):
        picture = room.copy()
        if from_s <= number / RATE < to_s:
            left = round(20 + 40 * (number / RATE - from_s))
            picture[20:80, left : left + 25] = 255 - picture[20:80, left : left + 25]
        film.append(noisy(picture, sigma, number))
    return film


@pytest.mark.parametrize("sigma", [0.0, 3.0, 10.0])
@pytest.mark.parametrize("every", [1, 5, 12])
def test_motion_is_where_something_moves(sigma: float, every: int) -> None:
    film = crossing(8.0, 3.0, 5.0, sigma)
    moved = motion(fill(film[::every], [i / RATE for i in range(0, len(film), every)], 8.0))
    assert len(moved) == 16
    assert moved[6:10].min() > MOTION_HIGH
    assert max(moved[:5].max(), moved[12:].max()) < MOTION_LOW


def test_a_change_of_light_is_no_motion() -> None:
    assert changed(scene(1, high=150), scene(1, high=150) + np.uint8(40)) == 0.0
    assert changed(scene(1), scene(2)) > 0.3


def test_a_pan_is_motion_of_most_of_the_picture() -> None:
    wide = scene(1, width=200)
    assert changed(wide[:, :160], wide[:, 40:]) > 0.3


def test_cells_are_whole_and_the_last_one_is_what_is_left() -> None:
    film = [scene(1)] * 260
    done = fill(film, [1.7 + i / RATE for i in range(260)], 12.1)
    assert [(series.start, len(series.motion)) for series in done] == [(1.5, 5), (4.0, CELL), (8.0, CELL), (12.0, 1)]
    assert all(len(series.motion) == len(series.brightness) for series in done)
    assert done[0].brightness == pytest.approx([scene(1).mean() / 255] * 5, abs=0.01)


def test_a_hole_shares_what_changed_meanwhile() -> None:
    one, other = scene(1), scene(2)
    moved = motion(fill([one, one, other, other], [0.0, 1.0, 3.0, 4.0], 5.0))
    assert moved[:2].max() == moved[6:].max() == 0.0
    assert moved[2:6].min() > 0.3


def test_a_long_pause_begins_a_new_series() -> None:
    done = fill([scene(1), scene(1), scene(2)], [0.0, 0.5, 500.0], 500.5)
    assert [(series.start, len(series.motion)) for series in done] == [(0.0, 2), (500.0, 1)]


def test_the_state_survives_a_checkpoint_at_any_frame() -> None:
    film = crossing(6.0, 2.0, 4.0)
    state, done = begin(film[0], 0.0), []
    for number, picture in enumerate(film):
        state = unpack(pack(state), LevelState)
        done += observe(state, picture, number / RATE)
    assert done + finish(state, 6.0) == fill(film, [i / RATE for i in range(len(film))], 6.0)


@needs_media
@pytest.mark.parametrize("decode", ["lazy", "full"])
def test_people_who_walk_are_motion_and_the_empty_room_is_none(decode: str) -> None:
    options = Media(decode="lazy" if decode == "lazy" else "full")
    frames = [m for m in read(MEDIA / "one-by-one-person-detection.mp4", "s", options, rates=(), pictures=False) if isinstance(m, Frame)]
    pictures = [picture for frame in frames for picture in frame.luma]
    values = motion(fill(pictures, [time for frame in frames for time in frame.luma_times.tolist()], 139.0))
    seconds = values[: 139 * round(1 / HOP_S)].reshape(139, -1)
    high = [second for second in WALKING if seconds[second].mean() >= MOTION_HIGH]
    assert len(high) >= 0.9 * len(WALKING)
    assert seconds[list(EMPTY)].max() <= MOTION_LOW
