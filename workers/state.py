"""Where a stream can be taken up again: a line through it, kept in the compacted topic `state`.

    key    <group>|<stream>|<a or b>.<part>     in the partition of the stream's media
    value  a part of the line, as msgpack: compressing it would save half of its bytes and cost 2 % of all CPU time

Lines take turns between the places a and b, so a line whose parts are not all there leaves the one before it whole.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from schemas.codec import unpack
from streamer.bus.protocol import Bus, Consumer, Outgoing, Place, Record
from streamer.errors import BusError, MessageError
from workers.lanes import Lanes

TOPIC = "state"
PART_BYTES = 512 << 10
POLL_S, PATIENCE_S = 0.5, 30.0  # for more of the topic; without it before the end, that is an error: nothing may be left out
MOST = 64  # records a poll


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line through one stream."""

    stream: str
    topic: str
    number: int  # of the line, from 1; 0: nothing is kept yet
    restart: int  # offset of the first record that must be read again
    behind: int  # the records before this offset are behind the line
    position: float = 0.0  # seconds of media
    resting: bool = False  # no stage keeps anything: it has ended, or not begun
    refused: int | None = None  # an epoch of which nothing can be used
    states: dict[str, bytes] = {}  # of the stages
    lanes: Lanes = msgspec.field(default_factory=Lanes)  # what has come, where other workers feed it
    run: int = 0
    made: int = 0  # messages given to other workers in this run
    dead: tuple[int, ...] = ()  # offsets of records that must be passed by when it is read again


def records(line: Line, group: str, partition: int) -> list[Outgoing]:
    """The records that keep a line, in the partition of its media."""
    value = msgspec.msgpack.encode(line)
    pieces = [value[start : start + PART_BYTES] for start in range(0, len(value), PART_BYTES)]
    about = {"ce_type": "streamer.state.line", "ce_number": str(line.number), "content-type": "application/octet-stream"}
    return [
        Outgoing(TOPIC, _key(group, line.stream, line.number, part), piece, about | {"ce_part": f"{part}/{len(pieces)}"}, partition)
        for part, piece in enumerate(pieces, 1)
    ]


def tombstones(keys: Iterable[str], partition: int) -> list[Outgoing]:
    """The records that forget what is kept under these keys."""
    return [Outgoing(TOPIC, key, b"", {"content-type": "application/octet-stream"}, partition) for key in sorted(keys)]


class Kept(msgspec.Struct):
    """What the topic holds of one stream."""

    line: Line
    keys: set[str]


def read(bus: Bus, group: str, partitions: Iterable[int]) -> dict[int, list[Kept]]:
    """The newest line of every stream of the group, by partition. Errors: BusError."""
    with bus.consume([TOPIC], partitions=partitions) as consumer:
        found: dict[int, dict[str, Record]] = {}
        for record in to_the_end(consumer):
            kept = found.setdefault(record.partition, {})
            if not record.value:
                kept.pop(record.key, None)
            elif record.key.startswith(f"{group}|"):
                kept[record.key] = record
    return {partition: _newest(kept) for partition, kept in found.items()}


def to_the_end(consumer: Consumer) -> Iterable[Record]:
    """Every record up to what is now the end, be it a record or the marker of a transaction. Errors: BusError."""
    ends = consumer.ends(consumer.assignment())
    at: dict[Place, int] = {}
    patience = time.monotonic() + PATIENCE_S
    while left := {place: end for place, end in ends.items() if consumer.position(place) < end}:
        yield from consumer.poll(POLL_S, MOST)
        before, at = at, {place: consumer.position(place) for place in left}
        if at != before:
            patience = time.monotonic() + PATIENCE_S
        elif time.monotonic() > patience:
            raise BusError(f"nothing came for {PATIENCE_S:g} s, at {at}; expected {left}")


def _newest(kept: Mapping[str, Record]) -> list[Kept]:
    streams: dict[str, dict[str, dict[int, Record]]] = {}  # stream -> a or b -> part -> record
    for key, record in kept.items():
        _, stream, place = key.split("|")
        side, _, part = place.partition(".")
        streams.setdefault(stream, {}).setdefault(side, {})[int(part)] = record
    found = []
    for stream, sides in streams.items():
        lines = [line for parts in sides.values() if (line := _whole(parts))]
        keys = {key for key in kept if key.split("|")[1] == stream}
        if lines:
            found.append(Kept(max(lines, key=lambda line: line.number), keys))
    return found


def _whole(parts: Mapping[int, Record]) -> Line | None:
    """The line of which these are the parts; None where one is missing or of another line."""
    first: Any = parts.get(1)
    if first is None:
        return None
    count = int(first.headers["ce_part"].partition("/")[2])
    wanted = [parts.get(number) for number in range(1, count + 1)]
    if any(part is None or part.headers["ce_number"] != first.headers["ce_number"] for part in wanted):
        return None
    value = b"".join(part.value for part in wanted if part is not None)
    try:
        line: Line = unpack(value, Line)
    except msgspec.DecodeError as error:
        raise MessageError(f"the state of {first.key} cannot be read: {error}; expected what a worker of this version wrote") from error
    return line


def _key(group: str, stream: str, number: int, part: int) -> str:
    return f"{group}|{stream}|{'ab'[number % 2]}.{part}"
