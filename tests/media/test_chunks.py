"""What comes of a film's Chunks is what comes of the film, from the beginning and from every line on."""

import math
from fractions import Fraction

import av
import msgspec
import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import Audio, Checkpoint, Chunk, Frame, Gap, StreamStatus, Watermark
from streamer.config import Media
from streamer.errors import MediaError, MessageError
from streamer.media.chunks import LIMIT, chunks, times
from streamer.media.reader import read
from streamer.media.splitting import Split
from streamer.pipeline import restore
from tests.clips import Pictures, Tone, damage, make
from tests.media_folder import MEDIA, needs_media

LENGTH_S = 19
X265 = "log-level=none:bframes=3:keyint=25"


def snow(number, width, height):
    """What no codec can make small."""
    return np.random.default_rng(number).integers(0, 255, (height, width, 3), np.uint8)


SNOW = Pictures(size=(1280, 720), rate=10, gop=8, options={"qp": "0"}, draw=snow)
MADE = {
    "camera.mp4": (Pictures(gop=50), Tone()),
    "b_frames.ts": (Pictures(gop=60, b_frames=3), Tone(codec="mp2")),
    "open.mp4": (Pictures(gop=40, b_frames=3, open_gop=True), Tone()),
    "open.ts": (Pictures(codec="libx265", options={"x265-params": X265}), Tone()),
    "vfr.mkv": (Pictures(times=[0, 0.5, 9.2, 9.3, 17, 17.1, 18.9], gop=1), Tone(codec="flac")),
    "late_sound.mp4": (Pictures(), Tone(start=2.8, onset=0.4)),
    "late_pictures.mkv": (Pictures(start=1.8), Tone(codec="libopus")),
    "pictures_alone.mp4": (Pictures(gop=7, rotation=90), None),
    "intra.avi": (Pictures(codec="mjpeg", format="yuvj420p"), Tone(codec="pcm_s16le")),
    "old.avi": (Pictures(codec="mpeg4", gop=12), None),
    "vp9.webm": (Pictures(codec="libvpx-vp9", gop=40), Tone(codec="libopus")),
    "sound_alone.m4a": (None, Tone(rate=44_100)),
    "sound_alone.mp3": (None, Tone(codec="mp3", rate=44_100)),
    "sound_alone.opus": (None, Tone(codec="libopus")),
    "sound_alone.wav": (None, Tone(codec="adpcm_ms", rate=22_050)),
}  # fmt: skip


def packed(path, **options):
    """The Chunks of a film as they come out of a topic."""
    return [unpack(pack(chunk)) for chunk in chunks(path, "f-1", **options)]


def split(found, states=None, options=Media()):  # noqa: B008
    """The messages of Chunks."""
    stage = Split(options)
    restore([stage], states or {})
    said = [message for chunk in found for message in stage([chunk])]
    assert not stage.states or said[-1:] != [said_end(said)]
    return said


def said_end(said):
    """The line behind the last message, if it was drawn."""
    return next((message for message in said if isinstance(message, Checkpoint) and message.position == math.inf), None)


def plain(messages):
    """The messages as bytes; lines without what the stages keep."""
    return [pack(msgspec.structs.replace(m, states={}, chunk=0) if isinstance(m, Checkpoint) else m) for m in messages]


def check(path, most=100):
    """Chunks give what the file gives, and on from each line what followed it."""
    found = packed(path)
    said = split(found)
    assert said[-1] == said_end(said)
    assert plain(said[:-1]) == plain(read(path, "f-1", Media()))
    lines = [(number, message) for number, message in enumerate(said[:-1]) if isinstance(message, Checkpoint)]
    whole = [pack(message) for message in said]
    for number, line in lines[:most]:
        rest = split(found[line.chunk :], line.states)
        assert [pack(message) for message in rest] == whole[number + 1 :]
    return found, said, [line for _, line in lines]


# --- the same messages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MADE)
def test_chunks_give_what_the_film_gives_and_on_from_each_line(name, tmp_path):
    _, _, lines = check(make(tmp_path / name, LENGTH_S, *MADE[name]))
    assert len(lines) == 2


