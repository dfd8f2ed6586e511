"""Which voice says which sentence in which manner: no voice says all, but each use finds each kind in each manner."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streamer.synth.speech.sentences import Sentence
from streamer.synth.speech.voices import VOICES, Use
from streamer.synth.truth import Prosody

PROSODIES: tuple[Prosody, ...] = ("neutral", "bright", "dull")
HELD_OUT: tuple[tuple[Use, int, int], ...] = (("engine", 0, 2), ("val", 0, 2), ("val", 1, 2), ("val", 2, 2))
# use, structure, sentences that each voice says in each manner, of each kind and thing


class Part(NamedTuple):
    """A sentence for a voice."""

    sentence: Sentence
    voice: str
    prosody: Prosody


def parts(sentences: list[Sentence]) -> list[Part]:
    """All that is to be spoken, each once."""
    found: dict[Part, None] = {}
    for part in (*_training(sentences), *_held_out(sentences)):
        found[part] = None
    return list(found)


def _training(sentences: list[Sentence]) -> Iterator[Part]:
    """Each sentence in each manner; the voices take turns."""
    voices = _voices("train")
    for place, sentence in enumerate(sentences):
        valued = sentence.kind in ("glad", "sad") or sentence.structure == 0
        for turn, prosody in enumerate(PROSODIES):
            if valued or turn != place % len(PROSODIES):  # held-out wordings without valence are said twice
                yield Part(sentence, voices[(place + turn) % len(voices)], prosody)


def _held_out(sentences: list[Sentence]) -> Iterator[Part]:
    """Of each kind and thing a few sentences, by each voice in each manner."""
    for use, structure, each in HELD_OUT:
        pairs = [(voice, prosody) for voice in _voices(use) for prosody in PROSODIES]
        for cell in _cells(one for one in sentences if one.structure == structure):
            for turn, (voice, prosody) in enumerate(pairs):
                yield from (Part(cell[(turn + place) % len(cell)], voice, prosody) for place in range(each))


def _cells(sentences: Iterable[Sentence]) -> list[list[Sentence]]:
    """The sentences of one kind about one thing, together."""
    cells: dict[tuple[str, str | None], list[Sentence]] = {}
    for sentence in sentences:
        cells.setdefault((sentence.kind, sentence.about), []).append(sentence)
    return list(cells.values())


def _voices(use: Use) -> list[str]:
    return [name for name, voice in VOICES.items() if voice.use == use]
