"""Windows overlap: one score for each bin of the stream, out of all windows that hold it."""

import msgspec
import numpy as np

from schemas.messages import MODALITIES, FusedWindow, Trained

CHANNELS = ("prior", *MODALITIES, "together")  # they sum to the logit
TRAINED = len(CHANNELS)  # the column behind them: the level of a trained fusion, 0 where none spoke
COLUMNS = TRAINED + 1


def _no_columns() -> np.ndarray:
    return np.zeros((0, 0, COLUMNS))


class Stitched(msgspec.Struct):
    """The bins that may still change, and a margin of older ones."""

    first: int = 0  # bin of the first column; bins count from media time 0
    final: int = 0  # first bin that a later window can still change
    total: np.ndarray = msgspec.field(default_factory=_no_columns)  # float64 [labels, bins, COLUMNS]: weighted sum
    weight: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0))  # float64 [bins]

    @property
    def stop(self) -> int:
        """The bin after the last column."""
        return self.first + len(self.weight)

    def mean(self, prior: np.ndarray) -> np.ndarray:
        """Float64 [labels, bins, COLUMNS]: CHANNELS of logits, and the level; bins that no window held have only their prior [labels]."""
        seen = self.weight > 0
        columns = self.total / np.where(seen, self.weight, 1.0)[:, None]
        columns[:, ~seen, 0] = prior[:, None]
        return columns


def bin_length(fused: FusedWindow) -> float:
    """Seconds of one bin."""
    return (fused.window.end - fused.window.start) / len(fused.bins)


def triangle(bins: int) -> np.ndarray:
    """Float64 [bins], in (0, 1]: how much a window's word counts at the centre of each of its bins, most in the middle."""
    return 1 - np.abs((2 * np.arange(bins) + 1) / bins - 1)


def stitch(known: Stitched, fused: FusedWindow) -> Stitched:
    """`known` with one more window in it."""
    window, bins = fused.window, len(fused.bins)
    begin = round(window.start / bin_length(fused))
    known = _reaching(known, begin, begin + bins, len(fused.labels))
    here, weight = slice(begin - known.first, begin - known.first + bins), triangle(bins)
    known.total[:, here] += _columns(fused) * weight[:, None]
    known.weight[here] += weight
    known.final = begin + _bins_closed(fused)
    return known


def _columns(fused: FusedWindow) -> np.ndarray:
    """What one window says: float64 [labels, bins, COLUMNS]."""
    columns = np.zeros((*fused.evidence.shape[:2], COLUMNS))
    columns[..., 0] = fused.prior[:, None]
    columns[..., 1 : 1 + len(MODALITIES)] = fused.evidence
    if isinstance(fused.trained, Trained):
        columns[..., TRAINED - 1] = fused.trained.together
        columns[..., TRAINED] = fused.trained.labels[:, None] * fused.level
    return columns


def probabilities(columns: np.ndarray) -> np.ndarray:
    """[…, COLUMNS] → […] in 0..1: of the sum of CHANNELS, without overflow."""
    p: np.ndarray = (1 + np.tanh(columns[..., :TRAINED].sum(-1) / 2)) / 2
    return p


def trim(known: Stitched, first: int) -> Stitched:
    """`known` without the columns before bin `first`."""
    cut = max(0, first - known.first)
    return Stitched(known.first + cut, known.final, known.total[:, cut:].copy(), known.weight[cut:].copy())


def _bins_closed(fused: FusedWindow) -> int:
    """How many of a window's bins no later window holds: those of one hop, which the number of the window tells."""
    window = fused.window
    if window.last:
        return len(fused.bins)
    return round(window.start / window.index / bin_length(fused)) if window.index else 0


def _reaching(known: Stitched, begin: int, stop: int, labels: int) -> Stitched:
    if not len(known.weight):
        known = Stitched(first=begin, total=np.zeros((labels, 0, COLUMNS)))
    more = max(0, stop - known.stop)
    total = np.concatenate((known.total, np.zeros((labels, more, COLUMNS))), axis=1)
    return Stitched(known.first, known.final, total, np.concatenate((known.weight, np.zeros(more))))
