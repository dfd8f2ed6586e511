"""What a trained fusion is worth on windows of the made world whose truth is known.

N windows, T bins, L labels, M modalities. Everything is measured split by split; families are held out, never samples.
"""

import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec
import numpy as np
import torch

from schemas.messages import MODALITIES
from streamer.synth.names import GROUPS
from streamer.synth.truth import RELATIONAL
from streamer.training import cache, metrics
from streamer.training.cache import BIN_S
from streamer.training.fit import scores
from streamer.training.inputs import Batch, Projections
from streamer.training.nets import Net
from streamer.training.relations import telling
from streamer.training.samples import Samples, samples

SHIFTED = ("engine", "style", "sound", "combo", "text")  # families or pairs that training has not seen
SPLITS = ("iid", *SHIFTED)
ALL = "shifted"  # the shifted splits as one: where single splits have too few decoys, conflicts or moods
SKEWS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)  # s by which what is heard comes late
STEP_S = 0.25  # as far as sound can be moved: a patch, two rows of onsets
MIDDLE = 0.5  # overlap of the headline


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one split; NaN as None, where there was nothing to measure."""

    events: dict[str, dict[str, float | None]]  # by overlap, by label: average precision
    bins: dict[str, float | None]  # by label: average precision of half seconds
    calibration: float | None  # expected error above SPOKEN of streamer.training.metrics
    brier: float
    valence: float | None  # mean absolute error
    constant: float | None  # that of the best constant
    conflict: float | None  # AUROC
    relations: dict[str, float | None]  # by kind of decoy: AUROC of what is true against it, mean over labels
    reliability: list[tuple[float, float, int]]  # mean score, share that is true, how many half seconds
    missing: dict[str, float | None] = {}  # by modality that is removed: mean average precision at MIDDLE
    skewed: dict[str, float | None] = {}  # by seconds: the same of what needs sight and sound at the same moments
    coarse: dict[str, float | None] = {}  # without fine features: AUROC against decoys, by kind, and mAP


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A fusion."""

    name: str
    seed: int
    windows: int  # trained on
    parameters: int
    splits: dict[str, Figures]


def load(folder: pathlib.Path, projections: Projections) -> dict[str, Samples]:
    """All splits of a folder of features, and ALL. Errors: StoreError."""
    every = {name: cache.load(folder / name) for name in SPLITS}
    every[ALL] = cache.joined([every[name] for name in SHIFTED])
    return {name: samples(examples, projections) for name, examples in every.items()}


def measure(net: Net, splits: Mapping[str, Samples], closely: bool) -> Iterator[tuple[str, Figures]]:
    """Split by split; closely: ALL also with modalities removed, with sound out of step, and without what is fine."""
    for name, split in splits.items():
        figures = _figures(net, split)
        yield name, msgspec.structs.replace(figures, **_closely(net, split)) if closely and name == ALL else figures


def _figures(net: Net, split: Samples) -> Figures:
    names, labels = net.plan.labels, split.targets.labels.numpy()
    found, mood = scores(net, split.inputs), split.targets.mood[:, 3].numpy()
    felt, quarrel = _felt(net, split.inputs)
    return Figures(
        events={str(least): _by(names, metrics.event_precision(found, split.truth, names, least)) for least in metrics.OVERLAPS},
        bins=_by(names, metrics.bin_precision(found, labels)),
        calibration=_known(metrics.calibration_error(found, labels, metrics.SPOKEN)),
        brier=metrics.brier(found, labels),
        valence=_known(metrics.valence_error(felt, mood)) if felt is not None else None,
        constant=_known(metrics.constant_error(mood)),
        conflict=_known(metrics.auroc(quarrel, split.targets.conflict.numpy())) if quarrel is not None else None,
        relations=_relations(net, split, found),
        reliability=metrics.reliability(found, labels),
    )


def _closely(net: Net, split: Samples) -> dict[str, dict[str, float | None]]:
    def middle(inputs: Batch, keep: torch.Tensor | None = None, names: tuple[str, ...] = net.plan.labels) -> float | None:
        precisions = metrics.event_precision(scores(net, inputs, keep), split.truth, net.plan.labels, MIDDLE)
        return _known(metrics.mean(precisions[[name in names for name in net.plan.labels]]))

    without = {name: torch.tensor([other != name for other in MODALITIES]) for name in MODALITIES}
    coarse = replace(split.inputs, fine=torch.zeros_like(split.inputs.fine), **_blank(split.inputs))
    found = scores(net, coarse)
    return {
        "missing": {name: middle(split.inputs, keep) for name, keep in without.items()},
        "skewed": {str(by): middle(skewed(split.inputs, by), None, GROUPS["sync"]) for by in SKEWS},
        "coarse": _relations(net, split, found) | {"events": middle(coarse)},
    }


def skewed(inputs: Batch, by: float) -> Batch:
    """What is heard comes `by` seconds later, a multiple of STEP_S; what is said too; before it there is nothing."""
    steps = round(by / STEP_S)
    evidence = inputs.evidence.clone()
    for modality in ("sound", "text"):
        column = MODALITIES.index(modality)
        evidence[..., column] = _moved(inputs.evidence[..., column], round(by / BIN_S))
    return replace(
        inputs,
        sound=_moved(inputs.sound, steps),
        sound_mask=_moved(inputs.sound_mask, steps),
        onsets=_moved(inputs.onsets, 2 * steps),
        text_spans=inputs.text_spans + by,
        evidence=evidence,
    )


def _moved(values: torch.Tensor, steps: int) -> torch.Tensor:
    """Rows of dimension 1 moved, zeros in their place."""
    moved = torch.zeros_like(values)
    if steps >= 0:
        moved[:, steps:] = values[:, : values.shape[1] - steps]
    else:
        moved[:, :steps] = values[:, -steps:]
    return moved


def _blank(inputs: Batch) -> dict[str, torch.Tensor]:
    return {name: torch.zeros_like(getattr(inputs, name)) for name in ("middle", "motion", "onsets")}


def _relations(net: Net, split: Samples, found: np.ndarray) -> dict[str, float | None]:
    return {kind: _known(telling(found, split.truth, net.plan.labels, (kind,))["mean"]) for kind in RELATIONAL}


@torch.no_grad()
def _felt(net: Net, inputs: Batch) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Valence [N] and logit of a conflict [N]; None where the net has no opinion."""
    rows = []
    for first in range(0, len(inputs), 128):
        batch = inputs.take(torch.arange(first, min(len(inputs), first + 128)))
        mood = net(batch, batch.everything()).mood
        if mood is None:
            return None, None
        rows.append(torch.stack([mood.overall, mood.conflict], 1))
    both = torch.cat(rows).numpy()
    return both[:, 0], both[:, 1]


def _by(names: tuple[str, ...], values: np.ndarray) -> dict[str, float | None]:
    return {name: _known(value) for name, value in zip(names, values.tolist(), strict=True)}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
