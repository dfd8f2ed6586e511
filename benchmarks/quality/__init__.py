"""Which way to fuse is worth what: `python -m benchmarks quality --features DIR`, or `--quick` from the weights that come along.

    --features DIR   of `streamer train features`; nets that are not in --out yet are trained on them, three seeds each
    --quick          makes some windows of each split and measures the committed weights on them: at most 15 minutes on 2 cores

All ways read the same features of the same frozen encoders. The made world says which fusion is better, not what is seen in real films.
"""

import argparse
import functools
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import msgspec
import torch

from benchmarks.harness import RESULTS
from benchmarks.quality.judging import SPLITS, Measured, load, measure
from benchmarks.quality.page import page, plot
from streamer import fitting
from streamer.progress import complain
from streamer.training import features, fusing, saving
from streamer.training.augment import Augment
from streamer.training.fit import Recipe
from streamer.training.inputs import Projections
from streamer.training.nets import Net
from streamer.training.plan import MODES, Form, Mode
from streamer.training.samples import Samples

QUICK = 96  # windows of each split
COMMITTED = {"level2": fitting.SHIPPED / "level2", "level3": fitting.SHIPPED / "level3", "late": pathlib.Path(__file__).parent / "late"}
CLOSELY = ("late", "level2", "level3")
PROCESSES = 2


class Way(NamedTuple):
    """A row of the table: a mode, or one with a part of it changed."""

    mode: Mode
    forms: tuple[Form, ...] | None = None
    recipe: Recipe = Recipe()


WAYS: dict[str, Way] = {
    **{name: Way(name) for name in ("level2", "late", "level3")},
    "level3, rhythm only": Way("level3", ("rhythm",)),
    "level3, without rhythm": Way("level3", ("product", "joint")),
    "level3, joint only": Way("level3", ("joint",)),
    "level3, no decoys made": Way("level3", recipe=Recipe(augment=Augment(exchange=0, reword=0))),
    "level3, all modalities": Way("level3", recipe=Recipe(augment=Augment(modality=0))),
    "level3, not aligned": Way("level3", recipe=Recipe(announced=0, align=0)),
    "level3, no cuts": Way("level3", recipe=Recipe(across=0)),
    **{name: Way(name) for name in MODES if name not in ("level2", "late", "level3")},
}


def main(arguments: Sequence[str] = ()) -> int:
    """Trains what is missing, measures, prints and keeps; 1: a gate is not passed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks quality")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--features", type=pathlib.Path, metavar="DIR", help="of streamer train features")
    asked.add_argument("--quick", action="store_true", help="the committed weights on a few windows")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="of trained nets and what was measured; else beside the features")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), metavar="WAY", choices=list(WAYS), help="some rows alone")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(list(arguments))
    if options.quick and (absent := [str(folder) for folder in COMMITTED.values() if not (folder / saving.WEIGHTS).exists()]):
        parser.error(f"--quick needs weights that do not come along yet: {', '.join(absent)}; use --features DIR")
    if options.quick:
        found = _quick()
    else:
        out = options.out or options.features / "trained"
        found = _measured(options.features, out, [(way, seed) for seed in range(options.seeds) for way in options.ways])
    lines, passed = page(found, "--quick" if options.quick else "--features DIR")
    print("\n".join(lines))
    name = "quality-quick" if options.quick else "quality"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n", "utf-8")
    (RESULTS / f"{name}.svg").write_text(plot(found), "utf-8")
    return 0 if passed else 1


def _measured(folder: pathlib.Path, out: pathlib.Path, asked: Sequence[tuple[str, int]]) -> list[Measured]:
    """What was measured of all ways, seed by seed; what is in `out` already is taken from there."""
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return list(pool.map(functools.partial(_one, folder, out), *zip(*asked, strict=True)))


def _one(folder: pathlib.Path, out: pathlib.Path, name: str, seed: int) -> Measured:
    place = out / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"
    kept = place / "measured.json"
    if kept.exists():
        return msgspec.json.decode(kept.read_bytes(), type=Measured)
    source, way = _source(folder), WAYS[name]
    if (place / saving.WEIGHTS).exists():
        net, _ = saving.read(place)
    else:
        plan = source.plan(way.mode)
        plan = plan if way.forms is None else msgspec.structs.replace(plan, forms=way.forms)
        recipe = msgspec.structs.replace(way.recipe, seed=seed)
        net = fusing.fuse(source, plan, recipe, place, lambda line: complain(f"{name}, seed {seed}: {line}"))
    found = _judged(name, seed, net, len(source.train), _splits(folder, net.projections))
    kept.write_bytes(msgspec.json.encode(found))
    return found


@functools.lru_cache(1)
def _source(folder: pathlib.Path) -> fusing.Source:
    return fusing.load(folder)


SPLIT: dict[pathlib.Path, dict[str, Samples]] = {}


def _splits(folder: pathlib.Path, projections: Projections) -> dict[str, Samples]:
    """The projections of all nets that are trained on a folder are the same."""
    if folder not in SPLIT:
        SPLIT[folder] = load(folder, projections)
    return SPLIT[folder]


def _judged(name: str, seed: int, net: Net, windows: int, splits: Mapping[str, Samples]) -> Measured:
    figures = dict(measure(net, splits, name in CLOSELY))
    return Measured(name=name, seed=seed, windows=windows, parameters=saving.parameters(net.fusion), splits=figures)


def _quick() -> list[Measured]:
    """Of the committed weights, on windows that are made now."""
    found = []
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        for split in SPLITS:
            features.make(split, 0, QUICK, folder / split)
        for name, place in COMMITTED.items():
            net, about = saving.read(place)
            found.append(_judged(name, about.recipe.seed, net, about.windows, load(folder, net.projections)))
    return found
