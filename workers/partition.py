"""One partition in a worker: its streams, how far it was read, and what may be committed."""

import re
import time
from collections.abc import Iterable

import msgspec

from schemas.messages import Gap, identity, microseconds
from streamer.bus.protocol import Assigned, Commit, Place, Record
from workers import notes
from workers.retold import Known
from workers.service import Service
from workers.state import Kept, Line
from workers.stream import Stream

MOST_RECORDS, MOST_BYTES = 64, 8 << 20  # read and not worked on: above it reading pauses, below half of it it goes on
REMEMBERED_S = 600.0  # after which a stream that rests is forgotten, if all of it is committed
NAME = re.compile(r"[a-z0-9._-]{1,64}")
NAMELESS = "unknown"  # the stream of records whose key is no name


class Partition:
    """Of one topic, for as long as it is this worker's."""

    def __init__(self, place: Place, known: Assigned, service: Service) -> None:
        self.place, self.service = place, service
        self.loading = True  # nothing is read before the lines are there
        self.begin = known.begin
        self.committed = known.committed or Commit(0)
        self.floor = max(self.committed.offset, known.begin)  # offset: before it only streams with a line are read
        self.next = self.floor  # offset
        self.streams: dict[str, Stream] = {}
        self.known: Known = {}
        self.records = self.bytes = 0  # read and not worked on
        self.paused = False

    def load(self, kept: Iterable[Kept], known: Known) -> list[Gap]:
        """Takes up the streams that have lines, with what is known to be told; what is lost of them because it is kept no more."""
        gaps = []
        self.known = known
        told = notes.read(self.committed.metadata)
        for found in kept:
            line = found.line
            if line.topic != self.place[0]:
                continue
            if not line.resting and line.restart < self.begin:
                gaps.append(_expired(line))
                line = msgspec.structs.replace(line, restart=self.begin, behind=self.begin, states={})
            stream = Stream(self.place, self.service, line, told.get((line.stream, line.number), 0), found.keys, known.get(line.stream))
            stream.active_at = time.monotonic()
            self.streams[line.stream] = stream
        self.next = min([self.floor, *(stream.wanted for stream in self.streams.values() if not stream.line.resting)])
        self.loading = False
        return gaps

    def route(self, record: Record) -> Stream | None:
        """The stream that takes a record; None: nobody needs it again."""
        self.next = record.offset + 1
        name = record.key if NAME.fullmatch(record.key) else NAMELESS
        stream = self.streams.get(name)
        if stream is None:
            if record.offset < self.floor:
                return None
            line = Line(stream=name, topic=record.topic, number=0, restart=record.offset, behind=record.offset, run=record.offset)
            stream = self.streams[name] = Stream(self.place, self.service, line, known=self.known.pop(name, None))
        if record.offset < stream.wanted or stream.asleep_until is not None:
            return None
        stream.wanted = record.offset + 1
        stream.active_at = time.monotonic()
        stream.inbox.append(record)
        self.records += 1
        self.bytes += len(record.value)
        return stream

    def release(self, records: Iterable[Record]) -> None:
        """These are worked on, or dropped."""
        for record in records:
            self.records -= 1
            self.bytes -= len(record.value)

    def wake(self) -> int | None:
        """The offset to read from again for the streams that have slept long enough."""
        now = time.monotonic()
        awake = [s for s in self.streams.values() if s.asleep_until is not None and s.asleep_until <= now and not s.busy]
        for stream in awake:
            stream.asleep_until = None
        if not awake:
            return None
        self.next = min([self.next, *(stream.wanted for stream in awake)])
        return self.next

    def sleeping(self) -> bool:
        """A stream waits to go back."""
        return any(stream.asleep_until is not None for stream in self.streams.values())

    def full(self) -> bool:
        """Whether reading should pause: once it does, until half is done."""
        share = 0.5 if self.paused else 1.0
        return self.records > share * MOST_RECORDS or self.bytes > share * MOST_BYTES

    def commit(self) -> Commit:
        """What a new owner must know: where to begin, and which results behind the lines are told."""
        holds = [hold for stream in self.streams.values() if (hold := stream.hold) is not None]
        offset = max(min([*holds, self.next]), self.committed.offset)
        return Commit(offset, notes.written({(s.name, s.kept.number): s.told for s in self.streams.values() if s.told}))

    def forgettable(self) -> list[Stream]:
        """Streams that rest for long and are committed."""
        old = time.monotonic() - REMEMBERED_S
        resting = [stream for stream in self.streams.values() if stream.active_at < old and stream.hold is None]
        return [stream for stream in resting if stream.kept.behind <= self.committed.offset]


def _expired(line: Line) -> Gap:
    name = identity(line.stream, 0, "gap", microseconds(line.position), "retention")
    return Gap(stream=line.stream, id=name, start=line.position, end=line.position, cause="retention")
