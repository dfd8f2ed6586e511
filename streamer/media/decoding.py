"""Decodes what is wanted of segments, and a glimpse of everything on the way."""

import math
from collections import deque

import msgspec
import numpy as np
from av.video.frame import VideoFrame

from streamer.media.clock import Clock, Losses
from streamer.media.glimpse import Glimpser
from streamer.media.segments import DamagedError, Segment

LEVELS = 16  # of 255: a point has changed by more than noise and compression
MAYBE_A_CUT = 0.4  # of the points: cuts of the clips changed 0.46 and more, somebody who walks by rarely above 0.35
MOST_BEHIND = 64  # segments: more lie between two samples only where every picture is a key frame and few are looked at
HOLE_S = 0.5  # seconds without a frame after a damaged one: they were lost too


class Glimpse(msgspec.Struct):
    """A decoded frame."""

    time: float
    luma: np.ndarray  # uint8 [90, 160]
    frame: VideoFrame | None = None  # kept as long as it may be the one that is wanted


class Decoding:
    """What came out of the decoders since the last sample."""

    def __init__(self, clock: Clock, glimpser: Glimpser, losses: Losses, whole: bool) -> None:
        self.clock, self.glimpser, self.losses = clock, glimpser, losses
        self.whole = whole  # every frame is decoded
        self.behind: deque[Segment] = deque(maxlen=MOST_BEHIND)  # earlier segments, whose tails are not decoded
        self.rows: list[Glimpse] = []  # up to the wanted time
        self.later: list[Glimpse] = []  # beyond it
        self.newest: Glimpse | None = None
        self.frames = 0
        self.damaged = False  # the last frame

    def reach(self, segment: Segment, time: float, until: float) -> bool:
        """Decodes until the frame of `time` is out; rows up to `until`. False: the segment must have more packets first."""
        waiting, self.later = self.later, []
        for glimpse in waiting:
            self._put(glimpse, until)
        while segment.newest < time:
            frames = self._step(segment)
            if frames is None:
                return segment.ended
            for frame in frames:
                self._note(segment, frame, until)
        return True

    def take(self) -> list[Glimpse]:
        """The rows since the last sample; the last one has its frame."""
        rows, self.rows = self.rows, []
        return rows

    def _step(self, segment: Segment) -> list[VideoFrame] | None:
        try:
            return segment.step()
        except DamagedError as error:
            start = self.clock.times(error.packet)[0] if error.packet is not None else math.inf
            if start > segment.hidden:
                self.damaged = True
                if error.packet is not None:
                    self.losses.lose(start, start + self.clock.duration(error.packet))
            return []

    def _note(self, segment: Segment, frame: VideoFrame, until: float) -> None:
        time = self.clock.frame(frame)
        if time is None:
            time = self.newest.time + self.clock.pace if self.newest else 0.0
        if time <= segment.hidden:
            return
        luma = self.glimpser.luma(frame)
        if segment.newest == -math.inf:
            self._tails(luma, until)
        segment.newest = max(segment.newest, time)
        if time < 0 or (self.newest and time <= self.newest.time):
            return
        self.frames += 1
        if self.damaged and self.newest and time - self.newest.time > HOLE_S:
            self.losses.lose(self.newest.time, time, 0)
        if frame.is_corrupt:
            self.losses.lose(time, time + self.clock.pace)
        self.damaged = frame.is_corrupt
        self.newest = Glimpse(time, luma, frame)
        self._put(self.newest, until)

    def _tails(self, luma: np.ndarray, until: float) -> None:
        """Looks at the frames left out before a picture that differs from the last one seen: when did it change?"""
        behind = [*self.behind]
        self.behind.clear()
        if not self.whole and (self.newest is None or _changed(luma, self.newest.luma) < MAYBE_A_CUT):
            return
        for segment in behind:
            segment.newest = max(segment.newest, 0.0)  # its own first frame is no reason to look further behind
            while (frames := self._step(segment)) is not None:
                for frame in frames:
                    self._note(segment, frame, until)

    def _put(self, glimpse: Glimpse, until: float) -> None:
        if glimpse.time > until:
            self.later.append(glimpse)
            return
        if self.rows:
            self.rows[-1].frame = None
        self.rows.append(glimpse)


def _changed(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the points that changed."""
    return float(np.mean(np.abs(one.astype(np.int16) - other) > LEVELS))
