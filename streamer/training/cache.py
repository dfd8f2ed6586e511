"""The feature cache: windows with what encoders made of them and what is true of them, in a folder of shards.

00000.jsonl        what is true of each window, a line each
00000.safetensors  its arrays, stacked over at most 256 windows; a shard is there when this file is
"""

import contextlib
import json
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from streamer.errors import StoreError
from streamer.files import write_whole
from streamer.fusion import arrays
from streamer.fusion.arrays import BIN_S, BINS, Array

__all__ = ["ARRAYS", "BINS", "BIN_S", "Examples", "joined", "load", "stacked", "unknown", "windows", "write"]

SHARD = 256  # windows
ARRAYS: dict[str, Array] = {  # what the fusion reads, and what is true
    **arrays.ARRAYS,
    "labels": Array(np.uint8, (BINS, 0)),  # 1 where the event covers a quarter of a second of the bin or more
    "mood": Array(np.float32, (4,)),  # of the words, the voice, the faces, over all; -1..1, NaN: none
    "conflict": Array(np.uint8, ()),  # 1: two senses disagree about the mood
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Examples:
    """Windows: N of them in every array, see ARRAYS."""

    vision: np.ndarray
    vision_mask: np.ndarray
    middle: np.ndarray
    motion: np.ndarray
    sound: np.ndarray
    sound_mask: np.ndarray
    onsets: np.ndarray
    voice: np.ndarray
    text: np.ndarray
    text_spans: np.ndarray
    text_reliability: np.ndarray
    text_mask: np.ndarray
    ocr: np.ndarray
    ocr_spans: np.ndarray
    ocr_reliability: np.ndarray
    ocr_mask: np.ndarray
    level0: np.ndarray
    present: np.ndarray
    labels: np.ndarray
    mood: np.ndarray
    conflict: np.ndarray
    names: tuple[str, ...]  # of the labels, in the order of the arrays
    truth: tuple[dict[str, Any], ...]  # of each window: events, decoys, mood, what is said and written

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return {name: getattr(self, name) for name in ARRAYS}

    def rows(self, chosen: Sequence[int] | np.ndarray | slice) -> "Examples":
        """Some of the windows, by number."""
        numbers = np.arange(len(self))[chosen]
        taken = {name: array[chosen] for name, array in self.arrays.items()}
        return Examples(**taken, names=self.names, truth=tuple(self.truth[number] for number in numbers))


def stacked(windows: Sequence[dict[str, np.ndarray]], names: tuple[str, ...], truth: Sequence[dict[str, Any]]) -> Examples:
    """Windows as Examples; each is a dict of arrays as in ARRAYS."""
    made = {name: np.stack([window[name] for window in windows]) for name in ARRAYS}
    return Examples(**made, names=names, truth=tuple(truth))


def joined(parts: Sequence[Examples]) -> Examples:
    """All windows of some Examples with the same labels."""
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
    return Examples(**whole, names=parts[0].names, truth=tuple(line for part in parts for line in part.truth))


def unknown(labels: int) -> dict[str, np.ndarray]:
    """What is true of a window of which nothing is known."""
    return {"labels": np.zeros((BINS, labels), np.uint8), "mood": np.full(4, np.nan, np.float32), "conflict": np.zeros((), np.uint8)}


def write(folder: pathlib.Path, number: int, examples: Examples) -> None:
    """Writes a shard, whole or not at all. Errors: StoreError; ValueError for an array that is not as in ARRAYS."""
    for name, array in examples.arrays.items():
        _check(name, array, len(examples), len(examples.names))
    lines = [msgspec.json.encode(line) + b"\n" for line in examples.truth]
    write_whole(folder / f"{number:05}.jsonl", lines)
    tensors = {name: np.ascontiguousarray(array) for name, array in examples.arrays.items()}
    write_whole(folder / f"{number:05}.safetensors", save(tensors, {"labels": json.dumps(examples.names)}))


def windows(folder: pathlib.Path, number: int) -> int:
    """How many windows a shard holds; 0 where it is not there."""
    path = folder / f"{number:05}.safetensors"
    return path.with_suffix(".jsonl").read_bytes().count(b"\n") if path.exists() else 0


def load(folder: pathlib.Path) -> Examples:
    """All windows of a folder. Errors: StoreError."""
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise StoreError(f"{folder}: holds no features; expected what `streamer train features` writes")
    try:
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(safe_open(path, framework="numpy")) for path in paths]
            names = {file.metadata()["labels"] for file in files}
            if len(names) > 1:
                raise StoreError(f"{folder}: its shards have different labels; expected those of one run")
            whole = {name: np.concatenate([file.get_tensor(name) for file in files]) for name in ARRAYS}  # one by one: they are large
    except (OSError, SafetensorError) as error:
        raise StoreError(f"{folder}: {error}; remove what is damaged and run `streamer train features` again") from error
    truth = [json.loads(line) for path in paths for line in path.with_suffix(".jsonl").read_bytes().splitlines()]
    return Examples(**whole, names=tuple(json.loads(names.pop())), truth=tuple(truth))


def _check(name: str, array: np.ndarray, windows: int, labels: int) -> None:
    wanted = (windows, *(size or labels for size in ARRAYS[name].shape))
    if array.shape != wanted or array.dtype != ARRAYS[name].dtype:
        raise ValueError(f"{name}: {array.dtype} {array.shape}; expected {np.dtype(ARRAYS[name].dtype)} {wanted}")
