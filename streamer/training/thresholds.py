"""From which score on a label is told, so that what is told is as often right as is wished.

K bins, L labels.
"""

import msgspec
import numpy as np

from streamer.labels import Label

LEAST, MOST = 0.05, 0.95
ENOUGH = 4  # bins above a threshold, below which its precision means nothing
STEPS = np.round(np.arange(LEAST, MOST + 1e-9, 0.01), 2)


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """Where a label begins and ends, and what that gave on the windows it was chosen on."""

    on: float
    off: float
    precision: float | None  # None: nothing scored as high
    recall: float | None
    reached: bool  # as precise as was wished

    def of(self, label: Label) -> Label:
        """The label with it."""
        return msgspec.structs.replace(label, threshold=self.on, off=self.off)


def choose(scores: np.ndarray, true: np.ndarray, wished: float, label: Label) -> Threshold:
    """The lowest threshold at which a label is as precise as is wished; else the best balanced one; else its own as it was.

    Args:
        scores: float [K] in 0..1, of bins that somebody looked at.
        true: bool [K].
        wished: share of bins above the threshold that are to be right.
        label: whose.
    """
    best: tuple[float, float] | None = None
    for step in STEPS.tolist():
        told = scores >= step
        if told.sum() < ENOUGH:
            break
        right = float((true & told).sum())
        if right >= wished * told.sum():
            return _threshold(step, scores, true, label, True)
        balance = 1.25 * right / (float(told.sum()) + 0.25 * float(true.sum()))  # F½: precision counts twice as much as recall
        if best is None or balance > best[0]:
            best = (balance, step)
    return _threshold(best[1] if best and best[0] > 0 else label.threshold, scores, true, label, False)


def _threshold(on: float, scores: np.ndarray, true: np.ndarray, label: Label, reached: bool) -> Threshold:
    off = round(on * label.off / label.threshold, 3)
    told = measure(scores, true, on)
    return Threshold(on=round(on, 3), off=off, precision=told[0], recall=told[1], reached=reached)


def measure(scores: np.ndarray, true: np.ndarray, on: float) -> tuple[float | None, float | None]:
    """Precision and recall of bins at a threshold; None where there is nothing to divide by."""
    told = scores >= on - 1e-9
    right = float((told & true).sum())
    return (right / float(told.sum()) if told.any() else None), (right / float(true.sum()) if true.any() else None)
