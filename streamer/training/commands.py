"""Commands that train, for the command line."""

import os
import pathlib
from typing import Annotated

import typer

from streamer.errors import ConfigError
from streamer.progress import complain

commands = typer.Typer(no_args_is_help=True, help="The trained fusion: features of made clips, and what is fitted to them.")

Out = Annotated[str, typer.Option("--out", metavar="DIR", help="Where the features go, a folder for each split.")]
Preset = Annotated[str, typer.Option("--preset", metavar="tiny|full", help="How many clips: 4,096 or 20,000 windows to train on.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes; else one for each core.")]
Share = Annotated[float, typer.Option("--share", min=0.001, max=1.0, help="Of the preset, for a quick try.")]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only say what went wrong.")]


@commands.command()
def features(
    out: Out,
    preset: Preset = "tiny",
    workers: Workers = CORES,
    share: Share = 1.0,
    quiet: Quiet = False,
) -> None:
    """Makes clips, watches them, and keeps what the encoders saw and heard; goes on where it was interrupted."""
    from streamer.training import features as making

    if preset not in making.PRESETS:
        raise ConfigError(f"--preset {preset}: expected {' or '.join(making.PRESETS)}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of each process that is begun: there is one for each core
    folder = pathlib.Path(out)
    making.begin(folder)
    for split, count in making.PRESETS[preset].items():
        making.make(split, 0, max(1, round(count * share)), folder / split, workers, quiet=quiet)


@commands.command()
def fusion(
    folder: Annotated[str, typer.Option("--features", metavar="DIR", help="Features that `streamer train features` made.")],
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Where the trained fusion goes.")],
    mode: Annotated[str, typer.Option("--mode", metavar="MODE", help="Way to fuse: level0 to level3, late, concat, joint, ….")] = "level3",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything that is drawn.")] = 0,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Passes over all windows.")] = 20,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Of the arithmetic.")] = 1,
    quiet: Quiet = False,
) -> None:
    """Fits a fusion to features; goes on where it was interrupted."""
    import torch

    from streamer.training.fit import Recipe
    from streamer.training.fusing import fuse, load
    from streamer.training.plan import MODES

    known = {name: name for name in MODES}
    if mode not in known:
        raise ConfigError(f"--mode {mode}: expected one of {', '.join(MODES)}")
    torch.set_num_threads(threads)
    source = load(pathlib.Path(folder))
    tell = (lambda line: None) if quiet else (lambda line: complain(f"{mode}: {line}"))
    fuse(source, source.plan(known[mode]), Recipe(epochs=epochs, seed=seed), pathlib.Path(out), tell)
