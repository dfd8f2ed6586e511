"""Sentences rendered once by a synthesiser and kept as FLAC files; README.md names voices, commands and licence."""

import functools
import pathlib

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000  # Hz, mono


@functools.cache
def load(name: str) -> NDArray[np.float32]:
    """The sentence: float32 [samples] at 16 kHz in [-1, 1]; it begins with the first sound of speech and ends with the last."""
    with av.open(str(pathlib.Path(__file__).with_name(f"{name}.flac"))) as file:
        blocks = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)]
    return np.concatenate(blocks).astype(np.float32) / np.float32(32_768)


def length_s(name: str) -> float:
    """How long the sentence takes."""
    return len(load(name)) / RATE
