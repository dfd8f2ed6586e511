"""Sounds through YAMNet: log mel patches of one loudness, logits, embeddings."""

import csv
import functools
import pathlib
from collections.abc import Sequence

import numpy as np

from streamer.models import cache, places, session
from streamer.models.mel import FRAME, RATE_HZ, STEP, energies
from streamer.models.protocols import TextEncoder
from streamer.models.words import SoundThroughWords, Words

FRAMES = 96  # of a patch
PATCH = (FRAMES - 1) * STEP + FRAME  # samples a patch hears: 15,600
HOP = FRAMES // 2 * STEP  # samples from patch to patch: .48 s

LOUDNESS = 0.1  # RMS of every patch: the network listens for loudness too (at −40 dB it is right in 4 of 100), recorders differ in it.
# On sounds and speech at 0, −20 and −40 dB .1 both ways keeps every top label; .02, .05 or only raising loses 4 to 27 in 100
MOST_GAIN = 100.0  # 40 dB
NOISE = 1e-4  # RMS (−80 dB); below it there is only the noise of the recorder, which must not be blown up


def load(name: str, text: TextEncoder) -> SoundThroughWords:
    """YAMNet of the table through the words of a text encoder. Errors: ModelError."""
    folder = places.directory(name)
    archive, names = folder / "YamNet_w8a8.onnx.zip", class_names(folder / "yamnet_class_map.csv")
    words = Words(text, names, answers="many", background="whitened")
    network = session.load(cache.kept(f"graphs/{places.fingerprint(name)}.onnx", functools.partial(_draw, archive)))

    def classify(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, vectors = session.run(network, patches(samples))
        return logits, vectors

    return SoundThroughWords(name, RATE_HZ, PATCH, HOP, classify, words)


def patches(samples: np.ndarray) -> np.ndarray:
    """float32 [samples] at 16 kHz → log mel energies float32 [patches, 1, 96, 64].

    Each patch is made from its own samples alone, so that a stream in blocks gives the same patches as the whole.
    """
    starts = range(0, max(1, len(samples) - PATCH + 1), HOP)
    return np.stack([_patch(samples[start : start + PATCH]) for start in starts])[:, None]


def gain(samples: np.ndarray) -> float:
    """What brings the samples to LOUDNESS; 1 where there is only noise."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
    return min(LOUDNESS / level, MOST_GAIN) if level > NOISE else 1.0


def class_names(path: pathlib.Path) -> Sequence[str]:
    """The names of the 521 classes, in order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [row["display_name"] for row in csv.DictReader(file)]


def _patch(samples: np.ndarray) -> np.ndarray:
    raised = np.zeros(PATCH, np.float32)
    raised[: len(samples)] = samples * np.float32(gain(samples))
    return energies(raised)


def _draw(archive: pathlib.Path, path: pathlib.Path) -> None:
    from streamer.models import yamnet  # here: onnx is needed once, not at every start

    yamnet.save(archive, path)
