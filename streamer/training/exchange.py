"""Sight of one window, sound of another: each sense looks right, but they are not at the same moments.

What needs both at once is then not there, however much each sense says so by itself: without end, the decoys that teach a
fusion to look at the relation. N windows, B of a batch, M modalities, T bins, L labels.
"""

import bisect
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from schemas.messages import MODALITIES
from streamer.training.inputs import Batch
from streamer.training.plan import Plan
from streamer.training.samples import DECOY, Samples, Targets

NEAR_S = 1.0  # seconds between the starts of two events whose sights and sounds can be exchanged
VISION, SOUND, TEXT, OCR = range(len(MODALITIES))
HEARD = ("sound", "sound_mask", "onsets", "text", "text_spans", "text_reliability", "text_mask", "voice")  # what comes with the sound


class Partners:
    """Windows whose sounds may be exchanged: in both the same thing happens at about the same time, but not at the same moments."""

    def __init__(self, samples: Samples, plan: Plan) -> None:
        """Args:
        samples: the windows.
        plan: its `same` labels are told by sight and sound at the same moments.
        """
        self.samples = samples
        self._declared = plan.declared()
        self._same = [plan.labels.index(name) for name in plan.same]
        self._starts: dict[str, list[tuple[float, int]]] = {label: [] for label in plan.same}
        self._own: dict[int, list[tuple[str, float]]] = {}
        for number, line in enumerate(samples.truth):
            for event in line.get("events", ()):
                if event["label"] in self._starts:
                    self._starts[event["label"]].append((event["start"], number))
                    self._own.setdefault(number, []).append((event["label"], event["start"]))
        for starts in self._starts.values():
            starts.sort()

    def find(self, number: int, random: np.random.Generator) -> int | None:
        """A partner of a window, if it has one."""
        if number not in self._own:
            return None
        label, start = self._own[number][random.integers(len(self._own[number]))]
        starts = self._starts[label]
        near = starts[bisect.bisect(starts, (start - NEAR_S, -1)) : bisect.bisect(starts, (start + NEAR_S, len(starts) + 1e9))]
        others = [other for _, other in near if other != number]
        return others[random.integers(len(others))] if others else None

    def take(
        self, numbers: Tensor, chance: float, random: np.random.Generator, more: Tensor | None = None
    ) -> tuple[Batch, Targets, np.ndarray]:
        """Windows, each that has a partner with its sound and words by chance; what is then true; which ones, bool [B].

        Those of `more` come behind them, as they are.
        """
        found = [self.find(number, random) if random.random() < chance else None for number in numbers.tolist()]
        if more is not None:
            numbers, found = torch.cat([numbers, more]), [*found, *(None for _ in more)]
        ours, told = self.samples.inputs.take(numbers), self.samples.targets.take(numbers)
        rows = torch.tensor([one is not None for one in found])
        if not rows.any():
            return ours, told, rows.numpy()
        other = torch.tensor([number if one is None else one for number, one in zip(numbers.tolist(), found, strict=True)])
        theirs = self.samples.inputs.take(other)
        evidence, fine = ours.evidence.clone(), ours.fine.clone()
        evidence[..., [SOUND, TEXT]] = theirs.evidence[..., [SOUND, TEXT]]
        fine[:, 2] = theirs.fine[:, 2]
        batch = replace(ours, evidence=evidence, fine=fine, **{name: getattr(theirs, name) for name in HEARD})
        return batch, self._retold(told, self.samples.targets.take(other), rows), rows.numpy()

    def _retold(self, ours: Targets, theirs: Targets, rows: Tensor) -> Targets:
        """What is true of pictures of ours with the sound of theirs, in the rows that were exchanged."""
        declared, same = self._declared, self._same
        heard = declared[SOUND] | declared[TEXT]
        seen = declared[VISION] | declared[OCR]
        labels = torch.where(heard & ~seen, theirs.labels, ours.labels)
        weight = torch.where(heard & ~seen, theirs.weight, ours.weight)
        weight = torch.where(heard & seen, 0.0, weight)  # what either of two senses may tell, or a word and a sight: not known
        either = torch.maximum(ours.labels, theirs.labels)[..., same]
        labels[..., same] = 0
        weight[..., same] = 1 + (DECOY - 1) * torch.maximum(either, (torch.maximum(ours.weight, theirs.weight)[..., same] > 1).float())
        mood = torch.stack([theirs.mood[:, 0], theirs.mood[:, 1], ours.mood[:, 2], torch.full_like(ours.mood[:, 3], torch.nan)], 1)
        return Targets(
            labels=torch.where(rows[:, None, None], labels, ours.labels),
            weight=torch.where(rows[:, None, None], weight, ours.weight),
            mood=torch.where(rows[:, None], mood, ours.mood),
            conflict=torch.where(rows, torch.nan, ours.conflict),
        )
