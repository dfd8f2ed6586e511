"""Streams with dead letters are published once more, from the media that are still kept: the same ids come out."""

import fnmatch
from collections.abc import Iterator, Sequence

import msgspec

from schemas.messages import Chunk, DeadLetter
from streamer.bus.protocol import Bus, Consumer, Record
from streamer.bus.records import message
from streamer.errors import MessageError

HEADER = "ce_replay"  # id of the dead letter for which a record is published again
SETTLE_S = 60.0
POLL_S = 5.0  # a topic that gives nothing for so long has been read to its end
MOST = 32


class Replayed(msgspec.Struct, frozen=True):
    """What became of one dead letter."""

    letter: DeadLetter
    records: int  # published again
    reason: str = ""  # why none


def replay(bus: Bus, streams: str = "*") -> Iterator[Replayed]:
    """Publishes the whole stream of each dead letter again, each letter once.

    A worker takes such records as a new beginning of a stream that has ended; of one that goes on they are repeats.
    Errors: BusError.
    """
    with bus.consume(["dlq"]) as consumer:
        found = [message(record) for record in _all(consumer)]
    letters = {letter.id: letter for letter in found if isinstance(letter, DeadLetter) and fnmatch.fnmatchcase(letter.stream, streams)}
    for letter in letters.values():
        yield _again(bus, letter)


def _again(bus: Bus, letter: DeadLetter) -> Replayed:
    if not letter.topic.startswith("media."):
        return Replayed(letter, 0, f"it is of {letter.topic}, which holds no media")
    with bus.consume([letter.topic], partitions=[letter.partition]) as consumer:
        try:
            begin, end = _span(_all(consumer), letter)
        except LookupError as error:
            return Replayed(letter, 0, str(error))
        consumer.seek((letter.topic, letter.partition), begin)
        count = 0
        for record in _all(consumer):
            if record.offset > end:
                break
            if record.key == letter.key:
                bus.publish(record.topic, record.key, record.value, record.headers | {HEADER: letter.id})
                count += 1
        bus.settle(SETTLE_S)
    return Replayed(letter, count)


def _span(records: Iterator[Record], letter: DeadLetter) -> tuple[int, int]:
    """Offsets of the first and the last record of a letter's stream around it. Errors: LookupError."""
    begin = end = None
    for record in records:
        if record.headers.get(HEADER) == letter.id:
            raise LookupError("it was replayed before")
        chunk = _chunk(record) if record.key == letter.key else None
        if chunk and record.offset <= letter.offset and chunk.seq == 0 and chunk.kind == "media":
            begin = record.offset
        if chunk and record.offset >= letter.offset and chunk.kind == "end" and end is None:
            end = record.offset
    if begin is None or end is None:
        raise LookupError("its beginning is not kept any more, or it has not ended yet")
    return begin, end


def _chunk(record: Record) -> Chunk | None:
    try:
        found = message(record)
    except MessageError:
        return None
    return found if isinstance(found, Chunk) else None


def _all(consumer: Consumer) -> Iterator[Record]:
    """Every record up to what is now the end."""
    ends = consumer.ends(consumer.assignment())
    while any(consumer.position(place) < end for place, end in ends.items()):
        some: Sequence[Record] = consumer.poll(POLL_S, MOST)
        if not some:
            return
        yield from some
