"""Exact words among what was said or written: case, punctuation and simple inflection aside."""

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.messages import Hit, Tokens, Utterance, Word
from streamer.labels import Label

# A word of letters and digits; in scripts that write no spaces (Chinese, Japanese) a character.
PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
POSSESSIVE = re.compile(r"['’]s\b")
NEGATION = re.compile(r"\b(no|not|never|without|nobody|nothing|none|cannot)\b|n['’]t\b|没|不|无|别", re.IGNORECASE)
LEAST, MOST = 0.5, 0.98  # probability of a match: what was good enough to be printed is right more often than not


class Said(NamedTuple):
    """A run of words with the place each piece of them came from."""

    pieces: list[str]
    places: list[int]  # of each piece: number of its word


def negated(text: str) -> bool:
    """Whether a phrase denies something: what it speaks of is then not taken for happening."""
    return NEGATION.search(text) is not None


def pieces(text: str) -> list[str]:
    """The stems of a text, in order."""
    return [stem(word) for word in plain(text)]


def plain(text: str) -> list[str]:
    """The words of a text without case, punctuation and possessive s."""
    folded = POSSESSIVE.sub("", unicodedata.normalize("NFKC", text).casefold())
    return PIECE.findall(re.sub(r"['’]", "", folded))


def stem(word: str) -> str:
    """An English word without plural, -ing and -ed; crude, but the same for the phrase and for what is searched."""
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) > 2 and re.search("[aeiouy]", root):
            word = root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root
            break
    return word.removesuffix("e") if len(word) > 3 else word


def spoken(utterances: Sequence[Utterance], labels: Sequence[Label]) -> Iterator[Hit]:
    """Where the phrases of `says` were said; the span is that of their words, the probability that of the weakest."""
    for utterance in utterances:
        words = _words(utterance)
        said = _said([word.text for word in words])
        for label in labels:
            for first, last in _found(said, label.says):
                run = words[first : last + 1]
                yield Hit(
                    label=label.name,
                    modality="text",
                    start=run[0].start,
                    end=run[-1].end,
                    probability=min(word.probability for word in run),
                    quote=" ".join(word.text.strip() for word in run),
                    id=utterance.id,
                )


def written(tokens: Tokens | None, labels: Sequence[Label]) -> Iterator[Hit]:
    """Where the phrases of `shows` stood in a line of writing; the span is that of its token."""
    if tokens is None:
        return
    for number, text in enumerate(tokens.texts):
        for label in labels:
            if any(_stands(phrase, text) for phrase in label.shows):
                start, end = map(float, tokens.spans[number])
                probability = float(tokens.reliability[number])
                yield Hit(label=label.name, modality="ocr", start=start, end=end, probability=probability, quote=text, id="")


def logit(probability: float) -> float:
    """Of a match, kept between LEAST and MOST."""
    p = min(max(probability, LEAST), MOST)
    return math.log(p / (1 - p))


def _words(utterance: Utterance) -> Sequence[Word]:
    """Its words; where an engine gives no times, the whole as one word."""
    if utterance.words or utterance.text is None:
        return utterance.words
    probability = math.exp(utterance.log_probability) if utterance.log_probability is not None else LEAST
    return (Word(start=utterance.start, end=utterance.end, text=utterance.text, probability=probability),)


def _said(words: Sequence[str]) -> Said:
    parts = [(piece, place) for place, word in enumerate(words) for piece in pieces(word)]
    return Said([piece for piece, _ in parts], [place for _, place in parts])


def _found(said: Said, phrases: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last word of each place where one of the phrases stands."""
    for phrase in phrases:
        wanted = pieces(phrase)
        for begin in range(len(said.pieces) - len(wanted) + 1):
            if said.pieces[begin : begin + len(wanted)] == wanted:
                yield said.places[begin], said.places[begin + len(wanted) - 1]


def _stands(phrase: str, line: str) -> bool:
    """Whether a line holds a phrase; readers of pictures lose spaces, so its words may have grown together."""
    return any(_found(_said([line]), [phrase])) or "".join(plain(phrase)) in plain(line)
