"""The pictures of a film: packets in; sampled Frames, what was lost, and how far it is out."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.messages import AnyMessage, Checkpoint, Frame, Track, Watermark
from streamer.config import Media
from streamer.media.clock import Clock, Losses
from streamer.media.container import Packet, hidden
from streamer.media.decoding import Decoding, Glimpse
from streamer.media.gate import Gate
from streamer.media.glimpse import Glimpser
from streamer.media.grid import NEAR, Grid
from streamer.media.lines import Line
from streamer.media.segments import Cutter, Segment

CUT_S = 8.0  # seconds: where key frames are no clean beginnings, a segment is cut when it is as long as this
HOLD_S = 1.0  # a picture that stays is given again this often, so that it covers the time it stays


class VideoState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a segment begins, and what cannot be found out from there."""

    packet: int  # of the track: the first that its decoder gets
    clock: tuple[int | None, int]  # before it
    preroll: int  # packets whose pictures are hidden
    hidden: float  # seconds: up to here
    segments: int  # before it
    extradata: bytes
    goal: float
    due: float
    anchored: bool
    planned: float
    looked: float
    end: float
    gate: Gate | None
    newest: Gate | None
    decoded: bool  # anything
    line: Line


class _Key(NamedTuple):
    """A key frame."""

    packet: int
    clock: tuple[int | None, int]  # before it
    packets: list[Packet]  # from it on


