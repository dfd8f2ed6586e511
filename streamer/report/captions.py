"""Subtitles (WebVTT, SubRip) from what was said, and chapters from shots."""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from schemas.messages import Utterance
from streamer.report.results import Results

LINE = 42  # columns a line: what broadcasters allow; wide characters take two
LINES = 2
LONGEST_S = 7.0  # longer than this a caption reads as stuck
SHORTEST_S = 1.0  # shorter than this nobody reads it, so it stays while nothing follows
PAUSE_S = 1.0  # silence that ends a caption
CHAPTER_S = 10.0  # shortest chapter
TITLE = 48  # columns of a chapter's title
UNKNOWN = "[speech]"
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # characters that reorder what follows them
SENTENCE = re.compile(r"[.!?…。！？]['\"”’)]*$")


class Cue(NamedTuple):
    """Text on screen for a while; at most two lines."""

    start: float
    end: float
    text: str


class Token(NamedTuple):
    """A piece of text that is not broken, with its time and what stands before it."""

    start: float
    end: float
    glue: str  # "" or " "
    text: str


def cues(utterances: Iterable[Utterance]) -> list[Cue]:
    """Captions in order, at most 2 × 42 columns and 7 s each, none longer than until the next begins."""
    found = sorted(cue for utterance in utterances for cue in _cues(utterance))
    return [_lasting(cue, following.start if following else math.inf) for cue, following in zip_longest(found, found[1:])]


def chapters(results: Results) -> list[Cue]:
    """The film in chapters of at least 10 s that begin where shots do, each with a title of one line."""
    starts = [0.0]
    for shot in results.shots:
        if shot.start - starts[-1] >= CHAPTER_S and results.end - shot.start >= CHAPTER_S:
            starts.append(shot.start)
    ends = [*starts[1:], results.end]
    return [Cue(start, end, _title(results, start, end)) for start, end in zip(starts, ends, strict=True) if end > start]


def webvtt(captions: Sequence[Cue]) -> str:
    """A WebVTT file: hostile characters are escaped, no cue holds a blank line."""
    blocks = [f"{_stamp(cue.start, '.')} --> {_stamp(cue.end, '.')}\n{escape(cue.text)}\n" for cue in captions]
    return "\n".join(["WEBVTT\n", *blocks])


def srt(captions: Sequence[Cue]) -> str:
    """A SubRip file; it knows no escapes, so marks that players obey are written with a look-alike."""
    plain = str.maketrans("<>{}", "‹›❴❵")
    return "\n".join(
        f"{number}\n{_stamp(cue.start, ',')} --> {_stamp(cue.end, ',')}\n{cue.text.translate(plain)}\n"
        for number, cue in enumerate(captions, 1)
    )


def escape(text: str) -> str:
    """Text as WebVTT cue text, which is also what a browser's VTTCue takes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def columns(text: str) -> int:
    """The width of a line, wide (East Asian) characters counted twice."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _lasting(cue: Cue, following: float) -> Cue:
    """The cue made long enough to read, but not into the one that follows."""
    end = min(max(cue.end, cue.start + SHORTEST_S), following)
    return cue._replace(end=max(end, cue.start + 0.002))  # a cue of no length is invalid, also after rounding to milliseconds


