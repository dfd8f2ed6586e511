"""Streams, stages and services small enough to know by heart."""

import contextlib
import math
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np

from schemas.codec import from_json
from schemas.messages import Audio, Checkpoint, Chunk, Gap, Levels, Message, Modality, Result, Watermark, WindowClosed, identity
from schemas.topics import RESULTS, topic_of
from streamer.bus.local import LocalBus, LocalReceipt
from streamer.bus.protocol import Bus, Commit, Consumer, Outgoing, Place, Record
from streamer.bus.records import outgoing
from workers.runner import Runner
from workers.service import Service, Step, sharing

RUN, LINE = 5, 10  # Chunks from key frame to key frame; from line to line


class CutState(msgspec.Struct):
    seq: int = -1  # of the last Chunk
    behind: int = -1  # Chunks up to this one were told before
    lost: bool = False  # what follows up to the next key frame


class Cut:
    """Chunks → a block of sound each, with lines like those of a decoder: a new one must begin at the key frame before."""

    name = "cut"
    reads = (Chunk,)
    state_type = CutState

    def __init__(self) -> None:
        self.states: dict[str, CutState] = {}

    def __call__(self, batch: Sequence[Message]) -> Iterable[Message]:
        for chunk in batch:
            yield from self._cut(chunk) if isinstance(chunk, Chunk) else (chunk,)

    def _cut(self, chunk: Chunk) -> Iterator[Message]:
        state = self.states.setdefault(chunk.stream, CutState())
        if chunk.seq < state.seq + 1 and state.behind < 0:
            return  # it came before
        told = chunk.seq <= state.behind
        lost = state.lost
        state.lost = (lost and chunk.seq % RUN > 0) or chunk.kind == "gap"
        state.seq = chunk.seq
        if chunk.data == b"poison":
            raise RuntimeError(f"poison in {chunk.seq}")
        if told:
            return
        state.behind = -1
        if chunk.kind == "end":
            del self.states[chunk.stream]
            yield Watermark(stream=chunk.stream, modality="sound", time=math.inf)
        elif chunk.kind == "gap":
            name = identity(chunk.stream, 0, "gap", chunk.seq)
            yield Gap(stream=chunk.stream, id=name, start=chunk.seq, end=chunk.seq // RUN * RUN + RUN, cause=chunk.cause)
        elif not state.lost:
            yield Audio(stream=chunk.stream, time=float(chunk.seq), rate=1, samples=np.array([chunk.seq], np.float32))
            if chunk.seq % LINE == LINE - 1:
                line = CutState(chunk.seq // RUN * RUN - 1, chunk.seq)
                yield Checkpoint(
                    stream=chunk.stream,
                    position=float(chunk.seq),
                    chunk=line.seq + 1,
                    states={"cut": msgspec.msgpack.encode({chunk.stream: line})},
                )


class SumState(msgspec.Struct):
    sum: float = 0.0


class Sum:
    """Sound → how much of it there was so far: one block lost or doubled changes all that follows."""

    name = "sum"
    reads = (Audio, Watermark)
    marks: tuple[Modality, ...] = ("sound",)
    state_type = SumState

    def __init__(self, slow_s: float = 0.0, refuses: Callable[[Audio], bool] = lambda _: False) -> None:
        self.states: dict[str, SumState] = {}
        self.slow_s, self.refuses = slow_s, refuses

    def __call__(self, batch: Sequence[Message]) -> Iterable[Message]:
        for message in batch:
            match message:
                case Audio():
                    if self.refuses(message):
                        raise RuntimeError(f"refused: {message.stream} at {message.time}")
                    time.sleep(self.slow_s)
                    state = self.states.setdefault(message.stream, SumState())
                    state.sum += float(message.samples.sum())
                    name = identity(message.stream, "levels", int(message.time))
                    yield Levels(stream=message.stream, id=name, start=message.time, hop=state.sum)
                case Watermark(time=math.inf):
                    state = self.states.pop(message.stream, SumState())
                    name = identity(message.stream, "closed")
                    yield WindowClosed(stream=message.stream, id=name, start=0, end=state.sum, status={}, coverage={}, complete=True)
                case _:
                    yield message


def told(message: Message) -> tuple[str, ...]:
    return (topic_of(message),) if isinstance(message, Result) else ()


def understanding(**options: object) -> Service:
    """Chunks in, results out."""
    sums = sharing([Sum(**options)])  # type: ignore[arg-type]

    def steps() -> list[Step]:
        return [Cut(), tuple(sums())]

    return Service(
        name="understand",
        reads=("media.files", "media.live"),
        steps=steps,
        goes=told,
        stamped=_as_it_is,
        pipeline="p",
        waits=True,
        results=RESULTS,
    )


def splitting() -> Service:
    """Chunks in, sound out on a topic between workers."""
    return Service(
        name="split", reads=("media.files",), steps=lambda: [Cut()], goes=lambda _: ("audio",), stamped=_as_it_is, pipeline="p"
    )  # fmt: skip


def summing(**options: object) -> Service:
    """The sound of `splitting` in, results out."""
    sums = sharing([Sum(**options)])  # type: ignore[arg-type]
    return Service(
        name="transcribe", reads=("audio",), steps=lambda: [tuple(sums())], goes=told, stamped=_as_it_is, pipeline="p", results=RESULTS
    )


def _as_it_is(message: Message) -> Message:
    return message


def chunks(stream: str, count: int, poison: Iterable[int] = (), epoch: int = 0) -> Iterator[Chunk]:
    """A stream of that many Chunks and its end."""
    for seq in range(count):
        data = b"poison" if seq in poison else b"media"
        yield Chunk(stream=stream, epoch=epoch, seq=seq, data=data, captured=1.7e9)
    yield Chunk(stream=stream, epoch=epoch, seq=count, kind="end", captured=1.7e9)


def publish(bus: LocalBus, messages: Iterable[Message], topic: str | None = None) -> None:
    for message in messages:
        record = outgoing(message, "p", topic)
        bus.publish(record.topic, record.key, record.value, record.headers)


def records(bus: LocalBus, *topics: str) -> list[Record]:
    """All there are."""
    with bus.consume(topics or RESULTS) as consumer:
        found: list[Record] = []
        while some := consumer.poll(0.01, 1000):
            found += some
        return found


def results(bus: LocalBus, *topics: str) -> dict[str, dict[str, bytes]]:
    """Stream → id → the value that was told; the same id with two values is a fault."""
    found: dict[str, dict[str, bytes]] = {}
    for record in records(bus, *topics):
        message = from_json(record.value)
        known = found.setdefault(message.stream, {}).setdefault(f"{message.id}.{message.rev}", record.value)
        assert known == record.value, (known, record.value)
    return found


def expected(stream: str, count: int) -> list[tuple[float, float]]:
    """Time and sum of each block of a stream that nothing happened to."""
    return [(float(seq), float(seq * (seq + 1) // 2)) for seq in range(count)]


def sums(bus: LocalBus, stream: str) -> list[tuple[float, float]]:
    return sums_of(results(bus).get(stream, {}))


def sums_of(found: Mapping[str, bytes]) -> list[tuple[float, float]]:
    """Time and sum of each block that was told."""
    levels = (from_json(value) for value in found.values())
    return sorted((level.start, level.hop) for level in levels if isinstance(level, Levels))


def closed(bus: LocalBus) -> set[str]:
    """The streams that came to their end."""
    return {from_json(record.value).stream for record in records(bus, "windows")}


def fresh_bus() -> LocalBus:
    return LocalBus(uuid.uuid4().hex)


class Killed(Exception):  # noqa: N818
    """The end of a worker that nobody told to stop."""


class DyingBus(LocalBus):
    """A bus whose worker dies with the n-th record that it publishes."""

    def __init__(self, like: LocalBus, records: int) -> None:
        self._broker, self.prefix = like._broker, like.prefix
        self.left = records

    def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str], partition: int | None = None) -> LocalReceipt:
        self.left -= 1
        if self.left < 0:
            raise Killed
        return super().publish(topic, key, value, headers, partition)

    def transact(self, records: Sequence[Outgoing], consumer: Consumer, offsets: Mapping[Place, Commit]) -> None:
        if self.left < len(records):
            raise Killed
        super().transact(records, consumer, offsets)


@contextlib.contextmanager
def working(bus: Bus, service: Service, member: str | None = None, exactly_once: bool = False) -> Iterator[Runner]:
    """A worker on a thread, until the block ends; an error of its is raised there."""
    stop, failure = threading.Event(), list[BaseException]()
    runner = Runner(bus, service, member, exactly_once=exactly_once)

    def work() -> None:
        try:
            runner.run(stop)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield runner
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()
        if failure:
            raise failure[0]


def until(what: Callable[[], bool], within_s: float = 20.0) -> None:
    """Waits for something that will come."""
    ends = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.02)
