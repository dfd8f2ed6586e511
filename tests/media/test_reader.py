"""What a file says: in order, at the right time, and the same after an interruption."""

import math
import pathlib
from fractions import Fraction

import numpy as np
import pytest

from schemas.messages import Audio, Frame, StreamStatus, Watermark
from streamer.config import Media
from streamer.media.reader import read
from tests.clips import Pictures, Tone, coloured, make, numbered, shown
from tests.media_folder import MEDIA, needs_media

USUAL = Media()


def messages(path, options=USUAL, **more):
    return list(read(path, "f-1", options, **more))


def frames(path, options=USUAL, **more):
    return [message for message in messages(path, options, **more) if isinstance(message, Frame)]


def samples(path, rate=16_000):
    blocks = [message for message in messages(path, rates=(rate,)) if isinstance(message, Audio)]
    assert all(len(block.samples) == rate // 2 for block in blocks[:-1])
    assert [block.time for block in blocks] == [0.5 * number for number in range(len(blocks))]
    return np.concatenate([block.samples for block in blocks])


def onset(sound, rate=16_000):
    """Seconds until the sound is louder than a twentieth."""
    return int(np.argmax(np.abs(sound) > 0.05)) / rate


# --- order -----------------------------------------------------------------------------------------------------------


def test_a_film_says_what_it_is_then_what_it_shows_and_where_it_ends(tmp_path):
    said = messages(make(tmp_path / "film.mp4", 3))
    assert isinstance(said[0], StreamStatus)
    assert said[0].media["video"] == "track 0: h264 320×180, 25 frames/s"
    assert said[0].media["audio"] == "track 1: aac 48000 Hz, 2 channels"
    assert said[-2:] == [Watermark(stream="f-1", modality=kind, time=math.inf) for kind in ("vision", "sound")]


def test_watermarks_keep_their_word(tmp_path):
    promised = {"vision": 0.0, "sound": 0.0}
    for message in messages(make(tmp_path / "film.mp4", 20, Pictures(b_frames=2))):
        match message:
            case Frame():
                assert message.time >= promised["vision"]
            case Audio():
                assert message.time >= promised["sound"]
            case Watermark():
                assert message.time >= promised[message.modality]
                promised[message.modality] = message.time


@pytest.mark.parametrize(("missing", "modality"), [("pictures", "vision"), ("sound", "sound")])
def test_a_missing_track_is_over_at_once(tmp_path, missing, modality):
    said = messages(make(tmp_path / "film.mp4", 2, **{missing: None}))
    assert said[1] == Watermark(stream="f-1", modality=modality, time=math.inf, status="no_track")
    assert sum(message == said[1] for message in said) == 1


def test_pictures_and_sound_can_be_left_out(tmp_path):
    path = make(tmp_path / "film.mp4", 2)
    assert not any(isinstance(message, Frame) for message in messages(path, video=False))
    assert not any(isinstance(message, Audio) for message in messages(path, rates=()))
    assert all(frame.picture is None for frame in frames(path, pictures=False))


def test_each_rate_gets_its_own_blocks(tmp_path):
    said = messages(make(tmp_path / "film.mp4", 2), rates=(16_000, 8_000))
    for rate in (16_000, 8_000):
        blocks = [message.samples for message in said if isinstance(message, Audio) and message.rate == rate]
        assert sum(map(len, blocks)) == pytest.approx(2 * rate, abs=0.05 * rate)


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_a_frame_has_the_time_at_which_it_is_shown(tmp_path, name):
    track = Pictures(codec="mpeg4", gop=30) if name.endswith("avi") else Pictures(b_frames=3, gop=30)
    found = frames(make(tmp_path / name, 6, track, None))
    assert len(found) >= 6
    for frame in found:
        assert shown(frame.image) == round(frame.time * 25)
        assert [shown(row) for row in frame.luma] == [round(time * 25) for time in frame.luma_times]


def test_times_of_a_variable_frame_rate_are_those_of_the_file(tmp_path):
    times = [0, 0.04, 0.3, 1.1, 1.2, 1.9, 2.9, 2.95, 3.3]
    for frame in frames(make(tmp_path / "film.mkv", pictures=Pictures(times=times), sound=None)):
        assert times[shown(frame.image)] <= frame.time + 1e-6


def test_a_picture_that_stays_is_given_again(tmp_path):
    found = frames(make(tmp_path / "slides.mkv", pictures=Pictures(times=[0, 4.5, 9], gop=1), sound=None))
    assert np.diff([frame.time for frame in found]).max() <= 1.5
    assert [shown(frame.image) for frame in found if frame.time < 4.5] == [0] * 5


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_media_time_begins_with_the_earlier_track(tmp_path, suffix):
    late_sound = make(tmp_path / f"a.{suffix}", 3, Pictures(), Tone(start=0.8, onset=0.4))
    assert onset(samples(late_sound)) == pytest.approx(1.2, abs=0.05)
    assert frames(late_sound)[0].time == pytest.approx(0, abs=0.03)
    late_pictures = make(tmp_path / f"b.{suffix}", 3, Pictures(start=0.8), Tone(onset=0.4))
    assert onset(samples(late_pictures)) == pytest.approx(0.4, abs=0.05)
    assert frames(late_pictures)[0].time == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(("rate", "layout"), [(8_000, "mono"), (44_100, "stereo"), (48_000, "5.1")])
def test_a_tone_keeps_its_onset_its_length_and_its_loudness(tmp_path, rate, layout):
    sound = samples(make(tmp_path / "tone.wav", 3, None, Tone(rate=rate, layout=layout, codec="pcm_s16le", onset=1.0)))
    assert len(sound) == 48_000
    assert onset(sound) == pytest.approx(1.0, abs=0.002)
    assert np.abs(sound[24_000:]).max() == pytest.approx(0.5, abs=0.02)


# --- shape -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_pictures_are_upright(tmp_path, rotation):
    film = make(tmp_path / "turned.mp4", 3, Pictures(rotation=rotation, gop=25), None)
    turns = round(rotation / 90) % 4
    for frame in frames(film):
        number = round(frame.time * 25)
        expected = np.rot90(numbered(number), turns)
        assert (frame.height, frame.width) == expected.shape[:2]
        assert frame.image.shape == (224, 224, 3)
        assert shown(np.rot90(frame.image, -turns)) == shown(np.rot90(frame.luma[-1], -turns)) == number
        assert frame.picture is None or np.abs(frame.picture.astype(int) - expected).mean() < 12


def test_a_picture_has_square_pixels_and_is_no_wider_than_allowed(tmp_path):
    film = make(tmp_path / "wide.mp4", 1, Pictures(size=(720, 576), ratio=Fraction(64, 45)), None)
    [frame] = frames(film, Media(picture_width_px=512))
    assert (frame.width, frame.height) == (1024, 576)
    assert frame.picture.shape == (288, 512, 3)


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (17, 33)])
def test_tiny_pictures_are_odd_but_legal(tmp_path, size):
    [frame] = frames(make(tmp_path / "tiny.mkv", 0.1, Pictures(size=size, format="yuv444p"), None))
    assert frame.image.shape == (224, 224, 3)
    assert frame.picture.shape == (size[1], size[0], 3)


