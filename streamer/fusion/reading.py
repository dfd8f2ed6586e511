"""From arrays of windows to what each sense of a trained fusion makes of them, in NumPy.

B windows, T bins, N tokens, L labels, M modalities, D width.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from schemas.messages import MODALITIES
from streamer.fusion.arrays import BIN_S, BINS, PATCH_S
from streamer.fusion.layers import Weights, block, lags, linear, norm

NEAR_S = 0.5  # a patch of sound further than this from a moment says nothing of it
SPREAD = 5.0  # standard deviations beyond which motion and onsets are cut off
CENTRES = ((np.arange(BINS, dtype=np.float32) + np.float32(0.5)) * np.float32(BIN_S))[None]  # [1, T] seconds


class Given(NamedTuple):
    """What the senses are given."""

    x: dict[str, np.ndarray]  # float32 [B, N, inputs] by modality
    mask: dict[str, np.ndarray]  # bool [B, N]
    motion: np.ndarray  # float32 [B, F, 64], mean 0; zeros where it is not there
    onsets: np.ndarray  # float32 [B, F, 16]
    fine: np.ndarray  # bool [B, 3]: middle, motion, onsets are there
    voice: np.ndarray  # float32 [B, 8, 6]: how phrases are said, mean 0; zeros where it is not known


class Tokens(NamedTuple):
    """The tokens of one modality."""

    x: np.ndarray  # float32 [B, N, D]
    mask: np.ndarray  # bool [B, N]
    times: tuple[np.ndarray, ...]  # [B or 1, N] each: the middle on the grid; start and end of words


class Reading(NamedTuple):
    """What the senses make of their tokens."""

    raw: dict[str, Tokens]  # before self-attention: each token by itself
    tokens: dict[str, Tokens]  # after it
    read: dict[str, np.ndarray]  # float32 [B, T, D]: what each bin finds
    present: np.ndarray  # bool [B, M]
    said: np.ndarray  # float32 [B, T, L, M]: evidence


def given(weights: Weights, arrays: Mapping[str, np.ndarray]) -> Given:
    """Projects the arrays of windows, see streamer.fusion.arrays."""
    flat = [arrays[name].reshape(len(arrays["vision"]), -1) for name in ("middle", "motion", "onsets")]
    fine = np.stack([one.any(1) for one in flat], 1)
    motion = _standard(weights, "motion", arrays["motion"]) * fine[:, 1, None, None]
    onsets = _standard(weights, "onsets", arrays["onsets"]) * fine[:, 2, None, None]
    there = np.broadcast_to(fine[:, None].astype(np.float32), (len(fine), BINS, 3))
    heard, heard_mask = _around(_turned(weights, "patch", arrays["sound"]), arrays["sound_mask"])
    vision, seen = arrays["vision"], arrays["vision_mask"]
    change, middle = _turned(weights, "change", vision), _turned(weights, "middle", arrays["middle"])
    steps = (len(fine), BINS, -1)
    pictures = [_turned(weights, "picture", vision), _changes(change, seen), _changes(middle, seen) * there[..., :1]]
    x = {
        "vision": np.concatenate([*pictures, motion.reshape(steps), there[..., :2]], -1),
        "sound": np.concatenate([heard, onsets.reshape(steps), there[..., 2:]], -1),
        "text": arrays["text"].astype(np.float32),
        "ocr": arrays["ocr"].astype(np.float32),
    }
    mask = {"vision": seen, "sound": heard_mask, "text": arrays["text_mask"], "ocr": arrays["ocr_mask"]}
    voice = _standard(weights, "voice", arrays["voice"]) * arrays["voice"].any(-1, keepdims=True)
    return Given(x, mask, motion, onsets, fine, voice)


def read(weights: Weights, arrays: Mapping[str, np.ndarray], what: Given, keep: np.ndarray, declared: np.ndarray) -> Reading:
    """What every sense says.

    Args:
        weights: of the fusion.
        arrays: of the windows: spans of words.
        what: the same, projected.
        keep: bool [B, M], which modalities are not forced off.
        declared: bool [M, L], modalities that a label declares.
    """
    raw: dict[str, Tokens] = {}
    tokens: dict[str, Tokens] = {}
    found: dict[str, np.ndarray] = {}
    said: list[np.ndarray] = []
    for number, modality in enumerate(MODALITIES):
        mask = what.mask[modality] & keep[:, number : number + 1]
        own = weights.under(f"senses.sense.{modality}")
        raw[modality] = Tokens(_stem(weights.under("stems"), modality, what.x[modality]), mask, _times(arrays, modality))
        tokens[modality] = _attended(own, raw[modality])
        found[modality] = _found(own, tokens[modality])
        said.append(linear(own.under("head"), found[modality]))
    present = np.stack([one.mask.any(1) for one in tokens.values()], 1)
    weight = declared.T.astype(np.float32)
    if "senses.gate" in weights:
        weight = weight * np.tanh(weights["senses.gate"])
    return Reading(raw, tokens, found, present, np.stack(said, -1) * weight * present[:, None, None])


def _stem(stems: Weights, modality: str, x: np.ndarray) -> np.ndarray:
    if f"norm.{modality}.weight" in stems:
        x = norm(stems.under(f"norm.{modality}"), x)
    return linear(stems.under(f"linear.{modality}"), x)


def _attended(own: Weights, raw: Tokens) -> Tokens:
    x, mask, times = raw
    apart = lags(times[0], times[0])
    for one in own.parts("blocks"):
        x = block(one, x, None, apart, mask)
    return Tokens(x, mask, times)


def _found(own: Weights, tokens: Tokens) -> np.ndarray:
    """What each bin finds among the tokens, [B, T, D]."""
    query = np.broadcast_to(own["query"], (len(tokens.x), BINS, tokens.x.shape[-1]))
    if len(tokens.times) == 1:  # on the grid a bin begins with its own token
        query = query + tokens.x * tokens.mask[..., None]
    return norm(own.under("norm"), block(own.under("read"), query, tokens.x, lags(CENTRES, *tokens.times), tokens.mask))


def _times(arrays: Mapping[str, np.ndarray], modality: str) -> tuple[np.ndarray, ...]:
    if modality in ("vision", "sound"):
        return (CENTRES,)
    spans = arrays[f"{modality}_spans"]
    return spans[..., 0], spans[..., 1]


def _turned(weights: Weights, name: str, values: np.ndarray) -> np.ndarray:
    """Principal components."""
    flat: np.ndarray = values.reshape(-1, values.shape[-1]).astype(np.float32) - weights[f"{name}_mean"]
    turned: np.ndarray = flat @ weights[f"{name}_basis"]
    return turned.reshape(*values.shape[:-1], -1)


def _standard(weights: Weights, name: str, values: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = (values.astype(np.float32) - weights[f"{name}_mean"]) * weights[f"{name}_scale"]
    return scaled.clip(-SPREAD, SPREAD)


def _changes(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What differs from the token before that is there, [B, T, D]; zeros where there is none."""
    latest = np.maximum.accumulate(np.where(mask, np.arange(values.shape[1]), -1), 1)
    before = np.concatenate([np.full_like(latest[:, :1], -1), latest[:, :-1]], 1)
    earlier = np.take_along_axis(values, np.maximum(before, 0)[..., None], 1)
    changes: np.ndarray = (values - earlier) * (mask & (before >= 0))[..., None]
    return changes


def _around(sound: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The patches nearest to each bin's middle and a patch to either side [B, T, 3 D]; which bins have one, bool [B, T]."""
    moments = (CENTRES + np.array([[-PATCH_S], [0], [PATCH_S]], np.float32)).T.reshape(-1)
    apart = np.abs(moments[:, None] - np.arange(mask.shape[1], dtype=np.float32) * np.float32(PATCH_S))
    distance = np.where(mask[:, None], apart, np.inf)
    nearest = distance.argmin(-1)
    near = np.take_along_axis(distance, nearest[..., None], -1)[..., 0] <= NEAR_S
    found = np.take_along_axis(sound, nearest[..., None], 1) * near[..., None]
    return found.reshape(len(sound), BINS, -1), near[:, 1::3]
