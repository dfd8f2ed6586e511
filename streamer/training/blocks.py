"""Layers that every net is made of.

B windows, N tokens of one side, K keys of the other, D width, H heads, S kinds of distance.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

BIN_S = 0.5  # distances in time are counted in bins
REACH = 16  # bins to either side that are told apart: one window
NEVER = -1e4  # weight of what is not there: exactly nothing after the softmax


def lags(queries: Tensor, *keys: Tensor) -> Tensor:
    """Distances of times float [B, N] to times float [B, K] in bins, one for each kind of key time: int64 [B, N, K, S]."""
    apart = [(queries[:, :, None] - key[:, None]) / BIN_S for key in keys]
    return torch.stack([one.round().clamp(-REACH, REACH).long() + REACH for one in apart], -1)


class Attention(nn.Module):
    """Attention with a bias for distance in time, and a null key of value 0: what finds nothing looks there.

    Without the null key, what has no key gets zeros.
    """

    def __init__(self, width: int, heads: int = 4, kinds: int = 1, null: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.lag = nn.ParameterList([nn.Parameter(torch.zeros(2 * REACH + 1, heads)) for _ in range(kinds)])
        self.null = nn.Parameter(torch.zeros(heads)) if null else None

    def forward(self, x: Tensor, context: Tensor, lag: Tensor | None, mask: Tensor) -> Tensor:
        """What x [B, N, D] finds in context [B, K, D] where mask bool [B, K]; lag: see `lags`, of B or 1 windows."""
        batch, tokens, width = x.shape
        key, value = self.key_value(context).chunk(2, -1)
        query = self.query(x) * math.sqrt(self.heads / width)
        weight = self._split(query) @ self._split(key).transpose(-1, -2)  # [B, H, N, K]
        if lag is not None:
            biases = [functional.embedding(lag[..., i], table) for i, table in enumerate(self.lag)]
            weight = weight + torch.stack(biases).sum(0).permute(0, 3, 1, 2)
        share = self._share(weight.masked_fill(~mask[:, None, None], NEVER), mask)
        found: Tensor = self.out((share @ self._split(value)).transpose(1, 2).reshape(batch, tokens, width))
        return found

    def _share(self, weight: Tensor, mask: Tensor) -> Tensor:
        if self.null is None:
            return weight.softmax(-1) * mask.any(-1)[:, None, None, None]
        null = self.null[:, None, None].expand(*weight.shape[:-1], 1)
        return torch.cat([weight, null], -1).softmax(-1)[..., :-1]

    def _split(self, x: Tensor) -> Tensor:
        """[B, N, D] → [B, H, N, D / H]."""
        heads: Tensor = x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
        return heads


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width: int, kinds: int = 1, *, crossed: bool = False, null: bool = True, dropout: float = 0.1) -> None:
        """Args:
        width: D.
        kinds: of distances in time.
        crossed: attends to a context, not to itself.
        null: see Attention.
        dropout: of what it adds.
        """
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(width) if crossed else None
        self.attention = Attention(width, kinds=kinds, null=null)
        self.norm_out = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, context: Tensor | None, lag: Tensor | None, mask: Tensor) -> Tensor:
        """[B, N, D] → [B, N, D]; context: [B, K, D] where it is crossed; see Attention."""
        normal = self.norm(x)
        x = x + self.attention(normal, normal if self.norm_context is None else self.norm_context(context), lag, mask)
        change: Tensor = self.narrow(functional.silu(self.widen(self.norm_out(x))))
        changed: Tensor = x + self.dropout(change)
        return changed


def mlp(sizes: Sequence[int], dropout: float = 0.1) -> nn.Sequential:
    """Linear layers with SiLU between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), nn.SiLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers[:-2])
