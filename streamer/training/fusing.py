"""`streamer train fusion`: from a folder of features to a folder with a trained fusion."""

import json
import pathlib
from typing import Any

from streamer.fusion import reach
from streamer.progress import complain
from streamer.synth.names import GROUPS
from streamer.training import cache, saving, world
from streamer.training.checkpoint import Checkpoint
from streamer.training.fit import Data, Recipe, prepare, scores, train
from streamer.training.metrics import bin_precision, calibration_error, event_precision, mean
from streamer.training.nets import Net
from streamer.training.plan import Mode, Plan
from streamer.training.samples import Samples
from streamer.training.thresholds import choose
from streamer.training.topics import topics

PRECISION = 0.8  # of half seconds that are told


def plan(mode: Mode, data: Data) -> Plan:
    """The plan of a net for the labels of the made world."""
    labels = world.label_set()
    declares = {label.name: label.modalities for label in labels.labels}
    return Plan(
        mode=mode,
        labels=data.names,
        declares=tuple(declares[name] for name in data.names),
        same=GROUPS["sync"],
        after=GROUPS["async"],
        dims=data.dims,
        prior=labels.attention.prior,
    )


def fuse(features: pathlib.Path, out: pathlib.Path, mode: Mode, recipe: Recipe, quiet: bool = False) -> None:
    """Trains a fusion on the features of a folder and writes it; goes on where it was interrupted. Errors: StoreError.

    Args:
        features: holds `train` and `val`.
        out: where the fusion goes; its checkpoint is kept there until it is done.
        mode: way to fuse.
        recipe: how it is trained.
        quiet: say nothing.
    """
    train_on, val = topics(cache.load(features / "train")), cache.load(features / "val")
    data = prepare(train_on, val)

    def say(line: str) -> None:
        if not quiet:
            complain(f"{mode}: {line}")

    net = saving.rounded(train(data, plan(mode, data), recipe, out, say))
    measured = measure(net, data.val)
    about = saving.About(
        plan=net.plan,
        recipe=recipe,
        windows=len(data.train),
        features=_about(features),
        thresholds=thresholds(net, data.val),
        measured=measured,
    )
    weights = {name: value.numpy() for name, value in net.state_dict().items() if name.startswith("projections.")}
    saving.write(out, net, about, reach.statistics(weights, train_on.arrays, val.arrays))
    Checkpoint(out).remove()
    say(", ".join(f"{name} {value:.3f}" for name, value in measured.items()))


def measure(net: Net, split: Samples) -> dict[str, float]:
    """A few figures for the card."""
    found, labels = scores(net, split.inputs), split.targets.labels.numpy()
    return {
        "event mAP at tIoU .5": mean(event_precision(found, split.truth, net.plan.labels)),
        "mAP of bins": mean(bin_precision(found, labels)),
        "calibration error of bins above .1": calibration_error(found, labels, 0.1),
    }


def thresholds(net: Net, split: Samples) -> dict[str, float]:
    """From which score on each label is told: the lowest one at which it is right as often as PRECISION says, on other families."""
    found, labels = scores(net, split.inputs), split.targets.labels.numpy() > 0
    own = {label.name: label for label in world.label_set().labels}
    columns = {name: (found[..., number].reshape(-1), labels[..., number].reshape(-1)) for number, name in enumerate(net.plan.labels)}
    return {name: choose(*column, PRECISION, own[name]).on for name, column in columns.items()}


def _about(features: pathlib.Path) -> dict[str, Any]:
    path = features / "about.json"
    about: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return about
