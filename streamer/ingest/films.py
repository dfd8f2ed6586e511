"""Recorded films onto the bus: as fast as it takes them, or in real time; each once, and on from where it was interrupted."""

import pathlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from schemas.messages import Chunk
from streamer.bus.protocol import Bus, Consumer, Place
from streamer.bus.records import message, outgoing
from streamer.errors import BusError, StreamerError
from streamer.ingest.feeds import Due, film, in_turn, together
from streamer.ingest.flight import Flight, Landed
from streamer.ingest.journal import Journal, Known
from streamer.progress import BatchProgress

TOPIC = "media.files"
NOTED_S = 1.0  # seconds between notes: what is sent meanwhile is looked for on the bus after a kill
PAUSE_S = 2.0  # before one more try
POLLED = 32  # records at once


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """One film as one stream."""

    path: pathlib.Path
    stream: str
    length_s: float  # 0: unknown


class Films:
    """What is sent, and how far it has come."""

    def __init__(self, bus: Bus, journal: Journal, progress: BatchProgress) -> None:
        self.bus, self.journal, self.progress = bus, journal, progress
        self.flight = Flight(bus, self._complain)
        self.ends: dict[str, int] = {}  # seq of the last Chunk, of streams that were sent whole
        self.failed = 0
        self.noted = time.monotonic()

    def run(self, sources: Sequence[Sequence[Film]], paced: bool) -> int:
        """Sends films, the passes of each source in turn; how many failed. Errors: StoreError.

        `paced`: in real time, all sources at once; else one after the other.
        """
        if paced:
            longest = max(sum(one.length_s for one in passes) for passes in sources)
            self.progress.begin(sources[0][0].path.name if len(sources) == 1 else f"{len(sources)} films", longest, 0.0)
            self._send(together(in_turn(map(self._film, passes)) for passes in sources), time.monotonic())
            self.progress.end("")
        else:
            for one in (one for passes in sources for one in passes):
                self.progress.begin(one.path.name, one.length_s, 0.0)
                self._send(self._film(one), None)
                self.progress.end("")
        self._note(self.flight.land())
        return self.failed

    def _film(self, one: Film) -> Iterator[Due]:
        """What is left of a film; one that is there, or cannot be read, is a line."""
        known = self._known(one.stream)
        if known.done:
            self.progress.say(f"{one.path.name}: on the bus before, as {one.stream}")
            return
        try:
            yield from film(one.path, one.stream, known.due)
        except StreamerError as error:
            self.failed += 1
            self.progress.complain(str(error))
        else:
            self.progress.say(f"{one.path.name}: on the bus as {one.stream}")

    def _send(self, dues: Iterable[Due], begun: float | None) -> None:
        for due, chunk in dues:
            while begun is not None and (left := begun + due - time.monotonic()) > 0:
                time.sleep(min(left, NOTED_S))
                self._note(self.flight.landed())
            self.flight.send(outgoing(chunk, ""), chunk.seq)
            if chunk.kind == "end":
                self.ends[chunk.stream] = chunk.seq
            self.progress.reach(due)
            if time.monotonic() - self.noted >= NOTED_S:
                self._note(self.flight.landed())

    def _note(self, landed: dict[str, Landed]) -> None:
        """Keeps how far the streams have come."""
        self.noted = time.monotonic()
        for stream, (seq, partition, offset) in landed.items():
            self.journal.note(stream, Known(due=seq + 1, places={partition: offset}, done=self.ends.get(stream) == seq))

    def _known(self, stream: str) -> Known:
        """How much of a stream is on the bus; waits while the broker is away."""
        while True:
            try:
                return self._looked_up(stream)
            except BusError as error:
                self._complain(str(error))
                time.sleep(PAUSE_S)

    def _looked_up(self, stream: str) -> Known:
        known = self.journal.film(stream)
        partitions = list(known.places) if known else list(range(self.bus.partitions(TOPIC)))
        with self.bus.consume([TOPIC], partitions=partitions) as consumer:
            ends = consumer.ends([(TOPIC, partition) for partition in partitions])
            if known and all(ends[TOPIC, partition] >= offset + (known.due > 0) for partition, offset in known.places.items()):
                return known if known.done else msgspec.structs.replace(known, due=_due(consumer, stream, known, ends))
            if known:  # the topic was made anew, without the film
                ends = {(TOPIC, partition): 0 for partition in range(self.bus.partitions(TOPIC))}
        known = Known(places={partition: offset for (_, partition), offset in ends.items()})
        self.journal.note(stream, known)
        return known

    def _complain(self, reason: str) -> None:
        self.progress.complain(f"nothing gets through, waiting: {reason}")


def _due(consumer: Consumer, stream: str, known: Known, ends: Mapping[Place, int]) -> int:
    """The seq that comes next, with what had arrived but was not noted."""
    due = known.due
    for partition, offset in known.places.items():
        consumer.seek((TOPIC, partition), offset)
    while any(consumer.position(place) < end for place, end in ends.items()):
        for record in consumer.poll(0.5, POLLED):
            if record.key == stream and isinstance(chunk := message(record), Chunk):
                due = max(due, chunk.seq + 1)
    return due
