"""Commands for labels of one's own, for the command line."""

import pathlib
from typing import Annotated

import typer

from streamer.errors import ConfigError

commands = typer.Typer()

Windows = Annotated[
    pathlib.Path, typer.Argument(help="CSV or JSON lines: file, start, end (seconds), label (empty: looked at, nothing there).")
]
Out = Annotated[pathlib.Path, typer.Option("--out", metavar="DIR", help="Where the fusion and its report go; features are kept beside it.")]
Precision = Annotated[float, typer.Option("--precision", min=0.01, max=1.0, help="How often what is told is to be right.")]
Tell = Annotated[list[str] | None, typer.Option("--tell", metavar="LABEL", help='What a label looks for: "sees: …", "hears: …", ….')]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An option, as in the run that it is for.")]
ConfigFile = Annotated[str | None, typer.Option("--config", metavar="FILE", help="Options in a TOML file.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only say what went wrong.")]


@commands.command()
def calibrate(
    windows: Windows,
    out: Out,
    precision: Precision = 0.8,
    tell: Tell = None,
    settings: Settings = None,
    config_file: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Fits a few numbers and thresholds to windows that you marked (level 1), so that scores mean what they say."""
    _adapt(windows, out, precision, (config_file, settings, tell), quiet, more=False)


@commands.command()
def adapt(
    windows: Windows,
    out: Out,
    precision: Precision = 0.8,
    tell: Tell = None,
    settings: Settings = None,
    config_file: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Teaches it labels of your own from windows that you marked; keeps the highest level that is better on other recordings."""
    _adapt(windows, out, precision, (config_file, settings, tell), quiet, more=True)


@commands.command()
def label(
    films: Annotated[list[str], typer.Argument(metavar="FILM…", help="Films, sound files, or folders of them.")],
    out: Annotated[
        pathlib.Path, typer.Option("--out", metavar="WINDOWS.csv", help="Where the rows go; goes on with those that are there.")
    ],
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="On this machine only; 0: any that is free.")] = 8090,
    labels: Annotated[list[str] | None, typer.Option("--label", metavar="NAME", help="A label to begin with; more can be typed.")] = None,
) -> None:
    """A page in your browser to mark what is where in films, with the keyboard."""
    from streamer.labelling import server

    if out.suffix.lower() != ".csv":
        raise ConfigError(f"--out {out}: expected a name that ends in .csv")
    server.serve(films, out, port, labels or [])


def _adapt(
    windows: pathlib.Path, out: pathlib.Path, wished: float, options: tuple[str | None, list[str] | None, list[str] | None], quiet: bool,
    more: bool,
) -> None:  # fmt: skip
    import torch

    from streamer.adapting.adapt import adapt
    from streamer.config import load
    from streamer.progress import complain

    config_file, settings, tell = options
    torch.set_num_threads(1)  # small nets: threads only get in each other's way
    config = load(config_file, settings or []).with_labels(tell or [])
    report = adapt(windows, out, config, wished, ("0", "1", "1½", "2", "3") if more else ("0", "1"), quiet)
    if not quiet:
        complain(f"level {report.chosen} kept, see {out / 'report.md'}; to use it: --set {report.loads}")
