"""What is known of a film at its end: the newest revision of each result, sorted by time, nothing that was retracted."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple, TypeVar

import numpy as np

from schemas.messages import (
    MODALITIES,
    Event,
    Gap,
    Keyframe,
    Levels,
    Modality,
    Result,
    SceneDescription,
    ScreenText,
    Sentiment,
    Shot,
    Sound,
    StreamStatus,
    Utterance,
    WindowClosed,
)

Kind = TypeVar("Kind", bound=Result)


@dataclass(frozen=True)
class Results:
    """The results of one film by type, each sorted by its start."""

    utterances: tuple[Utterance, ...]
    sounds: tuple[Sound, ...]
    texts: tuple[ScreenText, ...]
    shots: tuple[Shot, ...]
    keyframes: tuple[Keyframe, ...]
    levels: tuple[Levels, ...]
    windows: tuple[WindowClosed, ...]
    scenes: tuple[SceneDescription, ...]
    sentiments: tuple[Sentiment, ...]
    events: tuple[Event, ...]
    gaps: tuple[Gap, ...]
    statuses: tuple[StreamStatus, ...]
    end: float  # seconds: where the last of them ends, at least the duration that was given

    @property
    def every(self) -> tuple[Result, ...]:
        """All that somebody or something said about the film."""
        return (
            *self.utterances, *self.sounds, *self.texts, *self.shots, *self.keyframes, *self.levels, *self.scenes,
            *self.sentiments, *self.events,
        )  # fmt: skip


class Observed(NamedTuple):
    """A stretch in which one modality was observed equally well."""

    modality: str
    status: str
    coverage: float  # 0..1
    start: float
    end: float


class Said(NamedTuple):
    """A model, its role, and how many results of which type rest on it."""

    role: str
    name: str
    counts: dict[str, int]


def collect(messages: Iterable[Result], duration_s: float | None = None) -> Results:
    """The results that still hold after all revisions in `messages`; windows do not stretch the film's end."""
    newest: dict[tuple[str, str], Result] = {}
    for message in messages:
        key = (type(message).__name__, message.id)
        if key not in newest or message.rev >= newest[key].rev:
            newest[key] = message
    valid = [message for message in newest.values() if not (isinstance(message, Event) and message.phase == "retracted")]
    windows = _of(WindowClosed, valid)
    ends = [_end(message) for message in valid if not isinstance(message, WindowClosed)]
    return Results(
        _of(Utterance, valid), _of(Sound, valid), _of(ScreenText, valid), _of(Shot, valid), _of(Keyframe, valid), _of(Levels, valid),
        windows, _of(SceneDescription, valid), _of(Sentiment, valid), _of(Event, valid), _of(Gap, valid), _of(StreamStatus, valid),
        duration_s if duration_s else max(filter(math.isfinite, ends), default=0.0),
    )  # fmt: skip


def observed(results: Results) -> list[Observed]:
    """How well each modality was observed over the film: neighbouring windows that agree to a tenth are one stretch."""
    return [stretch for modality in MODALITIES for stretch in _stretches(results, modality)]


def models(results: Results) -> list[Said]:
    """Which model said how much of what, by role."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for message in results.every:
        for role, name in message.models.items():
            counts.setdefault((role, name), Counter())[type(message).__name__] += 1
    return [Said(role, name, dict(sorted(count.items()))) for (role, name), count in sorted(counts.items())]


def curve(levels: Sequence[Levels], measure: str, end: float, points: int) -> list[float | None]:
    """The highest value of a measure in each of `points` equal parts of the film; None where it was not measured."""
    highest = np.full(points, -np.inf)
    for level in levels:
        values: np.ndarray | None = getattr(level, measure)
        if values is None or end <= 0:
            continue
        first = level.start + np.arange(len(values)) * level.hop
        left = np.clip((first / end * points).astype(int), 0, points - 1)
        right = np.clip(np.ceil((first + level.hop) / end * points).astype(int), left + 1, points)
        for value, low, high in zip(values.astype(float), left, right, strict=True):
            highest[low:high] = np.fmax(highest[low:high], value)
    return [round(float(value), 3) if np.isfinite(value) else None for value in highest]


def _stretches(results: Results, modality: Modality) -> list[Observed]:
    found: list[Observed] = []
    for window, following in zip_longest(results.windows, results.windows[1:]):
        end = min(following.start if following else window.end, results.end)  # windows overlap
        if modality not in window.status or end <= window.start:
            continue
        here = Observed(modality, window.status[modality], round(window.coverage.get(modality, 0.0), 1), window.start, end)
        if found and found[-1][:3] == here[:3]:
            here = here._replace(start=found.pop().start)
        found.append(here)
    return found


def _of(kind: type[Kind], messages: Iterable[Result]) -> tuple[Kind, ...]:
    found = [message for message in messages if isinstance(message, kind)]
    return tuple(sorted(found, key=lambda message: (_start(message), message.id)))


def _start(message: Result) -> float:
    return float(getattr(message, "start", getattr(message, "time", 0.0)))


def _end(message: Result) -> float:
    if isinstance(message, Levels):
        lengths = [len(values) for values in (message.loudness, message.brightness, message.motion) if values is not None]
        return message.start + message.hop * max(lengths, default=0)
    return float(getattr(message, "end", _start(message)))
