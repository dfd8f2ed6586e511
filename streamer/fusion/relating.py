"""What a trained fusion hears and sees only together, and what it feels, in NumPy.

B windows, T bins, L labels, M modalities, D width, K curves, F fine steps, C cells of the picture, G = spans × T.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np

from schemas.messages import MODALITIES
from streamer.fusion.arrays import BINS, FINE_ROWS
from streamer.fusion.layers import NEVER, Weights, attention, block, convolved, lags, linear, mlp, norm, silu
from streamer.fusion.reading import CENTRES, Given, Reading, Tokens

LAGS, SPANS, LOCAL, CELLS = 3, (9, 25), 17, 16  # steps; see streamer.training.rhythm
NOISE = np.float32(1e-2)
SOFTEN, NEUTRAL = np.float32(0.1), np.float32(0.5)  # see streamer.training.mood
SURE, UNSURE = -4.0, 1.5
SENSES = tuple(combinations(range(len(MODALITIES)), 2))


class Mood(NamedTuple):
    """What is felt; valence in [-1, 1]."""

    value: np.ndarray  # float32 [B, M] of each sense
    log_variance: np.ndarray  # float32 [B, M]
    overall: np.ndarray  # float32 [B]
    overall_log_variance: np.ndarray  # float32 [B]
    conflict: np.ndarray  # float32 [B]: logit


def together(weights: Weights, what: Given, reading: Reading, declared: np.ndarray) -> np.ndarray:
    """Evidence from the relation of senses, float32 [B, T, L]."""
    found: dict[str, np.ndarray] = {}
    if "rhythm.hear.weight" in weights:
        there = what.fine[:, 1] & what.fine[:, 2] & reading.present[:, 0] & reading.present[:, 1]
        found["rhythm"] = _rhythm(weights.under("rhythm"), what.motion, what.onsets) * there[:, None, None]
    if "product.out.weight" in weights:
        found["product"] = _matching(weights.under("product"), reading)
    if "joint.query" in weights:
        found["joint"] = _joint(weights.under("joint"), reading)
    every = [linear(weights.under(f"head.{form}"), norm(weights.under(f"norm.{form}"), one)) for form, one in found.items()]
    evidence = np.sum(every, 0, dtype=np.float32) * np.tanh(weights["gate"])
    related = reading.present.astype(np.float32) @ declared.astype(np.float32) > 1.5
    told: np.ndarray = evidence * related[:, None]
    return told


def _matching(weights: Weights, reading: Reading) -> np.ndarray:
    """Whether what is seen is what was spoken of, float32 [B, T, D]; see streamer.training.matching."""
    seen = linear(weights.under("see"), _contrasted(reading.raw["vision"]))
    seen = linear(weights.under("seen"), norm(weights.under("norm_seen"), seen))
    words = reading.raw["text"]
    normal = norm(weights.under("norm_said"), words.x)
    weight = linear(weights.under("worth"), normal)[:, None, :, 0]
    for number, lag in enumerate(lags(CENTRES, *words.times)):
        weight = weight + weights[f"lag.{number}"][lag]
    weight = np.where(words.mask[:, None], weight, NEVER)
    top = np.maximum(weight.max(-1, keepdims=True), 0)
    share = np.exp(weight - top)
    share /= share.sum(-1, keepdims=True) + np.exp(-top)
    both = (reading.present[:, 0] & reading.present[:, 2]).astype(np.float32)
    return linear(weights.under("out"), seen * (share @ linear(weights.under("said"), normal)) * both[:, None, None])


def _contrasted(tokens: Tokens) -> np.ndarray:
    """A bin's token, and how it differs from a while ago and from long ago: [B, T, 3 D]."""
    there = tokens.mask[..., None].astype(np.float32)
    x = tokens.x * there
    share = [span @ there for span in BEFORE]
    here, lately, ago = (span @ x / np.maximum(some, 1) for span, some in zip(BEFORE, share, strict=True))
    known = [(share[0] > 0) & (some > 0) for some in share[1:]]
    return np.concatenate([x, (here - lately) * known[0], (here - ago) * known[1]], -1)


def _joint(weights: Weights, reading: Reading) -> np.ndarray:
    tokens = list(reading.tokens.values())
    size = len(tokens[0].x)
    x = np.concatenate([one.x + sense for one, sense in zip(tokens, weights["sense"], strict=True)], 1)
    mask = np.concatenate([one.mask for one in tokens], 1)
    times = [np.concatenate([np.broadcast_to(one.times[end], one.mask.shape) for one in tokens], 1) for end in (0, -1)]
    query = np.broadcast_to(weights["query"], (size, BINS, x.shape[-1]))
    return block(weights.under("block"), query, x, lags(CENTRES, *times), mask)


