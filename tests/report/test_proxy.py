"""A proxy plays what browsers do not, on the film's own clock."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streamer.errors import MediaError
from streamer.report.proxy import RATE, make_proxy
from tests.report.films import COLOURS, SOUND_HZ, flat, make_film, make_tone


def tracks_of(path: Path) -> dict[str, float]:
    """Codec → length in seconds."""
    with av.open(str(path)) as file:
        return {stream.codec_context.name: float(stream.duration * stream.time_base) for stream in file.streams}


def test_a_film_of_an_old_codec_becomes_h264_and_aac_of_the_same_length(tmp_path: Path):
    film = make_film(tmp_path / "old.avi", 6.0, codecs=("mpeg4", "mp3"))
    proxy = make_proxy(film, tmp_path, [0, 1])
    assert proxy.name == "proxy.mp4" and not list(tmp_path.glob("*.part"))
    assert tracks_of(proxy) == {"h264": pytest.approx(6.0, abs=0.1), "aac": pytest.approx(6.0, abs=0.1)}


def test_large_pictures_become_360_lines_and_few(tmp_path: Path):
    film = make_film(tmp_path / "large.mkv", 2.0, [flat(COLOURS[0], (720, 1280))], codecs=("mpeg4", "mp3"), sound=False)
    with av.open(str(make_proxy(film, tmp_path, [0]))) as file:
        frames = list(file.decode(video=0))
    assert (frames[0].width, frames[0].height) == (640, 360)
    assert len(frames) <= 2.0 * RATE


def test_pictures_come_at_their_own_times(tmp_path: Path):
    film = make_film(tmp_path / "old.avi", 8.0, codecs=("mpeg4", "mp3"))
    with av.open(str(make_proxy(film, tmp_path, [0, 1]))) as file:
        shown = {frame.time: frame.to_ndarray(format="rgb24").mean((0, 1)) for frame in file.decode(video=0)}
    for time, colour in ((1.0, COLOURS[0]), (3.0, COLOURS[1]), (7.0, COLOURS[3])):
        nearest = min(shown, key=lambda at: abs(at - time))
        assert abs(nearest - time) < 0.15 and np.abs(shown[nearest] - colour).max() < 12


def test_sound_that_starts_late_stays_late(tmp_path: Path):
    film = tmp_path / "late.mkv"
    with av.open(str(film), "w") as output:
        video, audio = output.add_stream("mpeg4", rate=10), output.add_stream("pcm_s16le", rate=SOUND_HZ, layout="mono")
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        for index in range(40):
            frame = av.VideoFrame.from_ndarray(flat(COLOURS[0]), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            output.mux(video.encode(frame))
        sound = av.AudioFrame.from_ndarray(np.full((1, SOUND_HZ), 9000, np.int16), format="s16", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = SOUND_HZ, 2 * SOUND_HZ, Fraction(1, SOUND_HZ)
        output.mux([*video.encode(None), *audio.encode(sound), *audio.encode(None)])
    with av.open(str(make_proxy(film, tmp_path, [0, 1]))) as file:
        loud = [frame.time for frame in file.decode(audio=0) if np.abs(frame.to_ndarray()).max() > 0.1]
    assert loud[0] == pytest.approx(2.0, abs=0.05)


def test_a_turned_film_stays_turned(tmp_path: Path):
    film = tmp_path / "turned.mov"
    with av.open(str(film), "w") as output:
        video = output.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.set_display_rotation(90)
        for index in range(10):
            frame = av.VideoFrame.from_ndarray(flat(COLOURS[1]), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 10)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    with av.open(str(make_proxy(film, tmp_path, [0]))) as file:
        assert next(file.decode(video=0)).rotation == 90


def test_damaged_packets_are_left_out(tmp_path: Path):
    film = make_film(tmp_path / "old.avi", 6.0, codecs=("mpeg4", "mp3"))
    content = bytearray(film.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 600] = bytes(600)
    film.write_bytes(content)
    assert tracks_of(make_proxy(film, tmp_path, [0, 1]))["h264"] == pytest.approx(6.0, abs=0.3)


def test_a_film_of_only_sound_becomes_one(tmp_path: Path):
    assert list(tracks_of(make_proxy(make_tone(tmp_path / "tone.mka", codec="ac3"), tmp_path, [0]))) == ["aac"]


def test_what_cannot_be_decoded_is_refused_without_leftovers(tmp_path: Path):
    film = tmp_path / "noise.mkv"
    film.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(MediaError, match=r"noise\.mkv"):
        make_proxy(film, tmp_path, [0])
    assert list(tmp_path.iterdir()) == [film]
