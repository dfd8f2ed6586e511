"""From scores of bins to spans that may be events: what stays above a threshold, at many thresholds, the best kept."""

import numpy as np

from streamer.training.cache import BIN_S

Span = tuple[float, float]  # start, end in seconds
THRESHOLDS = (0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SAME = 0.5  # overlap from which of two proposals only the better one is kept


def proposals(scores: np.ndarray) -> list[tuple[float, Span]]:
    """Spans with a score each, best first, for one label: float [T] → (score, span) with little overlap."""
    peak = float(scores.max())
    spans = {span for threshold in THRESHOLDS if threshold <= peak for span in _runs(scores >= threshold)}
    ranked = sorted(((worth(scores, *span), span) for span in spans), key=lambda one: (-one[0], one[1]))
    kept: list[tuple[float, Span]] = []
    for score, (first, stop) in ranked:
        span = (first * BIN_S, stop * BIN_S)
        if all(overlap(span, other) < SAME for _, other in kept):
            kept.append((score, span))
    return kept


def worth(scores: np.ndarray, first: int, stop: int) -> float:
    """How good a run of bins is as an event: its better half is high, all of it holds, and what is around it is low."""
    inside = np.sort(scores[first:stop])
    around = [scores[i] for i in (first - 1, stop) if 0 <= i < len(scores)]
    better = inside[-((len(inside) + 1) // 2) :].mean()
    return float(better * (0.5 + 0.5 * inside[0]) * (1 - 0.7 * (np.mean(around) if around else 0.0)))


def overlap(one: Span, other: Span) -> float:
    """Temporal intersection over union."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, shared) / (max(one[1], other[1]) - min(one[0], other[0]))


def _runs(on: np.ndarray) -> list[tuple[int, int]]:
    """First bin and bin behind the last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
