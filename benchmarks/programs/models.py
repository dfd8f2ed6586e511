"""The models of the offline profile, for programs that do without the pipeline."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from streamer.models import encoders
from streamer.models.encoders import ImageEncoder, SoundEncoder, TextEncoder

RATE_HZ = 16_000
STEP_S = 1.0  # between the pictures that are looked at


class Encoders(NamedTuple):
    """Those of pictures, sounds and sentences."""

    image: ImageEncoder
    sound: SoundEncoder
    text: TextEncoder


def load() -> Encoders:
    """The encoders, ready to run."""
    text = encoders.load_text()
    text.encode(["Sentences load their network when the first one comes."])
    return Encoders(encoders.load_image("efficientnet-lite0", text), encoders.load_sound("yamnet", text), text)


def patches(samples: np.ndarray, encoder: SoundEncoder) -> Iterator[np.ndarray]:
    """float32 [samples] → what each of the sound encoder's patches hears; the last one, if sound is left over, is shorter."""
    length, hop = round(encoder.patch_s * RATE_HZ), round(encoder.hop_s * RATE_HZ)
    heard = start = 0
    while heard < len(samples):
        yield samples[start : start + length]
        start, heard = start + hop, start + length
