"""Writing in the picture, line by line, for as long as it stays.

picture ─ has a known line's look changed? ─ no ── it stays, nothing to do
        │                                  └ yes ─ read it again
        └ has anything changed elsewhere?  ─ yes ─ find lines, read the new ones
"""

import difflib
from typing import NamedTuple, Protocol

import cv2
import msgspec
import numpy as np

SURE = 0.5  # least confidence of a line that is told
LOOK = 24  # px: height at which a line's look is kept
LOOK_WIDTH = 720  # px at most
STROKES = 8  # px of a look that are compared at a time: about half a letter, so that no digit changes unseen
SAME_STROKES = 0.9  # correlation of gradients; measured: the same line 0.93 and more, one other digit 0.83 and less
FAINT = 0.1  # share of the strongest strokes below which a place holds none
KNOWN = 0.6  # share of a found place that known lines cover: there is nothing new in it
SAME_PLACE = 0.5  # share of a known line that a found place covers: the line is read again there
GLANCE_PX = 320  # width at which the rest of the picture is compared
GLANCE_GREYS, GLANCE_POINTS = 20, 16  # difference of a point, and points that differ, from which lines are looked for
GLANCE_S = 10.0  # … and so often in any case: text may come up slowly
ALIKE = 0.8  # of two readings of the same line, if their digits are equal
SMALLEST_PX = 16  # a smaller picture holds no text


