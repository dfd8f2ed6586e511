"""Whether sight and sound move together: correlation of moments heard with moments seen, at 125 ms.

From sound a few curves of moments are learned (an onset, a ringing), from each cell of the picture a few others (a reversal,
a stop). Each pair of curves is correlated about every bin, at each lag; what fits best among the cells of the picture, and
how well all of them fit, says whether they are one rhythm. A sum of what is seen and what is heard cannot say that.

B windows, K curves, F fine steps (64), C cells of the picture (16), T bins, G = spans × T.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.training.blocks import mlp
from streamer.training.tokens import BINS, STEPS

CURVES = 8
LAGS = 3  # steps to either side: sound and picture of a hit lie within .1 s, plus the grid's own .125 s
SPANS = (9, 25)  # steps about a bin that are compared: one blow, a rhythm
LOCAL = 17  # steps whose mean is subtracted: what does not change within 2 s is no moment
NOISE = 1e-2  # energy below which a correlation means nothing
CELLS = 16


class Rhythm(nn.Module):
    """Coincidence of motion and onsets, [B, T, D]."""

    near: Tensor  # [F, G]: 1 where a step is about a bin

    def __init__(self, bands: int, width: int, dropout: float) -> None:
        """Args:
        bands: columns of the onsets.
        width: D.
        dropout: in the last layers.
        """
        super().__init__()
        self.hear = nn.Conv1d(bands, 32, 5, padding=2)
        self.heard = nn.Conv1d(32, CURVES, 3, padding=1)
        self.see = nn.Conv2d(7, 16, (1, 5), padding=(0, 2))
        self.seen = nn.Conv2d(16, CURVES, (1, 3), padding=(0, 1))
        features = len(SPANS) * CURVES * (2 * (2 * LAGS + 1) + 2)
        self.join = mlp((features, width, width), dropout)
        self.register_buffer("near", _near(), persistent=False)

    def forward(self, motion: Tensor, onsets: Tensor) -> Tensor:
        """Motion [B, F, 64] and onsets [B, F, bands] → [B, T, D]."""
        heard = self.heard(functional.silu(self.hear(onsets.transpose(1, 2))))[:, :, None]  # [B, K, 1, F]
        seen = self.seen(functional.silu(self.see(moments(motion))))  # [B, K, C, F]
        joined: Tensor = self.join(self._correlations(heard - _local(heard), seen - _local(seen)))
        return joined

    def _correlations(self, heard: Tensor, seen: Tensor) -> Tensor:
        """[B, T, features]: at each lag the best of the cells and all of them, and the energy of both."""
        energy = heard.square() @ self.near + NOISE  # [B, K, 1, G]
        each = seen.square() @ self.near + NOISE  # [B, K, C, G]
        every = each.sum(-2, keepdim=True)
        best, whole = (energy * each).rsqrt(), (energy * every).rsqrt()
        padded = functional.pad(seen, (LAGS, LAGS))
        found = [energy.log(), every.log()]
        for lag in range(2 * LAGS + 1):
            product = (heard * padded[..., lag : lag + heard.shape[-1]]) @ self.near
            found += [(product * best).amax(-2, keepdim=True), product.sum(-2, keepdim=True) * whole]
        features = torch.cat(found, -2)  # [B, K, features, G]
        return features.view(*features.shape[:-1], len(SPANS), BINS).permute(0, 4, 1, 2, 3).flatten(2)


def moments(motion: Tensor) -> Tensor:
    """Motion and its changes by cell: [B, F, 64] → [B, 7, C, F]."""
    cells = motion.transpose(1, 2).reshape(len(motion), 4, CELLS, -1)  # change, signed change, flow to the right, flow down
    jump = functional.pad((cells[..., 1:] - cells[..., :-1]).abs(), (1, 0))
    turn, speed = jump[:, 2:].sum(1, keepdim=True), cells[:, 2:].abs().sum(1, keepdim=True)
    return torch.cat([cells, jump[:, :1], turn, speed], 1)


def _local(curves: Tensor) -> Tensor:
    """Mean over LOCAL steps of [B, K, C, F], the ends repeated."""
    half = LOCAL // 2
    padded = torch.cat([curves[..., :1].expand(*curves.shape[:-1], half), curves, curves[..., -1:].expand(*curves.shape[:-1], half)], -1)
    sums = functional.pad(padded.cumsum(-1), (1, 0))
    return (sums[..., LOCAL:] - sums[..., :-LOCAL]) / LOCAL


def _near() -> Tensor:
    """Which steps are about which bin, float32 [F, G] of 0 and 1."""
    steps = torch.arange(BINS * STEPS)[:, None] + 0.5
    middles = (torch.arange(BINS) + 0.5) * STEPS
    apart = (steps - middles).abs()
    return torch.cat([(apart <= span / 2).float() for span in SPANS], 1)
