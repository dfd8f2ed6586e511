"""How good scores are: average precision of events and bins, calibration, ranking, valence.

N windows, T bins, L labels; scores are probabilities [N, T, L].
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from streamer.training.proposals import Span, overlap, proposals

OVERLAPS = (0.3, 0.5, 0.7)  # temporal intersection over union from which an event is found
BUCKETS = 15  # of probabilities, for calibration
SPOKEN = 0.1  # a score above this is near enough to being told that its calibration matters

Truth = Sequence[Mapping[str, Any]]  # of each window: its events, decoys, …


def average_precision(scores: np.ndarray, hits: np.ndarray, total: int) -> float:
    """Area under the precision-recall curve, precision made to fall (ActivityNet); NaN where nothing is to be found.

    Args:
        scores: float [n].
        hits: bool [n].
        total: how many there are to find.
    """
    if not total:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(hits[order])
    precision = np.maximum.accumulate((found / np.arange(1, len(order) + 1))[::-1])[::-1]
    return float((precision * hits[order]).sum() / total)


def bin_precision(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average precision over bins for each label, float64 [L]; NaN where a label never is."""
    columns = range(labels.shape[-1])
    flat, true = scores.reshape(-1, len(columns)), labels.reshape(-1, len(columns)) > 0
    return np.array([average_precision(flat[:, i], true[:, i], int(true[:, i].sum())) for i in columns])


def event_precision(scores: np.ndarray, truth: Truth, names: Sequence[str], least: float = 0.5) -> np.ndarray:
    """Average precision of events for each label, float64 [L]: proposals matched with true spans they overlap by `least`."""
    precisions = []
    for column, name in enumerate(names):
        found: list[tuple[float, bool]] = []
        total = 0
        for number, line in enumerate(truth):
            spans = [(event["start"], event["end"]) for event in line["events"] if event["label"] == name]
            total += len(spans)
            found += matched(proposals(scores[number, :, column]), spans, least)
        values = np.array(found, float).reshape(-1, 2)
        precisions.append(average_precision(values[:, 0], values[:, 1] > 0, total))
    return np.array(precisions)


def matched(found: Iterable[tuple[float, Span]], spans: Sequence[Span], least: float) -> list[tuple[float, bool]]:
    """Score of each proposal, best first, and whether it takes a true span that is still free."""
    free = list(spans)
    told = []
    for score, span in found:
        best = max(free, key=lambda true: overlap(span, true), default=None)
        hit = best is not None and overlap(span, best) >= least
        if hit and best is not None:
            free.remove(best)
        told.append((score, hit))
    return told


def calibration_error(scores: np.ndarray, labels: np.ndarray, above: float = 0.0) -> float:
    """Expected calibration error of bins with a score above `above`, in BUCKETS of equal width; NaN without any."""
    score, true = scores.reshape(-1), labels.reshape(-1)
    chosen = score > above
    score, true = score[chosen], true[chosen]
    if not len(score):
        return float("nan")
    bucket = np.minimum((score * BUCKETS).astype(int), BUCKETS - 1)
    count = np.bincount(bucket, minlength=BUCKETS)
    gap = np.abs(np.bincount(bucket, score, BUCKETS) - np.bincount(bucket, true, BUCKETS))  # each is count × mean
    return float(gap[count > 0].sum() / count.sum())


def reliability(scores: np.ndarray, labels: np.ndarray) -> list[tuple[float, float, int]]:
    """For each bucket that holds any bin: its mean score, the share that is true, how many."""
    score, true = scores.reshape(-1), labels.reshape(-1)
    bucket = np.minimum((score * BUCKETS).astype(int), BUCKETS - 1)
    rows = ((score[bucket == number], true[bucket == number]) for number in range(BUCKETS))
    return [(float(some.mean()), float(right.mean()), len(some)) for some, right in rows if len(some)]


def brier(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance of scores from what is true."""
    return float(np.square(scores - labels).mean())


def auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Chance that a true one ranks above a false one, ties half; NaN where one kind is missing."""
    true = np.asarray(labels) > 0
    good, bad = int(true.sum()), int((~true).sum())
    if not good or not bad:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[true].sum() - good * (good + 1) / 2) / (good * bad))


def valence_error(felt: np.ndarray, true: np.ndarray) -> float:
    """Mean absolute error where a mood is known (not NaN)."""
    known = ~np.isnan(true)
    return float(np.abs(felt[known] - true[known]).mean()) if known.any() else float("nan")


def constant_error(true: np.ndarray) -> float:
    """The same of the best constant, the median: what a valence must be better than."""
    known = true[~np.isnan(true)]
    return valence_error(np.full(len(known), np.median(known)), known) if len(known) else float("nan")


def grouped(values: np.ndarray, names: Sequence[str], groups: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Mean of values [L] over each group of labels, what is NaN left out."""
    means = {}
    for group, members in groups.items():
        some = np.array([values[number] for number, name in enumerate(names) if name in members])
        known = some[~np.isnan(some)]
        means[group] = float(known.mean()) if len(known) else float("nan")
    return means


def mean(values: np.ndarray) -> float:
    """Mean of what is not NaN."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
