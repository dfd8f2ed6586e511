"""Words and the sights they announce, drawn together in the space they share, and apart from all others.

For every announcement i and everything j that came in a batch, the probability that they are of the same thing:

    sigmoid(SHARP · cos(said_i, seen_j) + BIAS)

the pairwise sigmoid loss of SigLIP (Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training"). From the label alone the
relation is hardly learnt: a net first learns by heart which announcements were kept. R width of the space.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from streamer.training.matching import Shared
from streamer.training.rewording import Announced

SHARP, BIAS = 8.0, -1.0  # of what came, a quarter is what was announced


def alignment(shared: Shared, told: Sequence[Announced]) -> Tensor:
    """Loss of a batch, a mean over pairs; 0 without any."""
    if not told:
        return shared.said.sum() * 0
    seen = torch.stack([shared.seen[one.row, one.bins].mean(0) for one in told])
    said = torch.stack([shared.said[one.row, one.phrases].mean(0) for one in told])
    logits = SHARP * functional.normalize(said, dim=1) @ functional.normalize(seen, dim=1).T + BIAS
    same = torch.tensor([[one.about == other.came for other in told] for one in told])
    return functional.binary_cross_entropy_with_logits(logits, same.float())
