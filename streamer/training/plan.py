"""All that a net is built from, and the ways to fuse with the textbook's word for each."""

from typing import Literal, get_args

import msgspec
import torch

from schemas.messages import MODALITIES

Mode = Literal[
    "vision", "sound", "text",  # one modality alone, no fusion: the ceilings
    "mean-pool", "concat",  # early fusion, feature level, concatenation
    "late-plain", "late-null", "late",  # late fusion, decision level, sum: plain; with null key; with declared modalities too
    "joint", "bottleneck", "mult",  # hybrid fusion, representation level, (cross-modal) attention
    "level0", "level1",  # late fusion, decision level, weighted sum: not trained; its weights fitted
    "level2",  # late fusion, decision level: trained encoders of each modality on top of level 1
    "level3",  # hybrid: level 2 and cross-modal attention over the representations of all
]  # fmt: skip
MODES: tuple[Mode, ...] = get_args(Mode)
Form = Literal["rhythm", "product", "joint"]  # coincidence of moments; bilinear; attention over all tokens
FORMS: tuple[Form, ...] = get_args(Form)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a net is to be."""

    mode: Mode = "level3"
    labels: tuple[str, ...]
    declares: tuple[tuple[str, ...], ...]  # of each label, the modalities that it declares
    same: tuple[str, ...] = ()  # labels that are told by sight and sound at the same moments, and not otherwise
    after: tuple[str, ...] = ()  # labels that are told by an announcement and what then comes, if it is that
    dims: dict[str, int]  # widths in the cache
    prior: float = -2.0  # logit of a label without evidence, at level 0
    width: int = 96  # of tokens
    dropout: float = 0.1
    forms: tuple[Form, ...] = FORMS  # of the interaction at level 3

    def declared(self) -> torch.Tensor:
        """Bool [M, L]."""
        return torch.tensor([[modality in names for names in self.declares] for modality in MODALITIES])
