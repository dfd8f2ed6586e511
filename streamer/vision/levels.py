"""How bright the picture is and how much of it moves, on the grid of the fusion's bins."""

import math

import cv2
import msgspec
import numpy as np

HOP_S = 0.5  # seconds a value
CELL = 8  # values: Levels come by 4 s, the hop of the windows
PAUSE = 120  # values: behind a longer pause of the picture a new series begins
NEAR_S = 0.25  # a thumbnail shows the picture at the edge of a bin if it is no further away

MOTION_HIGH = 0.05  # share of the picture from which somebody or something moves through it
MOTION_LOW = 0.003  # share up to which it stands still; between the two something stirs: a hand, a leaf, a clock
# Measured on a fixed camera, half a second each: people walking .05 to .26, standing 0 to .07 (median .01), the empty room 0

LEAST_CHANGE = 8.0  # greys: below it lies what compression does
MOST_NOISE = 24.0  # greys: what changes more counts however noisy the picture is, else a pan would pass for noise
DEVIATIONS = 5.0  # of the noise: not one of 14,400 points of a still picture goes beyond
MEDIAN_DEVIATION = 1.4826  # × the median of |x| is the standard deviation of normal noise


class LevelState(msgspec.Struct):
    """The values of one stream that wait for their cell, and what the next one is made of."""

    bin: int  # that is being filled; it begins at bin · HOP_S
    reference: np.ndarray  # uint8 [90, 160]: the picture at its beginning
    latest: np.ndarray  # uint8 [90, 160]: the last thumbnail
    time: float  # of the last thumbnail
    light: float = 0.0  # sum of the mean greys in the bin
    count: int = 0
    first: int = 0  # bin of the first waiting value
    brightness: list[float] = []
    motion: list[float] = []


class Series(msgspec.Struct):
    """Values that are done, of at most one cell."""

    start: float  # seconds
    brightness: list[float]  # 0 black .. 1 white
    motion: list[float]  # 0..1, share of the picture that changed over the bin


def begin(picture: np.ndarray, time: float) -> LevelState:
    """The state of a stream whose first thumbnail (uint8 [90, 160], grey) this is."""
    return LevelState(bin=_bin(time), reference=picture.copy(), latest=picture.copy(), time=time, first=_bin(time))


def observe(state: LevelState, picture: np.ndarray, time: float) -> list[Series]:
    """Takes a thumbnail, not earlier than those before; gives the cells that end before it."""
    done = _advance(state, _bin(time), picture, time) if _bin(time) > state.bin else []
    state.light, state.count = state.light + float(cv2.mean(picture)[0]), state.count + 1
    state.latest, state.time = picture.copy(), time
    return done


def finish(state: LevelState, end: float) -> list[Series]:
    """What waits, up to the end of the picture in seconds."""
    following = max(state.bin + 1, math.ceil(end / HOP_S - 1e-6))
    return [*_advance(state, following, state.latest, end), *_cells(state, whole=False)]


def changed(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the picture (uint8 [rows, columns], grey) that differs by more than its noise and a change of light, 0..1."""
    difference = cv2.blur(cv2.subtract(one, other, dtype=cv2.CV_32F), (3, 3))
    size = np.abs(difference - np.median(difference))
    noise = MEDIAN_DEVIATION * float(np.median(size))
    return float((size > min(MOST_NOISE, max(LEAST_CHANGE, DEVIATIONS * noise))).mean())


def _advance(state: LevelState, following: int, picture: np.ndarray, time: float) -> list[Series]:
    """Fills the bins up to `following`, with this thumbnail behind them: where there is none, all that changed meanwhile counts."""
    first, pause = state.bin, following - state.bin - 1 > PAUSE
    light = state.light / state.count / 255
    for bin_ in range(first, first + 1 if pause else following):
        before = state.reference if bin_ == first else _edge(state, picture, time, bin_)
        behind = _edge(state, picture, time, bin_ + 1)
        one, other = state.latest if before is None else before, picture if behind is None else behind
        state.brightness.append(light)
        state.motion.append(0.0 if one is other else changed(one, other))
    edge = _edge(state, picture, time, following)
    state.reference = (state.latest if edge is None else edge).copy()
    state.bin, state.light, state.count = following, 0.0, 0
    done = _cells(state, whole=not pause)
    if pause:
        state.first, state.reference = following, picture.copy()
    return done


def _edge(state: LevelState, picture: np.ndarray, time: float, bin_: int) -> np.ndarray | None:
    """The nearer of the last thumbnail and this one to the beginning of a bin between them, if it is near enough."""
    before, behind = bin_ * HOP_S - state.time, time - bin_ * HOP_S
    if min(before, behind) > NEAR_S:
        return None
    return state.latest if before <= behind else picture


def _cells(state: LevelState, whole: bool) -> list[Series]:
    """Takes the cells out of what waits; the last one only if it is whole or need not be."""
    done = []
    while state.motion:
        length = CELL - state.first % CELL
        if whole and len(state.motion) < length:
            break
        done.append(Series(state.first * HOP_S, state.brightness[:length], state.motion[:length]))
        state.first += len(state.motion[:length])
        del state.brightness[:length], state.motion[:length]
    return done


def _bin(time: float) -> int:
    return math.floor(time / HOP_S + 1e-6)
