"""Level 1½: what is like an example that somebody marked (after Tip-Adapter, Zhang et al. 2022), in NumPy.

For each modality that a label declares:

    evidence[bin, label] = power[label] · Σ exp(−γ (1 − cos(bin, example))) · vote[example, label]

An example that is the label votes 1 / (how many are), one that is not −1 / (how many are not): what resembles both alike says
nothing. B windows, T bins, L labels, M modalities, D width, K examples.
"""

from collections.abc import Mapping

import numpy as np

from schemas.messages import MODALITIES, Modality
from streamer.fusion.arrays import BIN_S, BINS, PATCH_S
from streamer.fusion.layers import Weights

NEAR_S = 0.8  # a picture or patch of sound further than this from the middle of a bin says nothing of it
CENTRES = (np.arange(BINS) + 0.5) * BIN_S  # [T] seconds


def recalled(weights: Weights, arrays: Mapping[str, np.ndarray], keep: np.ndarray) -> np.ndarray:
    """Evidence float32 [B, T, L, M] of windows whose arrays (streamer.fusion.arrays) are stacked; keep: bool [B, M]."""
    labels = weights["power"].shape[1]
    said = np.zeros((len(keep), BINS, labels, len(MODALITIES)), np.float32)
    for number, modality in enumerate(MODALITIES):
        if f"{modality}.keys" in weights:
            own = weights.under(modality)
            values, mask = grid(arrays, modality)
            there = mask & keep[:, number : number + 1]
            found = likeness(turned(values[there], own["mean"], own["basis"]), own["keys"], weights["gamma"]) @ own["votes"]
            said[there, :, number] = found * weights["power"][number]
    return said


def likeness(one: np.ndarray, other: np.ndarray, gamma: np.ndarray | float) -> np.ndarray:
    """Of unit vectors [n, D] and [K, D]: float32 [n, K] in 0..1."""
    alike: np.ndarray = np.exp(np.float32(gamma) * (one @ other.T - 1))
    return alike


def turned(values: np.ndarray, mean: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Principal components as unit vectors, [n, width] → float32 [n, D]."""
    flat: np.ndarray = (values.astype(np.float32) - mean) @ basis
    flat /= np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), np.float32(1e-6))
    return flat


def grid(arrays: Mapping[str, np.ndarray], modality: Modality) -> tuple[np.ndarray, np.ndarray]:
    """What a modality has in each bin, [B, T, width], and in which bins it has anything, bool [B, T]."""
    match modality:
        case "vision":
            return _nearest(arrays["vision"], arrays["vision_mask"], np.arange(BINS) * BIN_S)
        case "sound":
            return _nearest(arrays["sound"], arrays["sound_mask"], np.arange(arrays["sound"].shape[1]) * PATCH_S)
        case _:
            return _touching(arrays[modality], arrays[f"{modality}_spans"], arrays[f"{modality}_mask"])


def _nearest(values: np.ndarray, mask: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The token nearest to the middle of each bin."""
    apart = np.where(mask[:, None], np.abs(CENTRES[:, None] - times), np.inf)  # [B, T, N]
    nearest = apart.argmin(-1)
    there = np.take_along_axis(apart, nearest[..., None], -1)[..., 0] <= NEAR_S
    return np.take_along_axis(values, nearest[..., None], 1), there


def _touching(values: np.ndarray, spans: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the words that touch a bin."""
    begins, ends = spans[:, None, :, 0], spans[:, None, :, 1]
    touch = (begins < CENTRES[:, None] + BIN_S / 2) & (ends > CENTRES[:, None] - BIN_S / 2) & mask[:, None]  # [B, T, N]
    share = touch / np.maximum(touch.sum(-1, keepdims=True), 1)
    return share.astype(np.float32) @ values.astype(np.float32), touch.any(-1)
