"""The sound of a film: packets in; blocks of mono samples without holes, what was lost, and how far it is out.

A decoder remembers too: a noise generator, a filter, half a packet. So every eight seconds it is followed by a fresh one
that has heard the last second, and the sound can be read again from there, the same to the bit.
"""

import contextlib
import math
from collections.abc import Iterator

import msgspec
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from schemas.messages import AnyMessage, Audio, Checkpoint, Track, Watermark
from streamer.media.clock import Clock, Losses
from streamer.media.codecs import audio_decoder
from streamer.media.container import Packet
from streamer.media.lines import Line
from streamer.media.resampling import WARM_S, Resampled, silent, without
from streamer.media.segments import DamagedError, decode

HOLE_S = 0.05  # seconds: timestamps that jump further than this are silence or an overlap, those that do not are jitter
PIECE_S = 1.0  # seconds of silence at once
RENEW_S = 8.0  # seconds between fresh decoders: so much is read again at most, and a few more
PREROLL_S = 1.0  # seconds that a fresh decoder hears first: overlaps, bit reservoirs and headers of AAC, MP3 and Opus are shorter


class SoundState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a fresh decoder began, and what cannot be found out from there."""

    packet: int = 0  # of the track: the first that it gets
    preroll: int = 0  # packets whose sound is not used
    clock: tuple[int | None, int] = (None, 0)  # at that packet
    taken: int = 0  # packet at which its sound was heard first
    time: float = 0.0  # seconds, behind the preroll: where the sound goes on
    begin: int = 0  # seconds: the first that the resamplers get
    heard: int = 0  # seconds: the first block that they give
    frames: int = 0
    told: float = 0.0
    line: Line = Line()


class _Successor(msgspec.Struct):
    """A decoder that listens but is not heard yet."""

    decoder: AudioCodecContext
    packet: int  # the first that it got
    clock: tuple[int | None, int]  # at that packet
    began: float  # seconds


class Sound:
    """The audio track of one stream; alone, it sets the lines."""

    def __init__(self, stream: str, track: Track, clock: Clock, losses: Losses, rates: tuple[int, ...], alone: bool) -> None:
        self.stream, self.track, self.clock, self.losses, self.rates, self.alone = stream, track, clock, losses, rates, alone
        self.packets = 0  # that were seen
        self.state = self.coming = SoundState()
        self.resume(self.state)

    def resume(self, state: SoundState) -> None:
        """Goes on as if everything before the state had been read."""
        self.state = self.coming = state
        self.decoder = audio_decoder(self.track)
        self.successor: _Successor | None = None
        self.outputs = [Resampled(self.stream, rate, state.begin, state.heard) for rate in self.rates]
        self.clock.state = state.clock
        self.time = state.time  # seconds: the end of what went to the resamplers
        self.frames = state.frames
        self.told = state.told  # seconds: the last watermark
        self.line = state.line
        self.missing = False  # packets, since the last frame

    def push(self, packet: Packet) -> Iterator[AnyMessage]:
        """What one more packet brings."""
        number, self.packets = self.packets, self.packets + 1
        if number < self.state.packet:
            return
        clock = self.clock.state
        self.clock.mend(packet)
        if number < self.state.packet + self.state.preroll:
            _listen(self.decoder, packet)
            return
        self._renew(number, clock)
        if self.successor:
            _listen(self.successor.decoder, packet)
        try:
            frames = decode(self.decoder, packet)
        except DamagedError:
            start, _ = self.clock.times(packet)
            self.losses.lose(start, start + self.clock.duration(packet))
            return
        for frame in frames:
            yield from self._place(frame)
        yield from self._tell(number)

    def lose(self, cause: str) -> None:
        """Packets are missing: the decoder cannot go on, and the hole will be silence."""
        self.decoder, self.successor = audio_decoder(self.track), None
        self.losses.cause, self.missing = cause, True
        self.clock.forget()

    def join(self, start: float) -> None:
        """Nothing before a time in seconds will be told, for nobody knows it."""
        second = max(0, math.floor(start))
        self.resume(SoundState(time=second, begin=second, heard=second, told=second))

    def finish(self, until: float = 0.0) -> Iterator[AnyMessage]:
        """What decoder and resamplers still hold; what is missing is so up to a time in seconds."""
        try:
            frames = decode(self.decoder, None)
        except DamagedError:
            frames = []
        for frame in frames:
            yield from self._place(frame)
        if self.missing and until > self.time + HOLE_S:
            self.losses.lose(self.time, until, 0)
            self.time = until
        if gap := self.losses.take():
            yield gap
        for output in self.outputs:
            yield from output.finish()

    def _renew(self, number: int, clock: tuple[int | None, int]) -> None:
        """Lets a fresh decoder listen in time, and speak from this packet on when it has listened long enough."""
        if self.successor is None:
            if self.time >= self.coming.begin + RENEW_S - PREROLL_S:
                self.successor = _Successor(audio_decoder(self.track), number, clock, self.time)
        elif self.time >= self.successor.began + PREROLL_S:
            first, begin = self.successor.packet, math.ceil(self.time)
            self.coming = SoundState(
                packet=first, preroll=number - first, clock=self.successor.clock,
                time=self.time, begin=begin, heard=begin + WARM_S, frames=self.frames,
            )  # fmt: skip
            self.decoder, self.successor = self.successor.decoder, None
            for output in self.outputs:
                output.renew(begin)

    def _place(self, frame: AudioFrame) -> Iterator[AnyMessage]:
        """Puts a frame where it belongs: silence before it, or less of it."""
        start = self.clock.frame(frame)
        offset = 0.0 if start is None else start - self.time
        if (self.frames or self.missing) and offset > HOLE_S:
            self.losses.lose(self.time, self.time + offset, 0)
        if gap := self.losses.take():
            yield gap
        self.frames, self.missing = self.frames + 1, False
        if offset > (HOLE_S if self.frames > 1 else 0):
            yield from self._silence(frame, round(offset * frame.sample_rate))
        elif offset < -(HOLE_S if self.frames > 1 else 0):
            cut = round(-offset * frame.sample_rate)
            if cut >= frame.samples:
                return
            frame = without(frame, cut)
        yield from self._push(frame)

    def _silence(self, like: AudioFrame, samples: int) -> Iterator[AnyMessage]:
        piece = round(PIECE_S * like.sample_rate)
        while samples > 0:
            yield from self._push(silent(like, min(piece, samples)))
            samples -= piece

    def _push(self, frame: AudioFrame) -> Iterator[Audio]:
        frame.pts = None  # it is placed by counting
        for output in self.outputs:
            yield from output.push(frame, self.time)
        self.time += frame.samples / frame.sample_rate

    def _tell(self, number: int) -> Iterator[AnyMessage]:
        """How far it is out; a state becomes one to go on from when nothing older is heard any more."""
        time = min(output.time for output in self.outputs)
        if self.coming is not self.state and time >= self.coming.heard:
            self.state = self.coming = msgspec.structs.replace(self.coming, taken=number, told=self.told, line=self.line)
        if time > self.told and number >= self.state.taken:
            self.told = time
            yield Watermark(stream=self.stream, modality="sound", time=time)
            if self.alone and self.line.due(time):
                self.line = self.line.next(time)
                yield Checkpoint(stream=self.stream, position=time)


def _listen(decoder: AudioCodecContext, packet: Packet) -> None:
    """Decodes for the sake of the decoder's memory."""
    with contextlib.suppress(DamagedError):
        decode(decoder, packet)
