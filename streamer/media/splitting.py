"""The stage that splits Chunks into pictures and sound: what comes of a file's Chunks is what comes of the file.

Chunks   seq 40   41   42   43   44   45        a Checkpoint in 43 says: feed 41 first, where the segment began
                  └────read again────┤ then on
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from schemas.codec import pack
from schemas.messages import AnyMessage, Checkpoint, Chunk, Container, Gap, Track, identity
from streamer.config import Media
from streamer.errors import MessageError
from streamer.media.chunks import Joiner, times
from streamer.media.reading import Film, Place, Reading, Wanted

EXPIRED = "retention"  # cause of a gap that nobody announced


class SplitState(msgspec.Struct, frozen=True, kw_only=True):
    """A line in a stream, or its beginning."""

    epoch: int
    chunk: int  # seq from which Chunks must come to go on behind it
    seen: dict[str, int] = {}  # packets of each kind before that Chunk
    container: Container
    tracks: tuple[Track, ...]
    place: Place | None = None  # None: all is still to be told


class _Mark(NamedTuple):
    """Where a Chunk begins."""

    seq: int
    seen: dict[str, int]  # packets of each kind before it


class Split:
    """Chunks in; the messages of `streamer.media.reader.read` out.

    A line behind the last message of a stream has the position inf. Who goes on behind a Checkpoint gives its states back
    and feeds Chunks from `Checkpoint.chunk` on; what was said before the line is not said again.

    Errors: MediaError (nothing can be decoded), MessageError (a Chunk that lies about itself).
    """

    name = "split"
    reads = (Chunk,)
    state_type = SplitState

    def __init__(
        self,
        options: Media,
        image_size: tuple[int, int] = (224, 224),
        rates: tuple[int, ...] = (16_000,),
        pictures: bool = True,
    ) -> None:
        self.wanted = Wanted(options=options, image_size=image_size, rates=rates, pictures=pictures)
        self.states: dict[str, SplitState] = {}
        self.flows: dict[str, _Flow] = {}

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterator[AnyMessage]:
        """What follows from Chunks, in order."""
        for message in batch:
            if isinstance(message, Chunk):
                yield from self._take(message)
            else:
                yield message

    def _take(self, chunk: Chunk) -> Iterator[AnyMessage]:
        if chunk.kind == "heartbeat":
            return
        flow = self.flows.get(chunk.stream)
        if flow and chunk.epoch > flow.epoch:
            yield from self._lined(flow, flow.end())
            self._forget(chunk.stream)
            flow = None
        if flow is None and (flow := self._begun(chunk)):
            yield from flow.begin(chunk)
        if flow is None or (chunk.epoch, chunk.seq) < (flow.epoch, flow.due):
            return
        yield from self._lined(flow, flow.push(chunk))
        if chunk.kind == "end":
            self._forget(chunk.stream)
            yield Checkpoint(
                stream=chunk.stream, epoch=chunk.epoch, position=math.inf, chunk=chunk.seq + 1, states={self.name: pack(self.states)}
            )

    def _begun(self, chunk: Chunk) -> "_Flow | None":
        """A reading that begins with this Chunk; None: it cannot."""
        state = self.states.get(chunk.stream)
        if state and (chunk.epoch, chunk.seq) < (state.epoch, state.chunk):
            return None
        if state is None or (chunk.epoch, chunk.seq) != (state.epoch, state.chunk):
            if not chunk.container:
                return None
            state = SplitState(epoch=chunk.epoch, chunk=chunk.seq, container=chunk.container, tracks=chunk.parameters)
        self.states[chunk.stream] = state
        flow = self.flows[chunk.stream] = _Flow(chunk.stream, state, self.wanted)
        return flow

    def _lined(self, flow: "_Flow", messages: Iterable[AnyMessage]) -> Iterator[AnyMessage]:
        """The messages; lines with the state that belongs to them."""
        for message in messages:
            if isinstance(message, Checkpoint):
                state = self.states[flow.stream] = flow.state()
                message = msgspec.structs.replace(message, chunk=state.chunk, states={self.name: pack({flow.stream: state})})
            yield message

    def _forget(self, stream: str) -> None:
        del self.flows[stream], self.states[stream]


class _Flow:
    """One epoch of one stream."""

    def __init__(self, stream: str, state: SplitState, wanted: Wanted) -> None:
        self.stream, self.epoch, self.first = stream, state.epoch, state
        self.due = state.chunk  # seq
        self.marks = deque([_Mark(state.chunk, state.seen)])  # that a line may still name
        film = Film(stream=stream, epoch=state.epoch, name=stream, container=state.container, tracks=state.tracks)
        try:
            self.reading = Reading(film, wanted, state.place, state.seen)
            self.joiner = Joiner(state.tracks)
        except (ZeroDivisionError, OverflowError) as error:
            raise MessageError(f"{stream}: codec parameters that cannot be: {error}") from error

    def begin(self, chunk: Chunk) -> Iterator[AnyMessage]:
        """What is known before the first Chunk; one that does not begin the epoch leaves all before it unknown."""
        if self.first.place:
            return
        yield from self.reading.begin()
        start = min(times(chunk, self.first.tracks, self.first.container), default=0.0)
        if chunk.seq > 0 and start > 0:
            self.reading.join(start)
            name = identity(self.stream, self.epoch, "gap", 0)
            yield Gap(stream=self.stream, epoch=self.epoch, id=name, start=0.0, end=start, cause=EXPIRED)

    def push(self, chunk: Chunk) -> Iterator[AnyMessage]:
        """What one more Chunk brings."""
        if chunk.seq > self.due or chunk.kind == "gap":
            self.joiner.lose()
            yield from self.reading.lose(chunk.cause or EXPIRED)
        self.due = chunk.seq + 1
        if not self.joiner.fragments:
            self.marks.append(_Mark(chunk.seq, self.reading.seen))
        for index, packet in self.joiner.packets(chunk):
            yield from self.reading.push(packet, index)
        if chunk.kind == "end":
            yield from self.end()

    def end(self) -> Iterator[AnyMessage]:
        """What is left when no Chunk follows."""
        yield from self.reading.end()

    def state(self) -> SplitState:
        """To go on behind the line that was just drawn."""
        place = self.reading.place()
        wanted = {"video": place.video.packet if place.video else 0, "audio": place.sound.packet if place.sound else 0}
        while len(self.marks) > 1 and all(seen <= wanted[kind] for kind, seen in self.marks[1].seen.items()):
            self.marks.popleft()
        seq, seen = self.marks[0]
        return msgspec.structs.replace(self.first, chunk=seq, seen=seen, place=place)
