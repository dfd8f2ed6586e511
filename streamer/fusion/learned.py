"""A trained fusion when it runs: from a folder, in NumPy alone, the same numbers as in training.

B windows, T bins, L labels, M modalities.
"""

import itertools
import json
import math
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from schemas.messages import MODALITIES
from streamer.errors import ModelError
from streamer.fusion.layers import Weights
from streamer.fusion.reading import given, read
from streamer.fusion.recalling import recalled
from streamer.fusion.relating import Mood, mood, opinions, together

PARTS = ("prior", *MODALITIES, "together")
COALITIONS = tuple(itertools.product((False, True), repeat=len(MODALITIES)))  # of modalities
LEVELS = ("level1", "level2", "level3")


class Said(NamedTuple):
    """What a fusion says of windows."""

    parts: np.ndarray  # float32 [B, L, T, 6] in the order of PARTS; they sum to the logit
    mood: Mood | None  # None at level 1, where none was trained, and where it was not asked for
    shares: np.ndarray | None  # float32 [B, M]: Shapley values of the overall valence; they sum to it


class Learned:
    """A fusion of level 1, 2 or 3."""

    def __init__(self, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
        """Args:
        arrays: weights by name, float32.
        about: config.json.
        """
        plan = about["plan"]
        self.about = about
        self.labels: tuple[str, ...] = tuple(plan["labels"])
        self.declares: tuple[tuple[str, ...], ...] = tuple(map(tuple, plan["declares"]))
        self.level = LEVELS.index(plan["mode"]) + 1
        self._declared = np.array([[modality in names for names in self.declares] for modality in MODALITIES])
        self._weights = Weights(arrays)
        self._fusion = self._weights.under("fusion")

    def __call__(self, arrays: Mapping[str, np.ndarray], keep: np.ndarray | None = None, feel: bool = True) -> Said:
        """What it says of windows.

        Args:
            arrays: of streamer.fusion.arrays, stacked.
            keep: bool [B, M], False forces a modality off.
            feel: whether the mood is asked for too, and its Shapley values, which cost as much as all else.
        """
        keep = np.ones((len(arrays["vision"]), len(MODALITIES)), bool) if keep is None else keep
        evidence = arrays["level0"].transpose(0, 2, 1, 3).astype(np.float32)
        said = evidence * self._fusion["anchor.gain"] * keep[:, None, None]
        if "recall.power" in self._weights:
            said = said + recalled(self._weights.under("recall"), arrays, keep)
        extra = np.zeros((*said.shape[:3], 1), np.float32)
        felt, shares = None, None
        if self.level > 1:
            what = given(self._weights.under("projections"), arrays)
            reading = read(self._fusion, arrays, what, keep, self._declared)
            said = said + reading.said
            if self.level > 2:
                extra = together(self._fusion.under("together"), what, reading, self._declared)[..., None]
            expert = self._fusion.under("mood")
            if feel and "query" in expert:
                each = opinions(expert, arrays, what, reading)
                felt = mood(expert, arrays, reading, each, keep)
                shares = shapley({who: mood(expert, arrays, reading, each, keep & np.array(who)).overall for who in COALITIONS})
        prior = np.broadcast_to(self._fusion["anchor.prior"][:, None], (*said.shape[:3], 1))
        parts = np.concatenate([prior, said, extra], -1) * self._weights["sharpness"]
        parts[..., 0] += self._weights["shift"]
        return Said(parts.transpose(0, 2, 1, 3), felt, shares)


def load_fusion(folder: pathlib.Path) -> Learned:
    """The fusion of a folder that `streamer train fusion` wrote. Errors: ModelError."""
    try:
        about = json.loads((folder / "config.json").read_bytes())
        arrays = load((folder / "model.safetensors").read_bytes())
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(f"{folder}: {error}; expected what `streamer train fusion` writes") from error
    if about.get("model_type") != "fusion" or about["plan"]["mode"] not in LEVELS:
        raise ModelError(f"{folder}: is no fusion of {', '.join(LEVELS)}; train one with `streamer train fusion --mode level3`")
    return Learned({name: array.astype(np.float32) for name, array in arrays.items()}, about)


def shapley(values: Mapping[tuple[bool, ...], np.ndarray]) -> np.ndarray:
    """Exact Shapley values of players from the value [B] of every coalition: [B, players]; they sum to all less none."""
    players = len(next(iter(values)))
    shares = []
    for player in range(players):
        gain = np.zeros(len(next(iter(values.values()))))
        for subset, value in values.items():
            if subset[player]:
                size = sum(subset) - 1
                chance = math.factorial(size) * math.factorial(players - size - 1) / math.factorial(players)
                without = tuple(member and number != player for number, member in enumerate(subset))
                gain += chance * (value - values[without])
        shares.append(gain)
    return np.stack(shares, 1)
