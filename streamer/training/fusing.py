"""`streamer train fusion`: from a folder of features to a folder with a trained fusion."""

import json
import pathlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamer.fusion import reach
from streamer.synth.names import GROUPS
from streamer.training import cache, saving, world
from streamer.training.across import halves
from streamer.training.cache import Examples
from streamer.training.checkpoint import Checkpoint
from streamer.training.fit import BELOW, Data, Recipe, prepare, scores, train
from streamer.training.metrics import bin_precision, calibration_error, event_precision, mean
from streamer.training.nets import Net
from streamer.training.plan import Mode, Plan
from streamer.training.samples import Samples
from streamer.training.thresholds import choose
from streamer.training.topics import topics

PRECISION, EVEN = 0.8, 0.5  # of half seconds that are told; the least likely one that is


@dataclass(frozen=True, eq=False)
class Source:
    """What fusions are trained from."""

    data: Data
    train: Examples
    val: Examples
    about: dict[str, Any]  # what the features depend on

    def plan(self, mode: Mode) -> Plan:
        """The plan of a net for the labels of the made world."""
        labels = world.label_set()
        declares = {label.name: label.modalities for label in labels.labels}
        return Plan(
            mode=mode,
            labels=self.data.names,
            declares=tuple(declares[name] for name in self.data.names),
            same=GROUPS["sync"],
            after=GROUPS["async"],
            dims=self.data.dims,
            prior=labels.attention.prior,
        )


def load(features: pathlib.Path) -> Source:
    """The splits `train` and `val` of a folder of features. Errors: StoreError."""
    path = features / "about.json"
    train, val = topics(cache.load(features / "train")), cache.load(features / "val")
    return Source(prepare(train, val), train, val, json.loads(path.read_bytes()) if path.exists() else {})


def fuse(source: Source, plan: Plan, recipe: Recipe, out: pathlib.Path, tell: Callable[[str], None]) -> Net:
    """Trains a fusion and writes it; goes on where it was interrupted. Errors: StoreError.

    Args:
        source: what it is trained from.
        plan: what it is built from.
        recipe: how it is trained.
        out: where the fusion goes; its checkpoint is kept there until it is done.
        tell: is given a line after every epoch, and one at the end.
    """
    net = saving.rounded(train(source.data, plan, recipe, out, tell))
    measured = measure(net, source.data.val)
    about = saving.About(
        plan=plan,
        recipe=recipe,
        windows=len(source.train),
        features=source.about,
        thresholds=thresholds(net, source.data.val),
        measured=measured,
    )
    weights = {name: value.numpy() for name, value in net.state_dict().items() if name.startswith("projections.")}
    saving.write(out, net, about, reach.statistics(weights, source.train.arrays, source.val.arrays))
    Checkpoint(out).remove()
    shutil.rmtree(out / BELOW, ignore_errors=True)
    tell(", ".join(f"{name} {value:.3f}" for name, value in measured.items()))
    return net


def measure(net: Net, split: Samples) -> dict[str, float]:
    """A few figures for the card."""
    found, labels = scores(net, split.inputs), split.targets.labels.numpy()
    return {
        "event mAP at tIoU .5": mean(event_precision(found, split.truth, net.plan.labels)),
        "mAP of bins": mean(bin_precision(found, labels)),
        "calibration error of bins above .1": calibration_error(found, labels, 0.1),
    }


def thresholds(net: Net, split: Samples) -> dict[str, float]:
    """From which score on each label is told: the lowest one at which it is right as often as PRECISION says, on other families.

    On windows of a scene and on windows across a cut, as a pipeline has them. Never below EVEN: few windows are luck, and what is
    less likely than not is not told.
    """
    inputs, targets = halves(split, net.plan)
    found = np.concatenate([scores(net, split.inputs), scores(net, inputs)])
    labels = np.concatenate([split.targets.labels.numpy() > 0, targets.labels.numpy() > 0])
    known = np.concatenate([np.ones(split.targets.labels.shape, bool), targets.weight.numpy() > 0])
    own = {label.name: label for label in world.label_set().labels}
    of = {name: (..., number) for number, name in enumerate(net.plan.labels)}
    columns = {name: (found[at][known[at]], labels[at][known[at]]) for name, at in of.items()}
    return {name: max(EVEN, choose(*column, PRECISION, own[name]).on) for name, column in columns.items()}
