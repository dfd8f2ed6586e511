"""Windows across a cut: the end of one scene and the beginning of another.

A running pipeline has one window every 4 s, wherever scenes begin, so half of its windows are like that; made clips give one
window a scene. B windows, T bins, L labels.
"""

import torch
from torch import Tensor

from schemas.messages import Modality
from streamer.fusion.arrays import BIN_S, BINS, FINE_ROWS, PATCH_S, WINDOW_S
from streamer.labels import REACH_S
from streamer.training.inputs import Batch
from streamer.training.plan import Plan
from streamer.training.samples import Samples, Targets

LEAST = 4  # bins of each scene that are left


def drawn(size: int, count: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Which windows of a batch end early, which begin there, and how many bins later the new ones begin: each [count]."""
    first, second = torch.randint(0, size, (2, count), generator=random)
    return first, second, torch.randint(LEAST, BINS - LEAST + 1, (count,), generator=random)


def across(batch: Batch, targets: Targets, first: Tensor, second: Tensor, later: Tensor, plan: Plan) -> tuple[Batch, Targets]:
    """Windows of which the first bins are the last ones of another, and the last bins the first ones of a third.

    What needs something before it counts only where it cannot be: an announcement may have been left out, or be of the other scene.

    Args:
        batch: windows, and what is true of them.
        targets: likewise.
        first: numbers of the windows whose ends they begin with, int64 [B].
        second: of those that follow.
        later: bins between the beginning of the first and that of the new window, int64 [B].
        plan: its `after` labels need something before them.
    """
    one, other = batch.take(first), batch.take(second)
    moved_s = later * BIN_S
    rows = dict.fromkeys(("vision", "vision_mask", "middle", "evidence"), later)
    rows |= dict.fromkeys(("motion", "onsets"), later * (FINE_ROWS // BINS))
    rows |= {name: (moved_s / PATCH_S).round().long() for name in ("sound", "sound_mask")}
    values = {name: _joined(getattr(one, name), getattr(other, name), shift) for name, shift in rows.items()}
    values["fine"] = one.fine & other.fine
    for name, there in zip(("middle", "motion", "onsets"), values["fine"].T, strict=True):
        values[name] = values[name] * there[:, None, None]
    kinds: tuple[Modality, ...] = ("text", "ocr")
    for kind in kinds:
        values |= _spoken(one, other, kind, moved_s)
    ours, theirs = targets.take(first), targets.take(second)
    labels, weight = (_joined(getattr(ours, name), getattr(theirs, name), later) for name in ("labels", "weight"))
    after = [plan.labels.index(name) for name in plan.after]
    ends = (torch.arange(BINS) + later[:, None] < BINS)[..., None]  # bins of the first scene
    said = (one.text_mask & (one.text_spans[..., 1] > moved_s[:, None] - REACH_S["text"])).any(1)[:, None, None]
    weight[..., after] *= torch.where(ends, labels[..., after] == 0, ~said)
    unknown = torch.full_like(ours.mood, torch.nan)
    return Batch(**values), Targets(labels, weight, unknown, unknown[:, 0])


def halves(split: Samples, plan: Plan) -> tuple[Batch, Targets]:
    """Of every window its second half, and the first half of the next one: where scenes are in order, what a pipeline sees between them."""
    numbers = torch.arange(len(split) - 1)
    return across(split.inputs, split.targets, numbers, numbers + 1, torch.full_like(numbers, BINS // 2), plan)


def _joined(one: Tensor, other: Tensor, shift: Tensor) -> Tensor:
    """[B, rows, …]: rows of one from `shift` [B] on, then those of the other."""
    rows = one.shape[1]
    index = torch.arange(rows) + shift[:, None]
    index = index.reshape(*index.shape, *(1 for _ in one.shape[2:])).expand_as(one)
    return torch.cat([one, other], 1).gather(1, index)


def _spoken(one: Batch, other: Batch, kind: Modality, moved_s: Tensor) -> dict[str, Tensor]:
    """What was said or written in either scene, the last of it where there is no room for all."""
    spans = [getattr(one, f"{kind}_spans") - moved_s[:, None, None], getattr(other, f"{kind}_spans") + (WINDOW_S - moved_s)[:, None, None]]
    masks = [getattr(one, f"{kind}_mask"), getattr(other, f"{kind}_mask")]
    own = getattr(other, f"{kind}_spans").mean(-1) > 0  # what is of the scene before that one is not of it
    there = torch.cat([masks[0] & (spans[0][..., 1] > -REACH_S[kind]), masks[1] & own & (spans[1][..., 0] < WINDOW_S)], 1)
    room = masks[0].shape[1]
    kept = there.int().argsort(dim=1, stable=True)[:, -room:]  # what is there comes last, in its order
    rows = torch.arange(len(kept))[:, None]
    placed = torch.cat(spans, 1)[rows, kept]
    parts = {end: torch.cat([getattr(one, kind + end), getattr(other, kind + end)], 1)[rows, kept] for end in ("", "_reliability")}
    mask = there[rows, kept]
    found = {kind: parts[""] * mask[..., None], f"{kind}_reliability": parts["_reliability"] * mask, f"{kind}_mask": mask}
    if kind == "text":
        inside = mask & (placed[..., 1] > 0)  # as of a window: of what was said before it, it is not told how
        found["voice"] = torch.cat([one.voice, other.voice], 1)[rows, kept] * inside[..., None]
    return found | {f"{kind}_spans": placed * mask[..., None]}
