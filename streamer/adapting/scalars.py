"""Few numbers fitted to marked bins by cross-entropy: level 1, and how much is given to examples and to a trained net.

N windows, T bins, L labels, M modalities.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from streamer.training.fit import minimise

PULL = 2.0  # of each number towards where it began, as much as so many bins would pull
RARE = 0.5  # as if each label had been on in so many bins more: a prior stays finite


class Scalars(NamedTuple):
    """What was fitted."""

    gain: np.ndarray  # float32 [M]: of evidence without training
    prior: np.ndarray  # float32 [L]
    power: np.ndarray  # float32 [M, L], ≥ 0: of what examples say; zeros without any
    entropy: float  # of the bins it was fitted to


def fit(evidence: np.ndarray, labels: np.ndarray, known: np.ndarray, prior: np.ndarray, said: np.ndarray | None = None) -> Scalars:
    """Gains, priors and powers that make what is true likely; each begins where it says what is said without it.

    Args:
        evidence: of level 0, float32 [N, T, L, M].
        labels: uint8 [N, T, L].
        known: bool [N, T], the bins that count.
        prior: float32 [L], where the priors begin.
        said: what examples say, float32 [N, T, L, M].
    """
    tensors = [torch.from_numpy(np.ascontiguousarray(array[known], np.float32)) for array in (evidence, labels)]
    extra = torch.zeros_like(tensors[0]) if said is None else torch.from_numpy(np.ascontiguousarray(said[known], np.float32))
    spread = extra.std((0, 1)).clamp(min=1e-6)  # [M]: powers are told in units of it
    extra = extra / spread
    begun = torch.from_numpy(prior.astype(np.float32))
    gain, shift = torch.ones(evidence.shape[-1], requires_grad=True), torch.zeros(len(prior), requires_grad=True)
    root = torch.full((evidence.shape[-1], len(prior)), 0.5, requires_grad=True)  # its square is the power
    count = len(extra)

    def entropy() -> Tensor:
        found = (tensors[0] * gain).sum(-1) + (extra * root.square().T).sum(-1) + begun + shift
        return functional.binary_cross_entropy_with_logits(found, tensors[1], reduction="none").mean(0).sum()

    def loss() -> Tensor:
        pull = (gain - 1).square().sum() + root.square().square().sum() * (said is not None)
        rare = functional.binary_cross_entropy_with_logits(begun + shift, torch.full_like(begun, 0.5), reduction="sum")
        return entropy() + (PULL * pull + 2 * RARE * rare) / count

    minimise([gain, shift] if said is None else [gain, shift, root], loss)
    power = (root.detach().square() / spread[:, None]).numpy() * (said is not None)
    return Scalars(gain.detach().numpy(), (begun + shift).detach().numpy(), power, float(entropy().detach()) / len(prior))


def sharpen(logits: np.ndarray, labels: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sharpness [] and a shift [L] of logits [N, T, L] that make what is true likely."""
    found, true = (torch.from_numpy(np.ascontiguousarray(array[known], np.float32)) for array in (logits, labels))
    sharpness, shift = torch.zeros((), requires_grad=True), torch.zeros(found.shape[-1], requires_grad=True)

    def loss() -> Tensor:
        scaled = found * sharpness.exp() + shift
        pull = PULL * (sharpness.square() + shift.square().sum()) / len(found)
        return functional.binary_cross_entropy_with_logits(scaled, true, reduction="none").mean(0).sum() + pull

    minimise([sharpness, shift], loss)
    return sharpness.detach().exp().numpy(), shift.detach().numpy()
