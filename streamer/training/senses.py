"""Level 2: what each sense says by itself, late fusion at the decision level: a sum over modalities.

B windows, T bins, L labels, M modalities, D width.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from schemas.messages import MODALITIES, Modality
from streamer.training.blocks import Block, lags
from streamer.training.plan import Plan
from streamer.training.tokens import Tokens, centres

DEPTH: dict[Modality, int] = {"vision": 2, "sound": 2, "text": 1, "ocr": 0}  # blocks inside a modality: few tokens, few blocks
GRID = ("vision", "sound")  # modalities with a token a bin


class Reading(NamedTuple):
    """What the senses make of their tokens."""

    raw: dict[str, Tokens]  # before self-attention: each token by itself
    tokens: dict[str, Tokens]  # after it
    read: dict[str, Tensor]  # [B, T, D] by modality: what each bin finds
    present: Tensor  # bool [B, M]: has tokens
    said: Tensor  # [B, T, L, M]: evidence


class Sense(nn.Module):
    """One modality: self-attention over its tokens, then every bin reads them."""

    def __init__(self, modality: Modality, plan: Plan, null: bool) -> None:
        super().__init__()
        width, dropout = plan.width, plan.dropout
        self.grid = modality in GRID
        kinds = 1 if self.grid else 2  # words have a start and an end
        self.blocks = nn.ModuleList([Block(width, null=null, dropout=dropout) for _ in range(DEPTH[modality])])
        self.query = nn.Parameter(torch.randn(width) * 0.02)
        self.read = Block(width, kinds, crossed=True, null=null, dropout=dropout)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, len(plan.labels))

    def forward(self, tokens: Tokens) -> tuple[Tokens, Tensor, Tensor]:
        """Tokens after self-attention, what bins read [B, T, D], evidence [B, T, L]."""
        x, mask, times = tokens
        apart = lags(times[0], times[0])
        for block in self.blocks:
            x = block(x, None, apart, mask)
        bins = centres()
        query = self.query.expand(len(x), bins.shape[1], -1)
        if self.grid:
            query = query + x * mask[..., None]
        found = self.norm(self.read(query, x, lags(bins, *times), mask))
        return Tokens(x, mask, times), found, self.head(found)


class Senses(nn.Module):
    """All modalities; a sense without tokens says exactly nothing."""

    declared: Tensor  # [L, M]: 1 where a label declares a modality

    def __init__(self, plan: Plan, gated: bool = True, null: bool = True, everywhere: bool = False) -> None:
        """Args:
        plan: of the net.
        gated: say nothing at first, on top of what is known without training.
        null: whether attention has a null key.
        everywhere: each label is looked for in every modality, declared or not.
        """
        super().__init__()
        declared = plan.declared().T.float()
        self.register_buffer("declared", torch.ones_like(declared) if everywhere else declared, persistent=False)
        self.sense = nn.ModuleDict({modality: Sense(modality, plan, null) for modality in MODALITIES})
        self.gate = nn.Parameter(torch.zeros(declared.shape)) if gated else None

    def forward(self, tokens: dict[str, Tokens]) -> Reading:
        """What every sense says."""
        every = {modality: self.sense[modality](one) for modality, one in tokens.items()}
        present = torch.stack([one.mask.any(1) for one in tokens.values()], 1)
        said = torch.stack([evidence for _, _, evidence in every.values()], -1)  # [B, T, L, M]
        weight = self.declared if self.gate is None else self.declared * self.gate.tanh()
        said = said * weight * present[:, None, None]
        return Reading(tokens, {m: one[0] for m, one in every.items()}, {m: one[1] for m, one in every.items()}, present, said)
