"""Threads, errors and checkpoints between stages."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pytest

from schemas.codec import unpack
from schemas.messages import Checkpoint, Gap, Message, Modality, Watermark
from streamer.pipeline import apply, beside, restore, singly, through


class Count(msgspec.Struct):
    seen: int = 0


class Counter:
    """A stage that numbers the watermarks of one modality."""

    state_type = Count
    reads: tuple[type, ...] = (Watermark,)
    marks: tuple[Modality, ...] = ("vision",)

    def __init__(self, name: str, slow_s: float = 0.0) -> None:
        self.name, self.slow_s, self.states = name, slow_s, dict[str, Count]()
        self.batches: list[int] = []

    def __call__(self, batch: Sequence[Message]) -> Iterable[Message]:
        self.batches.append(len(batch))
        for message in batch:
            if isinstance(message, Watermark):
                state = self.states.setdefault(message.stream, Count())
                state.seen += 1
                time.sleep(self.slow_s)
                yield Gap(stream=self.name, id="", start=state.seen, end=message.time, cause="counted")
            else:
                yield message


def marks(count: int, lines: Sequence[int] = ()) -> Iterator[Message]:
    for index in range(count):
        if index in lines:
            yield Checkpoint(stream="s", position=index)
        yield Watermark(stream="s", modality="vision", time=index)


def counted(messages: Iterable[Message], name: str) -> list[tuple[float, float]]:
    return [(gap.start, gap.end) for gap in messages if isinstance(gap, Gap) and gap.stream == name]


def no_threads_left(before: int) -> bool:
    end = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    return threading.active_count() <= before


def test_a_row_keeps_the_order():
    expected = [(index + 1, index) for index in range(500)]
    assert counted(through(through(marks(500), Counter("a")), Counter("b")), "a") == expected


def test_a_batch_is_never_larger_than_most():
    stage = Counter("a")
    list(through(marks(300), stage, most=7))
    assert sum(stage.batches) == 300
    assert max(stage.batches) <= 7


def test_branches_each_get_everything_and_what_nobody_reads_goes_straight_on():
    other = Gap(stream="s", id="x", start=0, end=1, cause="damaged")
    out = list(beside([*marks(100), other], [Counter("a"), Counter("b", slow_s=0.001)]))
    assert counted(out, "a") == counted(out, "b") == [(index + 1, index) for index in range(100)]
    assert out.count(other) == 1


def test_watermarks_of_one_modality_do_not_overtake_its_branch_by_way_of_another():
    sound = Counter("b")
    sound.marks = ("sound",)
    out = list(beside(marks(20), [Counter("a", slow_s=0.001), sound]))
    assert not any(isinstance(message, Watermark) for message in out)
    assert (len(counted(out, "a")), len(counted(out, "b"))) == (20, 0)


def test_a_checkpoint_lies_behind_all_that_was_before_it_in_every_branch():
    out = list(beside(marks(30, lines=[10, 20]), [Counter("a"), Counter("b", slow_s=0.005)]))
    lines = [index for index, message in enumerate(out) if isinstance(message, Checkpoint)]
    assert len(lines) == 2
    for index in lines:
        position = out[index].position
        for name in "ab":
            assert len(counted(out[:index], name)) == position
            assert unpack(out[index].states[name], dict[str, Count])["s"].seen == position


def test_no_batch_reaches_over_a_checkpoint():
    out = list(through(marks(50, lines=range(0, 50, 5)), Counter("a"), most=32))
    for index, message in enumerate(out):
        if isinstance(message, Checkpoint):
            assert len(counted(out[:index], "a")) == message.position


def test_a_stage_goes_on_from_a_checkpoint_as_if_nothing_had_happened():
    whole = list(apply(singly(marks(20, lines=[8])), Counter("a")))
    line = next(message for message in whole if isinstance(message, Checkpoint))
    again = Counter("a")
    restore([again], line.states)
    assert counted(apply(singly(list(marks(20))[8:]), again), "a") == counted(whole, "a")[8:]


def failing(after: int) -> Iterator[Message]:
    yield from marks(after)
    raise RuntimeError("upstream broke")


@pytest.mark.parametrize("run", [lambda items: through(items, Counter("a")), lambda items: beside(items, [Counter("a"), Counter("b")])])
def test_an_error_upstream_is_raised_downstream_and_ends_every_thread(run):
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="upstream broke"):
        list(run(failing(100)))
    assert no_threads_left(before)


class Broken(Counter):
    def __call__(self, batch: Sequence[Message]) -> Iterable[Message]:
        raise ValueError("stage broke")


def test_an_error_in_one_branch_is_raised_even_while_others_are_busy():
    before = threading.active_count()
    with pytest.raises(ValueError, match="stage broke"):
        list(beside(marks(1000), [Counter("a", slow_s=0.001), Broken("b")]))
    assert no_threads_left(before)


@pytest.mark.parametrize("run", [lambda items: through(items, Counter("a")), lambda items: beside(items, [Counter("a"), Counter("b")])])
def test_leaving_the_loop_ends_every_thread_and_closes_the_source(run):
    before, closed = threading.active_count(), threading.Event()

    def endless() -> Iterator[Message]:
        try:
            yield from marks(10**9)
        finally:
            closed.set()

    for _ in run(endless()):
        break
    assert no_threads_left(before)
    assert closed.wait(5)