def test_black_is_0_and_white_is_255_whatever_the_range(tmp_path):
    for name, track in {
        "video.mp4": Pictures(draw=coloured([(0, 0, 0), (255, 255, 255)], 25)),
        "full.avi": Pictures(codec="mjpeg", format="yuvj420p", draw=coloured([(0, 0, 0), (255, 255, 255)], 25)),
        "ten.mkv": Pictures(format="yuv420p10le", draw=coloured([(0, 0, 0), (255, 255, 255)], 25)),
    }.items():
        rows = np.concatenate([frame.luma for frame in frames(make(tmp_path / name, 2, track, None))])
        assert rows.min() <= 2
        assert rows.max() >= 253


def test_a_picture_is_given_where_something_small_changed_and_not_where_only_noise_did(tmp_path):
    noise = np.random.default_rng(0)

    def clock(number, width, height):
        drawn = np.clip(noise.normal(120, 4, (height, width, 3)), 0, 255)
        drawn[150:165, 290:302] = 230 if number >= 100 else 120
        return drawn.astype(np.uint8)

    found = frames(make(tmp_path / "still.mp4", 7, Pictures(draw=clock, options={"crf": "18"}), None))
    assert [frame.time for frame in found if frame.picture is not None] == [0, 4]


def test_a_still_picture_is_given_every_ten_seconds(tmp_path):
    found = frames(make(tmp_path / "still.mp4", 21, Pictures(draw=coloured([(9, 90, 60)], 1)), None))
    assert [frame.time for frame in found if frame.picture is not None] == [0, 10, 20]


@needs_media
def test_a_burnt_in_clock_gets_a_picture_for_every_sample():
    found = frames(MEDIA / "autoeditor_example.mp4")
    assert np.mean([frame.picture is not None for frame in found]) > 0.95


@needs_media
def test_cuts_and_the_frames_around_them_are_among_the_glimpses():
    found = frames(MEDIA / "scenedetect_testvideo.mp4")
    times = np.concatenate([frame.luma_times for frame in found])
    luma = np.concatenate([frame.luma for frame in found]).astype(int)
    jumps = np.abs(np.diff(luma, axis=0)).mean((1, 2))
    assert sorted(round(time * 30_000 / 1001) for time in times[1:][np.argsort(jumps)[-2:]]) == [30, 180]
    assert np.diff(times)[np.argsort(jumps)[-2:]] == pytest.approx(1001 / 30_000)


@needs_media
def test_the_best_tracks_are_chosen_and_named():
    media = messages(MEDIA / "nasa_13013.mp4")[0].media
    assert media["video"] == "track 3: h264 480×270, 29.97 frames/s (best of 2)"
    assert media["audio"] == "track 4: aac 16000 Hz, 2 channels (best of 2)"


# --- traps -----------------------------------------------------------------------------------------------------------


def test_where_every_frame_is_a_key_frame_the_pace_is_kept(tmp_path):
    found = frames(make(tmp_path / "keys.avi", 5, Pictures(codec="mjpeg", format="yuvj420p"), None))
    assert [frame.time for frame in found][:5] == pytest.approx([0, 1, 2, 3, 4])
    assert all(len(frame.luma) == 1 for frame in found)


def test_what_comes_out_does_not_hang_on_to_memory(tmp_path):
    status = pathlib.Path("/proc/self/statm")
    if not status.exists():
        pytest.skip("memory is read from /proc")
    path = make(tmp_path / "film.mp4", 40, Pictures(gop=25, draw=coloured([(90, 9, 60)], 1)), None)
    every = Media(frames_per_second=25)
    sizes = [int(status.read_text().split()[1]) * 4096 for message in read(path, "f-1", every) if isinstance(message, Frame)]
    assert len(sizes) == 1000
    assert sizes[-1] - sizes[200] < 8e6