def _cues(utterance: Utterance) -> Iterator[Cue]:
    if utterance.text is None:
        parts = max(1, -int(-(utterance.end - utterance.start) // LONGEST_S))
        length = (utterance.end - utterance.start) / parts
        for part in range(parts):
            yield Cue(utterance.start + part * length, utterance.start + (part + 1) * length, UNKNOWN)
        return
    held: list[Token] = []
    for token in _tokens(utterance):
        if held and not _fits(held, token):
            yield _cue(held)
            held = []
        held.append(token)
    if held:
        yield _cue(held)


def _fits(held: Sequence[Token], token: Token) -> bool:
    if token.start - held[-1].end >= PAUSE_S or token.end - held[0].start > LONGEST_S:
        return False
    sentence = SENTENCE.search(held[-1].text) and held[-1].end - held[0].start >= SHORTEST_S
    return not sentence and len(_lines([*held, token])) <= LINES


def _cue(held: Sequence[Token]) -> Cue:
    start, end = held[0].start, min(held[-1].end, held[0].start + LONGEST_S)
    return Cue(start, max(start, end), "\n".join(_balanced(held)))


def _lines(tokens: Sequence[Token]) -> list[str]:
    lines = [tokens[0].text]
    for token in tokens[1:]:
        longer = lines[-1] + token.glue + token.text
        if columns(longer) <= LINE:
            lines[-1] = longer
        else:
            lines.append(token.text)
    return lines


def _balanced(tokens: Sequence[Token]) -> list[str]:
    """The lines of a caption, the two of a long one of like length."""
    lines = _lines(tokens)
    if len(lines) < LINES:
        return lines
    splits = [(_joined(tokens[:cut]), _joined(tokens[cut:])) for cut in range(1, len(tokens))]
    return list(min((max(columns(one), columns(two)), (one, two)) for one, two in splits)[1])


def _joined(tokens: Sequence[Token]) -> str:
    return tokens[0].text + "".join(token.glue + token.text for token in tokens[1:])


def _tokens(utterance: Utterance) -> Iterator[Token]:
    """The words with their times; without word times the text is spread evenly over the utterance."""
    text = one_line(utterance.text or "")
    words = [(one_line(word.text), word.start, word.end) for word in utterance.words] or _spread(text, utterance.start, utterance.end)
    position = 0
    for word, start, end in words:
        if not word:
            continue
        found = text.find(word, position)
        glue = " " if found < 0 or text[position:found].isspace() else ""
        position = found + len(word) if found >= 0 else position
        yield from _pieces(Token(start, max(start, end), glue, word))


def _spread(text: str, start: float, end: float) -> list[tuple[str, float, float]]:
    # Scripts without spaces may break between any two characters; one character a token lets the lines be filled.
    words = [piece for word in text.split() for piece in (word if columns(word) > len(word) else [word])]
    each = (end - start) / max(1, sum(map(len, words)))
    spread = []
    for word in words:
        spread.append((word, start, start + each * len(word)))
        start += each * len(word)
    return spread


def _pieces(token: Token) -> Iterator[Token]:
    """A word that no line can hold, cut so that each piece can; they share its time by length."""
    size = LINE if columns(token.text) == len(token.text) else LINE // 2
    each = (token.end - token.start) / len(token.text)
    for first in range(0, len(token.text), size):
        piece = token.text[first : first + size]
        start = token.start + each * first
        yield Token(start, start + each * len(piece), token.glue if first == 0 else "", piece)


def one_line(text: str) -> str:
    """Text without characters that end lines or reorder others, single-spaced."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") or c in TURNING else c for c in text)
    return " ".join(kept.split())


def clock(seconds: float) -> str:
    """A time as a person says it: 1:05, 1:02:03."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def _title(results: Results, start: float, end: float) -> str:
    words = " ".join(word.text.strip() for said in results.utterances for word in said.words if start <= word.start < end)
    words = words or " ".join(said.text for said in results.utterances if said.text and start <= said.start < end)
    described = " ".join(scene.text for scene in results.scenes if start <= (scene.start + scene.end) / 2 < end)
    title = one_line(words) or one_line(described) or f"At {clock(start)}"
    if columns(title) <= TITLE:
        return title
    while columns(title) > TITLE - 1:
        title = title[:-1]
    return (title.rsplit(" ", 1)[0] if " " in title else title).rstrip(" ,.;:") + "…"


def _stamp(seconds: float, point: str) -> str:
    whole, milliseconds = divmod(round(max(0.0, seconds) * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{milliseconds:03}"
