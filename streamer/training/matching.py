"""Whether what is seen is what was spoken of: each bin's picture, and how it differs from before, times the words about it.

A product of two senses is large only where both say the same; a sum cannot tell the wrong guest after the announcement.
B windows, T bins, N phrases, D width, R rank.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from streamer.training.blocks import NEVER, REACH, lags
from streamer.training.senses import Reading
from streamer.training.tokens import BINS, Tokens, centres

RANK = 48
HERE, LATELY, LONG_AGO = (0, 1), (-4, -2), (-8, -4)  # bins from a bin: what is new there shows against what was


class Shared(NamedTuple):
    """The space in which sights and words meet."""

    seen: Tensor  # [B, T, R] of each bin
    said: Tensor  # [B, N, R] of each phrase


class Matching(nn.Module):
    """Products of what is seen in a bin with the words that may be about it, [B, T, D]."""

    spans: Tensor  # [3, T, T]: 1 where a bin is in HERE, LATELY or LONG_AGO of another

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.see = nn.Linear(3 * width, width)
        self.norm_seen = nn.LayerNorm(width)
        self.seen = nn.Linear(width, RANK)
        self.norm_said = nn.LayerNorm(width)
        self.said = nn.Linear(width, RANK)
        self.worth = nn.Linear(width, 1)  # of a phrase
        self.lag = nn.ParameterList([nn.Parameter(torch.zeros(2 * REACH + 1)) for _ in range(2)])  # to its start and its end
        self.out = nn.Linear(RANK, width)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("spans", _spans(), persistent=False)

    def forward(self, reading: Reading) -> tuple[Tensor, Shared]:
        """[B, T, D], zeros where one of the two is missing; and where the two stand in the space they share."""
        seen = self.seen(self.norm_seen(self.see(self._contrasted(reading.raw["vision"]))))
        words = reading.raw["text"]
        normal = self.norm_said(words.x)
        said = self.said(normal)
        lag = lags(centres(), *words.times)
        weight = self.worth(normal)[:, None, :, 0] + self.lag[0][lag[..., 0]] + self.lag[1][lag[..., 1]]  # [B, T, N]
        weight = weight.masked_fill(~words.mask[:, None], NEVER)
        share = torch.cat([weight, torch.zeros_like(weight[..., :1])], -1).softmax(-1)[..., :-1]
        both = (reading.present[:, 0] & reading.present[:, 2]).float()
        product = seen * (share @ said) * both[:, None, None]
        return self.out(self.dropout(product)), Shared(seen, said)

    def _contrasted(self, tokens: Tokens) -> Tensor:
        """A bin's token, and how it differs from a while ago and from long ago: [B, T, 3 D]."""
        there = tokens.mask[..., None].float()
        x = tokens.x * there
        share = [span @ there for span in self.spans]
        here, lately, ago = (span @ x / some.clamp(min=1) for span, some in zip(self.spans, share, strict=True))
        known = [(share[0] > 0) & (some > 0) for some in share[1:]]
        return torch.cat([x, (here - lately) * known[0], (here - ago) * known[1]], -1)


def _spans() -> Tensor:
    apart = torch.arange(BINS) - torch.arange(BINS)[:, None]  # of a column from a row
    return torch.stack([((apart >= first) & (apart <= last)).float() for first, last in (HERE, LATELY, LONG_AGO)])
