"""The command line."""

import logging
import pathlib
import signal
import sys
from typing import Annotated

import typer

import streamer
from streamer.adapting.commands import commands as adapting_commands
from streamer.bus.commands import commands as bus_commands
from streamer.errors import ConfigError, StreamerError
from streamer.progress import complain
from streamer.training.commands import commands as training_commands

app = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # else the brackets of kafka://host:9092[/prefix] are markup
    help=streamer.__doc__,
)
app.add_typer(bus_commands)
app.add_typer(training_commands, name="train")
app.add_typer(adapting_commands)

Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An option, for example speech.language=de.")]
Tell = Annotated[
    list[str] | None,
    typer.Option(
        "--tell", metavar="LABEL", help='What to tell: "a dog barking", "sees: …", "hears: …", "about: …", "says: …", "shows: …".'
    ),
]
ConfigFile = Annotated[str | None, typer.Option("--config", metavar="FILE", help="Options in a TOML file.")]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log, and show where an error came from.")] = False,
) -> None:
    """Streaming video understanding."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not verbose:
        logging.getLogger("kafka").setLevel(logging.CRITICAL)  # it logs each lost connection as an error; ours say what matters
    if version:
        print(streamer.__version__)
        raise typer.Exit


@app.command()
def run(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="Films, sound files, or folders of them.")],
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Where the results go.")],
    tell: Tell = None,
    settings: Settings = None,
    config_file: ConfigFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only say what went wrong.")] = False,
) -> None:
    """What is said, heard, seen and written in films, a folder with a page for each; goes on where it was interrupted."""
    from streamer import batch, wiring

    config = _config(config_file, settings, tell)
    models = wiring.load_models(config)
    for line in models.missing:
        complain(line)
    failed = batch.run(sources, out, config, models, quiet)
    raise typer.Exit(1 if failed else 0)


@app.command()
def watch(
    source: Annotated[str, typer.Argument(help="A film or a sound file.")],
    tell: Tell = None,
    settings: Settings = None,
    config_file: ConfigFile = None,
) -> None:
    """Results as lines of JSON, on standard output, as they come."""
    from schemas.codec import to_json
    from streamer.wiring import watch as results

    for message in results(source, _config(config_file, settings, tell)):
        sys.stdout.buffer.write(to_json(message) + b"\n")
        sys.stdout.flush()


@app.command()
def ingest(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE…", help="Films, sound files, or folders of them.")],
    bus: Annotated[str, typer.Option("--bus", metavar="ADDRESS", help="kafka://host:9092[/prefix]; else bus.address of the options.")] = "",
    pace: Annotated[str, typer.Option("--pace", metavar="real|fast", help="In real time, or as fast as the bus takes it.")] = "fast",
    loop: Annotated[int, typer.Option("--loop", min=1, help="Each source so many times, as NAME, NAME-2, NAME-3 …")] = 1,
    stream: Annotated[str, typer.Option("--stream", metavar="NAME", help="Id of the stream; else made of the file's bytes.")] = "",
    live: Annotated[bool, typer.Option("--live", help="As if the files were cameras: in real time, on media.live.")] = False,
    settings: Settings = None,
    config_file: ConfigFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only say what went wrong.")] = False,
) -> None:
    """Sends films onto the bus, as they are, in runs of compressed packets; goes on where it was interrupted."""
    from streamer.ingest import run as sending

    if pace not in ("real", "fast"):
        raise ConfigError(f"--pace {pace}: expected real or fast")
    config = _config(config_file, [*(settings or []), *([f"bus.address={bus}"] if bus else [])], None)
    options = sending.Ingest(paced=pace == "real", passes=loop, stream=stream, live=live, quiet=quiet)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise typer.Exit(1 if sending.run(sources, config, options) else 0)


@app.command()
def synth(
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same clip.")],
    out: Annotated[pathlib.Path, typer.Option("--out", metavar="CLIP.mp4", help="The film; its truth lies beside it as CLIP.json.")],
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="Which families of things it is made of.")] = "train",
    scenes: Annotated[int, typer.Option("--scenes", metavar="N", help="So many scenes of 8 s in a row.")] = 1,
    width: Annotated[int, typer.Option("--width", metavar="PX")] = 320,
    height: Annotated[int, typer.Option("--height", metavar="PX")] = 240,
) -> None:
    """A made film in which everything that happens is known, to train, test and try with."""
    from streamer.synth import film, script

    film.write(script.write(seed, split, scenes), out, width, height)


@app.command()
def models() -> None:
    """Every model that is known: what it is for, its licence, whether it is there and what brings it."""
    from streamer import doctor

    doctor.print_models()


@app.command()
def doctor() -> None:
    """What is there and what is missing, and what to do about it."""
    from streamer import doctor as checks

    raise typer.Exit(checks.print_checks())


def _config(config_file: str | None, settings: list[str] | None, tell: list[str] | None) -> "streamer.Config":
    from streamer.config import load

    config = load(config_file, settings or [])
    return config.with_labels(tell or [])


def main() -> None:
    """Runs the command line; an error that a user can mend is one line and a non-zero exit."""
    try:
        app()
    except ConfigError as error:
        _give_up(error, 2)
    except StreamerError as error:
        _give_up(error, 1)
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here")
        sys.exit(130)


def _give_up(error: StreamerError, code: int) -> None:
    if logging.getLogger().isEnabledFor(logging.INFO):
        logging.getLogger(__name__).exception("where it came from")
    complain(f"streamer: {error}")
    sys.exit(code)


if __name__ == "__main__":
    main()
