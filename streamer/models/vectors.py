"""Vectors of unit length, and a memory for those of texts that are asked for at every start."""

import hashlib
import json
import pathlib
from collections.abc import Sequence

import numpy as np

from streamer.models import cache, places
from streamer.models.protocols import TextEncoder

SMALLEST = 1e-12  # a length: keeps 0 / 0 away


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length one, float32."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, SMALLEST), np.float32)


def remembered(text: TextEncoder, texts: Sequence[str]) -> np.ndarray:
    """`text.encode(texts)`, kept in the cache by the encoder's weights and the texts."""
    named = json.dumps([places.fingerprint(text.name), *texts]).encode()

    def make(path: pathlib.Path) -> None:
        with path.open("wb") as file:
            np.save(file, text.encode(texts), allow_pickle=False)

    kept = cache.kept(f"vectors/{hashlib.blake2b(named, digest_size=16).hexdigest()}.npy", make)
    return np.asarray(np.load(kept, allow_pickle=False))
