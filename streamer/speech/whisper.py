"""Whisper: sound in, words with their times out. The network behind it runs on one of three libraries."""

import pathlib
import zlib
from typing import Any, NamedTuple, Protocol

import ctranslate2
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor

from schemas.messages import Word
from streamer.config import Speech
from streamer.errors import ConfigError, ModelError
from streamer.models import places
from streamer.models.table import TABLE
from streamer.models.whisper import alignment_heads, openai_checkpoint, transformers_directory
from streamer.speech.network import MEL_HOP_S, TOKEN_S, Network
from streamer.speech.vad import RATE
from streamer.speech.vocabulary import Task

WINDOWS_S = (15, 20, 30)  # lengths of spectrogram the encoder is given: the first that holds the sound
# 15 s cost a quarter of 30 s; below 15 s Whisper, trained on 30 s, begins to repeat itself
WHOLE_S = WINDOWS_S[-1]
CTRANSLATE = "model.bin"  # the file that makes a directory one of CTranslate2


class Transcript(NamedTuple):
    """What a segment says. Times are seconds since its sound began."""

    text: str
    words: tuple[Word, ...]  # texts with the space before them, where there is one
    tokens: tuple[int, ...]
    log_probability: float  # mean over tokens
    no_speech: float  # probability
    compression: float  # bytes of the text for each byte compressed


class Encoded(NamedTuple):
    """A segment after the encoder: everything else starts from here."""

    value: Any
    frames: int  # of spectrogram that the sound fills
    window_s: int


class Engine(Protocol):
    """What the stage needs of a speech recogniser."""

    name: str

    def encode(self, samples: np.ndarray, window_s: int = 0) -> Encoded:
        """Float32 [samples], mono, 16 kHz, at most 30 s, encoded once for all that follows; in a window of at least `window_s`."""

    def languages(self, encoded: Encoded) -> dict[str, float]:
        """Probability of each language (ISO 639-1); empty where the model knows only English."""

    def transcribe(self, encoded: Encoded, language: str, task: Task = "transcribe") -> Transcript:
        """The words in `language`, or their English translation."""


class Whisper:
    """The engine: the same spectrogram, prompt and word rules on every library."""

    def __init__(self, name: str, network: Network) -> None:
        self.name = f"{name} ({network.name})"
        self._network = network
        self._spectrogram = FeatureExtractor(feature_size=network.mels)

    def encode(self, samples: np.ndarray, window_s: int = 0) -> Encoded:
        """Float32 [samples], mono, 16 kHz, at most 30 s; in a window of at least `window_s`. Errors: ValueError."""
        window = next((window for window in WINDOWS_S if window >= max(window_s, len(samples) / RATE)), None)
        if window is None:
            raise ValueError(f"{len(samples) / RATE:.1f} s of sound; expected at most {WHOLE_S} s")
        padded = np.pad(samples, (0, window * RATE - len(samples)))
        mel = self._spectrogram(padded, padding=0)  # float [mels, frames]
        value = self._network.encode(np.ascontiguousarray(mel, np.float32))
        return Encoded(value, round(len(samples) / RATE / MEL_HOP_S), window)

    def languages(self, encoded: Encoded) -> dict[str, float]:
        """Probability of each language; empty where the model knows only English."""
        return self._network.languages(encoded.value) if self._network.vocabulary.multilingual else {}

    def transcribe(self, encoded: Encoded, language: str, task: Task = "transcribe") -> Transcript:
        """The words in `language`, or their English translation."""
        vocabulary = self._network.vocabulary
        prompt = vocabulary.prompt(language, task)
        decoded = self._network.decode(encoded.value, prompt)
        text = vocabulary.text(decoded.tokens).strip()
        return Transcript(
            text,
            self._words(encoded, prompt, decoded.tokens, language if task == "transcribe" else "en"),
            tuple(decoded.tokens),
            decoded.log_probability / (len(decoded.tokens) + 1),  # the end is a token too
            decoded.no_speech,
            compression(text),
        )

    def _words(self, encoded: Encoded, prompt: list[int], tokens: list[int], language: str) -> tuple[Word, ...]:
        if not tokens:
            return ()
        times, probabilities = self._network.align(encoded.value, prompt, tokens, encoded.frames)
        return tuple(
            Word(
                start=float(times[span.first]),
                end=max(float(times[span.end]), float(times[span.first]) + TOKEN_S),
                text=span.text,
                probability=float(probabilities[span.first : span.end].mean()),
            )
            for span in self._network.vocabulary.words(tokens, language)
        )


def compression(text: str) -> float:
    """How many times smaller the text becomes: above 2.4 it repeats itself."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw))


def load(options: Speech) -> Whisper:
    """The engine that the options name. Errors: ConfigError, ModelError."""
    network = _network(options, _device(options.device))
    known = network.vocabulary.languages if network.vocabulary.multilingual else {"en": 0}
    if options.language != "auto" and options.language not in known:
        raise ConfigError(f"speech.language={options.language}: {options.model} knows auto, {', '.join(known)}")
    return Whisper(options.model if options.model in TABLE else pathlib.Path(options.model).name, network)


def _device(wanted: str) -> str:
    found = ctranslate2.get_cuda_device_count() > 0  # asks the driver; torch would take seconds to import
    if wanted == "cuda" and not found:
        raise ConfigError("speech.device=cuda: no CUDA device is found; expected cpu or auto")
    return ("cuda" if found else "cpu") if wanted == "auto" else wanted


def _network(options: Speech, device: str) -> Network:
    engine = options.engine
    if engine == "auto":
        light = device == "cpu" and (places.directory(options.model) / CTRANSLATE).is_file()
        engine = "faster-whisper" if light else "transformers"
    make = {"faster-whisper": _faster_whisper, "transformers": _transformers, "openai-whisper": _openai_whisper}[engine]
    return make(options.model, device, options.compute)


def _faster_whisper(model: str, device: str, compute: str) -> Network:
    from streamer.speech.ctranslate import CTranslate

    folder = places.directory(model)
    if not (folder / CTRANSLATE).is_file():
        raise ModelError(f"model {model}: faster-whisper takes a CTranslate2 directory; expected {CTRANSLATE} in {folder}")
    if compute == "auto":
        compute = "int8" if device == "cpu" else "float16"
    if compute not in ctranslate2.get_supported_compute_types(device):
        raise ConfigError(f"speech.compute={compute}: CTranslate2 has it not on this {device}; expected auto, int8 or float32")
    return CTranslate(folder, device, compute)


def _transformers(model: str, device: str, compute: str) -> Network:
    from streamer.speech.hugging import Transformers  # here, as below: torch takes seconds to import

    if compute == "int8":
        raise ConfigError("speech.compute=int8: only faster-whisper has it; with transformers use float32 or float16")
    if compute == "auto":
        compute = "float32" if device == "cpu" else "float16"
    return Transformers(transformers_directory(model), device, compute)


def _openai_whisper(model: str, device: str, compute: str) -> Network:
    from streamer.speech.reference import OpenAI

    if compute not in ("auto", "float32"):
        raise ConfigError(f"speech.compute={compute}: openai-whisper is here for comparison and runs in float32 only")
    return OpenAI(openai_checkpoint(model), device, alignment_heads(model))
