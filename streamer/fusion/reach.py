"""Whether a trained fusion may speak of a window: how far its pictures and sounds are from those that it was trained on.

    distance of a vector = ( Σ (component − mean)² / variance  +  the rest's square length / its mean ) / width

A Mahalanobis distance in the fusion's own principal components, where what lies outside of them counts as equally wide in
all directions; about 1 for vectors like those of training. A window's distance is the median over its vectors, the limit
of each sense comes from windows of other families than it was trained on. T tokens, D width, K components.
"""

import pathlib
from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError, safe_open

from streamer.errors import ModelError

COMPONENTS = {"vision": "picture", "sound": "patch"}  # of each sense that tells, the projection of the fusion that it is seen through
SHARE = 0.95  # of held-out windows are nearer than what the limit is taken from; what lies beyond differs by half from 256 to others
MARGIN = {"vision": 1.75, "sound": 2.4}  # times as far is still in reach: sounds vary more from window to window
MOST = 3000  # windows that statistics are taken from: many times the components
WEIGHTS = "model.safetensors"


class Reach:
    """The reach of one fusion."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        """Args:
        weights: `projections.*` of the fusion and what `statistics` made of its training, float32.
        """
        self._senses = {sense: _Sense(weights, sense) for sense in COMPONENTS}
        self._limits = {sense: float(weights[f"reach.{sense}_limit"]) for sense in COMPONENTS}

    def distances(self, arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Of one window (streamer.fusion.arrays), by sense, 1: the limit; senses without a vector are left out."""
        there = {sense: arrays[sense][arrays[f"{sense}_mask"]] for sense in COMPONENTS}
        every = {sense: _median(self._senses[sense].distances(vectors)) for sense, vectors in there.items() if len(vectors)}
        return {sense: distance / self._limits[sense] for sense, distance in every.items()}

    def inside(self, arrays: Mapping[str, np.ndarray]) -> bool:
        """Whether a window is in reach: it has pictures, and they and its sounds are near enough; made voices sound like real ones."""
        found = self.distances(arrays)
        return "vision" in found and max(found.values()) <= 1


class _Sense:
    """What vectors of one sense are measured against."""

    def __init__(self, weights: Mapping[str, np.ndarray], sense: str) -> None:
        name = f"projections.{COMPONENTS[sense]}"
        self.mean, self.basis = weights[f"{name}_mean"], weights[f"{name}_basis"]
        self.centre, self.spread = weights[f"reach.{sense}_centre"], weights[f"reach.{sense}_spread"]
        self.rest = weights[f"reach.{sense}_rest"]

    def distances(self, vectors: np.ndarray) -> np.ndarray:
        """Float32 [T] of vectors [T, D]."""
        components, rest = _split(vectors, self.mean, self.basis)
        width, kept = self.basis.shape
        near = np.square((components - self.centre) / self.spread).sum(1)
        far: np.ndarray = (near + rest / np.square(self.rest) * (width - kept)) / width
        return far


def load_reach(folder: pathlib.Path, everywhere: bool = False) -> Reach | None:
    """That of the fusion in a folder; None where it has none and may speak `everywhere`. Errors: ModelError."""
    try:
        with safe_open(folder / WEIGHTS, framework="numpy") as file:
            if everywhere and not any(name.startswith("reach.") for name in file.keys()):  # noqa: SIM118 (it is no dict)
                return None
            names = [name for name in file.keys() if name.startswith(("reach.", "projections."))]  # noqa: SIM118 (it is no dict)
            return Reach({name: file.get_tensor(name).astype(np.float32) for name in names})
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: {error}; expected what `streamer train fusion` writes") from error
    except KeyError as error:
        raise ModelError(f"{folder}: its {WEIGHTS} has no {error.args[0]}, so its reach is not known; train it again") from error


def statistics(
    weights: Mapping[str, np.ndarray], train: Mapping[str, np.ndarray], held_out: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """What is kept with the weights, float32.

    Args:
        weights: has `projections.*` of the fusion.
        train: arrays of the windows that it was trained on.
        held_out: those of windows of other families.
    """
    made: dict[str, np.ndarray] = {}
    for sense, name in COMPONENTS.items():
        some = _some(len(train[sense]))
        vectors = train[sense][some][train[f"{sense}_mask"][some]]
        components, rest = _split(vectors, weights[f"projections.{name}_mean"], weights[f"projections.{name}_basis"])
        made[f"reach.{sense}_centre"], made[f"reach.{sense}_spread"] = components.mean(0), components.std(0) + np.float32(1e-3)
        made[f"reach.{sense}_rest"] = np.sqrt(rest.mean()) + np.float32(1e-3)
        measure = _Sense({**weights, **made}, sense)
        far = [_median(measure.distances(held_out[sense][n][mask])) for n, mask in enumerate(held_out[f"{sense}_mask"]) if mask.any()]
        made[f"reach.{sense}_limit"] = np.array(MARGIN[sense] * np.quantile(far, SHARE))
    return {name: np.asarray(value, np.float32) for name, value in made.items()}


def _split(vectors: np.ndarray, mean: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Components [T, K] of vectors [T, D], and the mean square of what is left of each, [T]."""
    centred = vectors.astype(np.float32) - mean
    components = centred @ basis
    scale = np.square(basis).sum(0).mean()  # all columns have the same length
    left = centred - components @ basis.T / scale
    return components, np.square(left).mean(1)


def _some(count: int) -> slice:
    return slice(None, None, -(-count // MOST))


def _median(values: np.ndarray) -> float:
    return float(np.median(values))
