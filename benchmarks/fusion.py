"""What a trained fusion costs when it runs: `python -m benchmarks fusion`.

Its forward in NumPy at full size, on one processor: windows in a batch of 16, and one at a time as the pipeline has them. What the
weights are changes no time; these are random. And what it adds to a whole run, with the features that level 3 needs: two pictures a
second, movement at eight, sound every .24 s, for which every picture must be decoded.
"""

import argparse
import functools
import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from benchmarks.harness import Report, in_turns, keep, machine, ratio, run, table
from benchmarks.pipeline import film
from streamer import fitting
from streamer.fusion.arrays import ARRAYS
from streamer.fusion.learned import Learned, load_fusion
from streamer.synth.names import LABELS

BATCH, ROUNDS = 16, 9
MOST_MS = 5.0  # a window in a batch
LENGTH_S = 60  # of film
RUNS: dict[str, tuple[str, ...]] = {
    "without a trained fusion": ("fusion.model=none",),
    "level 2, the default": (),
    "fine features alone": ("fusion.model=none", "fusion.fine=true"),
    "level 3": ("fusion.level=3",),
}


def main(arguments: Sequence[str] = ()) -> int:
    """Measures, prints and keeps; 1: the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fusion")
    parser.add_argument("--runs", type=int, default=5, help="of the whole pipeline, in turns")
    turns = parser.parse_args(list(arguments)).runs
    rng = np.random.default_rng(0)
    arrays = _windows(rng)
    rows, worst = [], 0.0
    single = {name: array[:1] for name, array in arrays.items()}
    modes: tuple[Literal["level2", "level3"], ...] = ("level2", "level3")
    for mode in modes:
        fusion = _fusion(mode)
        batch = _cost(functools.partial(fusion, arrays)) / BATCH
        rows.append([mode, f"{batch:.1f}", f"{_cost(functools.partial(fusion, single)):.1f}"])
        worst = max(worst, batch)
    met = worst <= MOST_MS
    lines = ["# What a trained fusion costs", "", f"`python -m benchmarks fusion`, medians of {ROUNDS}; {machine()}", ""]
    lines += table(["CPU-ms a window", f"in a batch of {BATCH}", "one at a time"], rows)
    lines += ["", f"- in a batch, target ≤ {MOST_MS:g}: **{'met' if met else 'missed'}**", ""]
    path = str(film(LENGTH_S))
    programs: dict[str, Callable[[], Report]] = {
        name: functools.partial(run, "ours", path, *options)
        for name, options in RUNS.items()
        if "fusion.model=none" in options or fitting.SHIPPED.exists()  # else there is nothing that they would add
    }
    reports = in_turns(programs, turns)
    first = next(iter(reports.values()))
    whole = [[name, f"{statistics.median(one.cpu_s for one in some):.2f}", f"{ratio(some, first):.3f}"] for name, some in reports.items()]
    lines += [f"Whole runs on {LENGTH_S} s of 1080p25 with speech, {turns} turns; × is the median of neighbours.", ""]
    lines += table(["", "CPU-s", "×"], whole)
    print("\n".join(lines))
    keep("fusion", lines)
    return 0 if met else 1


def _windows(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Full windows: every token, word and row is there."""
    made = {}
    for name, (dtype, shape) in ARRAYS.items():
        size = (BATCH, *(length or len(LABELS) for length in shape))
        made[name] = np.ones(size, dtype) if dtype is np.bool_ else rng.standard_normal(size).astype(dtype)
    for name in ("text", "ocr"):
        begins = rng.uniform(0, 6, made[f"{name}_mask"].shape)
        made[f"{name}_spans"] = np.stack([begins, begins + 2], -1).astype(np.float32)
        made[f"{name}_reliability"] = np.ones_like(made[f"{name}_reliability"])
    return made


def _fusion(mode: Literal["level2", "level3"]) -> Learned:
    """One with random weights, written and read back."""
    import torch

    from streamer.training import saving, world
    from streamer.training.fit import Recipe
    from streamer.training.nets import Net
    from streamer.training.plan import Plan

    torch.manual_seed(0)
    declares = tuple(label.modalities for label in world.label_set().labels)
    widths = {name: ARRAYS[name].shape[-1] for name in ("vision", "middle", "motion", "sound", "onsets", "voice", "text", "ocr")}
    net = Net(Plan(mode=mode, labels=LABELS, declares=declares, dims=widths))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        saving.write(folder, net, saving.About(plan=net.plan, recipe=Recipe(), windows=0))
        return load_fusion(folder)


def _cost(work: Callable[[], object]) -> float:
    """CPU-ms of one call."""
    work()
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        found.append(1000 * (time.process_time() - began))
    return statistics.median(found)
