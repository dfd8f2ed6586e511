"""Which marked bins are kept as examples, and what each recording's bins find among those of the others.

n bins, K examples, L labels, D width.
"""

from dataclasses import dataclass

import numpy as np

from schemas.messages import MODALITIES, Modality
from streamer.adapting.marked import Marked
from streamer.fusion.recalling import grid, likeness, turned

WIDTH = 64  # components kept, each as large as any other: what bins differ in most need not be what labels differ in
FLAT = 1e-3  # of the largest component: smaller ones are noise
SAMPLE = 1024  # rows that components are computed from
MOST = 4096  # examples of a modality: 0.5 MB, 2 ms a window
GAMMAS = (1.0, 2.0, 5.5, 11.0)  # how alike is alike; 5.5: Tip-Adapter's own


@dataclass(frozen=True, eq=False)
class Memory:
    """The examples of one modality."""

    mean: np.ndarray  # float32 [width]
    basis: np.ndarray  # float32 [width, D]
    keys: np.ndarray  # float32 [K, D], unit vectors
    labels: np.ndarray  # bool [K, L]
    recording: np.ndarray  # int64 [K]

    def votes(self, chosen: np.ndarray) -> np.ndarray:
        """Of each example for each label, float32 [K, L]; bool [K]: the others have none. A label that none of them is has none."""
        on = self.labels & chosen[:, None]
        off = ~self.labels & chosen[:, None]
        votes = on / np.maximum(on.sum(0), 1) - off / np.maximum(off.sum(0), 1)
        return np.asarray(votes * (on.any(0) & off.any(0)), np.float32)


def remember(marked: Marked, modality: Modality) -> Memory | None:
    """The examples of a modality; None where it has nothing to say."""
    values, mask = grid(marked.examples.arrays, modality)
    window, time = np.nonzero(mask & marked.known)
    window, time = _once(marked, window, time)
    if len(window) < 2:
        return None
    labels = marked.examples.labels[window, time] > 0
    chosen = _some(np.asarray(labels.any(1)))
    rows = values[window, time].astype(np.float32)
    mean = rows.mean(0)
    some = rows[chosen][:: -(-len(chosen) // SAMPLE)] - mean
    _, size, directions = np.linalg.svd(some, full_matrices=False)
    basis = np.ascontiguousarray((directions / np.maximum(size, FLAT * size[0])[:, None])[:WIDTH].T)
    basis /= np.abs(basis).max()
    mean, basis = mean.astype(np.float16).astype(np.float32), basis.astype(np.float16).astype(np.float32)  # as they will be on disk
    return Memory(mean, basis, turned(rows[chosen], mean, basis), labels[chosen], marked.recording[window[chosen]])


def others(marked: Marked, memories: dict[Modality, Memory], gamma: float) -> np.ndarray:
    """What each bin finds among the examples of other recordings than its own, float32 [N, T, L, M], before powers."""
    said = np.zeros((*marked.examples.labels.shape, len(MODALITIES)), np.float32)
    for modality, memory in memories.items():
        values, mask = grid(marked.examples.arrays, modality)
        for recording in np.unique(marked.recording):
            there = mask & marked.known & (marked.recording == recording)[:, None]
            alike = likeness(turned(values[there], memory.mean, memory.basis), memory.keys, gamma)
            said[there, :, MODALITIES.index(modality)] = alike @ memory.votes(memory.recording != recording)
    return said


def _once(marked: Marked, window: np.ndarray, time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each bin from one of the windows that hold it."""
    place = marked.recording[window] * (1 << 40) + marked.bins[window] + time
    _, first = np.unique(place, return_index=True)
    return window[first], time[first]


def _some(on: np.ndarray) -> np.ndarray:
    """At most MOST numbers of bins; of those without any label only as many as there is room for."""
    if len(on) <= MOST:
        return np.arange(len(on))
    rare, common = np.flatnonzero(on), np.flatnonzero(~on)
    rare = rare[:: -(-len(rare) // (MOST * 3 // 4))]
    return np.sort(np.concatenate([rare, common[:: max(1, -(-len(common) // (MOST - len(rare))))]]))
