"""From films to examples: `streamer train features` makes clips, has the pipeline watch them, and keeps what its encoders said.

seed ─ clip.mp4 ─ read ─ see, transcribe, listen ─ join ─ fuse ─ arrays ─┐ process 1
seed ─ …                                                                 ├─ shards of 256 windows, in order
                                                                         ┘ process 2
"""

import contextlib
import functools
import json
import multiprocessing
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import cv2
import msgspec
import numpy as np

from schemas.messages import FusedWindow
from streamer import wiring
from streamer.config import Config, Fusion, Vision
from streamer.errors import StoreError
from streamer.files import write_whole
from streamer.fusion.arrays import BIN_S, BINS, WINDOW_S, arrays
from streamer.models import places
from streamer.progress import Work
from streamer.synth import film, script
from streamer.synth.names import LABELS
from streamer.training import cache, world

SCENES = 2  # of a clip, a window each: half of the windows have something before them
COVERED_S = 0.25  # of a bin, from which on an event is in it
KINDS = ("iid", "engine", "style", "sound", "combo", "text")
PRESETS: dict[str, dict[str, int]] = {  # windows of each split; on two cores tiny takes an hour or two
    "tiny": {"val": 512} | dict.fromkeys(KINDS, 256) | {"train": 4_096},
    "full": {"val": 700} | dict.fromkeys(KINDS, 500) | {"train": 20_000},
}
CONFIG = Config(fusion=Fusion(fine=True), vision=Vision(keyframes=False))

Arrays = dict[str, np.ndarray]
Truth = dict[str, Any]


class Example(NamedTuple):
    """A window."""

    arrays: Arrays
    truth: Truth


def make(
    split: str, first: int, count: int, folder: pathlib.Path, workers: int = 2, *, quiet: bool = False, shard: int = cache.SHARD
) -> None:
    """Features of `count` windows of made clips; shards that are there are left as they are. Errors: StoreError.

    Args:
        split: of the made world.
        first: seed of the first clip; the others follow.
        folder: of the split's shards.
        workers: processes; each has its own models.
        shard: windows of each but the last; even.
    """
    sizes = {number: min(shard, count - number * shard) for number in range(-(-count // shard))}
    missing = {number: size for number, size in sizes.items() if cache.windows(folder, number) < size}
    work = Work(split, sum(missing.values()), "windows", quiet)
    with _processes(workers) as pool:
        for number, size in missing.items():
            begin = first + number * shard // SCENES
            seeds = range(begin, begin - (-size // SCENES))
            examples: list[Example] = []
            for some in pool.map(clip, [split] * len(seeds), seeds):
                examples += some[: size - len(examples)]
                work.reach(len(some))
            made = cache.stacked([one.arrays for one in examples], LABELS, [one.truth for one in examples])
            cache.write(folder, number, made)


def about() -> dict[str, Any]:
    """What features of made clips depend on besides their seeds: fingerprints of the encoders and of the world."""
    names = (CONFIG.vision.model, CONFIG.sound.model, CONFIG.text.model, CONFIG.speech.model, "rapidocr")
    return {"encoders": {name: places.fingerprint(name) for name in names}, "world": world.fingerprint(), "window_s": WINDOW_S}


def begin(folder: pathlib.Path) -> None:
    """Writes what the features of a folder depend on, or checks that it has not changed since. Errors: StoreError."""
    path, now = folder / "about.json", about()
    if not path.exists():
        write_whole(path, json.dumps(now, indent=1).encode() + b"\n")
    elif json.loads(path.read_bytes()) != now:
        raise StoreError(f"{folder}: was made with other encoders or another made world; expected an empty folder")


def labelled(truth: Truth) -> Arrays:
    """What is true of a window as arrays of the cache: `labels`, `mood`, `conflict`."""
    made = cache.unknown(len(LABELS))
    begins = np.arange(BINS) * BIN_S
    covered = np.zeros((BINS, len(LABELS)))
    for event in truth["events"]:
        shared = np.minimum(event["end"], begins + BIN_S) - np.maximum(event["start"], begins)
        covered[:, LABELS.index(event["label"])] += np.maximum(0, shared)
    made["labels"][:] = covered >= COVERED_S - 1e-9
    mood = truth["mood"]
    made["mood"][:] = [np.nan if mood[sense] is None else mood[sense] for sense in ("text", "sound", "vision", "overall")]
    made["conflict"][...] = mood["conflict"]
    return made


def truths(clip: script.Clip) -> list[Truth]:
    """What is true of each scene of a clip, times from its beginning."""
    whole = film.truth(clip)
    ways = len(clip.captions) // len(clip.scenes)
    told = []
    for scene, mood in enumerate(clip.mood):
        start = scene * WINDOW_S
        truth: Truth = {"seed": clip.seed, "split": clip.split, "start": start, "mood": msgspec.to_builtins(mood)}
        for name, kept in (("events", "events"), ("decoys", "decoys"), ("utterances", "said"), ("writing", "written")):
            truth[kept] = [_moved(item, start) for item in whole[name] if start <= item["start"] < start + WINDOW_S]  # type: ignore[attr-defined]
        truth["captions"] = list(clip.captions[scene * ways : (scene + 1) * ways])
        told.append(truth)
    return told


def _moved(item: Truth, start: float) -> Truth:
    return {name: value for name, value in item.items() if name != "words"} | {
        "start": round(item["start"] - start, 6), "end": round(item["end"] - start, 6)
    }  # fmt: skip


@contextlib.contextmanager
def _processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """So many fresh processes of one thread; what they have not begun is left when an error or Ctrl-C ends the block."""
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), cv2.setNumThreads, (1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@functools.cache
def _fusing() -> Callable[[pathlib.Path, str], Iterator[FusedWindow]]:
    """What watches the clips of this process; the models are loaded once."""
    return wiring.fusing(CONFIG, wiring.load_models(CONFIG, world.label_set()))


def clip(split: str, seed: int) -> list[Example]:
    """The windows of a clip that lie on its scenes."""
    drawn = script.write(seed, split, SCENES)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "clip.mp4"
        film.write(drawn, path)
        found = {fused.window.start: arrays(fused) for fused in _fusing()(path, "clip")}
    return [Example(found[truth["start"]] | labelled(truth), truth) for truth in truths(drawn)]
