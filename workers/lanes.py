"""Messages between workers: numbered, so that a repeat is known, and cut where one record cannot hold them.

lane     one worker's output of one stream; its numbers rise and are the same when the work is done again
run      offset of the stream's first record, where it came in: a film that comes again begins a new one
part     2/5: the second of five records of a message
"""

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from schemas import cloudevents
from schemas.codec import pack
from schemas.messages import AnyMessage, Message
from streamer.bus.protocol import Outgoing, Record
from streamer.errors import MessageError

PART_BYTES = 512 << 10
PACKED_BYTES = 64 << 10  # from here on it pays to compress: pictures shrink to a third, and it is exact
QUICK = 1  # zlib level
MOST_BYTES = 64 << 20  # of a message: what claims to be larger is no message of ours


class Place(NamedTuple):
    """Where a message stands in its lane."""

    run: int
    number: int


def cut(message: Message, topic: str, lane: str, place: Place, pipeline: str) -> list[Outgoing]:
    """The records of a message on an inner topic."""
    value = pack(message)
    where = {"ce_lane": lane, "ce_run": str(place.run), "ce_number": str(place.number)}
    headers = cloudevents.headers(message, pipeline, "msgpack") | where
    if len(value) > PACKED_BYTES:
        value = zlib.compress(value, QUICK)
        headers["ce_packing"] = "zlib"
    pieces = [value[start : start + PART_BYTES] for start in range(0, len(value), PART_BYTES)]
    return [
        Outgoing(topic, message.stream, piece, headers | {"ce_part": f"{number}/{len(pieces)}"}) for number, piece in enumerate(pieces, 1)
    ]


class Lanes(msgspec.Struct):
    """What has come of one stream on an inner topic."""

    last: dict[str, Place] = {}  # lane -> the last whole message
    pieces: dict[str, list[bytes]] = {}  # lane -> the parts of the next one
    since: dict[str, int] = {}  # lane -> offset of the first of these parts

    def take(self, record: Record) -> AnyMessage | None:
        """The message that a record completes, if it is new. Errors: MessageError."""
        lane, place, part, parts = _where(record.headers)
        if place <= self.last.get(lane, Place(-1, -1)):
            return None
        if part == 1:
            self.pieces[lane], self.since[lane] = [], record.offset
        pieces = self.pieces.setdefault(lane, [])
        if len(pieces) != part - 1:
            raise MessageError(f"part {part}/{parts} of a message of {lane}; expected part {len(pieces) + 1}")
        pieces.append(record.value)
        if part < parts:
            return None
        del self.pieces[lane]
        self.since.pop(lane, None)
        self.last[lane] = place
        return _message(b"".join(pieces), record.headers)

    def restart(self, after: int) -> int:
        """The offset to read from again so that nothing is missed, `after` being the next one."""
        return min([after, *self.since.values()])

    @property
    def run(self) -> int:
        """The newest run."""
        return max((place.run for place in self.last.values()), default=0)


def _where(headers: Mapping[str, str]) -> tuple[str, Place, int, int]:
    try:
        part, _, parts = headers["ce_part"].partition("/")
        return headers["ce_lane"], Place(int(headers["ce_run"]), int(headers["ce_number"])), int(part), int(parts)
    except (KeyError, ValueError) as error:
        raise MessageError(f"no lane, number and part in its headers ({error}); expected a record of another worker") from error


def _message(value: bytes, headers: Mapping[str, str]) -> AnyMessage:
    try:
        if headers.get("ce_packing"):
            value = zlib.decompressobj().decompress(value, MOST_BYTES)
        return cloudevents.message(value, headers)
    except (ValueError, zlib.error) as error:
        raise MessageError(str(error)) from error
