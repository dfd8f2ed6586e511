"""Where one shot ends and the next begins: cuts and fades, from grey thumbnails of the decoded frames.

cut    ▁▁▁█▁▁▁    one change that stands out among its neighbours, between pictures that have nothing in common
flash  ▁▁▁██▁▁    the picture before comes back: none
pan    ▂▃▄▄▄▃▂    the neighbours are as large: none
fade   a … m … b  each picture on the way is a mixture (1 − α)a + αb, α rising: a dissolve, or a fade from black
"""

import math
from typing import Literal, NamedTuple

import cv2
import msgspec
import numpy as np

REACH = 5  # thumbnails before and behind a change that it is compared with
REACH_S = 0.5  # … but none further away, where a picture may come back by an honest cut
STANDS_OUT = 3.0  # a cut is so many times as large as the third largest change around it: two may be a blended cut or a flash
WEAK = 1 / 3  # share of the threshold that is enough between pictures with nothing in common (dark films)
SAME_SCENE = 0.7  # correlation from which a change is of light, not of scene
NOTHING_IN_COMMON = 0.3  # correlation
HOLE_S = 0.25  # between two thumbnails: by then things may have moved far, and only the second measure counts
FLAT = 2.0  # standard deviation of greys below which correlation says nothing
BLANK = 8.0  # spread of the middle nine tenths of the greys below which there is no picture, but perhaps a line of text
SHORTEST_S = 0.2  # shots are longer: a blended cut is one cut

TRAIL_S = 0.1  # between the pictures that fades are looked for in
SPANS_S = (0.5, 1.0, 2.0)  # fades are looked for over each
MIXED = 0.5  # correlation of the ends below which a fade is one from scene to scene
IMPURE = 0.2  # a mixture differs by no more than this share of what its ends differ by
LEAP = 0.5  # α never leaps so far: that is a cut
BEGUN = 0.05  # α from which the change has begun
SETTLED_S = SPANS_S[-1] + 2 * TRAIL_S  # no fade is found later than this behind its beginning


Transition = Literal["start", "cut", "fade"]


class Span(NamedTuple):
    """A shot that is over."""

    start: float
    end: float
    transition: Transition  # how it began


class ShotState(msgspec.Struct):
    """The last few thumbnails of one stream."""

    times: list[float] = []
    pictures: list[np.ndarray] = []  # uint8 [90, 160]
    changes: list[float] = []  # mean difference in grey to the picture before; 0 for the first
    trail_times: list[float] = []
    trail: list[np.ndarray] = []  # float32 [45, 80]
    began: float = 0.0  # the current shot
    transition: Transition = "start"  # how it began
    fading: float = -1.0  # a fade was still seen at this time


def observe(state: ShotState, picture: np.ndarray, time: float, threshold: float) -> Span | None:
    """The shot that this thumbnail shows to be over, if any; it ended up to two seconds ago.

    Args:
        state: of the stream; changed.
        picture: uint8 [90, 160], grey.
        time: seconds, later than all before.
        threshold: mean grey difference (0..255) that no motion explains.
    """
    if not state.times:
        state.began = time
    state.changes.append(_difference(state.pictures[-1], picture) if state.pictures else 0.0)
    state.pictures.append(picture.copy())
    state.times.append(time)
    cut, fade = _is_cut(state, len(state.times) - 1 - REACH, threshold), _fade(state, picture, time, threshold)
    over = _end(state, state.times[-1 - REACH], "cut") if cut else _end(state, fade, "fade") if fade is not None else None
    for kept in (state.times, state.pictures, state.changes):
        del kept[: -2 * REACH - 1]
    return over


def settled(state: ShotState) -> float:
    """No transition before this time will be found any more."""
    return min(state.times[-1] - SETTLED_S, state.times[-1 - REACH]) if len(state.times) > REACH else -math.inf


def finish(state: ShotState, end: float, threshold: float) -> list[Span]:
    """The shots that are left: those between cuts among the last few thumbnails, where little follows to compare with."""
    last = len(state.times)
    cuts = [at for at in range(max(1, last - REACH), last) if _is_cut(state, at, threshold)]
    over = [_end(state, state.times[at], "cut") for at in cuts]
    return [*(span for span in over if span), Span(state.began, end, state.transition)]


