"""What moves where, on a grid of eighths of a second, however fast the film is."""

from collections.abc import Callable

import numpy as np
import pytest

from streamer.vision import motion
from tests.vision.film import scene

CHANGE, SIGNED, RIGHT, DOWN = (slice(start, start + 16) for start in range(0, 64, 16))


def rows(picture: Callable[[float], np.ndarray], rate: float, seconds: float = 2.0, start: float = 0.0) -> tuple[int, np.ndarray]:
    """Number of the first row, and all rows, of a film whose picture at a time is given."""
    state = motion.begin(picture(start), start)
    first, found = state.row, []
    for number in range(1, round(seconds * rate) + 1):
        found += motion.observe(state, picture(start + number / rate), start + number / rate)
    return first, np.stack(found).astype(np.float32)


def panned(right: float, down: float) -> Callable[[float], np.ndarray]:
    """A scene that moves so many px of 160 × 90 a second."""
    wide = scene(3, 150, 400)
    return lambda time: wide[30 - round(down * time) :, 120 - round(right * time) :][:90, :160]


def test_a_still_picture_does_not_move() -> None:
    _, found = rows(panned(0, 0), 25)
    assert found.shape == (17, 64)
    assert not found.any()


@pytest.mark.parametrize("rate", [8, 16, 24, 30])
def test_flow_has_the_direction_and_the_size_of_the_movement_at_any_rate(rate: float) -> None:
    _, found = rows(panned(24, 0), rate)  # 24 px of 160 a second are 1.05 px of 56 a row
    assert np.median(found[2:-1, RIGHT]) == pytest.approx(1.05, abs=0.25)
    assert abs(np.median(found[2:-1, DOWN])) < 0.1
    _, found = rows(panned(0, -8), rate)
    assert np.median(found[2:-1, DOWN]) == pytest.approx(-8 / 90 * 56 / 8, abs=0.2)


def test_light_that_goes_out_is_a_negative_change_in_its_row_and_place() -> None:
    def picture(time: float) -> np.ndarray:
        lit = np.full((90, 160), 100, np.uint8)
        lit[:, :40] = 100 if time < 1.0 else 20
        return lit

    _, found = rows(picture, 8)
    left = found[:, SIGNED].reshape(-1, 4, 4)
    assert left[8, :, 0] == pytest.approx(np.full(4, -80 / 255 * motion.CHANGE), rel=0.01)
    assert np.count_nonzero(np.abs(found[:, CHANGE]) > 0.01) == 4


def test_rows_lie_on_one_grid_whenever_the_film_begins() -> None:
    assert [rows(panned(8, 0), 25, start=start)[0] for start in (0.0, 0.05, 0.125, 2.3)] == [0, 1, 1, 19]


def test_a_row_is_told_once_though_pictures_are_rare() -> None:
    first, found = rows(panned(24, 0), 4)
    assert (first, len(found)) == (0, 17)
    assert found[:, CHANGE].any(1).sum() >= 8
