"""A tiny world in which the truth is a coincidence: clapping is clapping only where it is seen at the moments it is heard."""

from typing import Any

import numpy as np

from streamer.training.cache import BIN_S, BINS, Examples
from streamer.training.inputs import Projections, dims
from streamer.training.samples import Samples, samples
from tests.training import made

NAMES = ("clapping", "alarm")
DECLARES = (("vision", "sound"), ("sound",))
STEP_S = 0.125


def coinciding(count: int, seed: int) -> Examples:
    """Windows in which hands and claps are seen and heard over the same span, in half of them at other moments."""
    examples = made.examples(count, seed, NAMES)
    rng = np.random.default_rng([seed, 1])
    arrays: dict[str, np.ndarray] = {name: array.copy() for name, array in examples.arrays.items()}
    for name in ("vision", "middle", "sound", "voice", "labels", "level0", "conflict"):
        arrays[name][:] = 0
    arrays["text_mask"][:] = arrays["ocr_mask"][:] = False
    for name in ("motion", "onsets"):
        arrays[name][:] = rng.normal(0, 0.3, arrays[name].shape)
    truth: list[dict[str, Any]] = []
    for window in range(count):
        first = int(rng.integers(2, BINS - 8))
        span = {"label": "clapping", "start": first * BIN_S, "end": (first + 6) * BIN_S}
        heard = first * 4 + np.cumsum(rng.integers(2, 6, 5))
        true = bool(rng.random() < 0.5)
        seen = heard if true else first * 4 + np.cumsum(rng.integers(2, 6, 5))
        arrays["vision"][window, first : first + 6, 0] = 4
        arrays["sound"][window, first * 2 : first * 2 + 12, 0] = 4
        arrays["onsets"][window, heard, :4] += 3
        arrays["motion"][window, seen, int(rng.integers(16))] += 3
        arrays["labels"][window, first : first + 6, 0] = true
        truth.append({"events": [span] if true else [], "decoys": [] if true else [span | {"kind": "phase"}]})
    return Examples(**arrays, names=NAMES, truth=tuple(truth))


def projected(count: int, seed: int) -> Samples:
    """The same as training wants it, by projections of its own."""
    examples = coinciding(count, seed)
    projections = Projections(dims(examples))
    projections.fit(examples)
    return samples(examples, projections)
