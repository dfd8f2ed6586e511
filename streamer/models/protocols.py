"""What encoders promise: pictures, sounds and words as unit vectors, and questions about them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np


class Queries(NamedTuple):
    """Prompts as vectors, and what a score is compared with: z = (vector · key − mean) / deviation."""

    vectors: np.ndarray  # float32 [prompts, width], unit
    mean: np.ndarray  # float32 [prompts]: of the scores over a fixed background
    deviation: np.ndarray  # float32 [prompts]


class TextEncoder(Protocol):
    """Sentences as vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """→ float32 [texts, width], unit; a text has the same vector whatever is beside it."""

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts as questions about `encode`'s vectors."""


class ImageEncoder(Protocol):
    """Pictures as vectors."""

    name: str
    size: tuple[int, int]  # height, width in px

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """uint8 [batch, height, width, 3] RGB → keys float32 [batch, width], unit; its own embeddings if they differ."""

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts as questions about the keys."""


@runtime_checkable
class FineImageEncoder(ImageEncoder, Protocol):
    """One that tells a layer in its middle too: where in the picture something is, before it knows what."""

    def look(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What `encode` says, and the layer float32 [batch, width]."""


class SoundEncoder(Protocol):
    """Sounds as vectors, a patch after another."""

    name: str
    rate_hz: int
    patch_s: float  # what one key hears
    hop_s: float  # from patch to patch

    def encode(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """float32 [samples], mono → keys float32 [patches, width], unit; its own embeddings if they differ.

        Patches begin at 0, hop, 2·hop, … as long as they are full; fewer samples than a patch are one patch.
        """

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts as questions about the keys."""
