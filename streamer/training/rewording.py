"""Announcements of other things in the place of those that were made: the right guest, the wrong guest, without end.

Where it is known what was announced and what came, the words of another announcement of the same thing leave the label true,
those of another thing make it false. N windows, B of a batch, T bins.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from streamer.training.cache import BIN_S, BINS
from streamer.training.inputs import Batch
from streamer.training.plan import Plan
from streamer.training.samples import DECOY, Samples, Targets, bins

INSIDE = 0.5  # share of a phrase that lies within an announcement that it is of
SAME = 0.5  # chance that a new announcement is of what came
COVERED_S = 0.25  # of a bin, from which on an event is in it


class Arrival(NamedTuple):
    """What can be announced anew."""

    phrases: list[int]  # rows of the announcement's tokens
    came: str
    label: int
    start: float  # seconds
    end: float


class Announced(NamedTuple):
    """An announcement in a batch, and what came."""

    row: int  # of the batch
    phrases: list[int]
    about: str
    came: str
    bins: slice  # in which it came


class Announcements:
    """Windows with one announcement and one thing that came after it, by what came."""

    def __init__(self, samples: Samples, plan: Plan) -> None:
        """Args:
        samples: the windows; `about` of what was said and `came` of events and decoys tell what is known.
        plan: its `after` labels are told by an announcement and what then comes.
        """
        self._arrivals: dict[int, Arrival] = {}
        words: dict[str, list[Tensor]] = {}
        for number, line in enumerate(samples.truth):
            for said in line.get("said", ()):
                if about := said.get("about"):
                    phrases = _phrases(samples, number, said)
                    words.setdefault(about, []).extend(samples.inputs.text[number, phrase] for phrase in phrases)
                    if (arrival := _arrival(line, plan, phrases)) is not None:
                        self._arrivals[number] = arrival
        self._words = {about: torch.stack(some).float() for about, some in words.items() if some}

    def draw(self, count: int, random: np.random.Generator) -> Tensor:
        """Numbers of windows with an announcement, so many or all there are."""
        known = sorted(self._arrivals)
        return torch.from_numpy(random.choice(known, min(count, len(known)), replace=False)) if known else torch.zeros(0, dtype=torch.long)

    def reword(self, batch: Batch, targets: Targets, chosen: Tensor, random: np.random.Generator) -> tuple[Batch, Targets, list[Announced]]:
        """A batch in which some windows have other announcements, and what is then true; chosen: their numbers [B], -1: not."""
        rows = [row for row, number in enumerate(chosen.tolist()) if number in self._arrivals]
        told: list[Announced] = []
        if not rows or len(self._words) < 2:
            return batch, targets, told
        text, labels, weight = batch.text.clone(), targets.labels.clone(), targets.weight.clone()
        for row in rows:
            arrival = self._arrivals[int(chosen[row])]
            others = [about for about in self._words if about != arrival.came]
            right = arrival.came in self._words and random.random() < SAME
            about = arrival.came if right else others[random.integers(len(others))]
            text[row, arrival.phrases] = self._words[about][random.integers(len(self._words[about]))]
            labels[row, :, arrival.label] = torch.from_numpy(_covered(arrival)) if right else 0.0
            weight[row, :, arrival.label] = 1.0
            span = bins(arrival.start, arrival.end)
            weight[row, span, arrival.label] = 1.0 if right else DECOY
            told.append(Announced(row, arrival.phrases, about, arrival.came, span))
        return replace(batch, text=text), replace(targets, labels=labels, weight=weight), told


def _arrival(line: dict[str, Any], plan: Plan, phrases: list[int]) -> Arrival | None:
    """What came in a window, if it is one thing and known."""
    came = [one for name in ("events", "decoys") for one in line[name] if one["label"] in plan.after]
    if len(came) != 1 or not phrases or not came[0].get("came"):
        return None
    return Arrival(phrases, came[0]["came"], plan.labels.index(came[0]["label"]), came[0]["start"], came[0]["end"])


def _phrases(samples: Samples, number: int, said: dict[str, Any]) -> list[int]:
    """Rows of the tokens of something said."""
    spans = samples.inputs.text_spans[number]
    shared = torch.minimum(spans[:, 1], torch.tensor(said["end"])) - torch.maximum(spans[:, 0], torch.tensor(said["start"]))
    inside = samples.inputs.text_mask[number] & (shared > INSIDE * (spans[:, 1] - spans[:, 0]))
    found: list[int] = inside.nonzero()[:, 0].tolist()
    return found


def _covered(arrival: Arrival) -> np.ndarray:
    """1 in the bins that it is in, float32 [T]."""
    begins = np.arange(BINS) * BIN_S
    shared = np.minimum(arrival.end, begins + BIN_S) - np.maximum(arrival.start, begins)
    covered: np.ndarray = (shared >= COVERED_S - 1e-9).astype(np.float32)
    return covered