@pytest.mark.parametrize("name", ["camera.mp4", "b_frames.ts", "sound_alone.mp3"])
def test_damaged_films_give_the_same_too(name, tmp_path):
    _, said, _ = check(damage(make(tmp_path / name, LENGTH_S, *MADE[name]), 0.5, 3000), most=1)
    assert any(isinstance(message, Gap) for message in said)


@needs_media
@pytest.mark.parametrize("path", sorted(p for p in MEDIA.iterdir() if p.suffix != ".json") if MEDIA.is_dir() else [], ids=lambda p: p.name)
def test_real_clips_give_the_same(path):
    check(path, most=2)


@pytest.mark.parametrize("name", ["open.mp4", "open.ts"])
def test_a_film_with_open_gops_can_be_gone_on_from_a_place_near_each_line(name, tmp_path):
    found, _, lines = check(make(tmp_path / name, 30, *MADE[name]))
    starts = [min(times(found[line.chunk], found[0].parameters, found[0].container)) for line in lines]
    assert [line.position - start < 14 for line, start in zip(lines, starts, strict=True)] == [True] * 3


def test_several_streams_pass_through_one_stage_without_touching_each_other(tmp_path):
    one = packed(make(tmp_path / "one.mp4", 4))
    other = [msgspec.structs.replace(chunk, stream="f-2") for chunk in packed(make(tmp_path / "two.mp4", 3, Pictures(b_frames=2)))]
    stage = Split(Media())
    mixed = [message for pair in zip(one, other, strict=False) for message in stage(pair)] + list(stage(one[len(other) :]))
    for stream, alone in {"f-1": one, "f-2": other}.items():
        assert plain(m for m in mixed if m.stream == stream and not isinstance(m, Checkpoint)) == plain(split(alone)[:-1])
    assert not stage.states


# --- how Chunks are cut ----------------------------------------------------------------------------------------------


def test_chunks_are_small_begin_at_key_frames_and_last_a_second(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 6, Pictures(gop=60, b_frames=2)))
    assert found == packed(tmp_path / "film.mp4")
    assert [chunk.seq for chunk in found] == list(range(len(found)))
    assert [chunk.kind for chunk in found] == ["media"] * (len(found) - 1) + ["end"]
    tracks, container = found[0].parameters, found[0].container
    sight = next(track.index for track in tracks if track.kind == "video")
    for chunk in found[:-1]:
        keys = [place for place, packet in enumerate(chunk.packets) if packet.track == sight and packet.key]
        assert keys in ([], [0])
        assert bool(chunk.parameters) == bool(keys) or chunk.seq == 0
        assert np.ptp(times(chunk, tracks, container)) <= 1.1
    assert sum(packet.track == sight and packet.key for chunk in found for packet in chunk.packets) == 3


def test_every_chunk_of_sound_alone_can_be_begun_with(tmp_path):
    assert all(chunk.parameters for chunk in packed(make(tmp_path / "tone.mp3", 4, None, Tone(codec="mp3")))[:-1])


def test_a_packet_too_large_for_a_chunk_travels_in_pieces(tmp_path):
    path = make(tmp_path / "snow.mkv", 0.3, SNOW, None)
    found, _, _ = check(path)
    assert max(len(pack(chunk)) for chunk in found) <= LIMIT
    parts = [packet.part for chunk in found for packet in chunk.packets]
    assert min(parts) < 0 < max(parts)


def test_a_missing_piece_takes_its_packet_and_what_needs_it(tmp_path):
    found = packed(make(tmp_path / "snow.mkv", 1, SNOW, None))
    lost = next(chunk.seq for chunk in found if chunk.packets and chunk.packets[0].part < 0 and chunk.seq > 6)
    said = split([chunk for chunk in found if chunk.seq != lost])
    [gap] = [message for message in said if isinstance(message, Gap)]
    assert gap.cause == "retention"
    assert gap.end == pytest.approx(0.8, abs=0.05)  # the next key frame


@pytest.mark.parametrize(
    "lie",
    [
        lambda chunk: {"data": chunk.data[:-1]},
        lambda chunk: {"packets": (msgspec.structs.replace(chunk.packets[0], size=-1), *chunk.packets[1:])},
        lambda chunk: {"parameters": tuple(msgspec.structs.replace(track, time_base=(1, 0)) for track in chunk.parameters)},
    ],
    ids=["short", "negative", "timeless"],
)
def test_a_chunk_that_lies_about_itself_is_refused(lie, tmp_path):
    found = packed(make(tmp_path / "film.mp4", 1))
    with pytest.raises(MessageError):
        split([msgspec.structs.replace(found[0], **lie(found[0]))])


