"""One stream in a worker: records in; what its stages make of them, and lines behind which it can be taken up again, out.

    offset   restart ────────────── behind ──────────── now
             read again for the     records since the   results of these wait for the next line (films),
             decoders' sake         line                or go out at once (cameras, and between workers)

A stage that fails takes nobody else along: its stream goes back to the line, and the third time leaves the record out.
"""

import logging
import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from schemas.messages import AnyMessage, Checkpoint, DeadLetter, Message, StreamStatus, identity
from schemas.topics import TOPICS
from streamer.bus import records as results
from streamer.bus.protocol import Outgoing, Place, Record
from streamer.errors import MediaError, MessageError
from streamer.replaying import HEADER
from workers import lanes
from workers.intake import Chunks, Inner, Intake, copied, epoch_of
from workers.service import Course, Service
from workers.state import Line

log = logging.getLogger(__name__)

TRIES = 3  # of a record that a stage fails on
RESULT_BYTES = 960 << 10  # of a result: the broker takes 1 MiB with headers


class Batch(NamedTuple):
    """What is to be published of a stream, in this order."""

    stream: "Stream"
    records: list[Outgoing]
    line: Line | None  # to be kept behind them
    told: int  # results behind the newest line, with these


class Stream:
    """See above. Only one thread works on it at a time."""

    def __init__(
        self,
        place: Place,
        service: Service,
        line: Line,
        told: int = 0,
        keys: set[str] | None = None,
        known: Mapping[str, bytes] | None = None,
    ) -> None:
        """Args:
        line: the newest one that is kept.
        told: results behind it that are published already.
        keys: under which lines of it are kept.
        known: results that the log holds, maybe behind the line: not told again before the next one.
        """
        self.place, self.service, self.name = place, service, line.stream
        self.line = self.kept = line  # the newest line; the newest that is acknowledged
        self.told = self.given = told  # results behind the line that are acknowledged; that were handed out
        self.keys = keys or set()
        self.known = known or {}
        self.wanted = line.behind if line.resting else line.restart  # offset: records before it are passed over
        self.inbox: deque[Record] = deque()
        self.reached = self.wanted  # offset behind the last record that was worked on
        self.busy = False  # a turn is asked for, or under way
        self.working = False  # a turn is under way
        self.leaving = False  # no turn may begin
        self.gone = False  # it belongs to another worker now: nothing more is told
        self.asleep_until: float | None = None  # seconds, monotonic: it goes back to its line then
        self.failures = 0  # in a row that were not the record's fault
        self.active_at = 0.0  # seconds, monotonic
        self.tries: dict[int, int] = {}  # by offset
        self.causes: dict[int, str] = {}  # by offset, of records that are passed by; empty: for another one's sake
        self.hopeless: tuple[int, str] | None = None  # offset at which the stream is given up, and why
        self._reads_chunks = place[0].startswith("media.")
        self._reset()

    def _reset(self) -> None:
        """Everything as of the line."""
        self._course: Course | None = None
        self._intake: Intake = Chunks() if self._reads_chunks else Inner(self.line.lanes)
        self._run, self._made = self.line.run, self.line.made
        self._results = 0  # behind the line
        self._since = 0  # records behind the line
        self._pending: list[Outgoing] = []
        self._dead = {*self.line.dead, *self.causes}

    def work(self, record: Record) -> Iterator[Batch]:
        """What follows from a record. Errors: whatever a stage raises; then `go_back`."""
        self._since += 1
        if self.line.resting and HEADER in record.headers and (self.line.states or self.line.refused is not None):
            self.line = msgspec.structs.replace(self.line, states={}, refused=None)  # a beginning, whatever was before
        if self.hopeless and self.hopeless[0] == record.offset:
            yield self._given_up(record, self.hopeless[1])
        if self.line.refused is not None and self.line.refused == epoch_of(record):
            self.reached = record.offset + 1
            return
        course = self._course = self._course or self._begin(record)
        messages, lost = self._messages(record)
        for message in messages:
            for made in course(message):
                if isinstance(made, Checkpoint):
                    yield self._drawn(made, record.offset + math.isinf(made.position))
                else:
                    self._pending += self._records(made)
        if lost and course.resting:
            self._pending += [out for gap in self._intake.gap(record) for out in self._records(gap)]
        if course.resting and self._since:
            yield self._drawn(Checkpoint(stream=self.name, position=math.inf), record.offset + 1)
        self.reached = record.offset + 1

    def breathe(self) -> Iterator[Batch]:
        """At the end of a turn: what need not wait for a line."""
        if self.can_draw and (self._results or self._since >= self.service.records):
            yield self.draw()
        elif self._course is None and self._since:  # the stream is refused
            yield self._drawn(Checkpoint(stream=self.name, position=math.inf), self.reached, self.line.refused)
        elif self._pending and not (self.service.waits and self.place[0] == "media.files"):
            yield self._handed_out()

    @property
    def can_draw(self) -> bool:
        """There is something behind the line, and a line can be drawn anywhere."""
        return not self._reads_chunks and self._course is not None and self._since > 0

    def draw(self) -> Batch:
        """A line here."""
        assert self._course is not None
        return self._drawn(self._course.line(Checkpoint(stream=self.name, position=self.line.position)), self.reached)

    def go_back(self, record: Record, error: BaseException, counted: bool) -> None:
        """A stage failed on a record: from the line again, at the third failure without the record."""
        tries = self.tries[record.offset] = self.tries.get(record.offset, 0) + counted
        log.warning("%s at %s/%d %d: %s: %s (%d)", self.name, *self.place, record.offset, type(error).__name__, error, tries)
        if record.offset in self._dead:  # without it, it fails too: the fault came in before
            if (earlier := self._intake.earlier(record.offset, self._dead)) is not None:
                self.causes[earlier] = ""
            else:
                self.hopeless = record.offset, f"{type(error).__name__}: {error}"
        elif tries >= TRIES and isinstance(error, MediaError):
            self.hopeless = record.offset, str(error)
        elif tries >= TRIES:
            self.causes[record.offset] = f"{type(error).__name__}: {error}"
        self.inbox.clear()
        self._reset()
        self.wanted = self.line.behind if self.line.resting else self.line.restart

    @property
    def hold(self) -> int | None:
        """The offset that a new owner would have to begin at; None: it needs nothing of what was read."""
        if not self.kept.resting:
            return self.kept.restart
        done = self.kept is self.line and not (self.inbox or self.busy or self._pending or self._since or self.asleep_until is not None)
        return None if done else self.kept.behind

    def _begin(self, record: Record) -> Course:
        if self.line.resting and self._reads_chunks:
            self._run, self._made = record.offset, 0
        return Course(self.service.steps(), self.line.states, self.service.meters)

    def _messages(self, record: Record) -> tuple[list[AnyMessage], bool]:
        """The messages to work on, and whether they stand for a lost one; what is none of ours becomes a dead letter."""
        if record.offset in self._dead:
            if self.causes.get(record.offset):
                self._letter(record, self.causes[record.offset], self.tries.get(record.offset, TRIES))
            return self._intake.instead(record), True
        try:
            if record.key != self.name:
                raise MessageError(f"key {record.key[:80]!r}; expected the id of a stream: [a-z0-9._-]{{1,64}}")
            message = self._intake.take(record)
        except MessageError as error:
            self._letter(record, f"MessageError: {error}", 1)
            return self._intake.instead(record), True
        return ([] if message is None else [message]), False

    def _letter(self, record: Record, error: str, tries: int) -> None:
        if record.offset < self.line.behind:  # it was told before the line
            return
        letter = DeadLetter(
            stream=self.name,
            id=identity(record.topic, record.partition, record.offset),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key or None,
            chunk=record.headers.get("ce_subject"),
            error=" ".join(error.split())[:1000],
            tries=tries,
            versions={"worker": self.service.name, "pipeline": self.service.pipeline},
        )
        self._pending.append(results.outgoing(letter, self.service.pipeline))

    def _records(self, message: Message) -> Iterator[Outgoing]:
        message = self.service.stamped(message)
        topics = self.service.goes(message)
        inner = [topic for topic in topics if TOPICS[topic].kind == "msgpack"]
        if inner:
            self._made += 1
            place = lanes.Place(self._intake.lanes.run or self._run, self._made)
            for topic in inner:
                yield from lanes.cut(message, topic, self.service.name, place, self.service.pipeline)
            return
        for topic in topics:
            self._results += 1
            record = results.outgoing(message, self.service.pipeline, topic)
            if len(record.value) > RESULT_BYTES:
                raise ValueError(f"{type(message).__name__} of {len(record.value)} bytes; expected at most {RESULT_BYTES}")
            if self._results > self.given and self.known.get(record.headers["ce_id"]) != record.value:
                yield record

    def _handed_out(self) -> Batch:
        made, self._pending = self._pending, []
        self.given = max(self._results, self.given)
        return Batch(self, made, None, self.given)

    def _given_up(self, record: Record, reason: str) -> Batch:
        """Nothing of this epoch can be used: that is told, and its records are passed by from here on."""
        epoch = epoch_of(record)
        self._letter(record, reason, self.tries.get(record.offset, 1))
        name = identity(self.name, epoch, "status", "ended")
        self._pending += self._records(StreamStatus(stream=self.name, epoch=epoch, id=name, state="ended", reason=reason))
        self._course = None
        return self._drawn(Checkpoint(stream=self.name, position=math.inf), record.offset, epoch)

    def _drawn(self, line: Checkpoint, after: int, refused: int | None = None) -> Batch:
        """A line through the stream; the records before `after` are behind it."""
        resting = math.isinf(line.position)
        restart = after if resting else self._intake.restart(line, after, self.line.restart)
        self.line = Line(
            stream=self.name,
            topic=self.place[0],
            number=self.line.number + 1,
            restart=restart,
            behind=after,
            position=self.line.position if resting else line.position,
            resting=resting,
            refused=refused,
            states=line.states,
            lanes=copied(self._intake.lanes),
            run=self._run,
            made=self._made,
            dead=tuple(sorted(offset for offset in self._dead if offset >= restart)),
        )
        self.given = self._results = self._since = 0
        self.known = {}
        self.tries = {offset: count for offset, count in self.tries.items() if offset >= after}
        self.causes = {offset: cause for offset, cause in self.causes.items() if offset >= after}
        made, self._pending = self._pending, []
        if resting:
            self._course = None
        return Batch(self, made, self.line, 0)