class Video:
    """The video track of one stream."""

    def __init__(self, stream: str, track: Track, clock: Clock, losses: Losses, options: Media, glimpser: Glimpser) -> None:
        self.stream, self.track, self.clock, self.losses, self.glimpser = stream, track, clock, losses, glimpser
        self.keys_only = options.decode == "keyframes"
        self.pause = options.picture_pause_s
        self.ratio = Fraction(*track.ratio)
        self.decoding = Decoding(clock, glimpser, self.losses, options.decode == "full")
        self.cutter = Cutter(track)
        self.grid = Grid(1 / options.frames_per_second)
        self.gate: Gate | None = None
        self.segment: Segment | None = None
        self.waiting = False  # for a key frame, since packets are missing
        self.last: Frame | None = None  # that was given
        self.planned = -math.inf  # seconds: the picture that was looked at last
        self.looked = -math.inf  # seconds: when
        self.end = 0.0  # seconds: of the last picture
        self.line = Line()
        self.packets = 0  # that were seen
        self.first = 0  # packet
        self.again = -1  # packet at which a resumed segment begins
        self.begun = -math.inf  # seconds: the segment
        self.shown = -math.inf  # seconds: the newest picture in it
        self.key = _Key(0, clock.state, [])  # the last one
        self.state: VideoState | None = None  # where the segment began; None: there is none yet
        glimpser.rotation = track.rotation

    def resume(self, state: VideoState) -> None:
        """Goes on as if everything before the state had been read."""
        self.first, self.again, self.state = state.packet, state.packet + state.preroll, state
        self.key, self.shown = _Key(state.packet, state.clock, []), state.hidden
        self.clock.state, self.cutter.segments, self.cutter.extradata = state.clock, state.segments, state.extradata
        self.grid.goal, self.grid.due, self.grid.anchored = state.goal, state.due, state.anchored
        self.planned, self.looked, self.end, self.gate, self.line = state.planned, state.looked, state.end, state.gate, state.line
        self.decoding.newest = Glimpse(state.newest.time, state.newest.luma) if state.newest else None
        self.decoding.frames = int(state.decoded)

    def push(self, packet: Packet) -> Iterator[AnyMessage]:
        """What one more packet settles."""
        number, self.packets = self.packets, self.packets + 1
        if number < self.first:
            return
        clock = self.clock.state
        self.clock.mend(packet)
        begins = self.cutter.begins(packet) or self.keys_only or self.waiting
        if (self.keys_only or self.waiting) and not packet.is_keyframe:
            return
        shown, decoded = self.clock.times(packet)
        may_begin = self.cutter.may_begin(packet)
        if number > self.again and begins:
            yield from self._begin(shown, _Key(number, clock, []))
        elif number == self.again or (number > self.again and may_begin and shown - self.begun >= CUT_S):
            yield from self._begin(shown, self.key)
        if may_begin:
            self.key = _Key(number, clock, [])
        self.key.packets.append(packet)
        if number < self.again:
            return
        assert self.segment is not None, "the first packet begins a segment"
        self.segment.packets.append(packet)
        self.shown = max(self.shown, shown)
        if shown >= 0 and not hidden(packet):
            self.segment.add(shown)
            self.end = max(self.end, shown + self.clock.duration(packet))
        if not self.keys_only:
            yield from self._settle(decoded - self.grid.slack)

    def lose(self, cause: str) -> Iterator[AnyMessage]:
        """Packets are missing, and no picture can be decoded up to the next key frame."""
        yield from self._close(self.end + self.grid.slack)
        self.segment, self.waiting, self.losses.cause = None, True, cause
        self.clock.forget()

    def join(self, start: float) -> None:
        """Nothing before a time in seconds will be told, for nobody knows it."""
        self.waiting, self.end = True, start

    def finish(self, until: float = 0.0) -> Iterator[AnyMessage]:
        """What is left when no packet follows; what is missing is so up to a time in seconds."""
        yield from self._close(self.end + self.grid.slack)
        if self.waiting and until > self.end:
            self.losses.lose(self.end, until, 0)
            self.end = until
        if gap := self.losses.take():
            yield gap

    def _begin(self, start: float, key: "_Key") -> Iterator[AnyMessage]:
        """A segment begins, and with it a decoder, which gets what is known of the key frame before first."""
        if self.waiting and start > self.end:
            self.losses.lose(self.end, start, 0)
        self.waiting = False
        yield from self._close(start)
        self.state = self._state(key)
        self.segment = self.cutter.cut()
        self.segment.packets.extend(key.packets)
        self.segment.hidden, self.begun, self.shown = self.state.hidden, start, -math.inf
        self.grid.anchor(max(0.0, start))

    def _close(self, start: float) -> Iterator[AnyMessage]:
        """Ends the segment; one that begins at `start` takes over the samples near it."""
        if self.segment is None:
            return
        self.segment.ended = True
        while self.grid.due <= (until := self.grid.before(start)):
            yield from self._settle(until)
        self.decoding.behind.append(self.segment)

    def _settle(self, until: float) -> Iterator[AnyMessage]:
        """The samples that are due up to `until`, as far as packets are there for them."""
        assert self.segment is not None
        while self.grid.due <= until:
            target = self.segment.latest(self.grid.due + NEAR)
            held = target <= self.planned
            if not held and not self.decoding.reach(self.segment, target, max(target, self.grid.due + NEAR)):
                return
            if not held or (self.grid.due - self.looked >= HOLD_S - NEAR and not self.keys_only):
                yield from self._look(target, held)
            self.grid.next()

    def _look(self, target: float, held: bool) -> Iterator[AnyMessage]:
        """The sample that is due, as a Frame where it could be decoded."""
        self.planned, self.looked = max(target, self.planned), self.grid.due
        if gap := self.losses.take():
            yield gap
        frame = self._hold() if held else self._frame()
        if frame:
            self.last = frame
            yield frame
            yield Watermark(stream=self.stream, modality="vision", time=frame.time)
        if self.line.due(self.grid.due):
            self.line = self.line.next(self.grid.due)
            yield Checkpoint(stream=self.stream, position=self.grid.due)

    def _frame(self) -> Frame | None:
        rows = self.decoding.take()
        if not rows or (frame := rows[-1].frame) is None:
            return None
        time, luma, rows[-1].frame = rows[-1].time, rows[-1].luma, None  # a frame that is kept keeps its decoder's memory
        width, height = self.glimpser.shape(frame, self.ratio)
        picture = None
        if self.glimpser.picture_width_px and self._news(time, luma):
            picture = self.glimpser.picture(frame, self.ratio)
            self.gate = Gate(time, luma)
        return Frame(
            stream=self.stream,
            time=time,
            image=self.glimpser.image(frame),
            picture=picture,
            width=width,
            height=height,
            luma=np.stack([row.luma for row in rows]),
            luma_times=np.array([row.time for row in rows]),
        )

    def _news(self, time: float, luma: np.ndarray) -> bool:
        """There is something to read that was not there in the last picture that was given, and that is long enough ago."""
        return self.gate is None or (time - self.gate.time >= self.pause - NEAR and self.gate.passes(time, luma))

    def _hold(self) -> Frame | None:
        """The last Frame once more, for it still stands."""
        if self.last is None:
            return None
        return msgspec.structs.replace(
            self.last, time=self.grid.due, picture=None, luma=self.last.luma[-1:], luma_times=np.array([self.grid.due])
        )

    def _state(self, key: "_Key") -> VideoState:
        """What a reading must know that begins at this key frame."""
        newest = self.decoding.newest
        return VideoState(
            packet=key.packet, clock=key.clock, preroll=len(key.packets), hidden=self.shown if key.packets else -math.inf,
            segments=self.cutter.segments, extradata=self.cutter.extradata,
            goal=self.grid.goal, due=self.grid.due, anchored=self.grid.anchored,
            planned=self.planned, looked=self.looked, end=self.end, gate=self.gate,
            newest=Gate(newest.time, newest.luma) if newest else None, decoded=self.decoding.frames > 0, line=self.line,
        )  # fmt: skip
