"""The bank: short sentences spoken by synthesisers, kept in one file a voice, with the times of their words."""

import functools
import json
import pathlib
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamer.synth.speech.sentences import Kind
from streamer.synth.speech.takes import PEAK, RATE, decoded
from streamer.synth.speech.voices import VOICES, Engine, Use
from streamer.synth.truth import Prosody, Word

INDEX = "index.json"
FOLDER = pathlib.Path(__file__).parent


class Utterance(msgspec.Struct, frozen=True):
    """A sentence as one voice says it."""

    text: str
    words: tuple[Word, ...]  # times from the start of the utterance, which begins and ends with its speech
    voice: str
    engine: Engine
    prosody: Prosody  # what the voice tells
    kind: Kind
    about: str | None  # of mentions and denials: person, car, dog or balloon
    structure: int  # 0 for training, 1 for the test of wording, 2 for validation
    valence: float  # of the words alone, -1 sad .. 1 glad
    start: float  # in the file of its voice, s
    end: float


class Bank:
    """All utterances. The sound of a voice is read when it is first heard."""

    def __init__(self, folder: pathlib.Path = FOLDER) -> None:
        self._folder = folder
        rows = json.loads((folder / INDEX).read_text("utf-8"))
        self.utterances = tuple(_utterance(row) for row in rows)
        self._kinds: dict[str, list[Utterance]] = {}
        for utterance in self.utterances:
            self._kinds.setdefault(utterance.kind, []).append(utterance)

    def find(
        self, kind: Kind, voices: Use, prosody: Prosody | None = None, structure: int | None = None, about: str | None = None
    ) -> list[Utterance]:
        """The utterances of that kind by the voices kept for one use, in the order of the bank; None: any.

        Nothing is found of a combination that the bank lacks.
        """
        return [
            utterance
            for utterance in self._kinds.get(kind, [])
            if VOICES[utterance.voice].use == voices
            and prosody in (None, utterance.prosody)
            and structure in (None, utterance.structure)
            and about in (None, utterance.about)
        ]

    def samples(self, utterance: Utterance, rate: int = RATE) -> NDArray[np.float32]:
        """The utterance: float32 [samples] at `rate` Hz, peak .9."""
        voice = _voice(self._folder / file_name(utterance.voice))
        wave = voice[round(utterance.start * RATE) : round(utterance.end * RATE)].astype(np.float32)
        if rate != RATE:
            wave = _at_rate(wave, rate)
        return np.asarray(wave * np.float32(PEAK / float(np.abs(wave).max())), np.float32)


@functools.cache
def bank() -> Bank:
    """The bank that comes with the package."""
    return Bank()


def file_name(voice: str) -> str:
    """Of the file that holds what a voice says."""
    return f"{voice}.opus"


def row(utterance: Utterance) -> dict[str, object]:
    """The utterance as it stands in the index: the words are those of the text, the engine is that of the voice."""
    fields = msgspec.structs.asdict(utterance)
    del fields["engine"]
    return fields | {"words": [[word.start, word.end] for word in utterance.words]}


def _utterance(row: dict[str, object]) -> Utterance:
    times: Sequence[Sequence[float]] = row["words"]  # type: ignore[assignment]
    words = [Word(word, start, end) for word, (start, end) in zip(str(row["text"]).split(), times, strict=True)]
    return Utterance(**{**row, "words": tuple(words), "engine": VOICES[str(row["voice"])].engine})  # type: ignore[arg-type]


@functools.cache
def _voice(path: pathlib.Path) -> NDArray[np.int16]:
    return decoded(str(path))


def _at_rate(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The same spectrum, cut or filled up with nothing."""
    count = round(len(wave) * rate / RATE)
    return np.fft.irfft(np.fft.rfft(wave), count).astype(np.float32)
