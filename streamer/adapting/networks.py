"""Levels 2 and 3 for marked windows: the training loop of the project, with bins that nobody looked at left out.

N windows, T bins, L labels.
"""

import dataclasses
import math
from typing import Literal

import msgspec
import numpy as np
import torch

from streamer.adapting.folder import projections
from streamer.adapting.judging import Timeline
from streamer.adapting.levels import Fit, logits, rounded
from streamer.adapting.marked import Marked
from streamer.adapting.scalars import sharpen
from streamer.progress import Work
from streamer.training.fit import Data, Loop, Recipe
from streamer.training.fit import logits as said
from streamer.training.inputs import Projections, dims
from streamer.training.levels import Sum
from streamer.training.nets import Net
from streamer.training.samples import Samples, samples

STEPS = 600  # of the optimiser at least: few windows are seen more often


class Guided(Loop):
    """The loop, judged on known bins alone."""

    known: Timeline

    def _judge(self) -> float:
        trained = {name: value.detach().clone() for name, value in self.net.fusion.named_parameters()}
        self.net.fusion.load_state_dict(self.averaged, strict=False)
        found = self.known.judge(said(self.net, self.data.val.inputs).numpy()).bins_mean
        self.net.fusion.load_state_dict(trained, strict=False)
        return found


def trained(train: Marked, val: Marked, below: Fit, mode: Literal["level2", "level3"], quiet: bool = False, steps: int = STEPS) -> Fit:
    """A net on top of level 1, its best epoch and its calibration chosen on other recordings.

    Args:
        train: what it learns from.
        val: what chooses.
        below: level 1, which it begins as.
        mode: which.
        quiet: say nothing.
        steps: of the optimiser, at least.
    """
    torch.manual_seed(0)
    plan = msgspec.structs.replace(below.plan, mode=mode, dims=dims(train.examples))
    net = Net(plan)
    net.projections.load_state_dict(projections(train.examples).state_dict())
    assert isinstance(net.fusion, Sum)
    with torch.no_grad():
        net.fusion.anchor.gain.copy_(torch.from_numpy(below.weights["fusion.anchor.gain"]))
        net.fusion.anchor.prior.copy_(torch.from_numpy(below.weights["fusion.anchor.prior"]))
    data = Data(_samples(train, net.projections), _samples(val, net.projections), net.projections, train.examples.names, plan.dims)
    recipe = _recipe(len(train), steps)
    work = Work(f"level {mode[-1]}", recipe.epochs, "epochs", quiet)
    loop = Guided(net, data, recipe)
    loop.known = Timeline(val)
    loop.run(None, lambda line: work.reach(1))
    found = said(net.eval(), data.val.inputs).numpy()
    sharpness, shift = sharpen(found, val.examples.labels, val.known)
    net.sharpness.copy_(torch.from_numpy(sharpness))
    net.shift.copy_(torch.from_numpy(shift))
    # moods were not marked: what was not trained is not kept
    weights = rounded({name: value.numpy() for name, value in net.state_dict().items() if not name.startswith("fusion.mood.")})
    return Fit("2" if mode == "level2" else "3", plan, weights, val, logits(plan, weights, val))


def _recipe(windows: int, steps: int) -> Recipe:
    batch = min(64, max(16, windows // 8))
    return Recipe(across=0, batch=batch, epochs=max(14, math.ceil(steps * batch / windows)))


def _samples(marked: Marked, projections: Projections) -> Samples:
    """Bins that nobody looked at count nothing, and of conflicts nothing is known."""
    made = samples(marked.examples, projections)
    weight = made.targets.weight * torch.from_numpy(marked.known[..., None].astype(np.float16))
    conflict = torch.full_like(made.targets.conflict, torch.nan)
    return Samples(made.inputs, dataclasses.replace(made.targets, weight=weight, conflict=conflict), made.truth)
