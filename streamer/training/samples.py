"""The cache as training wants it: inputs, targets, how much each counts, and which windows can be exchanged.

N windows, T bins, L labels.
"""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from streamer.training.cache import BIN_S, BINS, Examples
from streamer.training.inputs import Batch, Projections

DECOY = 2.0  # weight of what looks like an event and is none


@dataclass(frozen=True, eq=False)
class Targets:
    """What is true of windows."""

    labels: Tensor  # uint8 [N, T, L]
    weight: Tensor  # float16 [N, T, L]
    mood: Tensor  # float32 [N, 4]: text, sound, vision, overall; NaN: none
    conflict: Tensor  # float32 [N]: 0, 1; NaN: unknown

    def take(self, numbers: Tensor) -> Self:
        """Some of the windows, in float32."""
        return type(self)(**{field.name: getattr(self, field.name)[numbers].float() for field in fields(self)})

    def and_those(self, others: Self) -> Self:
        """Of these windows and of others."""
        return type(self)(**{field.name: torch.cat([getattr(self, field.name), getattr(others, field.name)]) for field in fields(self)})


class Samples(NamedTuple):
    """A split."""

    inputs: Batch
    targets: Targets
    truth: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.truth)


def samples(examples: Examples, projections: Projections) -> Samples:
    """A split of the cache, projected once."""
    targets = Targets(
        labels=torch.from_numpy(np.array(examples.labels)),
        weight=torch.from_numpy(weights(examples)),
        mood=torch.from_numpy(np.array(examples.mood)),
        conflict=torch.from_numpy(examples.conflict.astype(np.float32)),
    )
    return Samples(projections.project(examples), targets, examples.truth)


def weights(examples: Examples) -> np.ndarray:
    """How much each bin of each label counts, float16 [N, T, L]: decoys more."""
    weight = np.ones(examples.labels.shape, np.float16)
    for number, truth in enumerate(examples.truth):
        for decoy in truth.get("decoys", ()):
            if decoy["label"] in examples.names:
                weight[number, bins(decoy["start"], decoy["end"]), examples.names.index(decoy["label"])] = DECOY
    return weight


def bins(start: float, end: float) -> slice:
    """The bins that a span in seconds touches, one at least."""
    first = min(max(0, int(start / BIN_S)), BINS - 1)
    return slice(first, min(BINS, max(first + 1, int(np.ceil(end / BIN_S)))))
