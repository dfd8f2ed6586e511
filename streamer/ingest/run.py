"""`streamer ingest`: sources into Chunks on the bus."""

import os
import pathlib
import re
from collections.abc import Sequence

import msgspec
import platformdirs

from schemas.messages import identity
from streamer.bus.address import connect
from streamer.bus.protocol import Bus
from streamer.bus.spool import Spool
from streamer.config import Config
from streamer.errors import ConfigError, StreamerError
from streamer.ingest import live
from streamer.ingest.films import Film, Films
from streamer.ingest.journal import Journal
from streamer.ingest.outbox import Outbox, given_up
from streamer.media import sources as media
from streamer.media.probe import probe
from streamer.progress import BatchProgress

STREAM = re.compile(r"[a-z0-9._-]{1,64}")
GB = 10**9


class Ingest(msgspec.Struct, frozen=True, kw_only=True):
    """How sources are sent."""

    paced: bool = False  # in real time, else as fast as the bus takes them
    passes: int = 1  # each source so many times: a film as further streams NAME-2, NAME-3 …, a live one as a source that comes back
    stream: str = ""  # id of the stream, of a single source; empty: made of the file's bytes
    live: bool = False  # the file plays the part of a camera
    quiet: bool = False


def folder() -> pathlib.Path:
    """Where spool and journal are: `$STREAMER_STATE`, else the user's state folder of this platform."""
    chosen = os.environ.get("STREAMER_STATE")
    return pathlib.Path(chosen) if chosen else platformdirs.user_state_path("streamer")


def run(sources: Sequence[str], config: Config, options: Ingest) -> int:
    """Sends sources to `bus.address`; how many were refused or failed. Errors: ConfigError, BusError, StoreError."""
    films, refused = _films(sources, options.stream)
    with connect(options=config.bus) as bus, BatchProgress(len(films), sum(film.length_s for film in films), options.quiet) as progress:
        for line in refused:
            progress.complain(line)
        if films and options.live:
            _live(films, bus, config, options, progress)
        elif films:
            journal = Journal(folder() / "ingest.sqlite", config.bus.address)
            passes = [[_pass(film, number) for number in range(options.passes)] for film in films]
            return len(refused) + Films(bus, journal, progress).run(passes, options.paced)
    return len(refused)


def _live(films: Sequence[Film], bus: Bus, config: Config, options: Ingest, progress: BatchProgress) -> None:
    name = identity(config.bus.address, *sorted(film.stream for film in films))  # so that the same command finds it again
    spool = Spool(folder() / f"spool-{name}.sqlite", round(config.bus.spool_gb * GB), given_up)
    progress.say(f"{', '.join(film.stream for film in films)}: live")
    try:
        live.run([live.Camera(path=film.path, stream=film.stream, passes=options.passes) for film in films], Outbox(bus, spool))
    finally:
        spool.close()
    if spool.dropped:
        progress.complain(f"{spool.dropped} Chunks were given up, for the spool was full (bus.spool_gb={config.bus.spool_gb:g})")


def _films(given: Sequence[str], stream: str) -> tuple[list[Film], list[str]]:
    """The films to send, each content once, and a line for each source that is refused. Errors: ConfigError."""
    films: dict[str, Film] = {}
    refused = []
    for source in given:
        try:
            for path in media.find([source]):
                name = stream or media.stream_id(path)
                films.setdefault(name if not stream else str(path), Film(path=path, stream=name, length_s=probe(path).duration_s))
        except StreamerError as error:
            refused.append(str(error))
    if stream and not STREAM.fullmatch(stream):
        raise ConfigError(f"--stream {stream}: expected 1 to 64 of the characters a-z 0-9 . _ -")
    if stream and len(films) > 1:
        raise ConfigError(f"--stream {stream} names one stream; {len(films)} films were given")
    return list(films.values()), refused


def _pass(film: Film, number: int) -> Film:
    return msgspec.structs.replace(film, stream=f"{film.stream}-{number + 1}") if number else film
