"""What is in a media file, without decoding it."""

import pathlib
from fractions import Fraction
from typing import Any, Literal

import av
import msgspec
from av.container import InputContainer

from streamer.errors import MediaError
from streamer.media.container import codec_name, opened, tracks

PLAYED: dict[str, frozenset[str]] = {  # by browsers: container -> codecs
    "mov": frozenset({"h264", "av1", "vp9", "aac", "mp3", "opus", "flac"}),
    "matroska": frozenset({"vp8", "vp9", "av1", "opus", "vorbis"}),
    "ogg": frozenset({"opus", "vorbis", "flac"}),
    "wav": frozenset({"pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_f32le"}),
    "mp3": frozenset({"mp3"}),
    "flac": frozenset({"flac"}),
    "aac": frozenset({"aac"}),
}


class TrackInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One track that can be decoded."""

    index: int
    kind: Literal["video", "audio"]
    codec: str
    width: int = 0  # px, as coded
    height: int = 0  # px
    format: str = ""  # of pixels
    frames_per_second: float = 0.0  # on average; 0: unknown
    rate: int = 0  # Hz
    channels: int = 0
    start_s: float = 0.0  # on the clock of the file
    end_s: float = 0.0  # likewise, of the film where the track does not say its own

    @property
    def words(self) -> str:
        """For people: `h264 1280×720, 30 frames/s` or `aac 48000 Hz, 2 channels`."""
        if self.kind == "audio":
            return f"{self.codec} {self.rate} Hz, {self.channels} channel{'s' * (self.channels != 1)}"
        pace = f", {self.frames_per_second:.5g} frames/s" if self.frames_per_second else ""
        return f"{self.codec} {self.width}×{self.height}{pace}"


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a media file."""

    container: str
    duration_s: float  # 0: unknown
    video: TrackInfo | None  # the largest picture; None: there is none
    audio: TrackInfo | None  # the highest rate, then the most channels; None: there is none
    tracks: tuple[TrackInfo, ...]  # all that can be decoded
    plays: bool  # browsers play it, and pick the same tracks

    @property
    def start_s(self) -> float:
        """Where media time begins on the clock of the file."""
        return min(track.start_s for track in (self.video, self.audio) if track)

    @property
    def words(self) -> dict[str, str]:
        """For people: what was found and what was chosen."""
        chosen = {kind: self._chosen(kind) for kind in ("video", "audio")}
        length = {"duration": f"{self.duration_s:.3f} s"} if self.duration_s else {}
        return {"container": self.container} | {kind: words for kind, words in chosen.items() if words} | length

    def _chosen(self, kind: str) -> str:
        track = self.video if kind == "video" else self.audio
        if not track:
            return ""
        many = sum(other.kind == kind for other in self.tracks)
        return f"track {track.index}: {track.words}" + (f" (best of {many})" if many > 1 else "")


def probe(path: pathlib.Path) -> Probe:
    """What is in the file. Errors: SourceError, MediaError."""
    with opened(path) as container:
        return describe(container, path)


def describe(container: InputContainer, path: pathlib.Path) -> Probe:
    """What is in an open file. Errors: MediaError, where no track can be decoded."""
    found = [_info(stream) for stream in tracks(container)]
    videos = [track for track in found if track.kind == "video"]
    audios = [track for track in found if track.kind == "audio"]
    if not found:
        kinds = ", ".join(sorted({f"{stream.type} {stream.name}" for stream in container.streams})) or "no track at all"
        raise MediaError(f"{path}: no video or audio that can be decoded ({kinds}); expected for example h264 or aac, try converting it")
    video = max(videos, key=lambda track: track.width * track.height, default=None)
    audio = max(audios, key=lambda track: (track.rate, track.channels), default=None)
    kind = container.format.name.partition(",")[0]
    return Probe(
        container=kind,
        duration_s=max(0.0, container.duration / av.time_base) if container.duration else 0.0,
        video=video,
        audio=audio,
        tracks=tuple(found),
        plays=_plays(kind, videos, audios, video, audio),
    )


def _plays(kind: str, videos: list[TrackInfo], audios: list[TrackInfo], video: TrackInfo | None, audio: TrackInfo | None) -> bool:
    """Browsers know the container and the codecs, and the first tracks, which they show, are the chosen ones."""
    same = videos[:1] == [video] * bool(video) and audios[:1] == [audio] * bool(audio)
    usual = not (video and video.codec == "h264") or video.format in ("yuv420p", "yuvj420p")
    return same and usual and all(track.codec in PLAYED.get(kind, ()) for track in (video, audio) if track)


def _info(stream: Any) -> TrackInfo:
    context = stream.codec_context
    codec = codec_name(context)
    base = stream.time_base or Fraction(0)
    start = float((stream.start_time or 0) * base)
    whole = (stream.container.start_time or 0) + (stream.container.duration or 0)
    end = start + float(stream.duration * base) if stream.duration else whole / av.time_base
    if stream.type == "audio":
        channels = context.layout.nb_channels
        rate = context.sample_rate
        return TrackInfo(index=stream.index, kind="audio", codec=codec, rate=rate, channels=channels, start_s=start, end_s=end)
    pace = float(stream.average_rate or 0)
    return TrackInfo(
        index=stream.index,
        kind="video",
        codec=codec,
        width=context.width,
        height=context.height,
        format=context.pix_fmt or "",
        frames_per_second=pace,
        start_s=start,
        end_s=end,
    )
