"""Level 3: what only shows when senses are read together, hybrid fusion at the representation level by cross-modal attention.

B windows, T bins, L labels, M modalities, D width.
"""

import torch
from torch import Tensor, nn

from streamer.training.blocks import Block, lags
from streamer.training.inputs import Batch
from streamer.training.matching import Matching, Shared
from streamer.training.plan import Plan
from streamer.training.rhythm import Rhythm
from streamer.training.senses import Reading
from streamer.training.tokens import centres


class Together(nn.Module):
    """Evidence from the relation of senses, [B, T, L]; it opens with training, and only where a label has two senses to relate."""

    declared: Tensor  # [M, L]: 1 where a label declares a modality

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        width, dropout, forms = plan.width, plan.dropout, plan.forms
        self.register_buffer("declared", plan.declared().float(), persistent=False)
        self.rhythm = Rhythm(plan.dims["onsets"], width, dropout) if "rhythm" in forms else None
        self.product = Matching(width, dropout) if "product" in forms else None
        self.joint = Joint(width, dropout) if "joint" in forms else None
        self.norm = nn.ModuleDict({form: nn.LayerNorm(width) for form in forms})
        self.head = nn.ModuleDict({form: nn.Linear(width, len(plan.labels)) for form in forms})
        self.gate = nn.Parameter(torch.zeros(len(plan.labels)))

    def forward(self, batch: Batch, reading: Reading) -> tuple[Tensor, Shared | None]:
        """[B, T, L]; and the space that sights and words share, if it has one."""
        found: dict[str, Tensor] = {}
        shared: Shared | None = None
        if self.rhythm is not None:
            there = (batch.fine[:, 1] & batch.fine[:, 2] & reading.present[:, 0] & reading.present[:, 1]).float()
            found["rhythm"] = self.rhythm(batch.motion, batch.onsets) * there[:, None, None]
        if self.product is not None:
            found["product"], shared = self.product(reading)
        if self.joint is not None:
            found["joint"] = self.joint(reading)
        every = [self.head[form](self.norm[form](one)) for form, one in found.items()]
        evidence = torch.stack(every).sum(0) * self.gate.tanh()
        related = (reading.present.float() @ self.declared) > 1.5  # [B, L]
        allowed: Tensor = evidence * related[:, None]
        return allowed, shared


class Joint(nn.Module):
    """Every bin attends to the tokens of all senses at once, [B, T, D]."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.sense = nn.Parameter(torch.randn(4, width) * 0.02)
        self.query = nn.Parameter(torch.randn(width) * 0.02)
        self.block = Block(width, 2, crossed=True, dropout=dropout)

    def forward(self, reading: Reading) -> Tensor:
        """[B, T, D]."""
        tokens = list(reading.tokens.values())
        size = len(tokens[0].x)
        x = torch.cat([one.x + sense for one, sense in zip(tokens, self.sense, strict=True)], 1)
        mask = torch.cat([one.mask for one in tokens], 1)
        times = [torch.cat([one.times[end].expand(size, -1) for one in tokens], 1) for end in (0, -1)]
        bins = centres()
        found: Tensor = self.block(self.query.expand(size, bins.shape[1], -1), x, lags(bins, *times), mask)
        return found
