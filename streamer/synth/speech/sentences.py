"""The sentences of the bank, filled from the patterns of sentences.yaml."""

import pathlib
import re
import zlib
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec
import numpy as np
import yaml

Kind = Literal["chat", "mention", "denied", "greeting", "greeting quoted", "warning", "warning quoted", "glad", "sad"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STRUCTURES = (0, 1, 2)  # for training, for the test of wording, for validation
FIELD = re.compile(r"\{(\w+)\}")


class Sentence(msgspec.Struct, frozen=True):
    """What can be said."""

    text: str
    kind: Kind
    about: str | None  # person, car, dog or balloon
    structure: int
    valence: float  # of the words, -1 sad .. 1 glad


def sentences() -> list[Sentence]:
    """All of them, each once."""
    source = yaml.safe_load(pathlib.Path(__file__).with_name("sentences.yaml").read_text("utf-8"))
    found: dict[str, Sentence] = {}
    for group in source["groups"]:
        for sentence in _filled(group, source["words"], source["things"]):
            found.setdefault(sentence.text, sentence)
    return list(found.values())


def _filled(group: dict[Any, Any], words: dict[str, list[str]], things: dict[str, list[str]]) -> Iterator[Sentence]:
    for structure in STRUCTURES:
        for pattern in group[structure]:
            for about in things if "{x}" in pattern.lower() else (None,):
                choices = words | ({"x": things[about]} if about else {})
                for text in _fills(pattern, choices, group["fills"][structure]):
                    yield Sentence(text, group["kind"], about, structure, group.get("valence", 0.0))


def _fills(pattern: str, choices: dict[str, list[str]], count: int) -> list[str]:
    """At most `count` different texts; the same words each time, whatever else is in the file."""
    rng = np.random.default_rng(zlib.crc32((pattern + "".join(choices.get("x", ()))).encode()))
    texts: dict[str, None] = {}
    for _ in range(20 * count):
        texts[FIELD.sub(lambda field: _word(field[1], choices, rng), pattern)] = None
        if len(texts) == count:
            break
    return list(texts)


def _word(field: str, choices: dict[str, list[str]], rng: np.random.Generator) -> str:
    found = choices[field.lower()]
    word = found[int(rng.integers(len(found)))]
    return word[0].upper() + word[1:] if field[0].isupper() else word
