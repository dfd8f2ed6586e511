"""Folders of trained fusions with random weights, for tests of what happens around them."""

import functools
import json
import pathlib

import numpy as np
import torch

from streamer.fusion import reach
from streamer.synth.names import LABELS
from streamer.training import saving, world
from streamer.training.fit import Recipe
from streamer.training.inputs import Projections, dims
from streamer.training.nets import Net
from streamer.training.plan import Mode, Plan
from tests.training import made

EXAMPLES = made.examples(16)
DECLARES = tuple(label.modalities for label in world.label_set().labels)


def folder(path: pathlib.Path, mode: Mode = "level3", far: float | None = 1e4, **about: object) -> pathlib.Path:
    """A fusion that knows the labels of the made world; `far`: what all limits of its reach are, None: it has no reach."""
    net = _net(mode)
    limits = {f"reach.{sense}_limit": np.array(far, np.float32) for sense in reach.COMPONENTS}
    known = _statistics() | limits if far is not None else {}
    saving.write(path, net, saving.About(plan=net.plan, recipe=Recipe(), windows=16), known)
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | about))
    return path


@functools.cache
def _net(mode: Mode) -> Net:
    torch.manual_seed(0)
    net = Net(Plan(mode=mode, labels=LABELS, declares=DECLARES, dims=dims(EXAMPLES)))
    net.projections.load_state_dict(_projections().state_dict())
    with torch.no_grad():
        for value in net.fusion.parameters():
            value.add_(torch.randn_like(value) * 0.05)
    return saving.rounded(net).eval()


@functools.cache
def _projections() -> Projections:
    fixed = Projections(dims(EXAMPLES))
    fixed.fit(EXAMPLES)
    return fixed


@functools.cache
def _statistics() -> dict[str, np.ndarray]:
    weights = {f"projections.{name}": value.numpy() for name, value in _projections().state_dict().items()}
    return reach.statistics(weights, EXAMPLES.arrays, EXAMPLES.arrays)
