"""The sample clip is what its truth says, and its sounds are what their names say."""

import itertools
import json
import pathlib

import av
import numpy as np
import onnxruntime
import pytest

from streamer.demo import clip, pictures, sounds, soundtrack, speech, story
from streamer.demo.pictures import Picture
from streamer.errors import MediaError
from streamer.models import places, yamnet
from streamer.models import sounds as hearing
from tests.media_folder import needs_models


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The clip's path and the truth it was made with."""
    path = tmp_path_factory.mktemp("demo") / "demo.mp4"
    return path, clip.compose(path)


@pytest.fixture(scope="session")
def greys(made):
    """uint8 [frames, 90, 160] and their times in seconds."""
    with av.open(str(made[0])) as file:
        frames = [(frame.time, frame.reformat(160, 90, "gray").to_ndarray()) for frame in file.decode(video=0)]
    return np.array([time for time, _ in frames]), np.stack([grey for _, grey in frames])


@pytest.fixture(scope="session")
def heard(made):
    """float32 [samples] at 48 kHz, from media time 0."""
    with av.open(str(made[0])) as file:
        blocks = [(frame.pts, frame.to_ndarray()[0]) for frame in file.decode(audio=0)]
    return np.concatenate([block for pts, block in blocks if pts >= 0])


def level_db(samples, start, end):
    part = samples[round(start * soundtrack.RATE) : round(end * soundtrack.RATE)]
    return 10 * np.log10(np.mean(part**2) + 1e-12)


def test_the_clip_is_an_ordinary_small_film(made):
    path, truth = made
    assert path.stat().st_size < 8_000_000
    assert [file.name for file in path.parent.iterdir()] == ["demo.mp4"]
    with av.open(str(path)) as file:
        picture, sound = file.streams.video[0], file.streams.audio[0]
        assert (picture.width, picture.height, picture.average_rate) == (1280, 720, 25)
        assert picture.codec_context.name in ("h264", "mpeg4") and sound.codec_context.name == "aac"
        assert float(picture.duration * picture.time_base) == pytest.approx(truth["length_s"], abs=0.05)
        assert float(sound.duration * sound.time_base) == pytest.approx(truth["length_s"], abs=0.05)
        keys = [float(packet.pts * packet.time_base) for packet in file.demux(picture) if packet.is_keyframe]
    assert max(np.diff(keys)) <= clip.GOP_S


def test_the_picture_jumps_at_the_stated_cuts_and_nowhere_else(made, greys):
    times, pictures_seen = greys
    change = np.abs(np.diff(pictures_seen.astype(int), axis=0)).mean((1, 2))
    jumps = times[1:][change > 20]
    assert np.allclose(jumps, made[1]["cuts"], atol=0.001)


def test_black_is_black_and_every_shot_is_not(made, greys):
    times, pictures_seen = greys
    black = (times >= made[1]["black"][0]) & (times < made[1]["black"][1])
    assert pictures_seen[black].max() < 20
    for shot in made[1]["shots"]:
        middle = (times > shot["start"] + 1) & (times < shot["end"] - 1)
        assert pictures_seen[middle].mean((1, 2)).min() > 30, shot["shows"]


def test_silence_is_silent_and_nothing_clips(made, heard):
    start, end = made[1]["silence"]
    assert level_db(heard, start + 0.1, end - 0.1) < -80
    assert np.abs(heard).max() < 0.98


def test_sounds_have_their_level_where_nobody_speaks(made, heard):
    spoken = made[1]["utterances"]
    for sound in made[1]["sounds"]:
        if not any(line["start"] < sound["end"] and line["end"] > sound["start"] for line in spoken):
            assert level_db(heard, sound["start"], sound["end"]) == pytest.approx(sound["level_db"], abs=1), sound["label"]


def test_sentences_stand_above_what_is_heard_behind_them(made, heard):
    for line in made[1]["utterances"]:
        assert level_db(heard, line["start"], line["end"]) == pytest.approx(soundtrack.SPEECH_DB, abs=2), line["text"]


