"""The mood of a window: an expert for each sense, joined by how sure they are, and whether they disagree.

B windows, M modalities, D width. Valence is in [-1, 1].
"""

from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from schemas.messages import MODALITIES
from streamer.training.blocks import NEVER, Attention, mlp
from streamer.training.inputs import Batch
from streamer.training.plan import Plan
from streamer.training.senses import Reading
from streamer.training.tokens import Tokens

IMPORTANCE = (0.25, 0.5, 1.0, 0.25)  # of vision, sound, text, ocr, at the start
SOFTEN = 0.1  # variance added to each weight, so that one sure sense does not silence the others
NEUTRAL = 0.5  # weight of the prior at 0
SURE, UNSURE = -4.0, 1.5  # log variances between which an expert can be
MANNERS = 48  # width of what a voice is judged by
PAIRS = tuple(combinations(range(len(MODALITIES)), 2))


class Mood(NamedTuple):
    """What is felt."""

    present: Tensor  # bool [B, M]
    value: Tensor  # [B, M] of each sense; 0 where it is not there
    log_variance: Tensor  # [B, M]
    contribution: Tensor  # [B, M]: sums to `anchor`
    anchor: Tensor  # [B]: the experts joined
    overall: Tensor  # [B]: the anchor, and from level 3 on what only shows together
    overall_log_variance: Tensor  # [B]
    conflict: Tensor  # [B]: logit


class Experts(nn.Module):
    """Unimodal experts, their precision-weighted mean, and the conflict between them; `together`: also what shows only together."""

    def __init__(self, plan: Plan, together: bool) -> None:
        super().__init__()
        width, dropout = plan.width, plan.dropout
        self.query = nn.Parameter(torch.randn(len(MODALITIES), width) * 0.02)
        self.pool = nn.ModuleDict({modality: Attention(width, kinds=0) for modality in MODALITIES})
        self.norm = nn.ModuleDict({modality: nn.LayerNorm(width) for modality in MODALITIES})
        self.head = nn.ModuleDict({modality: mlp((width, 32, 2), dropout) for modality in MODALITIES})
        self.voices = Voices(plan)
        self.importance = nn.Parameter(torch.tensor(IMPORTANCE).log())
        self.spread = nn.Parameter(torch.zeros(()))
        self.quarrel = mlp((5 * len(PAIRS), 24, 1), dropout)
        self.joint = Joint(width) if together else None

    def forward(self, reading: Reading, batch: Batch) -> Mood:
        """The mood."""
        reliability = _reliability(reading, {"text": batch.text_reliability, "ocr": batch.ocr_reliability})
        opinions = torch.stack([self._opinion(number, modality, reading.tokens[modality]) for number, modality in enumerate(MODALITIES)], 1)
        opinions[:, MODALITIES.index("sound")] += self.voices(batch, reading.raw["text"].mask)
        present = reading.present.float()
        value = opinions[..., 0].tanh() * present
        log_variance = opinions[..., 1].clamp(SURE, UNSURE)
        weight = self.importance.exp() * present * reliability / (log_variance.exp() + SOFTEN)
        contribution = weight * value / (weight.sum(1, keepdim=True) + NEUTRAL)
        anchor = contribution.sum(1)
        overall = anchor if self.joint is None else (anchor + self.joint(reading)).clamp(-1, 1)
        between = (weight * (value - anchor[:, None]) ** 2).sum(1) / (weight.sum(1) + NEUTRAL)
        variance = 1 / (present * reliability / log_variance.exp()).sum(1).clamp(min=1e-3).add(1.0) + between  # 1: of the prior
        conflict = self.quarrel(self._apart(value, log_variance, present))[:, 0]
        return Mood(reading.present, value, log_variance, contribution, anchor, overall, variance.log() + self.spread, conflict)

    def _opinion(self, number: int, modality: str, tokens: Tokens) -> Tensor:
        query = self.query[number].expand(len(tokens.x), 1, -1)
        found: Tensor = self.pool[modality](query, tokens.x, None, tokens.mask)
        opinion: Tensor = self.head[modality](self.norm[modality](found[:, 0]))
        return opinion

    def _apart(self, value: Tensor, log_variance: Tensor, present: Tensor) -> Tensor:
        """How every two senses differ: [B, 5 pairs]."""
        features = []
        for one, other in PAIRS:
            both = present[:, one] * present[:, other]
            gap = value[:, one] - value[:, other]
            distance = gap.abs() / (log_variance[:, one].exp() + log_variance[:, other].exp()).sqrt()
            features += [gap * both, gap.abs() * both, distance * both, value[:, one] * value[:, other], both]
        return torch.stack(features, 1)


class Voices(nn.Module):
    """What is felt of how phrases are said; which of them counts most, the words tell, where they are there."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.feel = mlp((plan.dims["voice"], MANNERS, MANNERS, 2), plan.dropout)
        self.norm = nn.LayerNorm(plan.dims["text"])
        self.worth = nn.Linear(plan.dims["text"], 1)
        self.dropout = nn.Dropout(3 * plan.dropout)  # few sentences to learn from

    def forward(self, batch: Batch, words: Tensor) -> Tensor:
        """[B, 2]: valence before tanh, log variance; 0 where nothing is said. `words`: bool [B, 8], which phrases may be read."""
        there = batch.voice.any(-1) & batch.text_mask
        worth = self.worth(self.dropout(self.norm(batch.text)))[..., 0] * words
        share = torch.where(there, worth, NEVER).softmax(1) * there
        felt: Tensor = (share[..., None] * self.feel(batch.voice)).sum(1)
        return felt


class Joint(nn.Module):
    """A correction from all senses read at once; exactly 0 at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(width) * 0.02)
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width, kinds=0)
        self.out = nn.Linear(width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, reading: Reading) -> Tensor:
        """[B]; 0 where fewer than two senses are there."""
        x = torch.cat([one.x for one in reading.tokens.values()], 1)
        mask = torch.cat([one.mask for one in reading.tokens.values()], 1)
        found = self.attention(self.query.expand(len(x), 1, -1), self.norm(x), None, mask)
        correction: Tensor = self.out(functional.silu(found))[:, 0, 0]
        return correction * (reading.present.sum(1) > 1)


def _reliability(reading: Reading, known: dict[str, Tensor]) -> Tensor:
    """Mean reliability of the tokens of each modality, [B, M]; 1 where it is not known."""
    rows = []
    for modality in MODALITIES:
        mask = reading.tokens[modality].mask.float()
        values = known.get(modality)
        rows.append((mask * values).sum(1) / mask.sum(1).clamp(min=1) if values is not None else torch.ones(len(mask)))
    return torch.stack(rows, 1)
