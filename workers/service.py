"""What a service is: topics in, steps, topics out; the stages of one stream, whose models all streams share."""

import contextlib
import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.messages import Checkpoint, Message
from streamer.metrics import Meters
from streamer.pipeline import Branch, Stage, abreast, apply, restore, singly

Step = Stage | tuple[Branch, ...]  # a stage in the row, or branches abreast


@dataclass(frozen=True, kw_only=True)
class Service:
    """One step of the whole, or all of them."""

    name: str  # of its group too
    reads: tuple[str, ...]  # topics
    steps: Callable[[], list[Step]]  # those of one stream, with nothing in them
    goes: Callable[[Message], Sequence[str]]  # topics of a message that comes out; none: it ends here
    stamped: Callable[[Message], Message]  # a result with what made it
    pipeline: str  # hash of options and models
    results: tuple[str, ...] = ()  # topics that it tells the world on, if it does
    waits: bool = False  # results of films wait for the next line, so that few are told twice
    records: int = 32  # at most so many between two lines, where it reads no Chunks: those bring their lines
    meters: Meters = field(default_factory=Meters)


class Around:
    """A stage around another."""

    def __init__(self, stage: Any) -> None:
        self._stage = stage
        self.name: str = stage.name
        self.reads: tuple[type, ...] = stage.reads
        self.marks = getattr(stage, "marks", ())
        self.state_type: type = stage.state_type

    @property
    def states(self) -> dict[str, Any]:
        """What it keeps of the stream."""
        return self._stage.states  # type: ignore[no-any-return]

    @states.setter
    def states(self, states: dict[str, Any]) -> None:
        self._stage.states = states


class Shared(Around):
    """A stage of one stream whose models other streams use too, one at a time: few models may be called by two threads."""

    def __init__(self, stage: Any, lock: threading.RLock) -> None:
        super().__init__(copy.copy(stage))
        self.states, self.lock = {}, lock

    def __call__(self, batch: Sequence[Any]) -> list[Any]:
        """What follows from a batch, in order."""
        with self.lock:
            return list(self._stage(batch))


class Timed(Around):
    """A stage whose time is counted, without that in which it waits for its turn (`lock`, where it has one)."""

    def __init__(self, stage: Any, meters: Meters) -> None:
        super().__init__(stage)
        self._meters = meters
        self._lock = getattr(stage, "lock", contextlib.nullcontext())

    def __call__(self, batch: Sequence[Any]) -> list[Any]:
        """What follows from a batch, in order."""
        with self._lock, self._meters.working(self.name):
            return list(self._stage(batch))


def sharing(stages: Sequence[Any]) -> Callable[[], list[Any]]:
    """A maker of these stages for one more stream."""
    locks = [threading.RLock() for _ in stages]
    return lambda: [Shared(stage, lock) for stage, lock in zip(stages, locks, strict=True)]


class Course:
    """The steps of one stream."""

    def __init__(self, steps: Sequence[Step], states: dict[str, bytes], meters: Meters) -> None:
        self._steps = [tuple(Timed(one, meters) for one in step) if isinstance(step, tuple) else Timed(step, meters) for step in steps]
        restore(self._stages(), states)

    def __call__(self, message: Message) -> Iterator[Message]:
        """What follows from a message; each goes through all steps before the next one begins."""
        made: Iterator[Message] = iter([message])
        for step in self._steps:
            made = abreast(made, step) if isinstance(step, tuple) else apply(singly(made), step)
        return made

    def line(self, checkpoint: Checkpoint) -> Checkpoint:
        """The Checkpoint with the states of all stages as of now."""
        [line] = self(checkpoint)
        assert isinstance(line, Checkpoint)
        return line

    @property
    def resting(self) -> bool:
        """No stage keeps anything of the stream: it has ended, or not begun."""
        return not any(stage.states for stage in self._stages())

    def _stages(self) -> Iterator[Stage]:
        for step in self._steps:
            yield from step if isinstance(step, tuple) else (step,)
