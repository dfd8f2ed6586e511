"""Lazy decoding shows the very frames that decoding everything shows."""

import hashlib
from fractions import Fraction

import av
import numpy as np
import pytest

from schemas.codec import unpack
from schemas.messages import Checkpoint, Frame
from streamer.config import Media
from streamer.media.clock import Clock, Losses
from streamer.media.container import opened
from streamer.media.demuxing import demux
from streamer.media.glimpse import Glimpser
from streamer.media.probe import describe
from streamer.media.reader import read
from streamer.media.reading import Place
from streamer.media.video import Video
from tests.clips import Pictures, coloured, make, shown
from tests.media_folder import MEDIA, needs_media

X265 = {"x265-params": "log-level=none:bframes=3:keyint=25"}
STILL_THEN_MOVING = [*np.arange(0, 1, 0.04), 3.5, *np.arange(4, 8, 0.1), 8.017, 12.0, 12.3]
MADE = {
    "camera.mp4": Pictures(gop=50),
    "b_frames.mp4": Pictures(gop=60, b_frames=3),
    "b_frames.ts": Pictures(gop=60, b_frames=3),
    "pyramid.mkv": Pictures(gop=40, b_frames=8, options={"preset": "medium"}),
    "open.mp4": Pictures(gop=40, b_frames=3, open_gop=True),
    "open.ts": Pictures(gop=40, b_frames=3, open_gop=True),
    "vfr.mkv": Pictures(times=STILL_THEN_MOVING, gop=20),
    "vfr_b_frames.mp4": Pictures(times=STILL_THEN_MOVING, gop=20, b_frames=2),
    "short_gop.mp4": Pictures(gop=7),
    "intra_refresh.ts": Pictures(gop=50, options={"x264-params": "intra-refresh=1:threads=1"}),
    "old.mp4": Pictures(codec="mpeg4", gop=12),
    "old.avi": Pictures(codec="mpeg4", gop=12, b_frames=0),
    "hevc.mp4": Pictures(codec="libx265", options=X265 | {"x265-params": X265["x265-params"] + ":open-gop=0"}),
    "hevc_open.ts": Pictures(codec="libx265", options=X265),
    "vp9.webm": Pictures(codec="libvpx-vp9", gop=40),
    "intra.avi": Pictures(codec="mjpeg", format="yuvj420p"),
    "ten_bit.mkv": Pictures(format="yuv420p10le", gop=50, b_frames=2),
    "cuts.mp4": Pictures(gop=50, draw=coloured([(200, 30, 30), (30, 200, 30), (30, 30, 200)], 18)),
    "odd.mkv": Pictures(size=(127, 71), format="yuv444p", gop=25),
    "turned.mp4": Pictures(rotation=-90, gop=50),
    "prores.mov": Pictures(codec="prores_ks", format="yuv422p10le"),
    "archive.mkv": Pictures(codec="ffv1", gop=30),
    "flash.flv": Pictures(codec="flv1", gop=30),
}
RATES = (0.7, 1.0, 3.0)


def digest(frame: av.VideoFrame) -> str:
    """SHA-256 of the pixels, without what fills the lines up to a multiple of 64 bytes."""
    rows = [
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:, : plane.width * bytes_of(frame)]
        for plane in frame.planes
    ]
    return hashlib.sha256(b"".join(np.ascontiguousarray(plane).tobytes() for plane in rows)).hexdigest()


def bytes_of(frame: av.VideoFrame) -> int:
    """Of a sample."""
    return 1 + (frame.format.components[0].bits > 8)


class Recorder(Glimpser):
    """Keeps the hash of every frame that becomes an image."""

    def __init__(self):
        super().__init__((36, 64), 0)
        self.hashes: list[str] = []

    def image(self, frame):
        self.hashes.append(digest(frame))
        return super().image(frame)


def sampled(path, mode: str, rate: float) -> tuple[list[tuple[float, str]], list[Frame]]:
    """Time and SHA-256 of the planes of every sampled frame, and the messages."""
    recorder = Recorder()
    with opened(path) as container:
        film = demux(container, path, ["video"])
        [track] = film.tracks
        clock = Clock(Fraction(*track.time_base), describe(container, path).video.start_s, track.pace, 1e9, False)
        video = Video("f-1", track, clock, Losses("f-1", 0, "vision"), Media(frames_per_second=rate, decode=mode), recorder)
        messages = [message for packet in film.packets for message in video.push(packet)]
        messages += video.finish()
    frames = [message for message in messages if isinstance(message, Frame)]
    hashes: dict[int, str] = {}  # by image: a picture that stays is given again as it is
    fresh = iter(recorder.hashes)
    return [(frame.time, hashes.get(id(frame.image)) or hashes.setdefault(id(frame.image), next(fresh))) for frame in frames], frames


