"""Where a score is on: hysteresis over bins, and borders set by its steepest steps."""

import math
from typing import NamedTuple

import numpy as np

SHORTEST_S = 0.5
GAP_S = 1.0  # shorter pauses do not end an event
LONGEST_S = 300.0  # then it is split, so that it is told at last
STEP_S = 1.0  # on either side of a border: as far as it may move, and as far as its step is measured


Threshold = np.ndarray | float  # of each bin, or of all


class Lengths(NamedTuple):
    """The same in bins."""

    shortest: int
    gap: int
    longest: int
    step: int

    @property
    def settled(self) -> int:
        """Bins after a run that must be final before nothing can change it: a pause, and a moved border with its step."""
        return max(self.gap + 1, 2 * self.step)


def lengths(bin_s: float) -> Lengths:
    """The lengths above in bins of `bin_s` seconds, at least one."""
    return Lengths(
        max(1, math.ceil(SHORTEST_S / bin_s)),
        int(GAP_S / bin_s + 1e-9),
        max(1, round(LONGEST_S / bin_s)),
        max(1, round(STEP_S / bin_s)),
    )


def runs(p: np.ndarray, on: Threshold, off: Threshold, size: Lengths, running: bool = False) -> list[tuple[int, int]]:
    """Spans (first bin, bin after the last) where p [bins] reached `on` and has stayed at `off` or above since.

    Pauses within `size.gap` are bridged, long spans split, short ones left out. `running`: it was on before the first bin.
    """
    merged: list[tuple[int, int]] = []
    for begin, stop in _raw(p, on, off, running):
        if merged and begin - merged[-1][1] <= size.gap:
            merged[-1] = merged[-1][0], stop
        else:
            merged.append((begin, stop))
    return [piece for run in merged for piece in _split(*run, size)]


def _raw(p: np.ndarray, on: Threshold, off: Threshold, running: bool) -> list[tuple[int, int]]:
    found, begin = [], 0 if running else None
    limits = (np.broadcast_to(limit, len(p)).tolist() for limit in (on, off))
    for i, (value, begins, ends) in enumerate(zip(p.tolist(), *limits, strict=True)):
        if begin is None and value >= begins:
            begin = i
        elif begin is not None and value < ends:
            found.append((begin, i))
            begin = None
    return found if begin is None else [*found, (begin, len(p))]


def _split(begin: int, stop: int, size: Lengths) -> list[tuple[int, int]]:
    pieces = [(at, min(at + size.longest, stop)) for at in range(begin, stop, size.longest)]
    return [piece for piece in pieces if piece[1] - piece[0] >= size.shortest]


def steps(p: np.ndarray, size: int) -> np.ndarray:
    """Float64 [bins + 1]: mean of the `size` bins after each border less that of those before; beyond the ends p is 0."""
    padded = np.concatenate((np.zeros(size), p, np.zeros(size)))
    mean = np.convolve(padded, np.full(size, 1 / size), mode="valid")  # mean[i]: of padded[i : i + size]
    return mean[size:] - mean[:-size]


def borders(p: np.ndarray, run: tuple[int, int], size: Lengths, floor: int) -> tuple[int, int]:
    """The run with each border moved to the steepest step nearby, never past its strongest bin nor before bin `floor`.

    After the step filter of Sound Event Bounding Boxes: a threshold would tie the borders to the confidence.
    """
    begin, stop = run
    strongest = begin + int(np.argmax(p[begin:stop]))
    change = steps(p, size.step)
    first = _steepest(change, begin, max(floor, begin - size.step), min(strongest, begin + size.step))
    last = _steepest(-change, stop, max(strongest + 1, stop - size.step), min(len(p), stop + size.step))
    return first, last


def _steepest(change: np.ndarray, border: int, low: int, high: int) -> int:
    """The border in low..high with the greatest change, the nearest of equals."""
    nearby = sorted(range(low, high + 1), key=lambda at: abs(at - border))
    return max(nearby, key=lambda at: round(float(change[at]), 9)) if nearby else border  # rounded: equal steps stay equal


def confidence(p: np.ndarray) -> float:
    """Mean of the top half of p [bins], at least of one bin."""
    return float(np.sort(p)[len(p) // 2 :].mean())
