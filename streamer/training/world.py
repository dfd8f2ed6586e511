"""The made world as labels: what level 0 looks for in its clips."""

import hashlib
import pathlib

from streamer import labels, synth
from streamer.labels import LabelSet
from streamer.synth.names import LABELS

FILE = pathlib.Path(synth.__file__).with_name("labels.yaml")


def label_set() -> LabelSet:
    """The labels of the made world and no others, in the order of LABELS."""
    every = labels.load(FILE)
    known = {label.name: label for label in every.labels}
    return LabelSet(labels=tuple(known[name] for name in LABELS), attention=every.attention)


def fingerprint() -> str:
    """Of everything that clips are made of: the same one, the same clips of the same seeds."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(FILE.parent.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(FILE.parent)).encode() + path.read_bytes())
    return digest.hexdigest()
