"""What waits for its window: the state of the join, and what a window may ask of it."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from schemas.messages import (
    Fine,
    Gap,
    Grain,
    Keyframe,
    Levels,
    Modality,
    ScreenText,
    Shot,
    Status,
    StreamStatus,
    Tokens,
    Utterance,
    Watermark,
)
from streamer.fusion.arrays import row_at

Held = Utterance | ScreenText | Shot | Keyframe | Levels | Gap

OBSERVED: frozenset[Status] = frozenset({"present", "silent", "no_track"})  # nothing is missing that could be there
FEEDING: dict[Modality, Modality] = {"vision": "vision", "ocr": "vision", "sound": "sound", "text": "sound"}  # whose loss is whose


class Token(msgspec.Struct):
    """One embedding that waits for its windows."""

    due: int  # number of the first window that may use it
    start: float
    end: float
    key: np.ndarray  # float16 [width]
    vector: np.ndarray | None  # float16 [width]
    reliability: float
    text: str


class Due(msgspec.Struct):
    """Something perceived, and the number of the window with which it is told."""

    due: int
    item: Held


class Row(msgspec.Struct):
    """One row of what is fine."""

    due: int  # number of the first window that may use it
    values: np.ndarray  # float16 [width]


class JoinState(msgspec.Struct):
    """All that is kept of one stream."""

    stream: str
    epoch: int
    next: int = 0  # number of the next window to close
    marks: dict[Modality, list[tuple[float, Status]]] = {}  # watermarks that open windows still ask for; rising
    tokens: dict[Modality, list[Token]] = {}
    held: list[Due] = []
    spoken: list[Due] = []  # utterances that still touch a window
    gaps: list[Gap] = []  # those that still touch a window
    seen: dict[str, int] = {}  # id and rev of what was taken -> number of its window
    statuses: list[StreamStatus] = []  # told behind the last window
    end: float = 0.0  # of what was perceived so far, seconds


class FineJoinState(JoinState):
    """… and of what is fine."""

    hops: dict[Grain, float] = {}  # seconds from row to row
    rows: dict[Grain, dict[int, Row]] = {}  # by number, counted in hops from time 0


SENSED: dict[Grain, Modality] = {"middle": "vision", "motion": "vision", "sound": "sound", "onsets": "sound"}  # whose branch tells it


def gather(state: FineJoinState, fine: Fine, due: int, oldest: float) -> None:
    """Keeps the rows that can still matter: those of times from `oldest` seconds on, the first that came for each time."""
    state.hops[fine.kind] = fine.hop
    rows = state.rows.setdefault(fine.kind, {})
    for number, values in enumerate(fine.values, row_at(fine.start, fine.hop)):
        if number >= row_at(oldest, fine.hop):
            rows.setdefault(number, Row(due, values.copy()))  # a view would keep the whole array


def between(state: FineJoinState, start: float, end: float) -> dict[Grain, Fine]:
    """The rows of a window, by kind: as many each time, zeros where there are none."""
    found: dict[Grain, Fine] = {}
    for kind, rows in sorted(state.rows.items()):
        hop = state.hops[kind]
        first, count = row_at(start, hop), int((end - start) / hop + 1e-6)
        here = {number: row for number, row in rows.items() if first <= number < first + count and row.due <= state.next}
        if here:
            values = np.zeros((count, len(next(iter(here.values())).values)), np.float16)
            for number, row in here.items():
                values[number - first] = row.values
            found[kind] = Fine(stream=state.stream, epoch=state.epoch, kind=kind, start=first * hop, hop=hop, values=values)
    return found


def branch(item: Held) -> Modality:
    """The modality whose watermark its branch sends behind it."""
    match item:
        case Utterance():
            return "text"
        case Levels() if item.loudness is not None:
            return "sound"
        case _:
            return "vision"


def _start(item: Held) -> float:
    return item.time if isinstance(item, Keyframe) else item.start


def end_of(item: Held) -> float:
    """When it ends, seconds; Levels, whose last value may reach beyond the media, when that begins."""
    match item:
        case Keyframe():
            return item.time
        case Levels():
            values = (item.loudness, item.brightness, item.motion)
            return item.start + item.hop * max(0 if array is None else len(array) - 1 for array in values)
        case _:
            return item.end


def order(due: Due) -> tuple[str, float, str, int]:
    """Place among the results of a window: type, start, id, revision."""
    return type(due.item).__name__, _start(due.item), due.item.id, due.item.rev


def mark(state: JoinState, message: Watermark) -> None:
    """A watermark, if it says anything new; equal statuses in a row are one."""
    marks = state.marks.setdefault(message.modality, [])
    if marks and message.time <= marks[-1][0]:
        return
    if marks and marks[-1][1] == message.status:
        marks.pop()
    marks.append((message.time, message.status))
    if math.isfinite(message.time):
        state.end = max(state.end, message.time)


def reached(state: JoinState, modality: Modality) -> float:
    """How far a modality is, seconds."""
    marks = state.marks.get(modality)
    return marks[-1][0] if marks else 0.0


def status(state: JoinState, modality: Modality, tokens: Sequence[Token], start: float, end: float) -> Status:
    """What the first watermark at or behind the window's end said, or whether there was anything."""
    for time, said in state.marks.get(modality, ()):
        if time >= end and said != "present":
            return said
        if time >= end:
            return "present" if any(token.end > start or token.start >= start for token in tokens) else "silent"
    return "late"


def coverage(state: JoinState, modality: Modality, said: Status, start: float, end: float) -> float:
    """Share of [start, end) that could be observed, 0..1: less what was lost."""
    if said not in OBSERVED or said == "no_track":
        return 0.0
    lost, done = 0.0, start
    for gap in sorted((gap for gap in state.gaps if gap.modality in (None, FEEDING[modality])), key=lambda gap: gap.start):
        lost += max(0.0, min(gap.end, end) - max(gap.start, done))
        done = max(done, gap.end)
    return 1.0 - min(1.0, lost / (end - start)) if end > start else 1.0


def stacked(tokens: Sequence[Token]) -> Tokens:
    """One or more tokens as arrays, in their order."""
    vectors = [token.vector for token in tokens if token.vector is not None]
    return Tokens(
        spans=np.array([(token.start, token.end) for token in tokens], np.float64),
        keys=np.stack([token.key for token in tokens]).astype(np.float32),
        vectors=np.stack(vectors).astype(np.float32) if len(vectors) == len(tokens) else None,
        reliability=np.array([token.reliability for token in tokens], np.float32),
        texts=tuple(token.text for token in tokens) if any(token.text for token in tokens) else (),
    )
