"""Reading goes on after interruptions and past damage, and says what was lost."""

import pytest

from schemas.codec import pack
from schemas.messages import Audio, Checkpoint, Frame, Gap
from streamer.config import Media
from streamer.errors import MediaError
from streamer.media.reader import read
from tests.clips import Pictures, Tone, coloured, damage, make, shown
from tests.media_folder import MEDIA, needs_media

USUAL = Media()


def messages(path, options=USUAL, **more):
    return list(read(path, "f-1", options, **more))


def frames(path):
    return [message for message in messages(path) if isinstance(message, Frame)]


# --- resuming --------------------------------------------------------------------------------------------------------


def check_resume(path, options=USUAL, most=100):
    whole = [pack(message) for message in messages(path, options)]
    places = [(number, message) for number, message in enumerate(messages(path, options)) if isinstance(message, Checkpoint)]
    assert places
    for number, point in places[:most]:
        rest = messages(path, options, resume=point.states["read"])
        assert [pack(message) for message in rest] == whole[number + 1 :]


@pytest.mark.parametrize(
    "track",
    [
        Pictures(gop=50),
        Pictures(gop=60, b_frames=3),
        Pictures(gop=40, b_frames=2, open_gop=True),
        Pictures(gop=240),
        Pictures(gop=13, rotation=90),
        Pictures(gop=50, draw=coloured([(200, 30, 30), (30, 30, 200)], 63)),
        Pictures(times=[0, 0.5, 9.2, 9.3, 17, 17.1, 18.9]),
    ],
    ids=["camera", "b-frames", "open", "long", "turned", "cuts", "stills"],
)
def test_reading_goes_on_behind_a_checkpoint_as_if_never_interrupted(tmp_path, track):
    check_resume(make(tmp_path / "film.mkv", 19, track))


@pytest.mark.parametrize(
    "options", [Media(decode="full"), Media(decode="keyframes"), Media(frames_per_second=3), Media(frames_per_second=0.2)], ids=str
)
def test_resuming_is_exact_with_every_option(tmp_path, options):
    check_resume(make(tmp_path / "film.mp4", 19, Pictures(gop=30, b_frames=2)), options)


def test_sound_alone_is_resumed_too(tmp_path):
    check_resume(make(tmp_path / "tone.mp4", 19, None, Tone(rate=44_100)))


@needs_media
@pytest.mark.parametrize("name", ["autoeditor_example.mp4", "scenedetect_testvideo.mp4", "nasa_13013.mp4", "jfk.flac", "harvard.wav"])
def test_real_clips_are_resumed_exactly(name):
    check_resume(MEDIA / name, most=3)


# --- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["aac", "mp3"])
def test_sound_around_damaged_bytes_stays_and_what_was_lost_is_said(tmp_path, codec):
    said = messages(damage(make(tmp_path / f"tone.{'mp4' if codec == 'aac' else 'mp3'}", 20, None, Tone(codec=codec)), 0.25, 2000))
    blocks = [message for message in said if isinstance(message, Audio)]
    assert sum(len(block.samples) for block in blocks) / 16_000 == pytest.approx(20, abs=0.2)
    gaps = [message for message in said if isinstance(message, Gap)]
    assert gaps
    for gap in gaps:
        assert gap.modality == "sound"
        assert gap.cause == "damaged"
        assert 4 < gap.start < gap.end < 6


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_pictures_around_damaged_bytes_stay(tmp_path, name):
    path = damage(make(tmp_path / name, 20, Pictures(gop=50), None), 0.5, 3000)
    found = frames(path)
    assert [shown(frame.image) == round(frame.time * 25) for frame in found].count(True) >= 17
    check_resume(path)


def test_a_film_that_was_cut_off_says_so(tmp_path):
    whole = make(tmp_path / "film.mp4", 20, Pictures(size=(160, 90), options={"crf": "4"})).read_bytes()
    start = whole.index(b"mdat") - 4
    index = whole.index(b"moov") - 4
    (tmp_path / "cut.mp4").write_bytes(whole[: start + (index - start) // 2])
    with pytest.raises(MediaError, match="moov"):
        messages(tmp_path / "cut.mp4")
    film = make(tmp_path / "film.mkv", 20, Pictures(size=(160, 90), options={"crf": "4"}))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    gap = next(message for message in messages(film) if isinstance(message, Gap))
    assert gap.modality is None
    assert gap.start == pytest.approx(10, abs=2)
    assert gap.end == pytest.approx(20, abs=0.2)


def test_a_broken_clock_of_a_broadcast_is_no_hour_of_silence(tmp_path):
    one = make(tmp_path / "one.ts", 4, Pictures(gop=25))
    other = make(tmp_path / "other.ts", 4, Pictures(gop=25, start=3600), Tone(start=3600))
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + other.read_bytes() + one.read_bytes())
    sound = [message.samples for message in messages(both) if isinstance(message, Audio)]
    assert sum(map(len, sound)) / 16_000 == pytest.approx(12, abs=0.5)
    assert frames(both)[-1].time == pytest.approx(11, abs=1)
    check_resume(both)
