"""Files as streams of Chunks, each with the second at which it is due."""

import heapq
import pathlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from schemas.messages import Chunk, Container, Track
from streamer.media.chunks import LIVE_LENGTH_S, chunks, times

JUMP_S = 10.0  # seconds: a step above it is a clock that jumped, and nobody waits for that


class Due(NamedTuple):
    """A Chunk, and when it is complete: seconds since its source began."""

    time: float
    chunk: Chunk


def film(path: pathlib.Path, stream: str, due: int) -> Iterator[Due]:
    """The Chunks of a file from this seq on, which are due from now on. Errors: SourceError, MediaError."""
    begun: float | None = None
    for time, chunk in _timed(chunks(path, stream)):
        if chunk.seq < due:
            begun = time
        else:
            yield Due(time - (begun or 0.0), chunk)


def camera(path: pathlib.Path, stream: str, passes: int, now: float) -> Iterator[Due]:
    """A file that plays the part of a live source; each time that it begins again, the source was lost and has come back.

    `now` is the time at which it begins, in seconds since 1970. Errors: SourceError, MediaError.
    """
    offset = time = 0.0
    for number in range(passes):
        epoch = int((now + offset) * 1000)
        for time, chunk in _timed(chunks(path, stream, epoch, "reconnect" if number else "start", LIVE_LENGTH_S)):
            yield Due(offset + time, msgspec.structs.replace(chunk, captured=now + offset + time))
        offset += time


def in_turn(sources: Iterable[Iterable[Due]]) -> Iterator[Due]:
    """One source after the other, each due when the one before has ended."""
    offset = time = 0.0
    for source in sources:
        for time, chunk in source:
            yield Due(offset + time, chunk)
        offset, time = offset + time, 0.0


def together(sources: Iterable[Iterable[Due]]) -> Iterator[Due]:
    """All sources at once, in the order in which their Chunks are due."""
    return heapq.merge(*sources, key=lambda due: due.time)


def _timed(made: Iterable[Chunk]) -> Iterator[Due]:
    tracks: tuple[Track, ...] = ()
    container = Container()
    due = reached = 0.0
    for chunk in made:
        if chunk.container:
            tracks, container = chunk.parameters, chunk.container
        newest = max(times(chunk, tracks, container), default=reached)
        due += newest - reached if 0 <= newest - reached <= JUMP_S else 0.0
        reached = newest
        yield Due(due, chunk)
