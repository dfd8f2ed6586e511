"""Which trained fusion a run has, whether it fits the run's encoders and windows, and for which of its labels it speaks.

A label is the fusion's where its name asks for what it asks for in the default file or in the fusion's own; one that the
user has given other words is the user's, and stays untrained. Labels that only the fusion knows come into the set without
prompts: nothing is looked for under them where it does not speak.
"""

import hashlib
import logging
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.messages import Modality
from streamer import labels, synth
from streamer.config import NO_MODEL, Config
from streamer.errors import ModelError
from streamer.fusion.arrays import BIN_S, WINDOW_S
from streamer.fusion.fuse import Fuse
from streamer.fusion.learned import load_fusion
from streamer.fusion.reach import WEIGHTS, load_reach
from streamer.fusion.trained import Model
from streamer.labels import Known, Label, LabelSet
from streamer.models.protocols import Queries

log = logging.getLogger(__name__)

SHIPPED = pathlib.Path(__file__).with_name("fusion") / "shipped"
WORLD = pathlib.Path(synth.__file__).with_name("labels.yaml")
LABELS = "labels.yaml"  # of a folder: what its fusion looks for; without it the labels of the made world
THRESHOLD = 0.5  # where the folder says none: likelier there than not
OFF = 0.6  # of the score at which an event begins, where it ends: as far down as for labels without training

Ask = Callable[[LabelSet], dict[Modality, Queries]]


def fitted(
    config: Config, label_set: LabelSet, weights: Mapping[str, str], ask: Ask, shipped: pathlib.Path = SHIPPED
) -> tuple[LabelSet, Model | None]:
    """The labels of a run with those of its trained fusion, and that fusion; as they were without one.

    Errors: ModelError for a folder that was asked for and does not fit; what comes along is then left out.

    Args:
        config: of the run.
        label_set: the user's.
        weights: fingerprints of the encoders that are there.
        ask: queries for the prompts of labels.
        shipped: folder of those that come along: for each level, if it is there, a folder with one that was trained to be no more.
    """
    options = config.fusion
    folder = pathlib.Path(options.model or shipped / f"level{options.level}")
    if options.model == NO_MODEL or options.level == 0 or not (options.model or (folder / WEIGHTS).exists()):
        return label_set, None
    learned = load_fusion(folder)
    if problem := _problem(config, learned.about, weights):
        if options.model:
            raise ModelError(f"{folder}: {problem}")
        log.info("the trained fusion that comes along is not used: %s", problem)
        return label_set, None
    learned.level = min(learned.level, options.level)
    own = labels.load(folder / LABELS if (folder / LABELS).exists() else WORLD)
    whole, mine = shared(label_set, own, learned.labels)
    found = {label.name: label for label in own.labels}
    if missing := [name for name in learned.labels if name not in found]:
        raise ModelError(f"{folder}: knows {', '.join(missing)}, but no labels file says what to look for; put one there as {LABELS}")
    asked = LabelSet(labels=tuple(found[name] for name in learned.labels), attention=own.attention)
    known = Known(
        model=f"level{learned.level}@{hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:12]}",
        level=learned.level,
        labels=mine,
        declares=msgspec.convert(dict(zip(learned.labels, learned.declares, strict=True)), dict[str, tuple[Modality, ...]]),
        thresholds={name: _thresholds(learned.about, found[name], (folder / LABELS).exists()) for name in mine},
        calibration=learned.about.get("calibration", "prior"),
    )
    reach = load_reach(folder, everywhere=known.calibration == "fitted")
    return whole, Model(learned, reach, Fuse(asked, ask(asked), options), known)


def shared(label_set: LabelSet, own: LabelSet, names: tuple[str, ...]) -> tuple[LabelSet, tuple[str, ...]]:
    """The set and labels that only the fusion has, and which of its `names` it speaks for."""
    theirs, default = ({label.name: label for label in one.labels} for one in (own, labels.load()))
    users = {label.name: label for label in label_set.labels}
    mine = [name for name in names if name in users and _asks(users[name]) in (_asks(theirs.get(name)), _asks(default.get(name)))]
    added = [name for name in names if name not in users and name not in default and name in theirs]
    more = tuple(msgspec.structs.replace(theirs[name], prompts={}, says=(), shows=()) for name in added)
    return msgspec.structs.replace(label_set, labels=(*label_set.labels, *more)), (*mine, *added)


def _thresholds(about: Mapping[str, Any], label: Label, chosen: bool) -> tuple[float, float]:
    """On and off: of config.json, else of the folder's labels, whose thresholds were chosen for it."""
    if label.name not in about.get("thresholds", {}) and chosen:
        return label.threshold, label.off
    on = float(about.get("thresholds", {}).get(label.name, THRESHOLD))
    return on, on * OFF


def _asks(label: Label | None) -> object:
    return label and (label.prompts, label.says, label.shows)


def _problem(config: Config, about: Mapping[str, Any], weights: Mapping[str, str]) -> str | None:
    """Why a fusion cannot be used, if so."""
    if (config.fusion.window_s, config.fusion.bin_s) != (WINDOW_S, BIN_S):
        return f"is for windows of {WINDOW_S} s in bins of {BIN_S} s, but fusion.window_s and bin_s say otherwise"
    trained_on = about.get("features", {}).get("encoders", {})
    for name in (config.vision.model, config.sound.model, config.text.model):
        if name not in weights:
            return f"needs the encoder {name}, which is not there"
        if trained_on and trained_on.get(name) != weights[name]:
            return f"was trained on other encoders than {name}: {', '.join(trained_on)}"
    return None
