"""Sound at one rate: decoded frames in, blocks of mono samples out, each a function of the last seconds alone.

    resampler   ├───────────────────────────┤dropped
    successor                         dropped├────────────────────────── …
                                      begin  until: a whole second later

A resampler remembers the samples behind its filter. So that reading can begin in the middle, it is followed by a fresh one
now and then, which starts on a whole second, where the grids of all rates meet, and is heard a second later.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from schemas.messages import Audio

BLOCK_S = 0.5  # seconds of a message
WARM_S = 1  # seconds of sound before a fresh resampler is heard: a whole number, and longer than any filter


class _Run:
    """A resampler from `begin` on, a time in seconds; the first `drop` samples that come out are not heard."""

    def __init__(self, rate: int, begin: float, drop: int) -> None:
        self.rate, self.begin, self.drop = rate, begin, drop
        self.resampler = self._resampler()
        self.template: tuple[str, str, int] | None = None  # of the frames so far
        self.waiting: list[np.ndarray] = []  # float32 [samples] each
        self.samples = 0  # waiting

    def push(self, frame: AudioFrame, time: float) -> None:
        """One more frame, which begins at `time`."""
        early = round((self.begin - time) * frame.sample_rate)
        if early >= frame.samples:
            return
        if early > 0:
            frame = without(frame, early)
        template = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self.template not in (None, template):
            self.flush()
            self.resampler = self._resampler()
        self.template = template
        self._keep(self.resampler.resample(frame))

    def flush(self) -> None:
        """What the filter still holds."""
        self._keep(self.resampler.resample(None))

    def take(self, samples: int) -> np.ndarray:
        """float32 [samples]: the next ones, if so many wait."""
        whole = np.concatenate(self.waiting) if self.waiting else np.zeros(0, np.float32)
        self.waiting = [whole[samples:]]
        self.samples = len(self.waiting[0])
        return whole[:samples]

    def _resampler(self) -> AudioResampler:
        mean = {"rematrix_maxval": "1"}  # else the mono of two equal channels is 3 dB louder than they are
        return AudioResampler(format="flt", layout="mono", rate=self.rate, options=mean)

    def _keep(self, frames: list[AudioFrame]) -> None:
        for frame in filter(None, frames):  # where nothing has to be resampled, None flushes to None
            samples = np.frombuffer(memoryview(frame.planes[0]), np.float32)[self.drop : frame.samples]  # to_ndarray copies twice
            self.drop -= min(self.drop, frame.samples)
            self.waiting.append(samples)
            self.samples += len(samples)


class Resampled:
    """The sound at one rate, from a second `begin` of what comes in; the blocks begin at `heard` seconds."""

    def __init__(self, stream: str, rate: int, begin: int = 0, heard: int = 0) -> None:
        self.stream, self.rate = stream, rate
        self.size = round(BLOCK_S * rate)  # samples of a block
        self.given = heard * rate  # samples
        self.run = _Run(rate, begin, (heard - begin) * rate)
        self.successor: _Run | None = None
        self.until = 0  # samples: where the successor takes over

    def push(self, frame: AudioFrame, time: float) -> Iterator[Audio]:
        """The blocks that one more frame fills, which begins at `time` in seconds."""
        self.run.push(frame, time)
        if self.successor:
            self.successor.push(frame, time)
        self._hand_over()
        while self.run.samples >= self.size:
            yield self._block(self.size)

    def finish(self) -> Iterator[Audio]:
        """The rest, in a last block that may be shorter."""
        self.run.flush()
        if self._hand_over():
            self.run.flush()
        while self.run.samples:
            yield self._block(min(self.size, self.run.samples))

    def renew(self, begin: int) -> None:
        """A fresh resampler follows, fed from this second on."""
        self.successor = _Run(self.rate, begin, WARM_S * self.rate)
        self.until = (begin + WARM_S) * self.rate

    @property
    def time(self) -> float:
        """Seconds up to which blocks were given."""
        return self.given / self.rate

    def _hand_over(self) -> bool:
        """The successor goes on where its time has come."""
        if not self.successor or self.given + self.run.samples < self.until:
            return False
        rest = self.run.take(self.until - self.given)
        self.run, self.successor = self.successor, None
        self.run.waiting.insert(0, rest)
        self.run.samples += len(rest)
        return True

    def _block(self, size: int) -> Audio:
        samples = self.run.take(size)
        time, self.given = self.time, self.given + size
        return Audio(stream=self.stream, time=time, rate=self.rate, samples=np.clip(samples, -1, 1))


def silent(like: AudioFrame, samples: int) -> AudioFrame:
    """A frame of silence in the format of another."""
    frame = AudioFrame(format=like.format, layout=like.layout, samples=samples)
    frame.sample_rate, frame.time_base = like.sample_rate, like.time_base
    for plane in frame.planes:
        plane.update(bytes([128 if like.format.name.startswith("u8") else 0]) * plane.buffer_size)
    return frame


def without(frame: AudioFrame, samples: int) -> AudioFrame:
    """The frame without its first samples."""
    channels = 1 if frame.format.is_planar else frame.layout.nb_channels
    left: Any = np.ascontiguousarray(frame.to_ndarray()[:, samples * channels :])
    rest = AudioFrame.from_ndarray(left, format=frame.format.name, layout=frame.layout.name)
    rest.sample_rate, rest.time_base = frame.sample_rate, frame.time_base
    return rest
