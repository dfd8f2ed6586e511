"""Windows out of nothing, for tests of what reads the feature cache."""

import pathlib
from typing import Any

import numpy as np

from streamer import wiring
from streamer.config import Config
from streamer.fusion.arrays import arrays
from streamer.synth.names import LABELS
from streamer.training import cache
from streamer.training.cache import ARRAYS, BIN_S, BINS, Examples


def examples(count: int = 8, seed: int = 0, names: tuple[str, ...] = LABELS) -> Examples:
    """Tiny Examples: each window holds up to two events, and a trace of them is in every sense that has a mask."""
    rng = np.random.default_rng(seed)
    arrays = {name: _blank(name, count, len(names), rng) for name in ARRAYS}
    truth: list[dict[str, Any]] = []
    for window in range(count):
        happened = []
        for label in rng.choice(len(names), 2, replace=False).tolist():
            first = int(rng.integers(0, BINS - 4))
            stop = first + int(rng.integers(2, 5))
            arrays["labels"][window, first:stop, label] = 1
            arrays["vision"][window, first:stop, label] += 4
            arrays["sound"][window, first * 2 : stop * 2, label] += 4
            arrays["level0"][window, label, first:stop, :2] += 1
            happened.append({"label": names[label], "start": first * BIN_S, "end": stop * BIN_S})
        truth.append({"events": happened, "decoys": [], "said": [], "written": [], "captions": []})
    return Examples(**arrays, names=names, truth=tuple(truth))


def _blank(name: str, count: int, labels: int, rng: np.random.Generator) -> np.ndarray:
    dtype, shape = ARRAYS[name]
    size = (count, *(length or labels for length in shape))
    if name.endswith("_mask") or name == "present":
        return np.ones(size, bool)
    if name in ("labels", "conflict", "level0"):
        return np.zeros(size, dtype)
    if name.endswith("_spans"):
        starts = rng.uniform(0, 6, size[:-1])
        return np.stack([starts, starts + 1.5], -1).astype(dtype)
    values = rng.uniform(-1, 1, size) if name == "mood" else rng.uniform(0.5, 1, size) if "reliability" in name else rng.normal(size=size)
    return values.astype(dtype)


def from_film(path: pathlib.Path, config: Config, models: wiring.Models) -> Examples:
    """A film as Examples, a row for each window; of no label anything is known."""
    names = models.labels.names
    fused = list(wiring.fusing(config, models)(path, "film"))
    truth = [{"window": one.window.index, "start": one.window.start} for one in fused]
    return cache.stacked([arrays(one) | cache.unknown(len(names)) for one in fused], names, truth)