def test_a_codec_that_is_not_taken_is_refused(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 1))
    tracks = tuple(msgspec.structs.replace(track, codec="magicyuv") for track in found[0].parameters)
    with pytest.raises(MediaError, match="magicyuv"):
        split([msgspec.structs.replace(found[0], parameters=tracks)])


# --- repeats, gaps, epochs -------------------------------------------------------------------------------------------


def test_repeated_chunks_and_heartbeats_say_nothing(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 4))
    beat = Chunk(stream="f-1", kind="heartbeat", seq=2)
    twice = [*found[:3], *found[:3], beat, found[2], *found[3:]]
    assert plain(split(twice)) == plain(split(found))


def test_lost_chunks_are_gaps_up_to_the_next_key_frame_and_sound_goes_on(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 12, Pictures(gop=50)))
    tracks, container = found[0].parameters, found[0].container
    begins = next(chunk.seq for chunk in found if chunk.parameters and times(chunk, tracks, container)[0] > 5)
    lost = Chunk(stream="f-1", kind="gap", seq=begins + 1, cause="spool")
    said = split([*found[:begins], lost, *found[begins + 2 :]])
    gaps = {gap.modality: gap for gap in said if isinstance(gap, Gap)}
    assert {gap.cause for gap in gaps.values()} == {"spool"}
    assert gaps["vision"].start == pytest.approx(6, abs=0.1)
    assert gaps["vision"].end == pytest.approx(8, abs=0.1)
    assert gaps["sound"].end - gaps["sound"].start == pytest.approx(2, abs=0.2)
    assert not any(6.1 < message.time < 7.9 for message in said if isinstance(message, Frame))
    sound = [message for message in said if isinstance(message, Audio)]
    assert [block.time for block in sound] == [0.5 * number for number in range(len(sound))]
    assert np.abs(sound[13].samples).max() < 0.01 < np.abs(sound[20].samples).max()


@pytest.mark.parametrize("keep", [1, 4])
def test_what_is_lost_at_the_end_of_a_stream_is_a_gap_up_to_its_end(keep, tmp_path):
    found = packed(make(tmp_path / "film.mp4", 6, Pictures(gop=50)))
    lost = [Chunk(stream="f-1", kind="gap", seq=chunk.seq, cause="poison") for chunk in found[keep:-1]]
    gaps = [message for message in split([*found[:keep], *lost, found[-1]]) if isinstance(message, Gap)]
    assert [(gap.modality, gap.cause) for gap in gaps] == [("vision", "poison"), ("sound", "poison")]
    assert all(gap.end == pytest.approx(6, abs=0.1) for gap in gaps)
    assert all(gap.start < 4.1 for gap in gaps)


def test_what_is_lost_before_the_first_sound_is_a_gap_and_not_a_late_beginning(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 6, Pictures(gop=50)))  # the first Chunk is the priming packet alone
    said = split([found[0], Chunk(stream="f-1", kind="gap", seq=1, cause="poison"), *found[2:]])
    gaps = {gap.modality: gap for gap in said if isinstance(gap, Gap)}
    assert {(gap.cause, gap.start) for gap in gaps.values()} == {("poison", 0.0)}
    assert gaps["sound"].end == pytest.approx(1, abs=0.1)
    assert gaps["vision"].end == pytest.approx(2, abs=0.1)


def test_a_line_behind_a_gap_is_as_good_as_any(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 20, Pictures(gop=50)))
    del found[5:8], found[14]
    said = split(found)
    for number, line in [(number, message) for number, message in enumerate(said[:-1]) if isinstance(message, Checkpoint)]:
        rest = split([chunk for chunk in found if chunk.seq >= line.chunk], line.states)
        assert [pack(message) for message in rest] == [pack(message) for message in said[number + 1 :]]


