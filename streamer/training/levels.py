"""The fusion levels, each of which starts exactly equal to the one below; and late fusion, which has no anchor.

    level 0   prior + evidence found without training            a weighted sum at the decision level (late fusion)
    level 1   the same, its weights and priors fitted
    level 2   + what trained encoders inside each modality say    late fusion on the anchor of level 1
    level 3   + what only shows together                          hybrid: late fusion and cross-modal attention

B windows, T bins, L labels, M modalities.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from schemas.messages import MODALITIES
from streamer.training.inputs import Batch
from streamer.training.matching import Shared
from streamer.training.mood import Experts, Mood
from streamer.training.plan import Plan
from streamer.training.senses import Senses
from streamer.training.together import Together
from streamer.training.tokens import Stems

RARE = -3.0  # logit at first of a label that learns its prior: about one bin in twenty
PARTS = ("prior", *MODALITIES, "together")


class Output(NamedTuple):
    """What a net says of a batch."""

    logits: Tensor  # [B, T, L]
    parts: Tensor | None = None  # [B, T, L, 6] in the order of PARTS: they sum to the logits; None: the net is no sum
    mood: Mood | None = None
    shared: Shared | None = None  # the space of sights and words, at level 3


class Anchor(nn.Module):
    """Levels 0 and 1: evidence of level 0, weighed by modality, and a prior for each label."""

    def __init__(self, labels: int, prior: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(len(MODALITIES)))
        self.prior = nn.Parameter(torch.full((labels,), prior))

    def forward(self, evidence: Tensor, keep: Tensor) -> Tensor:
        """Evidence [B, T, L, M] and keep [B, M] → [B, T, L, M]."""
        return evidence * self.gain * keep[:, None, None]


class Sum(nn.Module):
    """Levels 0 to 3."""

    def __init__(self, plan: Plan, level: int) -> None:
        super().__init__()
        self.anchor = Anchor(len(plan.labels), plan.prior)
        self.stems = Stems(plan) if level > 1 else None
        self.senses = Senses(plan) if level > 1 else None
        self.mood = Experts(plan, level > 2) if level > 1 else None
        self.together = Together(plan) if level > 2 else None

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits and their parts; keep: bool [B, M], False forces a modality off."""
        said = self.anchor(batch.evidence, keep)
        together = torch.zeros_like(said[..., 0])
        mood, shared = None, None
        if self.stems is not None and self.senses is not None and self.mood is not None:
            reading = self.senses(self.stems(batch, keep))
            said = said + reading.said
            mood = self.mood(reading, batch)
            if self.together is not None:
                together, shared = self.together(batch, reading)
        return _summed(self.anchor.prior, said, together, mood)._replace(shared=shared)

    def start_from(self, below: "Sum") -> None:
        """Takes over the weights of a lower level; what that one has not stays as it began."""
        ours, theirs = self.state_dict(), below.state_dict()
        self.load_state_dict({name: theirs.get(name, value) for name, value in ours.items()})


class Late(nn.Module):
    """Late fusion without an anchor: `late-plain`, `late-null`, `late`, and the same with one modality alone."""

    allowed: Tensor  # bool [M]: modalities that it reads

    def __init__(self, plan: Plan, null: bool, everywhere: bool, only: str | None) -> None:
        """Args:
        plan: what it is to be.
        null: whether attention has a null key.
        everywhere: each label is looked for in every modality, declared or not.
        only: the one modality that it reads.
        """
        super().__init__()
        self.prior = nn.Parameter(torch.full((len(plan.labels),), RARE))
        self.stems = Stems(plan)
        self.senses = Senses(plan, gated=False, null=null, everywhere=everywhere)
        self.mood = Experts(plan, together=False)
        self.register_buffer("allowed", torch.tensor([only in (None, modality) for modality in MODALITIES]), persistent=False)

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """Logits and their parts; keep: bool [B, M], False forces a modality off."""
        reading = self.senses(self.stems(batch, keep & self.allowed))
        return _summed(self.prior, reading.said, torch.zeros_like(reading.said[..., 0]), self.mood(reading, batch))


def _summed(prior: Tensor, said: Tensor, together: Tensor, mood: Mood | None) -> Output:
    """Of prior [L], evidence [B, T, L, M] and what shows together [B, T, L]."""
    parts = torch.cat([prior.expand_as(together)[..., None], said, together[..., None]], -1)
    return Output(parts.sum(-1), parts, mood)
