"""Levels 0, 1 and 1½ for marked windows, in the form in which a fusion runs: what is judged is what will be kept.

N windows, T bins, L labels, M modalities.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from schemas.messages import MODALITIES
from streamer.adapting import examples, scalars
from streamer.adapting.marked import Marked
from streamer.fusion.learned import Learned
from streamer.labels import Label
from streamer.training.plan import Plan

Level = Literal["0", "1", "1½", "2", "3"]
AT_ONCE = 64  # windows that are asked about in one go
Weights = dict[str, np.ndarray]  # by dotted name


class Fit(NamedTuple):
    """A fusion that may be kept."""

    level: Level
    plan: Plan
    weights: Weights  # float32, rounded as on disk
    own: Marked  # windows to choose thresholds on
    shown: np.ndarray  # float32 [N, T, L]: logits of those, by a fit that could not learn them by heart

    def logits(self, marked: Marked) -> np.ndarray:
        """What it says of windows, float32 [N, T, L]."""
        return logits(self.plan, self.weights, marked)


def logits(plan: Plan, weights: Mapping[str, np.ndarray], marked: Marked) -> np.ndarray:
    """What a fusion says of windows, float32 [N, T, L]."""
    learned = Learned(weights, {"plan": msgspec.to_builtins(plan)})
    arrays = marked.examples.arrays
    pieces = [slice(first, first + AT_ONCE) for first in range(0, len(marked), AT_ONCE)]
    found = [learned({name: array[piece] for name, array in arrays.items()}).parts.sum(-1) for piece in pieces]
    return np.concatenate(found).transpose(0, 2, 1)


def unfitted(marked: Marked, plan: Plan, labels: Sequence[Label]) -> Fit:
    """Level 0: what is said without any fit."""
    prior = np.array([label.prior for label in labels], np.float32)
    plan = msgspec.structs.replace(plan, mode="level1")  # the same sum, its numbers as they are by default
    weights = _weights(scalars.Scalars(np.ones(len(MODALITIES), np.float32), prior, np.zeros(0), 0.0))
    return Fit("0", plan, weights, marked, logits(plan, weights, marked))


def scaled(marked: Marked, below: Fit) -> Fit:
    """Level 1: gains of modalities and priors of labels."""
    prior = below.weights["fusion.anchor.prior"]
    weights = _weights(scalars.fit(evidence(marked), marked.examples.labels, marked.known, prior))
    return Fit("1", below.plan, weights, marked, logits(below.plan, weights, marked))


def recalling(marked: Marked, below: Fit) -> Fit | None:
    """Level 1½: level 1, and what is like the examples; None where nothing can be remembered.

    How alike is alike, and how much each label and modality is given, is fitted to what bins find in other recordings only.
    """
    memories = {modality: memory for modality in MODALITIES if (memory := examples.remember(marked, modality)) is not None}
    declared = np.array([[modality in names for modality in MODALITIES] for names in below.plan.declares], np.float32)
    prior, labels, known = below.weights["fusion.anchor.prior"], marked.examples.labels, marked.known
    best: tuple[scalars.Scalars, float, np.ndarray] | None = None
    for gamma in examples.GAMMAS if memories else ():
        said = examples.others(marked, memories, gamma) * declared
        found = scalars.fit(evidence(marked), labels, known, prior, said)
        if best is None or found.entropy < best[0].entropy:
            best = found, gamma, said
    if best is None:
        return None
    found, gamma, said = best
    weights = _weights(found)
    weights |= {"recall.power": found.power * declared.T, "recall.gamma": np.array(gamma, np.float32)}
    for modality, memory in memories.items():
        votes = memory.votes(np.ones(len(memory.keys), bool))
        kept = {"mean": memory.mean, "basis": memory.basis, "keys": memory.keys, "votes": votes}
        weights |= {f"recall.{modality}.{name}": array for name, array in kept.items()}
    shown = (evidence(marked) * found.gain).sum(-1) + (said * found.power.T).sum(-1) + found.prior
    return Fit("1½", below.plan, rounded(weights), marked, shown)


def evidence(marked: Marked) -> np.ndarray:
    """Of level 0, float32 [N, T, L, M]."""
    return marked.examples.level0.transpose(0, 2, 1, 3)


def rounded(weights: Mapping[str, np.ndarray]) -> Weights:
    """As they will be read from disk."""
    return {name: np.asarray(value, np.float16).astype(np.float32) for name, value in weights.items()}


def _weights(found: scalars.Scalars) -> Weights:
    anchor = {"fusion.anchor.gain": found.gain, "fusion.anchor.prior": found.prior}
    return rounded(anchor | {"sharpness": np.ones(()), "shift": np.zeros(len(found.prior))})
