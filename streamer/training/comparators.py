"""What cross-modal attention must be better than, on the same tokens; none of these is a sum of parts.

B windows, T bins, L labels, D width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from schemas.messages import MODALITIES
from streamer.training.blocks import BIN_S, Block, lags, mlp
from streamer.training.inputs import Batch
from streamer.training.levels import Output
from streamer.training.plan import Plan
from streamer.training.tokens import BINS, Stems, Tokens, centres

LATENTS = 8  # of the bottleneck
AFTER_S = 4.0  # for which a phrase still matters to what comes after it


class Mean(nn.Module):
    """`mean-pool`: early fusion at the feature level by concatenation, of the mean of each modality's tokens over the window."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.labels = len(plan.labels)
        self.stems = Stems(plan)
        self.head = mlp((len(MODALITIES) * plan.width, 256, BINS * self.labels), plan.dropout)

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits."""
        means = []
        for one in self.stems(batch, keep).values():
            there = one.mask[..., None].float()
            means.append((one.x * there).sum(1) / there.sum(1).clamp(min=1))
        logits: Tensor = self.head(torch.cat(means, -1))
        return Output(logits.view(-1, BINS, self.labels))


class Concat(nn.Module):
    """`concat`: early fusion at the feature level by concatenation, bin by bin with both neighbours, then a network on it."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.stems = Stems(plan)
        self.head = mlp((3 * 5 * plan.width, 256, 256, len(plan.labels)), plan.dropout)

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits."""
        tokens = self.stems(batch, keep)
        seen, heard = (tokens[m].x * tokens[m].mask[..., None] for m in ("vision", "sound"))
        columns = [seen, heard, _touching(tokens["text"], 0.0), _touching(tokens["text"], AFTER_S), _touching(tokens["ocr"], 0.0)]
        grid = torch.cat(columns, -1)
        before, after = functional.pad(grid, (0, 0, 1, 0))[:, :-1], functional.pad(grid, (0, 0, 0, 1))[:, 1:]
        return Output(self.head(torch.cat([before, grid, after], -1)))


class JointAttention(nn.Module):
    """`joint`: hybrid fusion at the representation level, self-attention over the tokens of all modalities at once."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.stems = Stems(plan)
        self.sense = nn.Parameter(torch.randn(len(MODALITIES), plan.width) * 0.02)
        self.blocks = nn.ModuleList([Block(plan.width, dropout=plan.dropout) for _ in range(2)])
        self.readout = Readout(plan)

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits."""
        x, mask, times = _row(self.stems(batch, keep), self.sense)
        for block in self.blocks:
            x = block(x, None, lags(times[0], times[0]), mask)
        return Output(self.readout(x, mask, times))


class Bottleneck(nn.Module):
    """`bottleneck`: hybrid fusion at the representation level, through a few latents that all modalities write to and read from."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.stems = Stems(plan)
        self.sense = nn.Parameter(torch.randn(len(MODALITIES), plan.width) * 0.02)
        self.latents = nn.Parameter(torch.randn(LATENTS, plan.width) * 0.1)
        self.write = nn.ModuleList([Block(plan.width, 0, crossed=True, dropout=plan.dropout) for _ in range(2)])
        self.read = nn.ModuleList([Block(plan.width, 0, crossed=True, dropout=plan.dropout) for _ in range(2)])
        self.readout = Readout(plan)

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits."""
        x, mask, times = _row(self.stems(batch, keep), self.sense)
        latents = self.latents.expand(len(x), -1, -1)
        every = torch.ones(latents.shape[:2], dtype=torch.bool)
        for write, read in zip(self.write, self.read, strict=True):
            latents = write(latents, x, None, mask)
            x = read(x, latents, None, every)
        return Output(self.readout(x, mask, times))


class Pairwise(nn.Module):
    """`mult`: hybrid fusion at the representation level, cross-modal attention in each of six directions (vision, sound, words)."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.stems = Stems(plan)
        self.sense = nn.Parameter(torch.randn(len(MODALITIES), plan.width) * 0.02)
        self.cross = nn.ModuleList([Block(plan.width, crossed=True, dropout=plan.dropout) for _ in range(6)])
        self.own = nn.ModuleList([Block(plan.width, dropout=plan.dropout) for _ in range(3)])
        self.readout = Readout(plan)

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits."""
        tokens = self.stems(batch, keep)
        groups = [_row({m: tokens[m] for m in names}, self.sense) for names in (("vision",), ("sound",), ("text", "ocr"))]
        cross = iter(self.cross)
        mixed = []
        for number, (x, mask, times) in enumerate(groups):
            target = x
            for context, there, moments in (group for other, group in enumerate(groups) if other != number):
                target = next(cross)(target, context, lags(times[0], moments[0]), there)
            mixed.append(self.own[number](target, None, lags(times[0], times[0]), mask))
        mask = torch.cat([mask for _, mask, _ in groups], 1)
        times = tuple(torch.cat([times[end] for _, _, times in groups], 1) for end in (0, 1))
        return Output(self.readout(torch.cat(mixed, 1), mask, times))


class Readout(nn.Module):
    """Every bin attends to all tokens, then a linear head for all labels."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(plan.width) * 0.02)
        self.block = Block(plan.width, 2, crossed=True, dropout=plan.dropout)
        self.head = nn.Linear(plan.width, len(plan.labels))

    def forward(self, x: Tensor, mask: Tensor, times: tuple[Tensor, ...]) -> Tensor:
        """[B, T, L]."""
        bins = centres()
        query = self.query.expand(len(x), bins.shape[1], -1)
        logits: Tensor = self.head(self.block(query, x, lags(bins, *times), mask))
        return logits


def _row(tokens: dict[str, Tokens], sense: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """All tokens in one row, marked by modality: [B, N, D], bool [B, N], start and end [B, N]."""
    size = len(next(iter(tokens.values())).x)
    x = torch.cat([one.x + sense[MODALITIES.index(m)] for m, one in tokens.items()], 1)
    mask = torch.cat([one.mask for one in tokens.values()], 1)
    times = tuple(torch.cat([one.times[end].expand(size, -1) for one in tokens.values()], 1) for end in (0, -1))
    return x, mask, times


def _touching(tokens: Tokens, after_s: float) -> Tensor:
    """Mean of the words that touch a bin, or ended at most so many seconds before it: [B, T, D]."""
    bins = centres()[..., None]
    start, end = tokens.times[0][:, None], tokens.times[1][:, None]
    touch = (bins >= start - BIN_S / 2) & (bins <= end + BIN_S / 2 + after_s) & tokens.mask[:, None]
    share = touch.float()
    return share @ tokens.x / share.sum(-1, keepdim=True).clamp(min=1)