def test_a_stream_whose_beginning_has_expired_is_joined_at_the_next_key_frame(tmp_path):
    found = packed(make(tmp_path / "film.mp4", 12, Pictures(gop=50)))
    said = split(found[5:])
    assert isinstance(said[0], StreamStatus)
    gap = next(message for message in said if isinstance(message, Gap))
    assert (gap.start, gap.cause, gap.modality) == (0.0, "retention", None)
    assert gap.end == pytest.approx(4, abs=0.1)
    assert next(message for message in said if isinstance(message, Frame)).time == pytest.approx(4, abs=0.1)
    assert next(message for message in said if isinstance(message, Audio)).time in (3.0, 4.0)


def test_a_new_epoch_ends_the_one_before_and_its_messages_carry_it(tmp_path):
    path = make(tmp_path / "film.mp4", 3)
    first, second = packed(path, epoch=1_000)[:-2], packed(path, epoch=2_000)
    said = split([*first, *second, first[-1]])
    assert [message.epoch for message in said] == sorted(message.epoch for message in said)
    over = [message for message in said if isinstance(message, Watermark) and message.time == math.inf]
    assert [message.epoch for message in over] == [1_000, 1_000, 2_000, 2_000]
    assert len({message.id for message in said if isinstance(message, StreamStatus)}) == 2


# --- sound from the middle -------------------------------------------------------------------------------------------


def noisy(path, codec, rate, layout="stereo", **options):
    """38 s of a sweep with bursts of noise."""
    random = np.random.default_rng(1)
    time = np.arange(38 * rate) / rate
    wave = 0.25 * np.sin(2 * np.pi * (300 + 200 * np.sin(2 * np.pi * 0.3 * time)) * time)
    wave += 0.1 * random.standard_normal(len(time)) * (np.sin(2 * np.pi * 0.7 * time) > 0)
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, rate=rate, layout=layout, options=options)
        samples = np.tile((wave * 32767).astype(np.int16), (track.codec_context.layout.nb_channels, 1))
        for place in [*range(0, len(wave), 1024), None]:
            frame = None
            if place is not None:
                piece = np.ascontiguousarray(samples[:, place : place + 1024].T.reshape(1, -1))
                frame = av.AudioFrame.from_ndarray(piece, "s16", layout)
                frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), place
            container.mux(track.encode(frame))
    return path


def heard(path):
    return np.concatenate([message.samples for message in read(path, "f-1", Media()) if isinstance(message, Audio)])


def undisturbed(path):
    """The sound by one decoder and one resampler."""
    resampler = av.AudioResampler("flt", "mono", 16_000, options={"rematrix_maxval": "1"})
    with av.open(str(path)) as container:
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)] + resampler.resample(None)
    return np.clip(np.concatenate([frame.to_ndarray()[0] for frame in frames]), -1, 1)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "options", "most"),
    [
        ("a.m4a", "aac", 44_100, {"aac_pns": "0"}, 0),
        ("noise.m4a", "aac", 44_100, {"b": "48k"}, 0.1),  # the decoder's own random noise, elsewhere in its sequence
        ("a.mp3", "mp3", 22_050, {"b": "32k"}, 0),
        ("a.opus", "libopus", 48_000, {}, 1e-6),
        ("speech.opus", "libopus", 16_000, {"b": "12k", "application": "voip"}, 1e-6),
        ("a.mka", "vorbis", 48_000, {"strict": "experimental"}, 0),
        ("a.flac", "flac", 44_100, {}, 0),
        ("a.wav", "pcm_s16le", 11_025, {}, 0),
        ("a.ts", "mp2", 48_000, {}, 1e-4),
    ],
)
def test_fresh_decoders_leave_no_seam_and_every_line_can_be_gone_on_from(name, codec, rate, options, most, tmp_path):
    path = noisy(tmp_path / name, codec, rate, **options)
    found, _, lines = check(path)
    assert len(lines) == 4
    reaches = [max(times(found[line.chunk], found[0].parameters, found[0].container)) for line in lines]
    assert max(line.position - reach for line, reach in zip(lines, reaches, strict=True)) <= 13
    assert np.abs(heard(path) - undisturbed(path)).max() <= most


def test_sound_that_needs_no_resampling_is_given_as_it_is(tmp_path):
    path = noisy(tmp_path / "a.wav", "pcm_f32le", 16_000, "mono")
    assert len(heard(path)) == 38 * 16_000
    check(path, most=1)
