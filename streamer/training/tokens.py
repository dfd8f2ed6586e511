"""From a batch to the tokens of each modality: one linear layer each, on the grid of bins for what is seen and heard.

B windows, T bins, D width.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from schemas.messages import MODALITIES
from streamer.training.blocks import BIN_S
from streamer.training.inputs import CHANGE, MIDDLE, PATCH, PICTURE, Batch
from streamer.training.plan import Plan

BINS = 16
PATCH_S = 0.24  # between patches of sound in the cache
NEAR_S = 0.5  # a patch further than this from a moment says nothing of it
STEPS = 4  # of motion and onsets in a bin


class Tokens(NamedTuple):
    """The tokens of one modality."""

    x: Tensor  # [B, N, D]
    mask: Tensor  # bool [B, N]
    times: tuple[Tensor, ...]  # [B or 1, N] each: the middle of tokens on the grid; start and end of words


def centres(device: torch.device | None = None) -> Tensor:
    """Middles of the bins, float32 [1, T]."""
    return ((torch.arange(BINS, device=device) + 0.5) * BIN_S)[None]


def changes(values: Tensor, mask: Tensor) -> Tensor:
    """What differs from the token before that is there, [B, T, D]; zeros where there is none."""
    numbers = torch.arange(values.shape[1]).expand_as(mask)
    latest = torch.where(mask, numbers, -1).cummax(1).values
    before = torch.cat([torch.full_like(latest[:, :1], -1), latest[:, :-1]], 1)
    there = mask & (before >= 0)
    earlier = values.gather(1, before.clamp(min=0)[..., None].expand_as(values))
    return (values - earlier) * there[..., None]


def around(sound: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The patches nearest to each bin's middle and a patch to either side [B, T, 3 D]; which bins have one, bool [B, T]."""
    moments = (centres() + torch.tensor([[-PATCH_S], [0.0], [PATCH_S]])).T.reshape(-1)  # [3 T]
    apart = (moments[:, None] - torch.arange(mask.shape[1]) * PATCH_S).abs()  # [3 T, patches]
    distance, nearest = torch.where(mask[:, None], apart, torch.inf).min(-1)
    near = distance <= NEAR_S
    found = sound.gather(1, nearest[..., None].expand(-1, -1, sound.shape[-1])) * near[..., None]
    return found.reshape(len(sound), BINS, -1), near[:, 1::3]


class Stems(nn.Module):
    """Tokens of all modalities; a modality that is forced off, or has none, has an empty mask."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        dims = plan.dims
        sizes = {
            "vision": PICTURE + CHANGE + MIDDLE + STEPS * dims["motion"] + 2,
            "sound": 3 * PATCH + STEPS * dims["onsets"] + 1,
            "text": dims["text"],
            "ocr": dims["ocr"],
        }
        self.linear = nn.ModuleDict({modality: nn.Linear(sizes[modality], plan.width) for modality in MODALITIES})
        self.norm = nn.ModuleDict({modality: nn.LayerNorm(sizes[modality]) for modality in ("text", "ocr")})
        self.dropout = nn.Dropout(plan.dropout)

    def forward(self, batch: Batch, keep: Tensor) -> dict[str, Tokens]:
        """Tokens by modality; keep: bool [B, M]."""
        heard, heard_mask = around(batch.sound, batch.sound_mask)
        fine = batch.fine[:, None, :].expand(-1, BINS, -1).to(batch.vision.dtype)
        onsets = batch.onsets.reshape(len(batch), BINS, -1)
        inputs = {
            "vision": (self._seen(batch, fine), batch.vision_mask),
            "sound": (torch.cat([heard, onsets, fine[..., 2:]], -1), heard_mask),
            "text": (self.norm["text"](batch.text), batch.text_mask),
            "ocr": (self.norm["ocr"](batch.ocr), batch.ocr_mask),
        }
        grid = (centres(),)
        times = {"vision": grid, "sound": grid, "text": batch.text_spans.unbind(-1), "ocr": batch.ocr_spans.unbind(-1)}
        return {
            modality: Tokens(self.dropout(self.linear[modality](values)), mask & keep[:, number : number + 1], times[modality])
            for number, (modality, (values, mask)) in enumerate(inputs.items())
        }

    def _seen(self, batch: Batch, fine: Tensor) -> Tensor:
        picture, change = batch.vision[..., :PICTURE], batch.vision[..., PICTURE:]
        motion = batch.motion.reshape(len(batch), BINS, -1)
        mask = batch.vision_mask
        return torch.cat([picture, changes(change, mask), changes(batch.middle, mask) * fine[..., :1], motion, fine[..., :2]], -1)
