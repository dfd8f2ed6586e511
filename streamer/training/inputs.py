"""What nets read: the feature cache, projected once, and batches of it.

N windows of the cache, B of a batch; the fixed projections are principal components of the training windows.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from schemas.messages import MODALITIES
from streamer.training.cache import Examples

PICTURE, CHANGE, MIDDLE, PATCH = 160, 96, 96, 160  # components kept: of pictures, their changes, a middle layer's changes, sound
SPREAD = 5.0  # standard deviations beyond which motion and onsets are cut off
SAMPLE = 60_000  # rows that components are computed from: many times their number
CHUNK = 256  # windows projected at a time, so that the cache is never in float32 as a whole


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows as nets read them. T bins, M modalities, L labels; all float32 but the masks."""

    vision: Tensor  # [B, T, PICTURE + CHANGE]
    vision_mask: Tensor  # bool [B, T]
    middle: Tensor  # [B, T, MIDDLE]
    motion: Tensor  # [B, 64, 64], mean 0; zeros where it is not there
    sound: Tensor  # [B, 33, PATCH]
    sound_mask: Tensor  # bool [B, 33]
    onsets: Tensor  # [B, 64, 16], mean 0; zeros where they are not there
    fine: Tensor  # bool [B, 3]: middle, motion, onsets are there
    text: Tensor  # [B, 8, 384]
    text_spans: Tensor  # [B, 8, 2] seconds from the window's start
    text_reliability: Tensor  # [B, 8]
    text_mask: Tensor  # bool [B, 8]
    voice: Tensor  # [B, 8, 6]: how phrases are said, mean 0; zeros where it is not known
    ocr: Tensor
    ocr_spans: Tensor
    ocr_reliability: Tensor
    ocr_mask: Tensor
    evidence: Tensor  # [B, T, L, M]: of level 0

    def __len__(self) -> int:
        return len(self.vision)

    def take(self, numbers: Tensor) -> Self:
        """Some of the windows, in float32."""
        taken = {field.name: getattr(self, field.name)[numbers] for field in fields(self)}
        return type(self)(**{name: value if value.dtype == torch.bool else value.float() for name, value in taken.items()})

    def and_those(self, others: Self) -> Self:
        """These windows and others."""
        return type(self)(**{field.name: torch.cat([getattr(self, field.name), getattr(others, field.name)]) for field in fields(self)})

    def masks(self) -> dict[str, Tensor]:
        """Which tokens are there, by modality: bool [B, tokens]."""
        return {modality: getattr(self, f"{modality}_mask") for modality in MODALITIES}

    def everything(self) -> Tensor:
        """A `keep` that forces nothing off: bool [B, M]."""
        return torch.ones(len(self), len(MODALITIES), dtype=torch.bool)


