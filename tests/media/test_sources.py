"""What is taken, what is refused and how that is said."""

import os
import random
import subprocess
import sys

import pytest

from streamer.config import Media
from streamer.errors import MediaError, SourceError
from streamer.media.probe import probe
from streamer.media.reader import read
from streamer.media.sources import find, stream_id
from tests.clips import Pictures, Tone, coloured, make


def refusal(path, kind=MediaError):
    """The one line with which a file is refused, wherever it is looked at."""
    for look in (probe, lambda path: list(read(path, "f-1", Media()))):
        with pytest.raises(kind) as caught:
            look(path)
        line = str(caught.value)
        assert str(path) in line
        assert "expected" in line
        assert "\n" not in line
    return line


# --- finding ---------------------------------------------------------------------------------------------------------


def test_directories_are_searched_and_sorted_and_named_files_are_taken_as_they_are(tmp_path):
    for name in ("b.mp4", "a.MKV", "notes.txt", "deep/er/c.wav", ".hidden.mp4", "film"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = find([tmp_path / "film", tmp_path])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["film", "a.MKV", "b.mp4", "deep/er/c.wav"]


def test_a_missing_file_and_a_directory_without_media_are_refused(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.mp4: no such file"):
        find([tmp_path / "gone.mp4"])
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match="no media file in it"):
        find([tmp_path])


def test_a_stream_is_named_by_its_bytes(tmp_path):
    for name, data in {"a": b"one", "b": b"one", "c": b"two"}.items():
        (tmp_path / name).write_bytes(data)
    one, same, other = (stream_id(tmp_path / name) for name in "abc")
    assert one == same
    assert other != one
    assert len(one) == 34


# --- refusing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.mp4", b"", "no bytes"),
        ("text.mp4", b"Dear diary,\nno film today.\n" * 50, "text"),
        ("text.mp3", b"Dear diary,\nno film today.\n" * 50, ""),
        ("noise.mkv", random.Random(1).randbytes(50_000), ""),
        ("noise.mp4", random.Random(2).randbytes(50_000), ""),
        ("noise.mp3", random.Random(3).randbytes(5_000), ""),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(200), ""),
        ("subtitles.srt", b"1\n00:00:01,000 --> 00:00:02,000\nhello\n", "text"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_what_is_no_media_is_refused(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MediaError) as caught:
        list(read(tmp_path / name, "f-1", Media()))
    line = str(caught.value)
    assert str(tmp_path / name) in line
    assert says in line
    assert "expected" in line
    assert "\n" not in line


def test_an_mp4_without_its_index_is_refused(tmp_path):
    whole = make(tmp_path / "film.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: whole.index(b"moov") - 100])
    assert "moov" in refusal(tmp_path / "cut.mp4")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXTINF:2,\n{secret}\n"),
        ("list.mp4", "#EXTM3U\n#EXTINF:2,\n{secret}\n"),
        ("list.ffconcat", "ffconcat version 1.0\nfile {secret}\n"),
        ("list.mkv", "ffconcat version 1.0\nfile {secret}\n"),
    ],
)
def test_a_list_of_other_files_is_refused_and_opens_none(tmp_path, name, text):
    secret = make(tmp_path / "secret.ts", 1)
    (tmp_path / name).write_text(text.format(secret=secret))
    assert "playlist" in refusal(tmp_path / name, SourceError)


def test_a_name_that_looks_like_an_address_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    film = make(tmp_path / "film.mp4", 1)
    for name in ("concat:film.mp4", "http:film.mp4", "a b % ü 電影.mp4", "-i.mp4"):
        film.with_name(name).write_bytes(film.read_bytes())
        assert probe(film.with_name(name).relative_to(tmp_path)).video


def test_a_directory_and_a_device_are_no_film(tmp_path):
    assert "directory" in refusal(tmp_path, SourceError)
    os.mkfifo(tmp_path / "pipe")
    assert "device" in refusal(tmp_path / "pipe", SourceError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    film = make(tmp_path / "film.mp4", 1)
    film.chmod(0)
    assert "cannot be read" in refusal(film, SourceError)


def test_a_picture_of_forty_million_pixels_is_refused_before_it_is_decoded(tmp_path):
    plain = coloured([(0, 90, 0)], 1)
    bomb = make(tmp_path / "bomb.mkv", 0.04, Pictures(size=(8000, 5000), codec="mjpeg", format="yuvj420p", draw=plain), None)
    with pytest.raises(MediaError, match="nothing in it can be decoded"):
        list(read(bomb, "f-1", Media()))


# --- probing ---------------------------------------------------------------------------------------------------------


def test_a_probe_says_what_is_in_the_file_and_what_was_chosen(tmp_path):
    tracks = [Pictures(size=(64, 36)), Pictures(size=(320, 180)), Pictures(size=(160, 90))]
    found = probe(make(tmp_path / "many.mkv", 2, tracks, [Tone(rate=8000), Tone(rate=48_000, layout="mono"), Tone(rate=48_000)]))
    assert found.duration_s == pytest.approx(2, abs=0.2)
    assert (found.video.index, found.audio.index) == (1, 5)
    assert len(found.tracks) == 6
    assert not found.plays  # a browser would show the first tracks


def test_of_a_hundred_tracks_the_first_eight_of_a_kind_are_looked_at(tmp_path):
    found = probe(make(tmp_path / "many.mkv", 0.2, [Pictures(size=(32, 16))] * 60, [Tone(codec="pcm_s16le")] * 40))
    assert len(found.tracks) == 16
    assert (found.video.index, found.audio.index) == (0, 60)


@pytest.mark.parametrize(
    ("name", "track", "tone", "plays"),
    [
        ("a.mp4", Pictures(), Tone(), True),
        ("a.mov", Pictures(), Tone(), True),
        ("a.webm", Pictures(codec="libvpx-vp9"), Tone(codec="libopus"), True),
        ("a.mkv", Pictures(), Tone(), False),
        ("a.mp4", Pictures(codec="mpeg4"), Tone(), False),
        ("a.mp4", Pictures(format="yuv420p10le"), Tone(), False),
        ("a.avi", Pictures(codec="mpeg4"), Tone(codec="mp2"), False),
        ("a.wav", None, Tone(codec="pcm_s16le"), True),
        ("a.flac", None, Tone(codec="flac"), True),
        ("a.mp3", None, Tone(codec="mp3"), True),
    ],
)
def test_what_browsers_play(tmp_path, name, track, tone, plays):
    assert probe(make(tmp_path / name, 1, track, tone)).plays == plays


def test_nothing_is_said_on_the_terminal_and_nothing_hangs_at_the_end(tmp_path):
    path = make(tmp_path / "film.mp4", 4, Pictures(gop=25, b_frames=2))
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    path.write_bytes(data)
    code = (
        "import pathlib, sys; from streamer.media.reader import read; from streamer.config import Media\n"
        "messages = read(pathlib.Path(sys.argv[1]), 'f-1', Media())\n"
        "for _ in range(6): next(messages)\n"  # the decoder is alive at the end
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, timeout=20, check=True)
    assert done.stdout + done.stderr == b""
