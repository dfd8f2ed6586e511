"""Level 0: label queries attend to the tokens of one modality, near in time, and evidence is what they find.

For each label, bin and token:

    score      z = (query · key − mean) / deviation              against a fixed background
    weight     w = β·z − distance² / 2σ² + log reliability       none beyond reach
    attention  α = softmax of w over the tokens and a null key   the null key has value 0
    evidence   e = gain · observed · max(0, Σ α·z − z_min)       a sense votes only when it is sure
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from schemas.messages import Modality, Tokens
from streamer.labels import Attention
from streamer.models.protocols import Queries

STEP = 8  # tokens: a window is padded to a multiple of it, so its numbers do not depend on what is in the batch with it
NEVER = np.float32(-1e4)  # weight of what is not there or out of reach
UNRELIABLE = 1e-4  # least reliability: keeps log finite


class Heard(NamedTuple):
    """What the labels found in one modality of one window."""

    evidence: np.ndarray  # float32 [labels, bins], ≥ 0
    looked: np.ndarray  # float32 [labels, bins, tokens]: attention; sums to at most 1 over tokens
    scores: np.ndarray  # float32 [labels, tokens]: z


class Item(NamedTuple):
    """One modality of one window."""

    tokens: Tokens
    centres: np.ndarray  # float64 [bins]: middle of each bin, seconds
    observed: float  # 0..1
    heed: np.ndarray  # bool [labels, tokens]: False: this label must not look at this token


def attend(items: Sequence[Item], queries: Queries, modality: Modality, attention: Attention) -> list[Heard]:
    """What `queries`, one for each label, find in each item; items of like size are done together."""
    sizes = [-(-len(item.tokens.reliability) // STEP) * STEP for item in items]
    heard: dict[int, Heard] = {}
    for size in set(sizes):
        numbers = [number for number, padded in enumerate(sizes) if padded == size]
        heard |= dict(zip(numbers, _attend([items[n] for n in numbers], size, queries, modality, attention), strict=True))
    return [heard[number] for number in range(len(items))]


def _attend(items: Sequence[Item], size: int, queries: Queries, modality: Modality, attention: Attention) -> list[Heard]:
    """The same for items padded to one size. B items, L labels, T bins, N tokens."""
    z = _scores(items, size, queries, attention.floor[modality])  # [B, L, N]
    near = _nearness(items, size, attention.sigma_s[modality], attention.reach_s[modality])  # [B, T, N]
    heed = np.stack([_padded(item.heed.T, size, False).T for item in items])  # [B, L, N]
    weight = np.where(heed[:, :, None], np.float32(attention.beta[modality]) * z[:, :, None] + near[:, None], NEVER)  # [B, L, T, N]
    null = np.float32(attention.null)
    top = np.maximum(weight.max(3, keepdims=True), null)
    share = np.exp(weight - top)
    looked = share / (share.sum(3, keepdims=True) + np.exp(null - top))
    found = (looked * z[:, :, None]).sum(3)  # [B, L, T]
    observed = np.array([item.observed for item in items], np.float32)[:, None, None]
    vote = np.maximum(found - np.float32(attention.z_min[modality]), 0)
    evidence = np.float32(attention.gain[modality]) * observed * vote
    counts = [len(item.tokens.reliability) for item in items]
    return [Heard(evidence[b], looked[b, :, :, :n], z[b, :, :n]) for b, n in enumerate(counts)]


def _scores(items: Sequence[Item], size: int, queries: Queries, floor: float) -> np.ndarray:
    """float32 [items, labels, tokens]: deviations above the background."""
    keys = np.stack([_padded(item.tokens.keys, size, 0) for item in items])  # [B, N, D]
    dots = np.matmul(keys, queries.vectors.T).transpose(0, 2, 1)  # [B, L, N]
    return np.ascontiguousarray((dots - queries.mean[:, None]) / np.maximum(queries.deviation, np.float32(floor))[:, None])


def _nearness(items: Sequence[Item], size: int, sigma_s: float, reach_s: float) -> np.ndarray:
    """float32 [items, bins, tokens]: what closeness in time and reliability add to the weight."""
    spans = np.stack([_padded(item.tokens.spans, size, np.inf) for item in items])  # [B, N, 2]
    centres = np.stack([item.centres for item in items])[:, :, None]  # [B, T, 1]
    distance = np.maximum(np.maximum(spans[:, None, :, 0] - centres, centres - spans[:, None, :, 1]), 0)  # 0 inside a token
    reliability = np.stack([_padded(item.tokens.reliability, size, UNRELIABLE) for item in items])[:, None]
    bias = -np.square(np.minimum(distance, reach_s)) / (2 * sigma_s**2) + np.log(np.maximum(reliability, UNRELIABLE))
    return np.where(distance <= reach_s, bias, NEVER).astype(np.float32)


def _padded(values: np.ndarray, size: int, fill: float) -> np.ndarray:
    """[tokens, …] → [size, …]."""
    padded = np.full((size, *values.shape[1:]), fill, values.dtype)
    padded[: len(values)] = values
    return padded
