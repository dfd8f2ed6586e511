"""Speech segments: a state machine over the probabilities of voice activity.

silence ──voice──▶ speech ──quiet──▶ pause ──1.2 s──▶ silence, and a segment
                     ▲                 │
                     └─────voice───────┘        (a segment that grows too long is cut at its quietest place)
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from streamer.speech.vad import HOP, RATE

PAD = 4 * RATE // 10  # samples of sound kept on both sides: consonants are quiet
PAUSE = round(1.2 * RATE / HOP)  # hops without voice that end a segment: whole sentences get more words right than 0.5 or 0.8 s
SHORTEST = round(0.2 * RATE / HOP)  # hops with voice; less is a click or the onset of a hum
LONGEST = int((26 * RATE - 2 * PAD) / HOP)  # hops from first to last: with both pads 26 s, which Whisper's 30 s and 2 MB of state hold
FALL = 0.15  # how far below the threshold voice must fall to be a pause (Silero's own value)
BREATH = round(0.2 * RATE / HOP)  # hops: a shorter quiet lies within a word
BLUR = 9  # hops, about 0.3 s: a place to cut is quiet that long


class Segment(NamedTuple):
    """Somebody speaks. Positions are samples since the stream began."""

    start: int  # first voice
    end: int  # last voice
    first: int  # position of sound[0]
    sound: np.ndarray  # float32 [samples], with what is around the speech
    quiet: tuple[tuple[int, int], ...]  # spans without voice: before, within, after


class SegmentState(msgspec.Struct):
    """Where one stream is."""

    phase: Literal["silence", "speech", "pause"] = "silence"
    hops: int = 0  # judged so far
    sound: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0, np.float32))  # float32 [samples], may still be needed
    first: int = 0  # position of sound[0]
    free: int = 0  # samples before it belong to earlier segments
    start: int = 0  # hop of the first voice
    pause: int = 0  # hop of the first quiet
    likely: list[float] = []  # speech probability of every hop since `start`


def advance(state: SegmentState, samples: np.ndarray, probabilities: np.ndarray, threshold: float) -> Iterator[Segment]:
    """The segments that float32 [samples] and float32 [hops] complete."""
    state.sound = np.concatenate([state.sound, samples])
    for probability in probabilities.tolist():
        segment = _step(state, probability, threshold)
        if segment:
            yield segment
    kept = min(decided(state) - state.first, len(state.sound))
    state.sound, state.first = state.sound[kept:].copy(), state.first + kept


def finish(state: SegmentState, threshold: float) -> Segment | None:
    """The segment that the end of the sound completes."""
    if state.phase == "silence":
        return None
    return _close(state, state.pause if state.phase == "pause" else state.hops, threshold)


def decided(state: SegmentState) -> int:
    """Sample before which no further segment begins."""
    hop = state.hops if state.phase == "silence" else state.start
    return max(state.free, hop * HOP - PAD)


def _step(state: SegmentState, probability: float, threshold: float) -> Segment | None:
    hop, voice = state.hops, probability >= threshold
    state.hops += 1
    if state.phase == "silence":
        if voice:
            state.phase, state.start, state.likely = "speech", hop, [probability]
        return None
    state.likely.append(probability)
    if state.phase == "pause" and voice:
        state.phase = "speech"
    elif state.phase == "speech" and probability < threshold - FALL:
        state.phase, state.pause = "pause", hop
    if state.phase == "pause" and state.hops - state.pause >= PAUSE:
        return _close(state, state.pause, threshold)
    return _cut(state, threshold) if len(state.likely) >= LONGEST else None


def _close(state: SegmentState, end: int, threshold: float) -> Segment | None:
    """The open segment up to hop `end`, unless hardly anything of it was voice."""
    state.phase = "silence"
    voiced = sum(probability >= threshold for probability in state.likely)
    return _take(state, end, PAD, threshold) if voiced >= SHORTEST else None


def _cut(state: SegmentState, threshold: float) -> Segment:
    """The open segment up to its quietest place; what follows stays open."""
    quiet = np.convolve(state.likely, np.ones(BLUR), "same")
    half = len(quiet) // 2  # both parts keep enough context
    cut = half + int(np.argmin(quiet[half : -BLUR // 2]))
    segment = _take(state, state.start + cut, 0, threshold)
    rest = state.likely[cut:]
    voice = next((n for n, probability in enumerate(rest) if probability >= threshold), None)
    if voice is None:
        state.phase = "silence"
    else:
        state.start, state.likely = state.start + cut + voice, rest[voice:]
        state.pause = max(state.pause, state.start)
    return segment


def _take(state: SegmentState, end: int, pad: int, threshold: float) -> Segment:
    """Speech from hop `start` to hop `end`, and the sound around it."""
    first = max(state.free, state.start * HOP - PAD)
    last = state.first + len(state.sound)
    quiet = [(state.start + begin, state.start + until) for begin, until in _quiet(state.likely[: end - state.start], threshold - FALL)]
    start, until = state.start * HOP, min(end * HOP, last)
    state.free = min(end * HOP + pad, last)
    spans = [(first, start), *((begin * HOP, finish * HOP) for begin, finish in quiet), (until, state.free)]
    return Segment(start, until, first, state.sound[first - state.first : state.free - state.first].copy(), tuple(spans))


def _quiet(likely: list[float], threshold: float) -> Iterator[tuple[int, int]]:
    """Runs of hops below the threshold that are long enough to breathe."""
    low = np.concatenate([[0], np.asarray(likely) < threshold, [0]]).astype(np.int8)
    for begin, end in np.flatnonzero(np.diff(low)).reshape(-1, 2).tolist():
        if end - begin >= BREATH:
            yield begin, end
