"""Packets in, messages out: one pass through a stream, wherever its packets come from.

    StreamStatus · Frame · Watermark(vision) · Audio · Watermark(sound) · … · Checkpoint · … · Watermark(inf) × 2

A reading that goes on behind a Checkpoint is given packets from a little before it: of the pictures from where their
segment begins, of the sound from where a fresh decoder began to listen. What it says up to the Checkpoint was said before.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from schemas.messages import (
    AnyMessage,
    Checkpoint,
    Container,
    Gap,
    Modality,
    Status,
    StreamStatus,
    Track,
    Watermark,
    identity,
    microseconds,
)
from streamer.config import Media
from streamer.errors import MediaError
from streamer.media.audio import Sound, SoundState
from streamer.media.clock import Clock, Losses
from streamer.media.container import Packet
from streamer.media.glimpse import Glimpser
from streamer.media.video import Video, VideoState

HOPELESS = 500  # packets in a row, from the first one on, that nothing could be decoded of
BEYOND = 1.1  # of the duration, and a minute: no timestamp lies behind it
CUT_OFF_S = 1.0  # seconds that a file may end before it says


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is made of the packets."""

    options: Media = Media()
    image_size: tuple[int, int] = (224, 224)  # px: height and width of `Frame.image`
    rates: tuple[int, ...] = (16_000,)  # Hz: each gets its own Audio messages
    pictures: bool = True  # False leaves `Frame.picture` out


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """What one must know to read packets."""

    stream: str
    epoch: int = 0
    name: str  # for people, in errors
    container: Container
    tracks: tuple[Track, ...]  # at most one of a kind


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A line in a stream, and where each track must be read again from to go on behind it."""

    number: int  # of the Checkpoint
    video: VideoState | None = None
    sound: SoundState | None = None


class Reading:
    """One pass through a stream; `seen` packets of each kind lie before the first that it is given. Errors: MediaError."""

    def __init__(self, film: Film, wanted: Wanted, place: Place | None = None, seen: dict[str, int] | None = None) -> None:
        self.film = film
        self.behind = place.number if place else 0  # number of the Checkpoint up to which all was said before
        self.again = place is not None  # what comes was said before
        self.pushed = 0  # packets
        self.lost = False  # anything
        self.video: Video | None = None
        self.sound: Sound | None = None
        seen = seen or {}
        for track in film.tracks:
            if track.kind == "video":
                glimpser = Glimpser(wanted.image_size, wanted.options.picture_width_px if wanted.pictures else 0)
                self.video = Video(film.stream, track, self._clock(track), self._losses("vision"), wanted.options, glimpser)
                self.video.packets = seen.get("video", 0)
                if place and place.video:
                    self.video.resume(place.video)
            elif wanted.rates:
                alone = not any(other.kind == "video" for other in film.tracks)
                self.sound = Sound(film.stream, track, self._clock(track), self._losses("sound"), wanted.rates, alone)
                self.sound.packets = seen.get("audio", 0)
                if place and place.sound:
                    self.sound.resume(place.sound)

    def place(self) -> Place:
        """Where to go on behind the Checkpoint that was just given."""
        setter = self.video or self.sound
        assert setter, "without tracks there are no lines"
        video, sound = self.video and self.video.state, self.sound and self.sound.state
        return Place(number=setter.line.number, video=video or None, sound=sound or None)

    def begin(self) -> Iterator[AnyMessage]:
        """What is known before the first packet."""
        yield from self._said(self._begin())

    @property
    def seen(self) -> dict[str, int]:
        """Packets of each kind so far."""
        return {kind: track.packets for kind, track in (("video", self.video), ("audio", self.sound)) if track}

    def push(self, packet: Packet, index: int) -> Iterator[AnyMessage]:
        """What one more packet of a track brings."""
        self.pushed += 1
        if self.pushed > HOPELESS and not self._decoded:
            raise MediaError(
                f"{self.film.name}: none of its first {HOPELESS} packets can be decoded; expected a film that players can play"
            )
        for track in (self.video, self.sound):
            if track and track.track.index == index:
                yield from self._said(track.push(packet))

    def lose(self, cause: str) -> Iterator[AnyMessage]:
        """Packets are missing here."""
        self.lost = True
        if self.video:
            yield from self._said(self.video.lose(cause))
        if self.sound:
            self.sound.lose(cause)

    def join(self, start: float) -> None:
        """Begins in the middle: `start` is the media time of the first packet, in seconds."""
        for track in (self.video, self.sound):
            if track:
                track.join(start)

    def end(self) -> Iterator[AnyMessage]:
        """What is left when no packet follows."""
        yield from self._said(self._end())

    def _begin(self) -> Iterator[AnyMessage]:
        name = identity(self.film.stream, self.film.epoch, "status", "online")
        yield StreamStatus(stream=self.film.stream, id=name, state="online", media=self.film.container.words)
        if not self.video:
            yield self._over("vision", "no_track")
        if not self.sound:
            yield self._over("sound", "no_track")

    def _end(self) -> Iterator[AnyMessage]:
        until = max(self._reached, self.film.container.ends)
        if self.video:
            yield from self.video.finish(until)
        if self.sound:
            yield from self.sound.finish(until)
        if (self.video or self.sound) and not (self._decoded or self.lost):
            words = self.film.container.words
            raise MediaError(f"{self.film.name}: nothing in it can be decoded ({words}); expected a film that players can play")
        yield from self._cut_off()
        if self.video:
            yield self._over("vision", "present" if self.video.decoding.frames else "failed")
        if self.sound:
            yield self._over("sound", "present" if self.sound.frames else "failed")

    def _cut_off(self) -> Iterator[AnyMessage]:
        """A Gap from where the file stops to where it says that its tracks end."""
        end, said = self._reached, self.film.container.ends
        if said > end + CUT_OFF_S:
            name = identity(self.film.stream, self.film.epoch, "gap", microseconds(end), "all")
            yield Gap(stream=self.film.stream, id=name, start=end, end=said, cause="damaged")

    def _said(self, messages: Iterable[AnyMessage]) -> Iterator[AnyMessage]:
        """What was not said before; the messages of a live stream carry its epoch."""
        for message in messages:
            if not self.again:
                yield msgspec.structs.replace(message, epoch=self.film.epoch) if self.film.epoch else message
            elif isinstance(message, Checkpoint):
                self.again = self.place().number < self.behind

    @property
    def _reached(self) -> float:
        """Seconds: the end of what has come."""
        return max(self.video.end if self.video else 0.0, self.sound.time if self.sound else 0.0)

    @property
    def _decoded(self) -> bool:
        """Anything at all."""
        return bool((self.video and self.video.decoding.frames) or (self.sound and self.sound.frames))

    def _over(self, modality: Modality, status: Status) -> Watermark:
        return Watermark(stream=self.film.stream, modality=modality, time=math.inf, status=status)

    def _losses(self, modality: Modality) -> Losses:
        return Losses(self.film.stream, self.film.epoch, modality)

    def _clock(self, track: Track) -> Clock:
        container = self.film.container
        end = container.duration * BEYOND + 60 if container.duration and not container.restarts else math.inf
        return Clock(Fraction(*track.time_base), container.start, track.pace, end, container.restarts)