class Projections(nn.Module):
    """The fixed first projections, kept with the weights."""

    def __init__(self, dims: dict[str, int]) -> None:
        """Args:
        dims: width of vision, middle, motion, sound, onsets and voice in the cache.
        """
        super().__init__()
        for name, width, kept in (
            ("picture", dims["vision"], PICTURE),
            ("change", dims["vision"], CHANGE),
            ("middle", dims["middle"], MIDDLE),
            ("patch", dims["sound"], PATCH),
        ):
            self.register_buffer(f"{name}_mean", torch.zeros(width))
            self.register_buffer(f"{name}_basis", torch.zeros(width, kept))
        for name in ("motion", "onsets", "voice"):
            self.register_buffer(f"{name}_mean", torch.zeros(dims[name]))
            self.register_buffer(f"{name}_scale", torch.ones(dims[name]))

    def fit(self, examples: Examples) -> None:
        """Takes components and scales from training windows."""
        patches = examples.sound[examples.sound_mask]
        self._components("picture", examples.vision[examples.vision_mask], centred=True)
        self._components("patch", patches, centred=True)
        self._components("change", _changes(examples.vision, examples.vision_mask), centred=False)
        self._components("middle", _changes(examples.middle, examples.vision_mask), centred=False)
        for name in ("motion", "onsets"):
            self._scales(name, getattr(examples, name).reshape(-1, getattr(examples, name).shape[-1]))
        self._scales("voice", examples.voice[examples.voice.any(2)])

    def _scales(self, name: str, rows: np.ndarray) -> None:
        """Mean and spread of rows [n, width]; of none, 0 and 1."""
        if len(rows):
            values = _sampled(rows)
            self.get_buffer(f"{name}_mean").copy_(torch.from_numpy(values.mean(0)))
            self.get_buffer(f"{name}_scale").copy_(torch.from_numpy(1 / np.maximum(values.std(0), 1e-3)))

    def _components(self, name: str, rows: np.ndarray, centred: bool) -> None:
        """Principal components of rows [n, width], all scaled by one number so that they vary by about 1."""
        values = _sampled(rows)
        mean = values.mean(0) if centred else np.zeros(values.shape[1], np.float32)
        spread = (values - mean).T @ (values - mean) / len(values)
        variance, basis = np.linalg.eigh(spread.astype(np.float64))
        kept = self.get_buffer(f"{name}_basis").shape[1]
        scale = 1 / np.sqrt(max(variance[-kept:].mean(), 1e-8))
        self.get_buffer(f"{name}_mean").copy_(torch.from_numpy(mean))
        self.get_buffer(f"{name}_basis").copy_(torch.from_numpy(basis[:, ::-1][:, :kept] * scale))

    def project(self, examples: Examples, dtype: torch.dtype = torch.float16) -> Batch:
        """All windows as one Batch; float16 is half the memory, and finer than what encoders mean."""
        parts = [self._projected(examples.rows(slice(first, first + CHUNK)), dtype) for first in range(0, len(examples), CHUNK)]
        return Batch(**{field.name: torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Batch)})

    @torch.no_grad()
    def _projected(self, examples: Examples, dtype: torch.dtype) -> Batch:
        arrays = {name: torch.from_numpy(np.array(array)) for name, array in examples.arrays.items()}
        vision, fine = arrays["vision"].float(), _there(examples)
        values = {
            "vision": torch.cat([self._turned("picture", vision), self._turned("change", vision)], -1),
            "middle": self._turned("middle", arrays["middle"].float()),
            "motion": self._standard("motion", arrays["motion"]) * fine[:, 1, None, None],
            "sound": self._turned("patch", arrays["sound"].float()),
            "onsets": self._standard("onsets", arrays["onsets"]) * fine[:, 2, None, None],
            "voice": self._standard("voice", arrays["voice"]) * arrays["voice"].any(2, keepdim=True),
            "evidence": arrays["level0"].permute(0, 2, 1, 3),
        }
        words = [f"{name}{end}" for name in ("text", "ocr") for end in ("", "_spans", "_reliability", "_mask")]
        same = ("vision_mask", "sound_mask", *words)
        every = {**values, **{name: arrays[name] for name in same}, "fine": fine}
        exact = {"evidence", "text_spans", "ocr_spans"}
        return Batch(
            **{name: value.to(dtype) if value.is_floating_point() and name not in exact else value for name, value in every.items()}
        )

    def _turned(self, name: str, values: Tensor) -> Tensor:
        return (values - self.get_buffer(f"{name}_mean")) @ self.get_buffer(f"{name}_basis")

    def _standard(self, name: str, values: Tensor) -> Tensor:
        scaled = (values.float() - self.get_buffer(f"{name}_mean")) * self.get_buffer(f"{name}_scale")
        return scaled.clamp(-SPREAD, SPREAD)


def dims(examples: Examples) -> dict[str, int]:
    """Widths of what the projections read."""
    return {name: getattr(examples, name).shape[-1] for name in ("vision", "middle", "motion", "sound", "onsets", "voice", "text", "ocr")}


def _there(examples: Examples) -> Tensor:
    """Which fine features a window has, bool [N, 3]: where there are none, the cache has zeros."""
    kinds = [getattr(examples, name).reshape(len(examples), -1) for name in ("middle", "motion", "onsets")]
    return torch.from_numpy(np.stack([(kind != 0).any(1) for kind in kinds], 1))


def _sampled(rows: np.ndarray) -> np.ndarray:
    step = max(1, len(rows) // SAMPLE)
    return rows[::step].astype(np.float32)


def _changes(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Differences of neighbours where both are there: [n, width]."""
    windows = slice(None, None, max(1, values.shape[0] * values.shape[1] // SAMPLE))
    apart = values[windows, 1:].astype(np.float32) - values[windows, :-1].astype(np.float32)
    both: np.ndarray = apart[mask[windows, 1:] & mask[windows, :-1]]
    return both
