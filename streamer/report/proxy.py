"""A small copy of a film that every browser plays: 360 lines, H.264 and AAC, else VP8 and Opus."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError, InvalidDataError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from streamer.errors import MediaError

LINES = 360  # px
RATE = 25  # pictures a second at most
SOUND_HZ = 48_000
TICK = Fraction(1, 90_000)  # seconds: MPEG's own clock
PEEKED = 500  # frames: what comes later than this does not begin the film
QUICK = {
    "libx264": {"preset": "veryfast", "crf": "28", "g": "50"},  # a key picture each 2 s: seeking stays quick
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "500k", "g": "50"},
}


class Pictures:
    """The proxy's video track: small, upright when played, thinned to the rate."""

    def __init__(self, output: OutputContainer, codec: str, first: VideoFrame) -> None:
        scale = min(1.0, LINES / min(first.width, first.height))
        self.width, self.height = (max(2, round(side * scale / 2) * 2) for side in (first.width, first.height))  # even: 4:2:0
        stream = output.add_stream(codec, rate=RATE, options=QUICK[codec])
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
        stream.codec_context.time_base = TICK
        if first.rotation:
            stream.set_display_rotation(first.rotation)
        self.output, self.stream = output, stream
        self.slot = -1  # of 1/25 s, the last one that has its picture

    def write(self, frame: VideoFrame, time: float) -> None:
        """Adds a picture at `time`, unless its 1/25 s has one."""
        slot = int(time * RATE + 0.01)  # 0.01: clocks are rounded
        if slot <= self.slot:
            return
        self.slot = slot
        small = frame.reformat(self.width, self.height, "yuv420p")
        small.pts, small.time_base, small.pict_type = round(time / TICK), TICK, 0
        self.output.mux(self.stream.encode(small))

    def finish(self) -> None:
        """Writes what the encoder holds."""
        self.output.mux(self.stream.encode(None))


class Sound:
    """The proxy's audio track: stereo, holes filled with silence so that it stays with the picture."""

    def __init__(self, output: OutputContainer, codec: str) -> None:
        stream = output.add_stream(codec, rate=SOUND_HZ, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.bit_rate = 96_000
        self.output, self.stream = output, stream
        self.resampler = AudioResampler(stream.format.name, "stereo", SOUND_HZ, options={"async": "1"})

    def write(self, frame: AudioFrame | None, time: float = 0.0) -> None:
        """Adds sound that begins at `time`; None: what the resampler holds."""
        if frame is not None:
            frame.pts = round(time * frame.sample_rate)
            frame.time_base = Fraction(1, frame.sample_rate)
        for part in self.resampler.resample(frame):
            self.output.mux(self.stream.encode(part))

    def finish(self) -> None:
        """Writes what resampler and encoder hold."""
        self.write(None)
        self.output.mux(self.stream.encode(None))


def make_proxy(film: Path, folder: Path, tracks: Sequence[int]) -> Path:
    """The path of a proxy of the tracks with these indices, written to `folder`. Errors: MediaError."""
    h264 = {"libx264", "aac"} <= av.codecs_available
    path = folder / ("proxy.mp4" if h264 else "proxy.webm")
    part = path.with_suffix(path.suffix + ".part")
    try:
        with av.open(str(part), "w", format=path.suffix[1:], options={"movflags": "+faststart"} if h264 else {}) as output:
            _encode(film, tracks, output, ("libx264", "aac") if h264 else ("libvpx", "libopus"))
        part.replace(path)
    except (FFmpegError, OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        raise MediaError(f"{film.name}: no proxy could be made of it: {error}") from error
    return path


def _encode(film: Path, tracks: Sequence[int], output: OutputContainer, codecs: tuple[str, str]) -> None:
    start, picture, sounding = _first(film, tracks)
    pictures = Pictures(output, codecs[0], picture) if picture else None
    sound = Sound(output, codecs[1]) if sounding else None
    for frame in _frames(film, tracks):
        if isinstance(frame, VideoFrame) and pictures:
            pictures.write(frame, _time(frame) - start)
        elif isinstance(frame, AudioFrame) and sound:
            sound.write(frame, _time(frame) - start)
    for track in (pictures, sound):
        if track:
            track.finish()


def _first(film: Path, tracks: Sequence[int]) -> tuple[float, VideoFrame | None, bool]:
    """When the film begins, its first picture, and whether there is sound."""
    start, picture, sounding = math.inf, None, False
    for frame in islice(_frames(film, tracks), PEEKED):
        start = min(start, _time(frame))
        picture = picture or (frame if isinstance(frame, VideoFrame) else None)
        sounding = sounding or isinstance(frame, AudioFrame)
        if (picture is not None) + sounding == len(tracks):
            break
    if math.isinf(start):
        raise ValueError("nothing in it can be decoded")
    return start, picture, sounding


def _frames(film: Path, tracks: Sequence[int]) -> Iterator[VideoFrame | AudioFrame]:
    """The decoded frames that have a time, in the order of the file; damaged packets are left out."""
    with av.open(str(film), metadata_errors="replace") as source:
        for stream in source.streams.video:
            stream.thread_type = "AUTO"
        for packet in source.demux([source.streams[track] for track in tracks]):
            with contextlib.suppress(InvalidDataError):
                for frame in packet.decode():
                    if isinstance(frame, VideoFrame | AudioFrame) and frame.pts is not None:
                        yield frame


def _time(frame: VideoFrame | AudioFrame) -> float:
    assert frame.time is not None  # _frames gives those that have one
    return frame.time