class LineReader(Protocol):
    """Finds and reads lines of text."""

    name: str

    def find(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [height, width, 3] RGB → float32 [lines, 4, 2]: corners x, y in px, clockwise from the top left of the text."""

    def read(self, picture: np.ndarray, corners: np.ndarray) -> list[tuple[str, float]]:
        """The text at each [4, 2] of the corners, and its confidence 0..1."""


class Line(msgspec.Struct, eq=False):
    """A line that is in the picture now."""

    start: float
    slot: int  # number among those that came at the same time
    text: str
    confidence: float
    corners: np.ndarray  # float32 [4, 2], shares of the picture
    look: np.ndarray  # uint8 [24, width], grey
    told: float  # seconds up to which tokens of it have gone out

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom as shares of the picture, 0..1."""
        left, top = self.corners.min(0).clip(0, 1).tolist()
        right, bottom = self.corners.max(0).clip(0, 1).tolist()
        return left, top, right, bottom


class LinesState(msgspec.Struct):
    """What one stream shows."""

    lines: list[Line] = []
    glance: np.ndarray | None = None  # uint8 [height, 320], grey: the picture in which lines were last looked for
    searched: float = 0.0  # when that was


class Reading(NamedTuple):
    """What a place in the picture says now."""

    time: float
    text: str
    confidence: float
    corners: np.ndarray  # float32 [4, 2], shares of the picture
    look: np.ndarray  # uint8 [24, width], grey


class Token(NamedTuple):
    """A line over a time in which it did not change."""

    start: float
    end: float
    line: Line


def read(state: LinesState, time: float, picture: np.ndarray, reader: LineReader) -> list[Line]:
    """Takes a picture (uint8 [height, width, 3], RGB) that may have changed; gives the lines that are gone from `time` on."""
    if min(picture.shape[:2]) < SMALLEST_PX:
        return leave(state)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    kept = [line for line in state.lines if _unchanged(line.look, _look(grey, line.corners))]
    found = _search(state, time, picture, grey, reader)
    corners = [place for place in found if sum(_inside(place, line.corners) for line in kept) < KNOWN]
    kept = [line for line in kept if not any(_inside(line.corners, place) > SAME_PLACE for place in corners)]
    doubtful = [line for line in state.lines if line not in kept]
    corners += [line.corners for line in doubtful if not any(_inside(line.corners, place) > SAME_PLACE for place in corners)]
    size = np.array([picture.shape[1], picture.shape[0]], np.float32)
    readings = reader.read(picture, np.stack(corners) * size) if corners else []
    state.lines = kept
    for place, (text, confidence) in zip(corners, readings, strict=True):
        if confidence >= SURE and sum(map(str.isalnum, text)) > 1:
            state.lines.append(_line(state, Reading(time, text.strip(), confidence, place, _look(grey, place)), doubtful))
    return doubtful


def leave(state: LinesState) -> list[Line]:
    """All lines, which are gone."""
    gone, state.lines = state.lines, []
    return gone


def tokens(state: LinesState, gone: list[Line], time: float, cell_s: float) -> list[Token]:
    """Of lines that are gone at `time`, their last tokens; of those that stay, a token up to the last whole cell."""
    whole = time // cell_s * cell_s
    found = [Token(line.told, time, line) for line in gone]
    found += [Token(line.told, whole, line) for line in state.lines if line.told < whole]
    for line in state.lines:
        line.told = max(line.told, whole)
    return sorted((token for token in found if token.end > token.start), key=lambda token: (token.start, token.line.start, token.line.slot))


def alike(one: str, other: str) -> bool:
    """Whether two readings are of the same text: no digit may differ, few letters."""
    digits = [[c for c in text if c.isdigit()] for text in (one, other)]
    return digits[0] == digits[1] and difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def _line(state: LinesState, reading: Reading, doubtful: list[Line]) -> Line:
    """The line among the doubtful ones that says the same, which it leaves, or a new one."""
    same = next((line for line in doubtful if alike(line.text, reading.text)), None)
    if same is None:
        slot = sum(line.start == reading.time for line in state.lines)
        return Line(reading.time, slot, reading.text, reading.confidence, reading.corners, reading.look, told=reading.time)
    doubtful.remove(same)
    same.corners, same.look = reading.corners, reading.look
    if reading.confidence > same.confidence:
        same.text, same.confidence = reading.text, reading.confidence
    return same


def _search(state: LinesState, time: float, picture: np.ndarray, grey: np.ndarray, reader: LineReader) -> list[np.ndarray]:
    """Corners (shares) of all lines, if anything has changed where none is known."""
    height, width = grey.shape
    glance = cv2.resize(grey, (GLANCE_PX, max(1, round(height * GLANCE_PX / width))), interpolation=cv2.INTER_AREA)
    if not (time - state.searched >= GLANCE_S or _news(state, glance)):
        return []
    state.glance, state.searched = glance, time
    return list((reader.find(picture) / np.array([width, height], np.float32)).astype(np.float32))


def _news(state: LinesState, glance: np.ndarray) -> bool:
    if state.glance is None or state.glance.shape != glance.shape:
        return True
    differs = cv2.absdiff(glance, state.glance) > GLANCE_GREYS
    for line in state.lines:
        left, top, right, bottom = _rectangle(glance, line.corners)
        differs[top : bottom + 1, left : right + 1] = False
    return int(np.count_nonzero(differs)) >= GLANCE_POINTS


def _look(grey: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """uint8 [24, width]: the upright rectangle around a line."""
    left, top, right, bottom = _rectangle(grey, corners)
    cut = grey[top:bottom, left:right]
    width = round(min(LOOK_WIDTH, max(LOOK, LOOK * cut.shape[1] / cut.shape[0])))
    return np.asarray(cv2.resize(cut, (width, LOOK), interpolation=cv2.INTER_AREA), np.uint8)


def _rectangle(picture: np.ndarray, corners: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in px, at least one px wide and high, inside the picture."""
    size = np.array(picture.shape[1::-1])
    left, top = np.clip(np.floor(corners.min(0) * size), 0, size - 1).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(0) * size), 1, size).astype(int).tolist()
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _unchanged(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether all strokes are where they were, in any light and before any smooth background."""
    if one.shape != other.shape:
        return False
    a, b = _gradients(one), _gradients(other)
    run = np.ones(STROKES)
    both, first, second = (np.convolve(product.sum((0, 1)), run, "valid") for product in (a * b, a * a, b * b))
    strength = np.maximum(first, second)
    strokes = strength > FAINT * strength.max()
    same = (both > 0) & (both >= SAME_STROKES * np.sqrt(first * second))
    return bool(same[strokes].all())


def _gradients(look: np.ndarray) -> np.ndarray:
    """float32 [2, 24, width]: from left to right, from top to bottom."""
    return np.stack([cv2.Sobel(look, cv2.CV_32F, 1, 0), cv2.Sobel(look, cv2.CV_32F, 0, 1)])


def _inside(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the first box (corners [4, 2]) that lies in the second, 0..1."""
    shared = np.prod(np.maximum(0, np.minimum(one.max(0), other.max(0)) - np.maximum(one.min(0), other.min(0))))
    return float(shared / max(1e-9, np.prod(one.max(0) - one.min(0))))