def _end(state: ShotState, time: float, transition: Transition) -> Span | None:
    """Ends the shot, if it is long enough to be one."""
    if time - state.began < SHORTEST_S:
        return None
    over = Span(state.began, time, state.transition)
    state.began, state.transition = time, transition
    return over


def _is_cut(state: ShotState, at: int, threshold: float) -> bool:
    """Whether the picture at this index begins a shot."""
    if at < 1 or (change := state.changes[at]) < threshold * WEAK:
        return False
    around = sorted(state.changes[max(1, at - REACH) : at] + state.changes[at + 1 : at + 1 + REACH])
    if len(around) > 2 and change < STANDS_OUT * around[-3]:
        return False
    near = state.times[at] - state.times[at - 1] <= HOLE_S
    likeness = correlation(state.pictures[at - 1], state.pictures[at])
    return likeness <= (SAME_SCENE if change >= threshold and near else NOTHING_IN_COMMON) and not _returns(state, at)


def _returns(state: ShotState, at: int) -> bool:
    """Whether a picture from before comes back soon, as behind a flash."""
    time, limit = state.times[at], state.changes[at] / 2
    before = [i for i in range(max(0, at - REACH), at) if i == at - 1 or time - state.times[i] <= REACH_S]
    behind = [i for i in range(at, min(len(state.times), at + REACH)) if i == at or state.times[i] - time <= REACH_S]
    return any(_difference(state.pictures[i], state.pictures[j]) < limit for i in before for j in behind)


def _fade(state: ShotState, picture: np.ndarray, time: float, threshold: float) -> float | None:
    """When the fade began that is first seen now, if any."""
    if state.trail_times and time - state.trail_times[-1] < TRAIL_S - 1e-3:
        return None
    state.trail_times.append(time)
    state.trail.append(cv2.resize(picture, (80, 45), interpolation=cv2.INTER_AREA).astype(np.float32))
    while state.trail_times[0] < time - SPANS_S[-1] - TRAIL_S:
        del state.trail_times[0], state.trail[0]
    for span in SPANS_S:
        first = max((i for i, then in enumerate(state.trail_times) if then <= time - span + 1e-3), default=None)
        onset = _mixture(state.trail[first:], threshold) if first is not None else None
        if first is not None and onset is not None:
            began, known = state.trail_times[first + onset], state.fading
            state.fading = time
            return began if began > known else None
    return None


def _mixture(pictures: list[np.ndarray], threshold: float) -> int | None:
    """The index behind which the first picture turns into the last one, if all between are rising mixtures of the two."""
    first, last = pictures[0], pictures[-1]
    change, size = last - first, _difference(first, last)
    if len(pictures) < 5 or size < threshold / 2 or _blank(last) or correlation(first, last) > MIXED:
        return None
    square = float(np.square(change).sum())
    shares = [float(((picture - first) * change).sum()) / square for picture in pictures]
    steps = np.diff(shares)
    if steps.max() > LEAP or steps.min() < -BEGUN:
        return None
    impurity = max(float(np.abs(picture - first - share * change).mean()) for picture, share in zip(pictures, shares, strict=True))
    return max(i for i, share in enumerate(shares) if share < BEGUN) if impurity <= IMPURE * size else None


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of greys, 0..255."""
    return float(cv2.norm(one, other, cv2.NORM_L1)) / one.size


def _blank(picture: np.ndarray) -> bool:
    darkest, lightest = np.percentile(picture, (5, 95))
    return bool(lightest - darkest < BLANK)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """How alike two pictures are whatever their light, -1..1; 0 where one is flat."""
    a, b = one - one.mean(dtype=np.float32), other - other.mean(dtype=np.float32)
    deviations = float(a.std()), float(b.std())
    return float((a * b).mean()) / (deviations[0] * deviations[1]) if min(deviations) >= FLAT else 0.0
