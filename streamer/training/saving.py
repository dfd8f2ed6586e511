"""A trained fusion as a folder: weights without pickle, all that is needed to build it again, and a card.

model.safetensors   float16: weights, calibration and the fixed projections; float32: its reach
config.json         plan, recipe, seed, thresholds, and fingerprints of the encoders and of the made world
README.md           what it is, how it was made and how good it was
"""

import pathlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors.torch import load, save

import streamer
from streamer.errors import ModelError
from streamer.files import write_whole
from streamer.training.fit import Recipe
from streamer.training.nets import Net
from streamer.training.plan import Plan

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What config.json says."""

    model_type: str = "fusion"
    version: str = streamer.__version__
    plan: Plan
    recipe: Recipe
    windows: int  # trained on
    features: dict[str, Any] = {}  # what the features depend on: fingerprints of the encoders and of the made world
    thresholds: dict[str, float] = {}  # of each label, from which it is told
    measured: dict[str, float] = {}  # on windows of other families, which also chose the epoch and the calibration: optimistic


def write(folder: pathlib.Path, net: Net, about: About, reach: Mapping[str, np.ndarray] = {}) -> None:
    """Writes the folder, each file whole or not at all; reach: of `streamer.fusion.reach.statistics`. Errors: StoreError."""
    tensors = {name: value.detach().half().contiguous() for name, value in net.state_dict().items()}
    write_whole(folder / WEIGHTS, save(tensors | {name: torch.from_numpy(value) for name, value in reach.items()}))
    write_whole(folder / CARD, card(about).encode())
    write_whole(folder / CONFIG, msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n")


def read(folder: pathlib.Path) -> tuple[Net, About]:
    """The net of a folder, ready to be asked. Errors: ModelError."""
    try:
        about = msgspec.json.decode((folder / CONFIG).read_bytes(), type=About)
        tensors = load((folder / WEIGHTS).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(f"{folder}: {error}; expected what `streamer train fusion` writes") from error
    net = Net(about.plan)
    try:
        net.load_state_dict({name: value.float() for name, value in tensors.items() if not name.startswith("reach.")})
    except RuntimeError as error:
        raise ModelError(f"{folder}: its weights are not those of its {CONFIG}; train it again") from error
    return net.eval(), about


def rounded(net: Net) -> Net:
    """The same net with the weights that will be on disk, so that what is measured is what is kept."""
    net.load_state_dict({name: value.half().float() for name, value in net.state_dict().items()})
    return net


def card(about: About) -> str:
    """README.md."""
    plan = about.plan
    rows = "\n".join(f"| {name} | {value:.3f} |" for name, value in about.measured.items())
    declares = "; ".join(f"{label} ({', '.join(names)})" for label, names in zip(plan.labels, plan.declares, strict=True))
    made = "\n".join(f"- {name}: `{value}`" for name, value in _flat(about.features).items())
    return f"""# Fusion, {plan.mode}

Joins what is seen, heard, said and written over windows of 8 s into scores for {len(plan.labels)} labels, a bin of half a second
each. Trained by `streamer train fusion` on {about.windows} windows of a made world (`streamer synth`), seed {about.recipe.seed},
{about.recipe.epochs} epochs. It has seen drawn pictures, synthesised sounds and synthetic speech only: what it scores on real
footage is not known from the figures below.

| on windows of other families, which also chose the epoch and the calibration: optimistic | |
|---|---|
{rows}

Labels and the modalities they declare: {declares}.

It works only on features of these encoders, and was made from this version of the made world:

{made}

Licence: Apache-2.0, as the project. No person's voice, face or recording is in it.
"""


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name} ") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def parameters(net: torch.nn.Module) -> int:
    """How many numbers training has set."""
    return sum(value.numel() for value in net.parameters())
