"""How good scores are where somebody has looked: on the time line of each recording, two windows a bin joined as when it runs.

N windows, T bins of a window, K known bins, L labels.
"""

from collections.abc import Iterator

import msgspec
import numpy as np

from streamer.adapting.marked import Marked
from streamer.fusion.arrays import BIN_S, BINS
from streamer.training.metrics import average_precision, bin_precision, calibration_error, matched, mean
from streamer.training.proposals import Span, proposals

FAR = 1 << 40  # more bins than a recording has
TRIANGLE = 1 - np.abs((2 * np.arange(BINS) + 1) / BINS - 1)  # how much a window's word counts in each of its bins
OVERLAP = 0.5  # temporal intersection over union from which an event is found


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What scores are worth; NaN for a label that is nowhere, or everywhere."""

    bins: tuple[float, ...]  # average precision over bins, by label
    events: tuple[float, ...]  # average precision of events at tIoU .5, by label
    entropy: float  # mean cross-entropy of a bin of a label, in nats
    error: float  # expected calibration error

    @property
    def bins_mean(self) -> float:
        """Mean over labels."""
        return mean(np.array(self.bins))

    @property
    def events_mean(self) -> float:
        """Mean over labels."""
        return mean(np.array(self.events))


class Timeline:
    """The known bins of recordings, each once, in order."""

    def __init__(self, marked: Marked) -> None:
        place = marked.recording[:, None] * FAR + marked.bins[:, None] + np.arange(BINS)
        self._known = marked.known
        self._places, self._number = np.unique(place[marked.known], return_inverse=True)
        self._weight = np.broadcast_to(TRIANGLE, marked.known.shape)[marked.known]
        self._total = np.bincount(self._number, self._weight)
        self.labels = self.join(marked.examples.labels) > 0.5  # bool [K, L]
        breaks = np.flatnonzero(np.diff(self._places) != 1) + 1
        self.stretches = [slice(*pair) for pair in zip([0, *breaks], [*breaks, len(self._places)], strict=True)]

    def join(self, values: np.ndarray) -> np.ndarray:
        """Of every window [N, T, L] → of every known bin, float64 [K, L]."""
        known = values[self._known].astype(np.float64) * self._weight[:, None]
        joined = np.stack([np.bincount(self._number, column) for column in known.T], 1)
        return np.asarray(joined / self._total[:, None])

    def judge(self, logits: np.ndarray) -> Judged:
        """Logits of windows, [N, T, L]."""
        joined = self.join(logits)
        scores = sigmoid(joined)
        columns = range(scores.shape[1])
        judged = self.labels.any(0) & ~self.labels.all(0)
        events = [self._events(scores[:, column], self.labels[:, column]) for column in columns]
        return Judged(
            bins=tuple(np.where(judged, bin_precision(scores, self.labels), np.nan).tolist()),
            events=tuple(np.where(judged, events, np.nan).tolist()),
            entropy=float(np.mean(np.logaddexp(0, np.where(self.labels, -joined, joined)))),
            error=calibration_error(scores, self.labels),
        )

    def _events(self, scores: np.ndarray, true: np.ndarray) -> float:
        """Average precision of proposals, by what they overlap with."""
        found: list[tuple[float, bool]] = []
        total = 0
        for stretch in self.stretches:
            spans = list(runs(true[stretch]))
            total += len(spans)
            found += matched(proposals(scores[stretch]), spans, OVERLAP)
        values = np.array(found, float).reshape(-1, 2)
        return average_precision(values[:, 0], values[:, 1] > 0, total)


def runs(on: np.ndarray) -> Iterator[Span]:
    """Start and end in seconds of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    yield from ((float(first * BIN_S), float(stop * BIN_S)) for first, stop in edges.reshape(-1, 2))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))
