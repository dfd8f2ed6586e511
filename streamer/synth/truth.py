"""What is true of a clip; every time is in seconds from its start."""

from typing import Literal

import msgspec

Prosody = Literal["neutral", "bright", "dull"]
DecoyKind = Literal[
    "apart", "phase", "cross", "seen only", "heard only",  # of a sync label
    "wrong kind", "mention", "order", "denied", "unannounced",  # of an announced arrival
    "quoted",  # of speech
]  # fmt: skip
RELATIONAL: tuple[DecoyKind, ...] = ("phase", "wrong kind")  # each sense alone looks right, only their relation is wrong


class Happened(msgspec.Struct, frozen=True):
    """An event; at least 1 s long."""

    label: str
    start: float
    end: float


class Decoy(msgspec.Struct, frozen=True):
    """What looks or sounds like an event of `label` and is none."""

    kind: DecoyKind
    label: str
    start: float
    end: float


class Word(msgspec.Struct, frozen=True):
    """One word as it was said."""

    text: str
    start: float
    end: float


class Said(msgspec.Struct, frozen=True):
    """A sentence."""

    text: str
    start: float
    end: float
    words: tuple[Word, ...]
    voice: str
    prosody: Prosody


class Written(msgspec.Struct, frozen=True):
    """A line of writing in the picture."""

    text: str
    start: float
    end: float


class Mood(msgspec.Struct, frozen=True):
    """How a scene feels on one axis, -1 negative .. 1 positive; None where that sense says nothing."""

    start: float
    end: float
    text: float | None  # the words
    sound: float | None  # the voice
    vision: float | None  # the face
    overall: float | None
    conflict: bool  # two senses disagree
