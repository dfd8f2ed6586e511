"""Layers of the trained fusion in NumPy; each does what its namesake in training does.

B windows, N tokens of one side, K keys of the other, D width, H heads.
"""

from collections.abc import Mapping, Sequence

import numpy as np

BIN_S = 0.5
REACH = 16  # bins to either side that are told apart
NEVER = np.float32(-1e4)


class Weights:
    """The numbers of a net by dotted name, or those of one of its parts."""

    def __init__(self, arrays: Mapping[str, np.ndarray], prefix: str = "") -> None:
        self._arrays, self._prefix = arrays, prefix

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[self._prefix + name]

    def __contains__(self, name: str) -> bool:
        return self._prefix + name in self._arrays

    def under(self, name: str) -> "Weights":
        """Those of a part."""
        return Weights(self._arrays, f"{self._prefix}{name}.")

    def parts(self, name: str) -> list["Weights"]:
        """Those of a numbered list of parts."""
        start = len(self._prefix) + len(name) + 1
        numbers = {int(key[start:].partition(".")[0]) for key in self._arrays if key.startswith(f"{self._prefix}{name}.")}
        return [self.under(f"{name}.{number}") for number in sorted(numbers)]


def linear(weights: Weights, x: np.ndarray) -> np.ndarray:
    """[…, D] → […, E]."""
    flat: np.ndarray = x.reshape(-1, x.shape[-1]) @ weights["weight"].T
    flat += weights["bias"]
    return flat.reshape(*x.shape[:-1], -1)


def norm(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Each row to mean 0 and variance 1, then scaled and shifted."""
    centred: np.ndarray = x - x.mean(-1, keepdims=True)
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] / np.float32(x.shape[-1])
    centred /= np.sqrt(variance + np.float32(1e-5))
    centred *= weights["weight"]
    centred += weights["bias"]
    return centred


def silu(x: np.ndarray) -> np.ndarray:
    """x · sigmoid(x)."""
    turned: np.ndarray = x / (1 + np.exp(-x))
    return turned


def mlp(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Linear layers with SiLU between them."""
    number = 0
    while f"{number}.weight" in weights:
        x = linear(weights.under(str(number)), silu(x) if number else x)
        number += 3  # a layer, its SiLU, its dropout
    return x


def lags(queries: np.ndarray, *keys: np.ndarray) -> list[np.ndarray]:
    """Distances of times [B, N] to times [B, K] in bins, one for each kind of key time: int [B, N, K]."""
    apart = [(queries[:, :, None] - key[:, None]) / np.float32(BIN_S) for key in keys]
    return [np.clip(np.round(one), -REACH, REACH).astype(int) + REACH for one in apart]


def attention(weights: Weights, x: np.ndarray, context: np.ndarray, lag: Sequence[np.ndarray], mask: np.ndarray) -> np.ndarray:
    """What x [B, N, D] finds in context [B, K, D] where mask bool [B, K]; nothing is found at the null key."""
    heads, width = len(weights["null"]), x.shape[-1]
    both = linear(weights.under("key_value"), context)
    query = _split(linear(weights.under("query"), x) * np.float32(np.sqrt(heads / width)), heads)
    weight = query @ _split(both[..., :width], heads).swapaxes(-1, -2)  # [B, H, N, K]
    for number, one in enumerate(lag):
        weight += weights[f"lag.{number}"][one].transpose(0, 3, 1, 2)
    weight = np.where(mask[:, None, None], weight, NEVER)
    null = weights["null"][:, None, None]
    top = np.maximum(weight.max(-1, keepdims=True), null)
    share = np.exp(weight - top)
    share /= share.sum(-1, keepdims=True) + np.exp(null - top)
    found = (share @ _split(both[..., width:], heads)).swapaxes(1, 2).reshape(x.shape)
    return linear(weights.under("out"), found)


def block(weights: Weights, x: np.ndarray, context: np.ndarray | None, lag: Sequence[np.ndarray], mask: np.ndarray) -> np.ndarray:
    """A pre-norm transformer block; without a context it attends to itself."""
    normal = norm(weights.under("norm"), x)
    other = normal if context is None else norm(weights.under("norm_context"), context)
    x = x + attention(weights.under("attention"), normal, other, lag, mask)
    wide = silu(linear(weights.under("widen"), norm(weights.under("norm_out"), x)))
    x += linear(weights.under("narrow"), wide)
    return x


def _split(x: np.ndarray, heads: int) -> np.ndarray:
    """[B, N, D] → [B, H, N, D / H]."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def convolved(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Along the axis before the last, ends padded with 0: […, F, channels] → […, F, channels]."""
    kernel = weights["weight"].reshape(*weights["weight"].shape[:2], -1)  # [out, in, taps]
    taps, length = kernel.shape[2], x.shape[-2]
    padded = np.zeros((*x.shape[:-2], length + taps - 1, x.shape[-1]), np.float32)
    padded[..., taps // 2 : taps // 2 + length, :] = x
    wide = np.concatenate([padded[..., tap : tap + length, :] for tap in range(taps)], -1)
    flat: np.ndarray = wide.reshape(-1, wide.shape[-1]) @ kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0])
    flat += weights["bias"]
    return flat.reshape(*x.shape[:-1], -1)
