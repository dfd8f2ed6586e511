"""python -m workers SERVICE --bus kafka://host:9092: one service, until it is told to stop."""

import faulthandler
import importlib
import logging
import os
import pathlib
import signal
import sys
import threading
from types import FrameType
from typing import Annotated, Literal

import typer

from streamer.config import load
from streamer.errors import ConfigError, StreamerError
from streamer.progress import complain

Name = Literal["understand", "split", "see", "transcribe", "fuse", "interpret"]
KEEPS_PICTURES = frozenset({"understand", "see"})

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=__doc__)
def work(
    service: Annotated[Name, typer.Argument(help="understand does everything; the others are one step each.")],
    bus: Annotated[str, typer.Option(metavar="ADDRESS", help="kafka://host:9092,host2:9092[/prefix]; else option bus.address.")] = "",
    name: Annotated[str | None, typer.Option(help="A stable name, one for each worker: a restart gets its streams back.")] = None,
    exactly_once: Annotated[bool, typer.Option("--exactly-once", help="Publish and commit in transactions; needs --name.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Streams that are worked on at the same time.")] = 2,
    pictures: Annotated[pathlib.Path | None, typer.Option(metavar="DIR", help="Where keyframes are kept (understand, see).")] = None,
    metrics_port: Annotated[int, typer.Option(metavar="PORT", help="Answers Prometheus at http://HOST:PORT/metrics; 0: not.")] = 0,
    metrics_host: Annotated[str, typer.Option(metavar="HOST", help="Where it does; 0.0.0.0: for all who reach it.")] = "127.0.0.1",
    tell: Annotated[list[str] | None, typer.Option(metavar="LABEL", help="What to tell; see `streamer run --help`.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An option, as speech.language=de.")] = None,
    config_file: Annotated[str | None, typer.Option("--config", metavar="FILE", help="Options in a TOML file.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")] = False,
) -> None:
    """See the module."""
    faulthandler.enable()  # a crash in a library says where it was
    stop = stopping()
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("kafka").setLevel(logging.ERROR)  # what matters of it is told by the bus
    from streamer.bus.address import connect, parse
    from streamer.wiring import load_models
    from workers.runner import Runner

    if pictures and service not in KEEPS_PICTURES:
        raise ConfigError(f"--pictures: {service} makes none; expected {' or '.join(sorted(KEEPS_PICTURES))}")
    config = load(config_file, settings or []).with_labels(tell or [])
    if exactly_once and not name:
        raise ConfigError("--exactly-once: expected --name too, for a transaction belongs to a worker that can be told from others")
    publisher = f"{parse(bus or config.bus.address, config.bus.prefix).prefix}.{service}.{name}" if exactly_once else None
    with connect(bus, config.bus, transactional_id=publisher) as connected:
        models = load_models(config)
        for line in models.missing:
            complain(line)
        more = {"pictures": pictures} if service in KEEPS_PICTURES else {}
        made = importlib.import_module(f"workers.{service}").service(config, models, **more)
        if metrics_port:
            made.meters.serve(metrics_port, metrics_host)
        complain(f"{service}: working")
        Runner(connected, made, name, threads, exactly_once).run(stop)


def stopping() -> threading.Event:
    """Set by SIGTERM and SIGINT; the second one ends the process at once."""
    stop = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    return stop


def main() -> None:
    """Runs a service; an error that a user can mend is one line and a non-zero exit."""
    try:
        app()
    except StreamerError as error:
        logging.getLogger(__name__).info("where it came from", exc_info=True)
        complain(f"workers: {error}")
        sys.exit(2 if isinstance(error, ConfigError) else 1)


if __name__ == "__main__":
    main()
