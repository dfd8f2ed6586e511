"""The folder of an adapted fusion, as a run loads it with `fusion.model=DIR`.

model.safetensors   weights, and the examples at level 1½
config.json         plan, and fingerprints of the encoders whose features it reads
labels.yaml         what is looked for under each label, with its threshold
report.md, .json    what was gained and what was kept
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import yaml
from safetensors.numpy import save

import streamer
from streamer.adapting.levels import Fit
from streamer.adapting.report import Report, data, page
from streamer.files import write_whole
from streamer.labels import SENSES, Label, LabelSet
from streamer.training.cache import Examples
from streamer.training.inputs import Projections, dims

WEIGHTS, CONFIG, LABELS = "model.safetensors", "config.json", "labels.yaml"


def write(folder: pathlib.Path, fit: Fit, labels: LabelSet, report: Report, encoders: Mapping[str, str]) -> None:
    """Writes the folder; without a fit that was kept no model is in it. Errors: StoreError."""
    known = tuple(row.threshold.of(label) for row, label in zip(report.labels, labels.labels, strict=True))
    write_whole(folder / LABELS, labels_file(msgspec.structs.replace(labels, labels=known)))
    write_whole(folder / "report.json", data(report))
    write_whole(folder / "report.md", page(report).encode())
    for name in (CONFIG, WEIGHTS):  # of another run
        with contextlib.suppress(FileNotFoundError):
            (folder / name).unlink()
    if fit.level == "0":
        return
    write_whole(folder / WEIGHTS, save({name: np.ascontiguousarray(value, np.float16) for name, value in fit.weights.items()}))
    about = {
        "model_type": "fusion",
        "version": streamer.__version__,
        "level": fit.level,
        "plan": fit.plan,
        "calibration": "fitted",
        "features": {"encoders": dict(encoders)},
        "fitted_on": {"windows": report.windows, "recordings": report.recordings},
    }
    write_whole(folder / CONFIG, msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n")


def labels_file(labels: LabelSet) -> bytes:
    """A labels file that says the same."""
    content = {"attention": msgspec.to_builtins(labels.attention), "labels": {label.name: _entry(label) for label in labels.labels}}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120).encode()


def projections(examples: Examples) -> Projections:
    """Fitted to windows in which some senses may be absent, and pictures further apart than a bin."""
    order = np.argsort(~examples.vision_mask, axis=1, kind="stable")  # those that are there, side by side
    vision, middle = (np.take_along_axis(values, order[..., None], 1) for values in (examples.vision, examples.middle))
    seen, heard = np.take_along_axis(examples.vision_mask, order, 1), examples.sound_mask
    made = Projections(dims(examples))
    made.fit(
        dataclasses.replace(
            examples,
            vision=vision,
            middle=middle,
            vision_mask=seen if (seen[:, 1:] & seen[:, :-1]).any() else np.ones_like(seen),  # zeros, where there is nothing
            sound_mask=heard if heard.any() else np.ones_like(heard),
        )
    )
    return made


def _entry(label: Label) -> dict[str, Any]:
    asked: dict[str, Sequence[str]] = {kind: label.prompts[modality] for kind, modality in SENSES.items() if label.prompts.get(modality)}
    asked |= {"says": label.says, "shows": label.shows}
    entry: dict[str, Any] = {kind: list(phrases) for kind, phrases in asked.items() if phrases}
    for name in ("text_mode", "prior", "threshold", "off", "severity", "valence", "phrase", "verb"):
        value = getattr(label, name)
        if value is not None:
            entry[name] = value
    return entry