def everything(path) -> dict[float, av.VideoFrame]:
    """Every frame of a plain decoder, by time."""
    with opened(path) as container:
        probe = describe(container, path)
        track = container.streams[probe.video.index]
        track.thread_type = "NONE"
        zero = Fraction(probe.video.start_s).limit_denominator(10**9)
        found = {}
        for packet in container.demux(track):
            for frame in packet.decode():
                stamp = frame.pts if frame.pts is not None else frame.dts
                found[round(float(stamp * track.time_base - zero), 6)] = digest(frame)
        return found


def check(path, rate: float) -> None:
    lazy, lazy_frames = sampled(path, "lazy", rate)
    full, full_frames = sampled(path, "full", rate)
    assert lazy == full
    assert all(np.array_equal(one.image, other.image) for one, other in zip(lazy_frames, full_frames, strict=True))
    assert np.all(np.diff([time for time, _ in lazy]) > 0)
    truth = everything(path)
    for time, found in lazy:
        assert truth[max(stamp for stamp in truth if stamp <= time + 1e-5)] == found, f"another frame at {time}"
    rows = {round(float(time), 6): row for frame in full_frames for time, row in zip(frame.luma_times, frame.luma, strict=True)}
    for frame in lazy_frames:
        for time, row in zip(frame.luma_times, frame.luma, strict=True):
            assert np.array_equal(rows[round(float(time), 6)], row)


@pytest.mark.parametrize("name", MADE)
def test_lazy_frames_are_those_of_full_decoding(name, tmp_path):
    path = make(tmp_path / name, 7, MADE[name], None)
    for rate in RATES:
        check(path, rate)


ENDLESS = {  # without a clean beginning anywhere but at the start: they are cut where a key frame follows another
    "open.mp4": Pictures(gop=40, b_frames=3, open_gop=True),
    "open.ts": Pictures(gop=40, b_frames=3, open_gop=True),
    "hevc_open.ts": Pictures(codec="libx265", options=X265),
    "intra_refresh.ts": Pictures(gop=50, options={"x264-params": "intra-refresh=1:threads=1"}),
    "broadcast.ts": Pictures(codec="mpeg2video", gop=15, b_frames=2),
    "old.mp4": Pictures(codec="mpeg4", gop=12, b_frames=2),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_film_with_open_gops_is_cut_and_shows_the_same_frames(name, tmp_path):
    path = make(tmp_path / name, 12, ENDLESS[name], None)
    check(path, 25.0)
    [place] = [unpack(line.states["read"], Place).video for line in read(path, "f-1", Media()) if isinstance(line, Checkpoint)]
    assert place.packet == 0 or place.preroll > 0


@needs_media
@pytest.mark.parametrize("path", sorted(MEDIA.glob("*.mp4")), ids=lambda path: path.name)
def test_lazy_frames_are_those_of_full_decoding_on_real_clips(path):
    check(path, 1.0)


def test_no_tail_is_decoded_where_nothing_happens(tmp_path):
    _, frames = sampled(make(tmp_path / "camera.mp4", 8, Pictures(gop=50), None), "lazy", 1.0)
    rows = sum(len(frame.luma) for frame in frames)
    assert rows == 4 * 26  # of 200: to the second sample of each GOP and no further


def test_a_cut_in_an_undecoded_tail_is_placed_to_the_frame(tmp_path):
    draw = coloured([(220, 40, 40), (40, 60, 220)], 94)  # the cut: six frames before a key frame
    _, frames = sampled(make(tmp_path / "cut.mp4", 8, Pictures(gop=50, draw=draw), None), "lazy", 1.0)
    times = np.concatenate([frame.luma_times for frame in frames])
    luma = np.concatenate([frame.luma for frame in frames]).astype(float).mean((1, 2))
    place = int(np.argmax(np.abs(np.diff(luma)))) + 1
    assert times[place] == pytest.approx(94 / 25)
    assert times[place] - times[place - 1] == pytest.approx(1 / 25)


def test_only_key_frames_are_decoded_where_only_they_are_wanted(tmp_path):
    seen, frames = sampled(make(tmp_path / "camera.mp4", 8, Pictures(gop=50, b_frames=2), None), "keyframes", 1.0)
    assert [time for time, _ in seen] == pytest.approx([0, 2, 4, 6])
    assert [shown(frame.luma[-1]) for frame in frames] == [0, 50, 100, 150]
    assert all(len(frame.luma) == 1 for frame in frames)
