"""What training makes small.

B windows, T bins, L labels.
"""

import torch
from torch import Tensor
from torch.nn import functional

from streamer.training.levels import Output
from streamer.training.mood import Mood
from streamer.training.samples import Targets

FOCAL = 1.5  # how much less what is already right counts
UNIMODAL, CONFLICT = 0.3, 0.5  # weights of the losses of single senses and of conflicts
BETA = 0.5  # of the variance's share in the likelihood: 0 would learn where it is easy, 1 where it is hard
HUBER = 0.25  # valence beyond which errors count linearly
SENSES = ((0, 2), (1, 1), (2, 0))  # column of a mood, number of its modality: text, sound, vision


def loss(said: Output, targets: Targets, focal: float = FOCAL) -> Tensor:
    """The sum of all losses."""
    total = events(said.logits, targets, focal)
    return total if said.mood is None else total + mood(said.mood, targets)


def events(logits: Tensor, targets: Targets, focal: float = FOCAL) -> Tensor:
    """Focal cross-entropy, weighed; a sum over labels, a mean over bins."""
    entropy = functional.binary_cross_entropy_with_logits(logits, targets.labels, reduction="none")
    if focal:
        wrong = torch.sigmoid(torch.where(targets.labels > 0.5, -logits, logits))  # probability of the other answer
        entropy = entropy * wrong**focal
    return (entropy * targets.weight).sum(-1).mean()


def mood(said: Mood, targets: Targets) -> Tensor:
    """Of the overall valence, of single senses where theirs is known, and of conflicts."""
    total = valence(said.overall, said.overall_log_variance, targets.mood[:, 3])
    for column, number in SENSES:
        true = targets.mood[:, column].where(said.present[:, number], torch.nan)
        total = total + UNIMODAL * valence(said.value[:, number], said.log_variance[:, number], true)
    known = ~targets.conflict.isnan()
    if known.any():
        total = total + CONFLICT * functional.binary_cross_entropy_with_logits(said.conflict[known], targets.conflict[known])
    return total


def valence(mean: Tensor, log_variance: Tensor, true: Tensor) -> Tensor:
    """Huber and β-weighted Gaussian likelihood of what is known, a mean over [B]; 0 where nothing is."""
    known = ~true.isnan()
    if not known.any():
        return mean.sum() * 0
    mean, log_variance, true = mean[known], log_variance[known], true[known]
    variance = log_variance.exp()
    likelihood = 0.5 * (log_variance + (true - mean).square() / variance)
    weight = variance.detach() ** BETA
    return (functional.huber_loss(mean, true, delta=HUBER, reduction="none") + weight * likelihood).mean()
