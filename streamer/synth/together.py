"""What is seen and heard at the same moments, and what only looks and sounds like it."""

import numpy as np

from streamer.synth.blows import Bouncing, Clapping, Hammering, Slamming
from streamer.synth.colours import clothes, vivid
from streamer.synth.draft import Draft, Span
from streamer.synth.names import GROUPS
from streamer.synth.scene import LENGTH_S, Act

Hits = tuple[float, ...]  # seconds of the scene, rising
BEAT_S = (0.42, 0.9)  # between two blows
APART_S = 0.19  # a blow nearer than that to what is seen would seem to belong to it
DOOR = "door slam"


def happen(draft: Draft, label: str) -> None:
    """It is seen and heard."""
    hits = _hits(draft, label)
    lag = draft.lag()
    _show(draft, label, hits)
    draft.blows(label, [hit + lag for hit in hits])
    draft.happened(label, *_span(label, hits))


def shifted(draft: Draft, label: str) -> None:
    """`phase`: both in the same span, at other moments."""
    hits = _hits(draft, label)
    _show(draft, label, hits)
    late = draft.either() * draft.uniform(0.55, 1.1)
    draft.blows(label, (hits[0] + late,) if label == DOOR else _between(draft, hits))
    draft.deceived("phase", label, *_span(label, hits))


def apart(draft: Draft, label: str) -> None:
    """Seen, and heard at another time."""
    for hits in (_hits(draft, label) for _ in range(10)):
        length = hits[-1] - hits[0]
        starts = [start for start in np.arange(0.3, LENGTH_S - length - 0.5, 0.1) if start > hits[-1] + 1 or start + length < hits[0] - 1]
        if starts:
            start = float(starts[draft.below(len(starts))])
            _show(draft, label, hits)
            draft.blows(label, [hit - hits[0] + start for hit in hits])
            return draft.deceived("apart", label, *_span(label, hits))
    return None


def crossed(draft: Draft, label: str) -> None:
    """Seen, while the sound of another one is heard at the same moments."""
    hits = _hits(draft, label)
    others = [other for other in GROUPS["sync"] if other != label and (other != DOOR or len(hits) == 1)]
    _show(draft, label, hits)
    draft.blows(others[draft.below(len(others))], hits)
    draft.deceived("cross", label, *_span(label, hits))


def seen_only(draft: Draft, label: str) -> None:
    """Seen, and nothing is heard."""
    hits = _hits(draft, label)
    _show(draft, label, hits)
    draft.deceived("seen only", label, *_span(label, hits))


def heard_only(draft: Draft, label: str) -> None:
    """Heard, and nothing is seen."""
    hits = _hits(draft, label)
    draft.blows(label, hits)
    draft.deceived("heard only", label, *_span(label, hits))


def _hits(draft: Draft, label: str) -> Hits:
    if label == DOOR:
        return (draft.uniform(1.2, LENGTH_S - 1.6),)
    beats = _rhythm(draft)
    start = draft.uniform(0.7, LENGTH_S - beats[-1] - 0.7)
    return tuple(start + beat for beat in beats)


def _rhythm(draft: Draft) -> Hits:
    """Three to seven beats from 0, about even or not at all."""
    count = 3 + draft.below(5)
    if draft.chance(0.4):
        beat = draft.uniform(*BEAT_S)
        steps = [beat * draft.uniform(0.94, 1.06) for _ in range(count - 1)]
    else:
        steps = [draft.uniform(*BEAT_S) for _ in range(count - 1)]
    return (0.0, *(float(at) for at in np.cumsum(steps)))


def _between(draft: Draft, hits: Hits) -> Hits:
    """Other moments in about the same span: the same rhythm late or early, or another rhythm."""
    best, most = hits, -1.0
    for _ in range(40):
        if draft.chance(0.5):
            other = tuple(hit + draft.either() * draft.uniform(APART_S, 0.45) for hit in hits[:1])
            other = tuple(hit + other[0] - hits[0] for hit in hits)
        else:
            late = draft.uniform(-0.3, 0.3)
            other = tuple(hits[0] + beat + late for beat in _rhythm(draft))
        if other[0] < 0.2 or other[-1] > LENGTH_S - 0.3:
            continue
        least = min(min(abs(hit - at) for hit in hits) for at in other)
        if least > most:
            best, most = other, least
        if most >= APART_S:
            break
    return best


def _span(label: str, hits: Hits) -> Span:
    return (hits[0] - 0.3, hits[0] + 0.7) if label == DOOR else (hits[0] - 0.15, hits[-1] + 0.35)


def _show(draft: Draft, label: str, hits: Hits) -> None:
    draft.acts.append(_SHOWN[label](draft, hits))


def _clapping(draft: Draft, hits: Hits) -> Act:
    size = draft.uniform(0.8, 1.15)
    ground = max(draft.uniform(0.93, 1.0), 0.06 + size)
    return Clapping(draft.place(0.55 * size), ground, size, clothes(draft.rng), hits, draft.uniform(0.2, 0.28), draft.chance(0.6))


def _bouncing(draft: Draft, hits: Hits) -> Act:
    radius = draft.uniform(0.1, 0.15)
    x = draft.place(4 * radius, 0.15)
    drift = draft.uniform(-0.06, 0.06)
    return Bouncing(x, drift, draft.uniform(0.82, 0.95), radius, (vivid(draft.rng), vivid(draft.rng)), hits)


def _slamming(draft: Draft, hits: Hits) -> Act:
    height = draft.uniform(0.6, 0.8)
    width = height * draft.uniform(0.42, 0.52)
    colours = (vivid(draft.rng), vivid(draft.rng))
    return Slamming(draft.place(1.4 * width), draft.uniform(0.84, 0.93), width, height, draft.either(), colours, hits[0])


def _hammering(draft: Draft, hits: Hits) -> Act:
    size = draft.uniform(0.4, 0.55)
    return Hammering(draft.place(1.2 * size, 0.2), draft.uniform(0.86, 1.0), size, draft.either(), clothes(draft.rng), hits)


_SHOWN = {"clapping": _clapping, "ball bouncing": _bouncing, DOOR: _slamming, "hammering": _hammering}
