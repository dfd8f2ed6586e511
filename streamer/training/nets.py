"""Every way to fuse, behind one name."""

import torch
from torch import Tensor, nn

from schemas.messages import MODALITIES
from streamer.training.comparators import Bottleneck, Concat, JointAttention, Mean, Pairwise
from streamer.training.inputs import Batch, Projections
from streamer.training.levels import Late, Output, Sum
from streamer.training.plan import Plan

EARLY: dict[str, type[nn.Module]] = {
    "mean-pool": Mean, "concat": Concat, "joint": JointAttention, "bottleneck": Bottleneck, "mult": Pairwise,
}  # fmt: skip


class Net(nn.Module):
    """A fusion, the projections of what it reads, and its calibration."""

    sharpness: Tensor  # []: what all parts of a logit are multiplied by
    shift: Tensor  # [L]: what is added to the prior

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.projections = Projections(plan.dims)
        self.fusion = _fusion(plan)
        self.register_buffer("sharpness", torch.ones(()))
        self.register_buffer("shift", torch.zeros(len(plan.labels)))

    def forward(self, batch: Batch, keep: Tensor) -> Output:
        """What it says of a batch; keep: bool [B, M], False forces a modality off."""
        said: Output = self.fusion(batch, keep)
        if said.parts is None:
            return said._replace(logits=said.logits * self.sharpness + self.shift)
        scaled = said.parts * self.sharpness
        parts = torch.cat([scaled[..., :1] + self.shift[:, None], scaled[..., 1:]], -1)
        return said._replace(logits=parts.sum(-1), parts=parts)


def _fusion(plan: Plan) -> nn.Module:
    if plan.mode in EARLY:
        return EARLY[plan.mode](plan)
    if plan.mode.startswith("level"):
        return Sum(plan, int(plan.mode[-1]))
    return Late(plan, null=plan.mode != "late-plain", everywhere=plan.mode != "late", only=plan.mode if plan.mode in MODALITIES else None)
