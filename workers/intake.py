"""Records → the messages of one stream: Chunks as `ingest` wrote them, or what other workers made."""

import contextlib
from collections.abc import Iterable
from typing import Protocol

import msgspec
import numpy as np

from schemas.messages import AnyMessage, Audio, Checkpoint, Chunk, Frame, Gap, Modality, identity, microseconds
from streamer.bus import records
from streamer.bus.protocol import Record
from streamer.errors import MessageError
from streamer.media.chunks import times
from workers.lanes import Lanes


class Intake(Protocol):
    """What has come of one stream."""

    def take(self, record: Record) -> AnyMessage | None:
        """The message that a record brings, if it is new and whole. Errors: MessageError."""
        ...

    def instead(self, record: Record) -> list[AnyMessage]:
        """What the stages get where a record is passed by."""
        ...

    def restart(self, line: Checkpoint, after: int, before: int) -> int:
        """The offset to read from again to go on behind a line; `after` is the next one, `before` that of the last line."""
        ...

    def gap(self, record: Record) -> list[Gap]:
        """What is lost with a record of a stream that has not begun, so that no stage can tell."""
        ...

    def earlier(self, offset: int, but: Iterable[int]) -> int | None:
        """Where to look for a fault that came in before it showed, those of `but` left out."""
        ...

    @property
    def lanes(self) -> Lanes:
        """What has come of other workers."""
        ...


class Chunks:
    """Of a media topic."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self._known: list[tuple[int, int, int]] = []  # epoch, seq, offset; rising

    def take(self, record: Record) -> Chunk:
        """The Chunk in a record."""
        message = records.message(record)
        if not isinstance(message, Chunk) or message.stream != record.key:
            raise MessageError(f"{type(message).__name__} of {message.stream} under the key {record.key}; expected its Chunks")
        self._note(message.epoch, message.seq, record.offset)
        return message

    def instead(self, record: Record) -> list[AnyMessage]:
        """The news that a Chunk is lost, if its headers still say which; else the next one will show it."""
        epoch, seq = epoch_of(record), record.headers.get("ce_sequence", "").partition("-")[2].partition("-")[0]
        if not seq.isdecimal():
            return []
        self._note(epoch, int(seq), record.offset)
        return [Chunk(stream=record.key, epoch=epoch, seq=int(seq), kind="gap", cause="poison")]

    def gap(self, record: Record) -> list[Gap]:
        """The span of a Chunk, as far as it can be known."""
        epoch, start, end = epoch_of(record), 0.0, 0.0
        with contextlib.suppress(MessageError):
            chunk = self.take(record)
            if chunk.container:
                found = times(chunk, chunk.parameters, chunk.container)
                start, end = max(0.0, min(found, default=0.0)), max(0.0, *found, 0.0)
        name = identity(record.key, epoch, "gap", microseconds(start), "all")
        return [Gap(stream=record.key, epoch=epoch, id=name, start=start, end=end, cause="poison")]

    def restart(self, line: Checkpoint, after: int, before: int) -> int:
        """Where the Chunk is that the line names."""
        known = [offset for epoch, seq, offset in self._known if (epoch, seq) <= (line.epoch, line.chunk)]
        found = known[-1] if known else before
        self._known = [place for place in self._known if place[2] >= found]
        return found

    def earlier(self, offset: int, but: Iterable[int]) -> int | None:
        """The offset of the Chunk before this one, those of `but` left out."""
        found = [known for *_, known in self._known if known < offset and known not in but]
        return found[-1] if found else None

    def _note(self, epoch: int, seq: int, offset: int) -> None:
        if not self._known or (epoch, seq) > self._known[-1][:2]:
            self._known.append((epoch, seq, offset))


class Inner:
    """Of a topic between workers."""

    def __init__(self, lanes: Lanes) -> None:
        self.lanes = copied(lanes)

    def take(self, record: Record) -> AnyMessage | None:
        """The message that a record completes."""
        return self.lanes.take(record)

    def instead(self, record: Record) -> list[AnyMessage]:
        """A Gap, and for sound silence, for sound has no holes."""
        try:
            message = self.lanes.take(record)
        except MessageError:
            return []
        match message:
            case Frame(time=time):
                return [_gap(message, "vision", time, time)]
            case Audio(time=time, samples=samples, rate=rate):
                silence = msgspec.structs.replace(message, samples=np.zeros_like(samples))
                return [_gap(message, "sound", time, time + len(samples) / rate), silence]
            case _:
                return []

    def restart(self, line: Checkpoint, after: int, before: int) -> int:
        """Here, or at the first part of a message that is not whole yet."""
        return self.lanes.restart(after)

    def gap(self, record: Record) -> list[Gap]:
        """None: `instead` says it."""
        return []

    def earlier(self, offset: int, but: Iterable[int]) -> int | None:
        """None: what a stage fails on is what it was given last."""
        return None


def epoch_of(record: Record) -> int:
    """The epoch that its headers name; 0: none."""
    epoch = record.headers.get("ce_sequence", "").partition("-")[0]
    return int(epoch) if epoch.isdecimal() else 0


def copied(lanes: Lanes) -> Lanes:
    """The same, to go on with."""
    return Lanes(dict(lanes.last), {lane: list(pieces) for lane, pieces in lanes.pieces.items()}, dict(lanes.since))


def _gap(message: Frame | Audio, modality: Modality, start: float, end: float) -> Gap:
    name = identity(message.stream, message.epoch, "gap", microseconds(start), modality)
    return Gap(stream=message.stream, epoch=message.epoch, id=name, start=start, end=end, modality=modality, cause="poison")
