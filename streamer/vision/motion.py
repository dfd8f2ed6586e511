"""What moves where, eight times a second: change and flow on a coarse grid, from grey thumbnails."""

import math

import cv2
import msgspec
import numpy as np

HOP_S = 0.125  # seconds a row: hammer and clap strike up to four times a second
CELLS, SIDE = 4, 56  # the picture is squeezed to 56 × 56 px and told by 4 × 4 cells
WIDTH = 4 * CELLS**2  # of a row
CHANGE = 10.0  # × a change of grey (0..1): brings it to about the size of the flow
CALM = 3e-4  # added to the squares of the gradients: where there is nothing to follow, nothing flows
FASTEST = 4.0  # px (of 56) a row: what would be faster is no movement but a change
PAUSE_S = 2.0  # behind a longer pause of the picture nobody knows what moved: begin anew


class MotionState(msgspec.Struct):
    """The pictures of one stream that the next rows are made of."""

    row: int  # number of the next row: it speaks of the time row · HOP_S
    before: np.ndarray  # uint8 [56, 56]: at the row before
    before_time: float
    latest: np.ndarray  # uint8 [56, 56]
    time: float  # of the latest, seconds


def begin(picture: np.ndarray, time: float) -> MotionState:
    """The state of a stream whose first thumbnail (uint8 [rows, columns], grey) this is."""
    small = _small(picture)
    return MotionState(math.ceil(time / HOP_S - 1e-6), small, time, small, time)


def observe(state: MotionState, picture: np.ndarray, time: float) -> list[np.ndarray]:
    """Takes the next thumbnail; the rows (float16 [64]) from `state.row` on whose time it has reached.

    A row compares the thumbnails that are nearest to its time and to that of the row before.
    """
    small = _small(picture)
    rows = []
    while state.row * HOP_S <= time + 1e-6:
        at = state.row * HOP_S
        here, then = (small, time) if time - at <= at - state.time else (state.latest, state.time)
        rows.append(_moved(state.before, here, then - state.before_time))
        state.before, state.before_time, state.row = here, then, state.row + 1
    state.latest, state.time = small, time
    return rows


def _small(picture: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _moved(one: np.ndarray, other: np.ndarray, apart_s: float) -> np.ndarray:
    """float16 [64]: size of the change, change, flow to the right and down in px, 16 cells each; for one row's time.

    The flow of a cell is the one that explains its changes best (Lucas and Kanade, 1981).
    """
    if apart_s <= 0:
        return np.zeros(WIDTH, np.float16)
    before, behind = one.astype(np.float32) / 255, other.astype(np.float32) / 255
    change = np.asarray((behind - before) * np.float32(HOP_S / apart_s))
    down, right = (np.asarray(slope) for slope in np.gradient((before + behind) / 2))
    xx, xy, yy = _cells(right * right) + CALM, _cells(right * down), _cells(down * down) + CALM
    xt, yt = _cells(right * change), _cells(down * change)
    determinant = xx * yy - xy * xy
    flow = [(xy * yt - yy * xt) / determinant, (xy * xt - xx * yt) / determinant]
    changes = [CHANGE * _cells(np.abs(change)), CHANGE * _cells(change)]
    return np.concatenate([*changes, *(np.clip(part, -FASTEST, FASTEST) for part in flow)]).astype(np.float16)


def _cells(values: np.ndarray) -> np.ndarray:
    """float32 [56, 56] → float32 [16]: the mean of each cell, row after row."""
    size = SIDE // CELLS
    return np.asarray(values.reshape(CELLS, size, CELLS, size).mean((1, 3)).reshape(-1))
