"""Features of films with what was marked in them.

N windows, R recordings, T bins, L labels.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streamer.adapting.rows import Row
from streamer.fusion.arrays import BIN_S, BINS
from streamer.training import cache
from streamer.training.cache import Examples

COVERED_S = 0.25  # of a bin, from which on it is what a row says
HELD = 0.2  # share of windows that a fit does not see
TRIES = 400  # ways to split that are compared


@dataclass(frozen=True, eq=False)
class Marked:
    """Windows of which something is known."""

    examples: Examples  # its labels are what was marked
    known: np.ndarray  # bool [N, T]: bins that somebody looked at
    recording: np.ndarray  # int64 [N]
    bins: np.ndarray  # int64 [N]: the number in its recording of each window's first bin

    def __len__(self) -> int:
        return len(self.recording)

    def of(self, recordings: np.ndarray) -> "Marked":
        """The windows of some recordings; bool [R]."""
        return self.rows(recordings[self.recording])

    def rows(self, chosen: np.ndarray) -> "Marked":
        """Some of the windows; bool [N]."""
        return Marked(self.examples.rows(np.flatnonzero(chosen)), self.known[chosen], self.recording[chosen], self.bins[chosen])

    def tells(self, recordings: int) -> np.ndarray:
        """In which recordings a label is known to be there, and to be not there: bool [R, 2, L]."""
        found = np.zeros((recordings, 2, len(self.examples.names)), bool)
        on, known = self.examples.labels > 0, self.known[..., None]
        np.logical_or.at(found, self.recording, np.stack([(on & known).any(1), (~on & known).any(1)], 1))
        return found


def mark(films: Sequence[Examples], rows: Sequence[Sequence[Row]]) -> Marked:
    """Films with the rows that speak of them; windows in which nothing was looked at are left out."""
    parts = [_mark(number, film, some) for number, (film, some) in enumerate(zip(films, rows, strict=True))]
    return Marked(
        cache.joined([part.examples for part in parts]),
        np.concatenate([part.known for part in parts]),
        np.concatenate([part.recording for part in parts]),
        np.concatenate([part.bins for part in parts]),
    )


def _mark(number: int, film: Examples, rows: Sequence[Row]) -> Marked:
    bins = np.array([round(line["start"] / BIN_S) for line in film.truth], np.int64)
    every = np.zeros((len(bins), BINS))
    labelled = np.zeros((len(bins), BINS, len(film.names)))
    begins = (bins[:, None] + np.arange(BINS)) * BIN_S
    for row in rows:
        covered = np.clip(np.minimum(row.end, begins + BIN_S) - np.maximum(row.start, begins), 0, None)
        every = np.maximum(every, covered)
        if row.label:
            labelled[..., film.names.index(row.label)] += covered
    known = every >= COVERED_S - 1e-9
    labels = ((labelled >= COVERED_S - 1e-9) & known[..., None]).astype(np.uint8)
    marked = Marked(dataclasses.replace(film, labels=labels), known, np.full(len(bins), number), bins)
    return marked.rows(np.asarray(known.any(1)))


def held_out(marked: Marked, recordings: np.ndarray, seed: int = 0) -> np.ndarray:
    """Recordings to hold out of some others, about a fifth of their windows: bool [R], within `recordings` bool [R].

    Of many ways to do so, that one in which most labels are there and are not there on both sides.
    """
    counts = np.bincount(marked.recording, marked.known.sum(1), len(recordings)) * recordings
    tells = marked.tells(len(recordings))
    random = np.random.default_rng(seed)
    best, best_worth = recordings & False, (-1.0, -1.0)
    for _ in range(TRIES):
        order = random.permutation(np.flatnonzero(recordings))
        stop = 1 + int(np.searchsorted(np.cumsum(counts[order]), HELD * counts.sum()))
        held = np.zeros_like(recordings)
        held[order[: min(stop, len(order) - 1)]] = True
        both = tells[held].any(0).all(0) & tells[recordings & ~held].any(0).all(0)
        worth = (float(both.sum()), -abs(float(counts[held].sum() / counts.sum()) - HELD))
        if worth > best_worth:
            best, best_worth = held, worth
    return best
