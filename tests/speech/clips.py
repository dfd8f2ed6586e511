"""Sound for the tests, and engines that need no weights."""

import math
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from schemas.messages import AnyMessage, Audio, Watermark, Word
from streamer.config import Media
from streamer.media.reader import read
from streamer.speech.whisper import Encoded, Transcript, compression

RATE = 16_000
BLOCK = RATE // 2
SENTENCES = pathlib.Path(__file__).parents[2] / "streamer" / "demo" / "speech"


def clip(path: pathlib.Path) -> np.ndarray:
    """float32 [samples] of a file."""
    return np.concatenate([message.samples for message in read(path, "clip", Media(), video=False) if isinstance(message, Audio)])


def sentences(*names: str, pause_s: float = 2.0) -> np.ndarray:
    """Sentences of the demo, with pauses around them."""
    pause = np.zeros(int(pause_s * RATE), np.float32)
    return np.concatenate([pause, *(part for name in names for part in (clip(SENTENCES / f"{name}.flac"), pause))])


def messages(sound: np.ndarray, stream: str = "clip", begins: float = 0.0) -> Iterator[AnyMessage]:
    """What the reader gives for this sound."""
    for first in range(0, len(sound), BLOCK):
        block = sound[first : first + BLOCK]
        yield Audio(stream=stream, time=begins + first / RATE, rate=RATE, samples=block)
        yield Watermark(stream=stream, modality="sound", time=begins + (first + len(block)) / RATE)
    yield Watermark(stream=stream, modality="sound", time=math.inf)


class Scripted:
    """An engine that hears one word a second: its number."""

    name = "scripted"

    def __init__(self, languages: dict[str, float] | None = None, no_speech: float = 0.0) -> None:
        self._languages, self._no_speech = languages or {"en": 0.9, "de": 0.1}, no_speech

    def encode(self, samples: np.ndarray, window_s: int = 0) -> Encoded:
        return Encoded(samples, len(samples) // 160, max(window_s, 15))

    def languages(self, encoded: Encoded) -> dict[str, float]:
        return self._languages

    def transcribe(self, encoded: Encoded, language: str, task: str = "transcribe") -> Transcript:
        loud = np.abs(encoded.value[: len(encoded.value) // RATE * RATE]).reshape(-1, RATE).mean(1)
        words = tuple(Word(start=n, end=n + 0.8, text=f" {task}{n}x{value:.4f}", probability=0.5) for n, value in enumerate(loud))
        text = "".join(word.text for word in words).strip()
        return Transcript(text, words, tuple(range(len(words))), -0.2, self._no_speech, compression(text))


class Lengths:
    """A text encoder that knows nothing but how long a text is."""

    name = "lengths"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        angles = np.array([len(text) for text in texts], np.float32) / 100
        return np.stack([np.cos(angles), np.sin(angles)], 1)

    def queries(self, prompts: Sequence[str]) -> object:
        raise NotImplementedError("the stage asks nothing")
