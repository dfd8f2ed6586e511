"""The only place where threads are made: stages in a row and side by side, with bounded queues between them.

    read ─ through(see) ─┐
       └── through(…) ───┴─ merged ─ join ─ fuse ─ …

Errors upstream are raised downstream; leaving the loop ends every thread. A Checkpoint is a line through the stream: no
batch holds messages from both sides of it, each stage adds its state as it passes, and where branches meet, what lies
behind the line waits until it has come through all of them (aligned barriers, after Carbone et al. 2015,
"Lightweight Asynchronous Snapshots for Distributed Dataflows").
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import msgspec

from schemas.codec import pack, unpack
from schemas.messages import Checkpoint, Message, Modality, Watermark

QUEUED = 64  # messages between two threads: a few seconds of media, so that branches of unequal speed overlap
Items = Iterable[Message]


class Stage(Protocol):
    """A step: a batch of messages in, messages out; what it keeps per stream is in `states`."""

    states: dict[str, Any]

    @property
    def name(self) -> str:
        """Key of its state in a Checkpoint."""
        ...

    @property
    def reads(self) -> tuple[type, ...]:
        """What it consumes; it passes on the rest."""
        ...

    @property
    def state_type(self) -> type:
        """What it keeps of a stream."""
        ...

    def __call__(self, batch: Sequence[Any]) -> Iterable[Any]:
        """What follows from a batch, in order."""
        ...


class Branch(Stage, Protocol):
    """A stage that can stand beside others."""

    @property
    def marks(self) -> tuple[Modality, ...]:
        """The modalities whose Watermarks it reads: those of others must not overtake the branch that answers them."""
        ...


def apply(batches: Iterable[Sequence[Message]], stage: Stage) -> Generator[Message, None, None]:
    """What a stage makes of batches, on this thread; a Checkpoint, always alone, gets the stage's state and goes on."""
    for batch in batches:
        match batch:
            case [Checkpoint() as line]:
                yield msgspec.structs.replace(line, states=line.states | {stage.name: pack(stage.states)})
            case _:
                yield from stage(batch)


def singly(items: Items) -> Iterator[list[Message]]:
    """Each item as a batch of its own."""
    for item in items:
        yield [item]


def restore(stages: Iterable[Stage], states: dict[str, bytes]) -> None:
    """Puts back what each stage had kept when a Checkpoint passed it."""
    for stage in stages:
        if stage.name in states:
            stage.states = unpack(states[stage.name], dict[str, stage.state_type])  # type: ignore[name-defined]


def through(items: Items, stage: Stage, most: int = 32) -> Generator[Message, None, None]:
    """A stage in a row: what is upstream runs on a thread of its own; the stage gets what is ready, at most `most`."""
    with closing(_ahead(items, most)) as batches:
        yield from apply(batches, stage)


