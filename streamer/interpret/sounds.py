"""Sounds with a name: spans in which a label that listens stands far above the background."""

import math
from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from schemas.messages import FusedWindow, Sound, identity
from streamer.interpret.runs import GAP_S, LONGEST_S
from streamer.labels import Label

CLEAR = 4.0  # deviations above the background: from here on the name was right for 73 % of labelled sounds (models.md §10.3)
TWICE_S = 1.2  # seconds: every instant lies in two patches of .98 s; a name that only one of them gives is not told


class Heard(msgspec.Struct, frozen=True):
    """A span of clear tokens, in seconds, and the highest score in it."""

    start: float
    end: float
    score: float


class SoundState(msgspec.Struct):
    """How far a stream was listened to, and what still sounds."""

    until: float = -math.inf  # start of the last token that was taken
    open: dict[str, Heard] = {}  # label -> its span so far


def listening(fused: FusedWindow, labels: Mapping[str, Label]) -> Iterator[tuple[int, Label]]:
    """Number and label of those that have a prompt for sounds."""
    for number, name in enumerate(fused.labels):
        if labels[name].prompts.get("sound"):
            yield number, labels[name]


def hear(state: SoundState, fused: FusedWindow, labels: Mapping[str, Label], models: dict[str, str], profile: str) -> list[Sound]:
    """The sounds that have ended, each told once: windows overlap, so tokens that were taken before are passed over."""
    window, tokens, score = fused.window, fused.window.tokens.get("sound"), fused.scores.get("sound")
    ended: list[tuple[Heard, str]] = []
    if tokens is not None and score is not None:
        new = np.flatnonzero(tokens.spans[:, 0] > state.until)
        for number, label in listening(fused, labels):
            ended += [(heard, label.name) for heard in _follow(state.open, label.name, tokens.spans[new], score[number, new])]
        state.until = float(tokens.spans[new[-1], 0]) if len(new) else state.until
    for name, heard in list(state.open.items()):
        if window.last or heard.end + GAP_S < window.start:
            ended.append((state.open.pop(name), name))
    ended = [(heard, name) for heard, name in ended if heard.end - heard.start > TWICE_S]
    limit = math.inf if window.media_end is None else window.media_end
    return [
        Sound(
            stream=window.stream,
            epoch=window.epoch,
            id=identity(window.id, "sound", slot),
            window=window.id,
            models=models,
            profile=profile,
            start=heard.start,
            end=min(heard.end, limit),
            label=name,
            score=heard.score,
        )
        for slot, (heard, name) in enumerate(sorted(ended, key=lambda one: (one[0].start, one[1])))
    ]


def spans(bounds: np.ndarray, score: np.ndarray) -> list[Heard]:
    """Spans of clear tokens, short pauses bridged: bounds float64 [tokens, 2], score float32 [tokens]."""
    unfinished: dict[str, Heard] = {}
    found = [*_follow(unfinished, "", bounds, score), *unfinished.values()]
    return [heard for heard in found if heard.end - heard.start > TWICE_S]


def _follow(unfinished: dict[str, Heard], name: str, bounds: np.ndarray, score: np.ndarray) -> Iterator[Heard]:
    """Spans that ended with these tokens; the one that goes on is kept under its name."""
    if name not in unfinished and not (score >= CLEAR).any():
        return
    for (start, end), value in zip(bounds.tolist(), score.tolist(), strict=True):
        heard = unfinished.get(name)
        if heard and (start > heard.end + GAP_S or (value >= CLEAR and start - heard.start >= LONGEST_S)):
            yield unfinished.pop(name)
            heard = None
        if value >= CLEAR:
            unfinished[name] = Heard(heard.start if heard else start, end, max(value, heard.score if heard else value))
