"""Commands about the bus, for the command line."""

import os
import pathlib
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from streamer.errors import ConfigError

if TYPE_CHECKING:
    from streamer.bus.security import Secret
    from streamer.config import Bus

commands = typer.Typer()
topics = typer.Typer(no_args_is_help=True, help="The topics of the bus.")
commands.add_typer(topics, name="topics")
letters = typer.Typer(no_args_is_help=True, help="Records that could not be handled.")
commands.add_typer(letters, name="dlq")

Address = Annotated[str, typer.Option("--bus", metavar="ADDRESS", help="kafka://host:9092[/prefix]; else bus.address of the options.")]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An option, for example bus.protocol=SASL_SSL.")]
ConfigFile = Annotated[str | None, typer.Option("--config", metavar="FILE", help="Options in a TOML file.")]
Kinds = Annotated[list[str] | None, typer.Argument(metavar="[KIND…]", help="event, scene, sentiment, transcript, …; none: all.")]
Streams = Annotated[str, typer.Option("--streams", metavar="PATTERN", help="Of stream ids, for example cam-*.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Replay from: 10m, 2h, 1d, 2026-05-01T12:00, or all.")]


@topics.command()
def create(bus: Address = "", settings: Settings = None, config_file: ConfigFile = None) -> None:
    """Makes the topics; those that are there stay as they are, and what differs is said."""
    from streamer.bus import topics as making

    differing = 0
    for made in making.create(_address(bus, settings, config_file), _options(settings, config_file)):
        kept = ", ".join(f"{key}={value}" for key, value in made.settings.items())
        print(f"{'made' if made.new else 'there'}  {made.name}  {made.partitions} partitions  {kept}")
        for line in made.differs:
            print(f"       differs: {line}")
        differing += bool(made.differs)
    if differing:
        print(
            f"{differing} topics are not as the options say; they were left as they are: change them with Kafka's own tools, or the options"
        )
    raise typer.Exit(1 if differing else 0)


@letters.command()
def replay(bus: Address = "", streams: Streams = "*", settings: Settings = None, config_file: ConfigFile = None) -> None:
    """Publishes the streams of dead letters again, from the media that are kept: the same ids come out, once the cause is mended."""
    from streamer.bus.address import connect
    from streamer.replaying import replay as again

    with connect(_address(bus, settings, config_file), _options(settings, config_file)) as connected:
        for done in again(connected, streams):
            where = f"{done.letter.topic}/{done.letter.partition} at {done.letter.offset}"
            print(f"{done.letter.stream}  {where}  {f'{done.records} records again' if done.records else f'not again: {done.reason}'}")


@commands.command("watch-topic")
def watch_topic(
    kinds: Kinds = None,
    bus: Address = "",
    streams: Streams = "*",
    since: Since = "",
    idle_s: Annotated[float | None, typer.Option("--idle", metavar="SECONDS", help="End when nothing has come for so long.")] = None,
    settings: Settings = None,
    config_file: ConfigFile = None,
) -> None:
    """Results as lines of JSON, on standard output, as they are published on the bus."""
    from schemas.codec import to_json
    from streamer.subscribing import subscribe

    options = _options(settings, config_file)
    where = _address(bus, settings, config_file)
    for result in subscribe(where, kinds=kinds or (), streams=streams, since=_time(since), idle_s=idle_s, options=options):
        sys.stdout.buffer.write(to_json(result) + b"\n")
        sys.stdout.flush()


@commands.command()
def webhook(
    url: Annotated[str, typer.Argument(help="Where each result is sent by POST.")],
    kinds: Kinds = None,
    bus: Address = "",
    streams: Streams = "*",
    since: Since = "",
    group: Annotated[
        str, typer.Option("--group", metavar="NAME", help="Goes on under this name after a restart; else made from the URL.")
    ] = "",
    secret_env: Annotated[
        str, typer.Option("--secret-env", metavar="NAME", help="The variable with the key of signatures.")
    ] = "STREAMER_WEBHOOK_SECRET",
    settings: Settings = None,
    config_file: ConfigFile = None,
) -> None:
    """Sends results to a web address, at least once, signed; goes on where it was stopped."""
    from streamer.bridges.webhook import Webhook

    hook = Webhook(url, _secret(secret_env), group=group, kinds=kinds or (), streams=streams, since=_time(since))
    hook.run(_address(bus, settings, config_file), _options(settings, config_file), _stopped())


@commands.command()
def serve(
    bus: Address = "",
    host: Annotated[str, typer.Option("--host", help="Another than loopback needs a password.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 8088,
    password_env: Annotated[
        str, typer.Option("--password-env", metavar="NAME", help="The variable with the password.")
    ] = "STREAMER_SERVE_PASSWORD",
    settings: Settings = None,
    config_file: ConfigFile = None,
) -> None:
    """Results as server-sent events: http://127.0.0.1:8088/events?kinds=event&streams=cam-*"""
    from streamer.bridges.sse import serve as run

    run(_address(bus, settings, config_file), _options(settings, config_file), host, port, _secret(password_env))


@commands.command()
def kafka(
    port: Annotated[int, typer.Option("--port", help="The one after it is used too.")] = 9092,
    folder: Annotated[str, typer.Option("--data", metavar="DIR", help="Where its data is; else in the cache.")] = "",
) -> None:
    """Runs a real Kafka broker on this machine, for those who have none: fetched once, needs Java and Maven."""
    from streamer.bus.broker import kit
    from streamer.bus.broker.cluster import Cluster, prepare
    from streamer.models import cache

    print("Apache Kafka is made ready (once: half a minute)" if not kit.fetched() else "Apache Kafka starts", file=sys.stderr)
    prepare()
    stopped = _stopped()
    with Cluster(pathlib.Path(folder) if folder else cache.folder() / "kafka-data", ports=(port, port + 1)) as cluster:
        print(cluster.address, flush=True)
        while not stopped() and cluster.alive():
            time.sleep(0.2)


def _options(settings: list[str] | None, config_file: str | None) -> "Bus":
    from streamer.config import load

    return load(config_file, settings or []).bus


def _address(given: str, settings: list[str] | None, config_file: str | None) -> str:
    address = given or _options(settings, config_file).address
    if not address:
        raise ConfigError("no bus: expected --bus kafka://host:9092, or bus.address in the options")
    return address


def _secret(variable: str) -> "Secret | None":
    from streamer.bus.security import Secret

    value = os.environ.get(variable)
    return Secret(value) if value else None


def _stopped() -> Callable[[], bool]:
    """Says whether SIGTERM or SIGINT has come."""
    came: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: came.append(number))
    return lambda: bool(came)


def _time(text: str) -> float | None:
    """Seconds since 1970; None: from now on. Errors: ConfigError."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if not text:
        return None
    if text == "all":
        return 0.0
    try:
        if text[-1] in units:
            return time.time() - float(text[:-1]) * units[text[-1]]
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise ConfigError(f"--since {text}: expected 10m, 2h, 1d, 2026-05-01T12:00, or all") from None