def _rhythm(weights: Weights, motion: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """Whether sight and sound move together, float32 [B, T, D]."""
    heard = convolved(weights.under("heard"), silu(convolved(weights.under("hear"), onsets)))  # [B, F, K]
    seen = convolved(weights.under("seen"), silu(convolved(weights.under("see"), _moments(motion))))  # [B, C, F, K]
    heard = np.ascontiguousarray(heard.transpose(0, 2, 1)[:, :, None])  # [B, K, 1, F]
    seen = np.ascontiguousarray(seen.transpose(0, 3, 1, 2))  # [B, K, C, F]
    return mlp(weights.under("join"), _correlations(heard - _local(heard), seen - _local(seen)))


def _correlations(heard: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """[B, T, features]: at each lag the best of the cells and all of them, and the energy of both."""
    energy = np.square(heard) @ NEAR + NOISE
    each = np.square(seen) @ NEAR + NOISE
    every = each.sum(-2, keepdims=True)
    best, whole = 1 / np.sqrt(energy * each), 1 / np.sqrt(energy * every)
    padded = np.pad(seen, ((0, 0), (0, 0), (0, 0), (LAGS, LAGS)))
    found = [np.log(energy), np.log(every)]
    for lag in range(2 * LAGS + 1):
        product = (heard * padded[..., lag : lag + heard.shape[-1]]) @ NEAR
        found += [(product * best).max(-2, keepdims=True), product.sum(-2, keepdims=True) * whole]
    features = np.concatenate(found, -2)  # [B, K, features, G]
    spans = features.reshape(*features.shape[:-1], len(SPANS), BINS)
    return spans.transpose(0, 4, 1, 2, 3).reshape(len(heard), BINS, -1)


def _moments(motion: np.ndarray) -> np.ndarray:
    """Motion and its changes by cell: [B, F, 64] → [B, C, F, 7]."""
    cells = motion.reshape(*motion.shape[:2], 4, CELLS).transpose(0, 3, 1, 2)  # [B, C, F, 4]
    jump = np.zeros_like(cells)
    jump[:, :, 1:] = np.abs(cells[:, :, 1:] - cells[:, :, :-1])
    turn, speed = jump[..., 2:].sum(-1, keepdims=True), np.abs(cells[..., 2:]).sum(-1, keepdims=True)
    return np.concatenate([cells, jump[..., :1], turn, speed], -1)


def _local(curves: np.ndarray) -> np.ndarray:
    """Mean over LOCAL steps of [B, K, C, F], the ends repeated."""
    half = LOCAL // 2
    padded = np.pad(curves, ((0, 0), (0, 0), (0, 0), (half, half)), mode="edge")
    sums = np.pad(padded.cumsum(-1, dtype=np.float32), ((0, 0), (0, 0), (0, 0), (1, 0)))
    means: np.ndarray = (sums[..., LOCAL:] - sums[..., :-LOCAL]) / np.float32(LOCAL)
    return means


def _near() -> np.ndarray:
    """Which steps are about which bin, float32 [F, G] of 0 and 1."""
    steps = np.arange(FINE_ROWS)[:, None] + 0.5
    middles = (np.arange(BINS) + 0.5) * (FINE_ROWS / BINS)
    apart = np.abs(steps - middles)
    return np.concatenate([(apart <= span / 2).astype(np.float32) for span in SPANS], 1)


NEAR = _near()


def _before() -> np.ndarray:
    """Which bins are here, a while ago and long ago, float32 [3, T, T] of 0 and 1."""
    apart = np.arange(BINS) - np.arange(BINS)[:, None]
    return np.stack([(apart >= first) & (apart <= last) for first, last in ((0, 1), (-4, -2), (-8, -4))]).astype(np.float32)


BEFORE = _before()


def opinions(weights: Weights, arrays: Mapping[str, np.ndarray], what: Given, reading: Reading) -> np.ndarray:
    """What each sense feels, float32 [2, B, M, 2]: valence before tanh, log variance; where the words are not read, and where they are."""
    each = np.stack([_opinion(weights, number, reading) for number in range(len(MODALITIES))], 1)
    both = np.stack([each, each])
    both[:, :, MODALITIES.index("sound")] += _voices(weights.under("voices"), arrays, what, reading)
    return both


def mood(weights: Weights, arrays: Mapping[str, np.ndarray], reading: Reading, each: np.ndarray, keep: np.ndarray) -> Mood:
    """What is felt where only some senses count.

    Args:
        weights: of the mood.
        arrays: of the windows: reliability of words.
        reading: of all senses.
        each: opinions of all senses, see `opinions`.
        keep: bool [B, M], the senses that count.
    """
    present = (reading.present & keep).astype(np.float32)
    opinions = np.where(keep[:, MODALITIES.index("text")][:, None, None], each[1], each[0])
    value = np.tanh(opinions[..., 0]) * present
    log_variance = np.clip(opinions[..., 1], SURE, UNSURE)
    sure = present * _reliability(arrays, reading)
    weight = np.exp(weights["importance"]) * sure / (np.exp(log_variance) + SOFTEN)
    total = weight.sum(1) + NEUTRAL
    anchor = (weight * value).sum(1) / total
    overall = anchor
    if "joint.query" in weights:
        overall = np.clip(anchor + _correction(weights.under("joint"), reading, present > 0), -1, 1)
    between = (weight * np.square(value - anchor[:, None])).sum(1) / total
    variance = 1 / (np.maximum((sure / np.exp(log_variance)).sum(1), np.float32(1e-3)) + 1) + between
    conflict = mlp(weights.under("quarrel"), _apart(value, log_variance, present))[:, 0]
    return Mood(value, log_variance, overall, np.log(variance) + weights["spread"], conflict)


def _opinion(weights: Weights, number: int, reading: Reading) -> np.ndarray:
    modality = MODALITIES[number]
    tokens = reading.tokens[modality]
    query = np.broadcast_to(weights["query"][number], (len(tokens.x), 1, tokens.x.shape[-1]))
    found = attention(weights.under(f"pool.{modality}"), query, tokens.x, (), tokens.mask)
    return mlp(weights.under(f"head.{modality}"), norm(weights.under(f"norm.{modality}"), found[:, 0]))


def _voices(weights: Weights, arrays: Mapping[str, np.ndarray], what: Given, reading: Reading) -> np.ndarray:
    """What is felt of how phrases are said, float32 [2, B, 2]: where the words do not tell which counts most, and where they do."""
    there = what.voice.any(-1) & arrays["text_mask"]
    words = norm(weights.under("norm"), arrays["text"].astype(np.float32))
    worth = linear(weights.under("worth"), words)[..., 0] * reading.raw["text"].mask
    worth = np.where(there, np.stack([np.zeros_like(worth), worth]), NEVER)
    share = np.exp(worth - worth.max(-1, keepdims=True)) * there
    share /= np.maximum(share.sum(-1, keepdims=True), np.float32(1e-9))
    felt: np.ndarray = np.einsum("vbn,bnk->vbk", share, mlp(weights.under("feel"), what.voice))
    return felt


def _reliability(arrays: Mapping[str, np.ndarray], reading: Reading) -> np.ndarray:
    """Mean reliability of the tokens of each modality, [B, M]; 1 where it is not known."""
    known = np.ones((len(reading.present), len(MODALITIES)), np.float32)
    for name in ("text", "ocr"):
        mask = reading.tokens[name].mask.astype(np.float32)
        known[:, MODALITIES.index(name)] = (mask * arrays[f"{name}_reliability"]).sum(1) / np.maximum(mask.sum(1), 1)
    return known


def _correction(weights: Weights, reading: Reading, keep: np.ndarray) -> np.ndarray:
    """What shows of the mood only together, [B]; 0 where fewer than two senses count."""
    tokens = list(reading.tokens.values())
    x = np.concatenate([one.x for one in tokens], 1)
    mask = np.concatenate([one.mask & keep[:, number : number + 1] for number, one in enumerate(tokens)], 1)
    query = np.broadcast_to(weights["query"], (len(x), 1, x.shape[-1]))
    found = attention(weights.under("attention"), query, norm(weights.under("norm"), x), (), mask)
    correction: np.ndarray = linear(weights.under("out"), silu(found))[:, 0, 0] * (keep.sum(1) > 1)
    return correction


def _apart(value: np.ndarray, log_variance: np.ndarray, present: np.ndarray) -> np.ndarray:
    """How every two senses differ: [B, 5 pairs]."""
    features = []
    for one, other in SENSES:
        both = present[:, one] * present[:, other]
        gap = value[:, one] - value[:, other]
        distance = np.abs(gap) / np.sqrt(np.exp(log_variance[:, one]) + np.exp(log_variance[:, other]))
        features += [gap * both, np.abs(gap) * both, distance * both, value[:, one] * value[:, other], both]
    return np.stack(features, 1)
