"""Where a training stands, on disk, so that it goes on where it was interrupted: numbers as safetensors, the rest as JSON."""

import json
import pathlib
from collections.abc import Mapping
from typing import Protocol

import msgspec
import torch
from safetensors.torch import load, save
from torch import Tensor

from streamer.errors import StoreError
from streamer.files import write_whole
from streamer.training.nets import Net

NAME = "checkpoint.safetensors"


class Standing(Protocol):
    """What a checkpoint holds of a training."""

    net: Net
    averaged: dict[str, Tensor]
    best: dict[str, Tensor]
    best_score: float
    epoch: int
    optimiser: torch.optim.AdamW


class Checkpoint:
    """The checkpoint of one training, in its folder."""

    def __init__(self, folder: pathlib.Path, about: Mapping[str, object] = {}) -> None:
        """Args:
        folder: where it is kept.
        about: what makes it this training; another one does not go on from it.
        """
        self.path = folder / NAME
        self.about = msgspec.json.encode(about).decode()

    def save(self, standing: Standing) -> None:
        """Keeps where the training stands, whole or not at all. Errors: StoreError."""
        named = dict(standing.net.fusion.named_parameters())
        tensors = {f"weight.{name}": value.detach() for name, value in named.items()}
        tensors |= {f"averaged.{name}": value for name, value in standing.averaged.items()}
        tensors |= {f"best.{name}": value for name, value in standing.best.items()}
        for name, value in named.items():
            for moment, number in standing.optimiser.state.get(value, {}).items():
                tensors[f"{moment}.{name}"] = number
        told = {"about": self.about, "epoch": standing.epoch, "score": standing.best_score}
        write_whole(self.path, save({name: value.contiguous() for name, value in tensors.items()}, {"told": json.dumps(told)}))

    def resume(self, standing: Standing) -> None:
        """Puts a training where the checkpoint stands, if there is one. Errors: StoreError."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        told = json.loads(_told(content))
        if told["about"] != self.about:
            raise StoreError(f"{self.path}: is of a training with other options; expected the same ones, or an empty folder")
        tensors = load(content)
        standing.epoch, standing.best_score = told["epoch"], told["score"]
        named = dict(standing.net.fusion.named_parameters())
        with torch.no_grad():
            for name, value in named.items():
                value.copy_(tensors[f"weight.{name}"])
                standing.averaged[name].copy_(tensors[f"averaged.{name}"])
                standing.best[name].copy_(tensors[f"best.{name}"])
        for name, value in named.items():
            state = {key: tensors[f"{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq") if f"{key}.{name}" in tensors}
            if state:
                standing.optimiser.state[value] = state

    def remove(self) -> None:
        """Forgets it."""
        self.path.unlink(missing_ok=True)


def _told(content: bytes) -> str:
    """The metadata that `save` put before the numbers."""
    size = int.from_bytes(content[:8], "little")
    told: str = json.loads(content[8 : 8 + size])["__metadata__"]["told"]
    return told
