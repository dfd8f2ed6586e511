"""Whether scores tell true events from decoys in which each sense alone looks right."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from streamer.training.metrics import Truth, auroc
from streamer.training.samples import bins


class Peaks(NamedTuple):
    """The highest scores within events and decoys of the same labels."""

    scores: np.ndarray  # float [n]
    true: np.ndarray  # bool [n]
    labels: np.ndarray  # str [n]


def peaks(scores: np.ndarray, truth: Truth, names: Sequence[str], kinds: Sequence[str]) -> Peaks:
    """Of decoys of some kinds, and of all true events of the labels those decoys are of; scores [N, T, L]."""
    every = [(n, line, decoy) for n, line in enumerate(truth) for decoy in line["decoys"] if decoy["kind"] in kinds]
    decoys = [(n, decoy) for n, line, decoy in every if not _also(line, decoy["label"])]
    labels = {decoy["label"] for _, decoy in decoys}
    events = [(n, event) for n, line in enumerate(truth) for event in line["events"] if event["label"] in labels]
    both = [*((n, event, True) for n, event in events), *((n, decoy, False) for n, decoy in decoys)]
    peak = [scores[n, bins(one["start"], one["end"]), names.index(one["label"])].max() for n, one, _ in both]
    return Peaks(np.array(peak, float), np.array([true for *_, true in both], bool), np.array([one["label"] for _, one, _ in both], str))


def telling(scores: np.ndarray, truth: Truth, names: Sequence[str], kinds: Sequence[str]) -> dict[str, float]:
    """AUROC of true events against decoys of some kinds, by label; `mean` over labels and `all` in one."""
    found = peaks(scores, truth, names, kinds)
    by = {}
    for label in sorted(set(found.labels.tolist())):
        own = found.labels == label
        by[label] = auroc(found.scores[own], found.true[own])
    known = [value for value in by.values() if not np.isnan(value)]
    return by | {"mean": float(np.mean(known)) if known else float("nan"), "all": auroc(found.scores, found.true)}


def _also(line: Mapping[str, Any], label: str) -> bool:
    """Whether the thing itself happens in the window too."""
    return any(event["label"] == label for event in line["events"])