def test_sound_keeps_its_time_through_the_codec(heard):
    bark = story.SOUNDS[3]
    made = sounds.dog_bark(soundtrack.RATE, bark.end - bark.start, np.random.default_rng(3))
    start = round(bark.start * soundtrack.RATE)
    shifts = range(-200, 201)  # samples: ± 4 ms
    likeness = [float(made @ heard[start + shift : start + shift + len(made)]) for shift in shifts]
    assert abs(shifts[int(np.argmax(likeness))]) <= 2


def test_the_truth_is_consistent_and_json():
    truth = json.loads(json.dumps(story.truth()))
    assert truth == json.loads(json.dumps(story.truth()))
    for kind in ("shots", "utterances", "sounds", "texts", "events", "conflicts"):
        assert truth[kind] and all(0 <= item["start"] < item["end"] <= truth["length_s"] for item in truth[kind]), kind
    assert [item["words"] for item in truth["conflicts"]] == [-0.9]
    starts = [scene.start for scene in story.SCENES] + [scene.end for scene in story.SCENES]
    assert all(round(time * story.RATE_FPS, 6).is_integer() for time in starts)
    lines = sorted((line.start, line.end) for line in story.LINES)
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(lines))


def test_sentences_are_small_and_begin_at_once():
    files = list(pathlib.Path(speech.__file__).parent.glob("*.flac"))
    assert {file.stem for file in files} == {line.name for line in story.LINES}
    assert sum(file.stat().st_size for file in files) < 1_000_000
    for line in story.LINES:
        voice = np.abs(speech.load(line.name))
        assert voice[:800].max() > 0.005 and voice[-1600:].max() > 0.005, line.name  # within 50 and 100 ms


def test_a_missing_picture_names_its_package():
    with pytest.raises(MediaError, match="pip install no-such-package"):
        pictures.path(Picture("x.png", "no-such-package", "here", "nothing", "none"))


# --- sounds --------------------------------------------------------------------------------------------------------

CLASSES = {  # maker -> the classes of AudioSet that mean it
    sounds.alarm: {"Alarm", "Smoke detector, smoke alarm", "Fire alarm"},
    sounds.siren: {"Siren", "Police car (siren)"},
    sounds.phone_ring: {"Telephone", "Ringtone", "Telephone bell ringing"},
    sounds.knock: {"Knock"},
    sounds.dog_bark: {"Dog", "Bark"},
    sounds.applause: {"Applause", "Clapping"},
    sounds.rain: {"Rain", "Rain on surface", "Water"},
    sounds.music: {"Music"},
    sounds.engine_passing: {"Car", "Motor vehicle (road)", "Car passing by"},
    sounds.glass_break: {"Glass", "Shatter"},
    sounds.baby_cry: {"Baby cry, infant cry", "Crying, sobbing"},
    sounds.birdsong: {"Bird", "Bird vocalization, bird call, bird song"},
    sounds.church_bell: {"Bell", "Church bell"},
}


@pytest.mark.parametrize("maker", CLASSES, ids=lambda maker: maker.__name__)
@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_a_sound_has_its_length_and_peak_and_repeats(maker, rate):
    one, again = (maker(rate, 2.5, np.random.default_rng(4)) for _ in range(2))
    assert one.dtype == np.float32 and one.shape == (int(2.5 * rate),)
    assert np.array_equal(one, again)
    assert np.abs(one).max() == pytest.approx(sounds.PEAK, abs=1e-3)


@pytest.fixture(scope="session")
def likeliest(tmp_path_factory):
    """What gives the five likeliest classes of float32 [samples] at 16 kHz."""
    folder, graph = places.directory("yamnet"), tmp_path_factory.mktemp("yamnet") / "graph.onnx"
    yamnet.save(folder / "YamNet_w8a8.onnx.zip", graph)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    network = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    names = hearing.class_names(folder / "yamnet_class_map.csv")

    def ask(samples):
        logits = network.run(None, {network.get_inputs()[0].name: hearing.patches(samples)})[0]
        mean = (1 / (1 + np.exp(-logits.astype(np.float64)))).mean(0)
        return [names[index] for index in np.argsort(-mean)[:5]]

    return ask


@needs_models
@pytest.mark.parametrize("maker", CLASSES, ids=lambda maker: maker.__name__)
def test_a_classifier_hears_what_a_sound_is_called(maker, likeliest):
    for seed in range(3):
        found = likeliest(maker(16_000, 5, np.random.default_rng(seed)))
        assert CLASSES[maker] & set(found), found
