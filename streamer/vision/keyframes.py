"""The picture that stands for a shot: the clearest of its first seconds, as JPEG."""

import cv2
import msgspec
import numpy as np

WIDTH_PX = 640  # at most: a page shows it smaller
QUALITY = 85  # of JPEG, 0..100: no blocks to be seen, about 50 kB
OPENING_S = 2.5  # seconds of a shot that it is chosen from
FADE_S = 1.2  # seconds by which most fades are over
CLEARER = 1.2  # times as much detail makes a later picture the better one


class Candidate(msgspec.Struct, frozen=True):
    """A picture that may become a keyframe."""

    time: float
    jpeg: bytes
    width: int  # px
    height: int
    detail: float  # standard deviation of its greys


class KeyframeState(msgspec.Struct):
    """The pictures of one stream that may still be chosen, in order of time."""

    candidates: list[Candidate] = []
    chosen: str | None = None  # `ref` of the current shot's keyframe


def offer(state: KeyframeState, time: float, picture: np.ndarray) -> None:
    """Takes a picture (uint8 [height, width, 3], RGB)."""
    height, width = picture.shape[:2]
    if width > WIDTH_PX:
        height, width = max(1, round(height * WIDTH_PX / width)), WIDTH_PX
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    detail = float(cv2.meanStdDev(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))[1][0, 0])
    state.candidates.append(Candidate(time, jpeg.tobytes(), width, height, detail))


def choose(state: KeyframeState, start: float, settled: float, fades: bool = False) -> Candidate | None:
    """The keyframe of the shot that began at `start`, when its opening is `settled`: no shot will be found to begin before that.

    Once it is chosen only pictures of possible later shots are kept.
    """
    if state.chosen is None:
        return pick(state, start, settled, fades) if settled >= start + OPENING_S else None
    state.candidates = [candidate for candidate in state.candidates if candidate.time >= settled]
    return None


def pick(state: KeyframeState, start: float, end: float, fades: bool = False) -> Candidate | None:
    """The clearest picture of the opening of [start, end): an earlier one unless a later one is far clearer.

    If the shot fades in, those before it has come up only if there are no others.
    """
    own = [candidate for candidate in state.candidates if start <= candidate.time < end]
    own = [candidate for candidate in own if candidate.time >= start + FADE_S] or own if fades else own
    best = own[0] if own else None
    for candidate in own[1:]:
        if best and candidate.time <= start + OPENING_S and candidate.detail > best.detail * CLEARER:
            best = candidate
    if best:
        state.chosen = reference(best)
    return best


def close(state: KeyframeState, end: float) -> None:
    """The shot is over: what was before its end is not wanted any more."""
    state.candidates = [candidate for candidate in state.candidates if candidate.time >= end]
    state.chosen = None


def reference(candidate: Candidate) -> str:
    """Its file name."""
    return f"keyframes/{round(candidate.time * 1000)}.jpg"
