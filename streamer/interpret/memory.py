"""What was perceived lately: shots, keyframes, levels and lines that may belong to a window that is still to come."""

import math
from collections.abc import Iterable

import msgspec
import numpy as np

from schemas.messages import Keyframe, Levels, ScreenText, Shot
from streamer.interpret.runs import GAP_S, lengths, runs

MOVES = 0.05  # share of the picture that changes when somebody walks through it
STIRS = 0.01  # below it a movement is over: a leaf, the figures of a clock
END_S = 0.5  # a shot that ends this near to the last picture ends with the film


class Memory(msgspec.Struct):
    """Of one stream."""

    shots: list[Shot] = []
    keyframes: list[Keyframe] = []
    levels: list[Levels] = []
    lines: list[ScreenText] = []

    def add(self, result: Shot | Keyframe | Levels | ScreenText) -> None:
        """Remembers a result."""
        match result:
            case Shot():
                self.shots.append(result)
            case Keyframe():
                self.keyframes.append(result)
            case Levels():
                self.levels.append(result)
            case ScreenText():
                self.lines.append(result)

    def forget(self, time: float) -> None:
        """Drops what ended before `time`, but for the last keyframe and shot, which may still be shown after it."""
        self.shots = [shot for shot in self.shots[:-1] if shot.end > time] + self.shots[-1:]
        self.keyframes = [frame for frame in self.keyframes[:-1] if frame.time > time] + self.keyframes[-1:]
        self.levels = [levels for levels in self.levels if levels.start + levels.hop * _length(levels) > time]
        self.lines = [line for line in self.lines if line.end > time]

    def picture(self, time: float) -> str | None:
        """The keyframe of the shot at this time; of a shot that has not ended yet, the nearest."""
        for shot in self.shots:
            if shot.start <= time < shot.end:
                return shot.keyframe
        begun = max((shot.end for shot in self.shots if shot.end <= time), default=0.0)
        near = min((frame for frame in self.keyframes if frame.time >= begun), key=lambda frame: abs(frame.time - time), default=None)
        return near.ref if near else None

    def changes(self, start: float, end: float) -> list[float]:
        """Times between start and end at which one shot gave way to another.

        The next shot is known by itself only later: until then by pictures behind the end of the one before.
        """
        seen = max((levels.start + levels.hop * _length(levels) for levels in self.levels if levels.motion is not None), default=0.0)
        begun = {shot.start for shot in self.shots if start < shot.start < end}
        return sorted(begun | {shot.end for shot in self.shots if start < shot.end < end and shot.end + END_S < seen})

    def movements(self, start: float, end: float) -> list[tuple[float, float]]:
        """Spans between start and end in which something moves through the picture."""
        found: list[tuple[float, float]] = []
        for levels in self.levels:
            motion = _within(levels, levels.motion, start, end)
            offset = max(0, math.ceil((start - levels.start) / levels.hop - 1e-9))
            for first, stop in runs(motion, MOVES, STIRS, lengths(levels.hop)):
                begin, until = levels.start + (offset + first) * levels.hop, levels.start + (offset + stop) * levels.hop
                if found and begin - found[-1][1] <= GAP_S:
                    found[-1] = found[-1][0], min(until, end)
                else:
                    found.append((begin, min(until, end)))
        return found

    def level(self, name: str, start: float, end: float) -> float | None:
        """Mean of loudness (dB), brightness or motion (0..1) between start and end; None where nothing was measured."""
        parts: Iterable[np.ndarray] = (_within(levels, getattr(levels, name), start, end) for levels in self.levels)
        values = np.concatenate([np.zeros(0), *parts])
        return float(values.mean()) if len(values) else None


def _length(levels: Levels) -> int:
    return max((len(values) for values in (levels.loudness, levels.brightness, levels.motion) if values is not None), default=0)


def _within(levels: Levels, values: np.ndarray | None, start: float, end: float) -> np.ndarray:
    if values is None:
        return np.zeros(0)
    times = levels.start + levels.hop * np.arange(len(values))
    return values[(times >= start) & (times < end)].astype(np.float64)
