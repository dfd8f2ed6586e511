"""The command line."""

import logging
import sys
from typing import Annotated

import typer

import streamer
from streamer.errors import ConfigError, StreamerError
from streamer.progress import complain

app = typer.Typer(add_completion=True, no_args_is_help=True, pretty_exceptions_enable=False, help=streamer.__doc__)

Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An option, for example speech.language=de.")]
Tell = Annotated[
    list[str] | None,
    typer.Option("--tell", metavar="LABEL", help='What to tell: "a dog barking", "sees: …", "hears: …", "about: …", "says: …", "shows: …".'),
]
ConfigFile = Annotated[str | None, typer.Option("--config", metavar="FILE", help="Options in a TOML file.")]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log, and show where an error came from.")] = False,
) -> None:
    """Streaming video understanding."""
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
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
