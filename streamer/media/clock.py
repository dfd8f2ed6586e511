"""Timestamps of a file → seconds of media time, and the spans where media was lost."""

import math
from fractions import Fraction

from av.frame import Frame as Decoded

from schemas.messages import Gap, Modality, identity, microseconds
from streamer.media.container import Packet

BACKWARD_S, FORWARD_S = 2.0, 10.0  # a step between two packets of a broadcast recording that is no time but a new clock
DAMAGED = "damaged"  # the usual cause of a loss
WILD_S = 3600.0  # a step above it, and far behind the end of the file, is a damaged timestamp


class Clock:
    """The clock of one track: rational timestamps inside, float seconds since the film began outside."""

    def __init__(self, time_base: Fraction, zero: float, pace: float, end: float, restarts: bool) -> None:
        self.numerator, self.denominator = time_base.numerator, time_base.denominator
        self.tick = float(time_base)  # seconds
        self.zero = zero  # seconds on the clock of the file
        self.pace = pace  # seconds that a packet lasts where it does not say so
        self.end = end  # seconds: no timestamp can be behind it; inf where it is not known
        self.restarts = restarts  # broadcast recordings: the clock may jump in the middle
        self.newest: int | None = None  # ticks: decoding time of the last packet
        self.shift = 0  # ticks that the restarts sum up to

    @property
    def state(self) -> tuple[int | None, int]:
        """What it knows of the packets so far."""
        return self.newest, self.shift

    @state.setter
    def state(self, known: tuple[int | None, int]) -> None:
        self.newest, self.shift = known

    def forget(self) -> None:
        """Packets are missing: whatever comes next is no jump of the clock."""
        self.newest = None

    def mend(self, packet: Packet) -> None:
        """Gives a packet without a time one, and takes back the jumps of a restarted clock and of damaged timestamps."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        pace = packet.duration or round(self.pace / self.tick)
        expected = (self.newest if self.newest is not None else round(self.zero / self.tick) - pace) + pace
        if stamp is None:
            packet.pts = packet.dts = stamp = expected
        step = (stamp + self.shift - expected) * self.tick
        if self.restarts and self.newest is not None and not -BACKWARD_S <= step <= FORWARD_S:
            self.shift = expected - stamp
        elif self._seconds(stamp) > self.end or (math.isinf(self.end) and self.newest is not None and step > WILD_S):
            packet.pts = packet.dts = stamp = expected - self.shift
        if self.shift:
            packet.pts = None if packet.pts is None else packet.pts + self.shift
            packet.dts = None if packet.dts is None else packet.dts + self.shift
        self.newest = stamp + self.shift

    def times(self, packet: Packet) -> tuple[float, float]:
        """When a mended packet is shown, and the time that no later packet is shown before."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        assert stamp is not None, "mended"
        return self._seconds(stamp), self._seconds(packet.dts if packet.dts is not None else stamp) - BACKWARD_S * (packet.dts is None)

    def duration(self, packet: Packet) -> float:
        """Seconds that a packet lasts."""
        return packet.duration * self.tick if packet.duration else self.pace

    def frame(self, frame: Decoded) -> float | None:
        """When a decoded frame begins; None: it does not say."""
        stamp = frame.pts if frame.pts is not None else frame.dts
        return None if stamp is None else self._seconds(stamp)

    def _seconds(self, stamp: int) -> float:
        return stamp * self.numerator / self.denominator - self.zero


class Losses:
    """What could not be decoded since the last good frame, gathered into one Gap."""

    def __init__(self, stream: str, epoch: int, modality: Modality) -> None:
        self.stream, self.epoch = stream, epoch
        self.modality = modality
        self.start, self.end, self.lost = math.inf, -math.inf, 0
        self.cause = DAMAGED

    def lose(self, start: float, end: float, packets: int = 1) -> None:
        """Media from start to end in seconds is lost."""
        self.start, self.end = min(self.start, max(0.0, start)), max(self.end, end)
        self.lost += packets

    def take(self) -> Gap | None:
        """What was lost, once."""
        if self.end < 0:
            return None
        name = identity(self.stream, self.epoch, "gap", microseconds(self.start), self.modality)
        gap = Gap(stream=self.stream, id=name, start=self.start, end=self.end, modality=self.modality, cause=self.cause, lost=self.lost)
        self.start, self.end, self.lost, self.cause = math.inf, -math.inf, 0, DAMAGED
        return gap