def beside(items: Items, stages: Sequence[Branch]) -> Generator[Message, None, None]:
    """Branches that must not wait for one another: each stage gets the messages it reads, on its own thread.

    A message that no stage reads goes straight on. Between branches the order is that of time of arrival; within a
    branch it is kept. A Checkpoint comes out once, behind everything that was before it in any branch.
    """
    stop = threading.Event()
    inputs: list[queue.Queue[Any]] = [queue.Queue(QUEUED) for _ in stages]
    merged: queue.Queue[Any] = queue.Queue(QUEUED)
    straight = len(stages)  # the lane of what no stage reads

    def feed() -> None:
        with _closing(items):
            for item in items:
                readers = [lane for lane, stage in enumerate(stages) if _reads(stage, item)]
                for lane in readers:
                    _put(inputs[lane], item, stop)
                if not readers or isinstance(item, Checkpoint):
                    _put(merged, (straight, item), stop)

    def branch(lane: int) -> None:
        for item in apply(singly(_taken(inputs[lane], stop)), stages[lane]):
            _put(merged, (lane, item), stop)

    threads = [_thread(feed, [merged, *inputs], stop)]
    threads += [_thread(partial(branch, lane), [merged], stop) for lane in range(len(stages))]
    try:
        yield from _aligned(merged, len(stages) + 1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def aside(work: Callable[[threading.Event], None]) -> Iterator[Callable[[], None]]:
    """Work beside the block, on a thread of its own, until it sees that the block is left; calling what is given raises its error."""
    stop = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work(stop)
        except BaseException as error:  # crosses to the block, which raises it
            failed.append(error)

    def check() -> None:
        if failed:
            raise failed[0]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield check
    finally:
        stop.set()
        thread.join()
    check()


def abreast(items: Items, stages: Sequence[Branch]) -> Generator[Message, None, None]:
    """What `beside` makes of messages, on this thread: one branch after the other, so the order is always the same."""
    for item in items:
        readers = [stage for stage in stages if _reads(stage, item)]
        if isinstance(item, Checkpoint):
            yield _joined([line for stage in readers for line in apply([[item]], stage) if isinstance(line, Checkpoint)])
        elif readers:
            for stage in readers:
                yield from stage([item])
        else:
            yield item


def _reads(stage: Branch, item: Message) -> bool:
    if isinstance(item, Watermark):
        return item.modality in stage.marks
    return isinstance(item, (*stage.reads, Checkpoint))


def _aligned(merged: "queue.Queue[Any]", lanes: int) -> Iterator[Message]:
    """The merged messages; behind a Checkpoint a lane's messages wait until it has come from every lane."""
    open_ends = lanes
    waiting: dict[int, list[Message]] = {}  # lane -> what lies behind its Checkpoint
    passed: list[Checkpoint] = []

    def emit(lane: int, item: Message) -> Iterator[Message]:
        if lane in waiting:
            waiting[lane].append(item)
        elif isinstance(item, Checkpoint):
            passed.append(item)
            waiting[lane] = []
            if len(waiting) == lanes:
                yield _joined(passed)
                held = dict(waiting)
                waiting.clear()
                passed.clear()
                for behind, items in held.items():
                    for later in items:
                        yield from emit(behind, later)
        else:
            yield item

    while open_ends:
        match merged.get():
            case _End() as end:
                if end.error:
                    raise end.error
                open_ends -= 1
            case lane, item:
                yield from emit(lane, item)


def _joined(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    states = {name: state for checkpoint in checkpoints for name, state in checkpoint.states.items()}
    return msgspec.structs.replace(checkpoints[0], states=states)


def _ahead(items: Items, most: int) -> Generator[list[Message], None, None]:
    """The same items in batches of what is ready, made on another thread; no batch reaches over a Checkpoint."""
    stop = threading.Event()
    made: queue.Queue[Any] = queue.Queue(QUEUED)

    def make() -> None:
        with _closing(items):
            for item in items:
                _put(made, item, stop)

    thread = _thread(make, [made], stop)
    try:
        batch: list[Message] = []
        while True:
            item = made.get()
            if batch and (isinstance(item, _End | Checkpoint) or len(batch) >= most):
                yield batch
                batch = []
            if isinstance(item, _End):
                if item.error:
                    raise item.error
                return
            batch.append(item)
            if made.empty() or isinstance(item, Checkpoint):
                yield batch
                batch = []
    finally:
        stop.set()
        thread.join()


class _Stopped(Exception):  # noqa: N818
    """The reader has left; no error."""


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


_PATIENCE_S = 0.1  # how soon a thread that waits for room notices that nobody reads any more


def _thread(work: Callable[[], None], ends: Sequence["queue.Queue[Any]"], stop: threading.Event) -> threading.Thread:
    """A running thread that does the work and then says so to `ends`; an error goes to the first of them."""

    def run() -> None:
        try:
            try:
                work()
            except _Stopped:
                raise
            except BaseException as error:  # crosses to the reader, who raises it
                _put(ends[0], _End(error), stop)
            else:
                for end in ends:
                    _put(end, _End(), stop)
        except _Stopped:
            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@contextmanager
def _closing(items: Items) -> Iterator[None]:
    """Leaving closes the generator on this thread, where its resources are."""
    try:
        yield
    finally:
        if isinstance(items, Generator):
            items.close()


def _put(into: "queue.Queue[Any]", item: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            return into.put(item, timeout=_PATIENCE_S)
        except queue.Full:
            continue
    raise _Stopped


def _taken(source: "queue.Queue[Any]", stop: threading.Event) -> Iterator[Message]:
    while not stop.is_set():
        try:
            item = source.get(timeout=_PATIENCE_S)
        except queue.Empty:
            continue
        if isinstance(item, _End):
            return
        yield item
    raise _Stopped
