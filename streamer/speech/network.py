"""What the three libraries have in common: a Whisper network that encodes, decodes and aligns."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from streamer.speech.vocabulary import Vocabulary

MEL_HOP_S = 0.01
TOKEN_S = 2 * MEL_HOP_S  # what one position of the encoder covers
LONGEST = 224  # tokens: half of the decoder's context, as Whisper itself has it


class Decoded(NamedTuple):
    """What the decoder wrote, greedily."""

    tokens: list[int]
    log_probability: float  # sum over the tokens and the end
    no_speech: float  # probability


class Alignment(NamedTuple):
    """When each token sounds."""

    times: np.ndarray  # float64 [tokens + 1], seconds; the last is where the last token ends
    probabilities: np.ndarray  # float64 [tokens]


class Network(Protocol):
    """One checkpoint on one library. `encoded` is its own business."""

    name: str  # library and number format
    mels: int
    vocabulary: Vocabulary

    def encode(self, mel: np.ndarray) -> Any:
        """Float32 [mels, frames] as the decoder needs it."""

    def languages(self, encoded: Any) -> dict[str, float]:
        """Probability of each language; they sum to 1."""

    def decode(self, encoded: Any, prompt: Sequence[int]) -> Decoded:
        """The likeliest token again and again, until the end."""

    def align(self, encoded: Any, prompt: Sequence[int], tokens: Sequence[int], frames: int) -> Alignment:
        """Times from cross-attention over the first `frames` of the spectrogram."""
