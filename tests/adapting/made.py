"""Marked windows out of nothing: what happens is in the features, and in the evidence of level 0 only a little."""

import pathlib

import numpy as np

from streamer.adapting.marked import Marked, mark
from streamer.adapting.rows import Row
from streamer.labels import Attention, Label, LabelSet
from streamer.training.cache import ARRAYS, BINS, Examples

NAMES = ("gate", "bell")


def labels() -> LabelSet:
    """One that is seen and one that is heard."""
    attention = Attention(
        beta={}, sigma_s={}, z_min={}, gain={}, floor={}, prior=-2.0, threshold=0.6, off=0.35, words_threshold=0.4, words_off=0.2
    )
    shared = {"prior": -2.0, "threshold": 0.6, "off": 0.35}
    gate = Label(name="gate", prompts={"vision": ("a gate",)}, phrase={"en": "a gate", "zh": "门"}, **shared)
    bell = Label(name="bell", prompts={"sound": ("bell",)}, phrase={"en": "a bell", "zh": "铃"}, **shared)
    return LabelSet(labels=(gate, bell), attention=attention)


def film(windows: int, seed: int, told: float = 1.0) -> Examples:
    """Features of windows side by side, 8 s each; `told`: how much level 0 finds of what happens."""
    rng = np.random.default_rng(seed)
    arrays = {name: np.zeros((windows, *(size or 2 for size in shape)), dtype) for name, (dtype, shape) in ARRAYS.items()}
    arrays["mood"][:] = np.nan
    for name in ("vision", "sound"):
        arrays[f"{name}_mask"][:] = True
        arrays[name][:] = rng.normal(size=arrays[name].shape)
    for window in range(windows):
        for label in range(2):
            first = int(rng.integers(0, BINS - 4))
            arrays["labels"][window, first : first + 4, label] = 1
            arrays["level0"][window, label, first : first + 4, label] = told
    arrays["level0"] *= rng.uniform(0.5, 1.5, arrays["level0"].shape)
    for label in range(2):
        arrays["level0"][:, label, :, label] += 0.3 * (rng.random((windows, BINS)) < 0.3)  # it finds what is not there, too
    shown = arrays["labels"].astype(np.float16)
    arrays["vision"][..., 0] += 30 * shown[..., 0]
    arrays["sound"][:, np.clip(np.round((np.arange(BINS) + 0.5) * 0.5 / 0.24), 0, 32).astype(int), 0] += 30 * shown[..., 1]
    truth = tuple({"start": window * 8.0, "end": window * 8.0 + 8} for window in range(windows))
    return Examples(**arrays, names=NAMES, truth=truth)


def rows_of(examples: Examples, path: pathlib.Path = pathlib.Path("film.mp4")) -> tuple[Row, ...]:
    """What somebody who sees all of it would mark."""
    found = [Row(file=path, start=0.0, end=8.0 * len(examples))]
    for window, truth in enumerate(examples.truth):
        for number, name in enumerate(examples.names):
            on = np.flatnonzero(examples.labels[window, :, number])
            start = truth["start"] + on[0] / 2
            found.append(Row(file=path, start=start, end=start + len(on) / 2, label=name))
    return tuple(found)


def marked(recordings: int, windows: int = 4, told: float = 1.0, seed: int = 0) -> Marked:
    """Several films."""
    films = [film(windows, 100 * seed + number, told) for number in range(recordings)]
    return mark(films, [rows_of(one) for one in films])
