"""Clips as pictures, sound and files: what is true of them can be seen and heard."""

import json
import subprocess
import sys

import av
import msgspec
import numpy as np
import pytest

from streamer.errors import ConfigError, StoreError
from streamer.synth import film, script
from streamer.synth.scene import LENGTH_S, Dark, Look, Mix, Scene

PLAIN = Look("gradient", 1, "flat", 1.0, 0.0, 0.0, 0.0, (0.0, 0.0), (1.0, 1.0))
CLEAN = Mix(1, False, "hiss", 60.0, 0.9, 0.0)


def with_event(label: str, split: str = "train") -> script.Clip:
    """A clip in which it is seen or heard."""
    clips = (script.write(seed, split) for seed in range(2000))
    return next(clip for clip in clips if label in {event.label for event in clip.events})


def alone(clip: script.Clip, scene: Scene) -> script.Clip:
    return msgspec.structs.replace(clip, scenes=(scene,))


def test_the_same_seed_gives_the_same_pictures_sound_and_files(tmp_path):
    clip = script.write(11)
    assert all(np.array_equal(a, b) for a, b in zip(film.pictures(clip), film.pictures(script.write(11)), strict=True))
    assert np.array_equal(film.wave(clip), film.wave(script.write(11)))
    for name in ("a", "b"):
        film.write(script.write(11), tmp_path / f"{name}.mp4")
    for ending in ("mp4", "json"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


@pytest.mark.parametrize("split", ["train", "val", "style", "demo"])
def test_pictures_and_sound_have_the_length_and_range_they_promise(split):
    pytest.importorskip("skimage")
    clip = script.write(2, split, scenes=2)
    frames = list(film.pictures(clip, 160, 120))
    wave = film.wave(clip)
    assert len(frames) == 128
    assert {(frame.shape, frame.dtype.name) for frame in frames} == {((120, 160, 3), "uint8")}
    assert wave.dtype == np.float32
    assert len(wave) == 16 * 16000
    assert 0.005 < np.abs(wave).max() <= 1


def test_a_larger_picture_shows_the_same():
    scene = msgspec.structs.replace(script.write(1).scenes[0], look=PLAIN)
    clip = alone(script.write(1), scene)
    small, large = next(film.pictures(clip, 160, 120)), next(film.pictures(clip, 640, 480))
    assert np.abs(large.reshape(120, 4, 160, 4, 3).mean((1, 3)) - small).mean() < 12


def test_the_scenes_of_a_clip_are_cut_hard():
    scenes = tuple(msgspec.structs.replace(scene, acts=(), dark=()) for scene in script.write(1, scenes=2).scenes)
    clip = msgspec.structs.replace(script.write(1, scenes=2), scenes=scenes)
    frames = np.stack(list(film.pictures(clip, 160, 120))).astype(float)
    steps = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    assert int(steps.argmax()) == 63


def test_it_is_dark_while_the_lights_are_out():
    clip = with_event("lights out")
    (event,) = (event for event in clip.events if event.label == "lights out")
    light = np.array([frame.mean() for frame in film.pictures(clip, 160, 120)])
    times = np.arange(64) / 8
    out = (times >= event.start) & (times < event.end)
    assert light[out].max() < 0.45 * light[~out].mean()


def test_blows_are_heard_at_their_times():
    clip = with_event("hammering")
    heard = next(heard for heard in clip.scenes[0].heard if heard.label == "hammering")
    wave = film.wave(alone(clip, Scene(PLAIN, CLEAN, (), (), (heard,), ())))
    loud = np.sqrt(np.square(wave).reshape(-1, 160).mean(1))  # every 10 ms
    for blow in heard.blows:
        at = round(blow * 100)
        assert loud[at : at + 4].max() > 3 * loud[at - 6 : at - 1].mean()


def test_a_scene_is_as_loud_as_its_sounds_only_where_they_are():
    clip = with_event("alarm")
    heard = next(heard for heard in clip.scenes[0].heard if heard.label == "alarm")
    wave = film.wave(alone(clip, Scene(PLAIN, CLEAN, (), (), (heard,), ())))
    inside = slice(round(heard.start * 16000), round((heard.start + heard.length) * 16000))
    rest = np.delete(wave, np.arange(len(wave))[inside])
    assert np.square(wave[inside]).mean() > 100 * np.square(rest).mean()


def test_speech_is_heard_where_it_is_said():
    clip = with_event("greeting")
    spoken = clip.scenes[0].spoken
    wave = film.wave(alone(clip, Scene(PLAIN, CLEAN, (), (), (), spoken)))
    told = np.zeros(len(wave), bool)
    for said in clip.utterances:
        told[round(said.start * 16000) : round((said.end + 0.3) * 16000)] = True
    assert np.square(wave[told]).mean() > 30 * np.square(wave[~told]).mean()


@pytest.mark.parametrize(("label", "at"), [("person enters", "end"), ("text appears", "end"), ("fire", "middle"), ("vehicle", "middle")])
def test_an_event_of_vision_changes_the_picture_when_it_happens(label, at):
    clip = with_event(label)
    (event, *_) = (event for event in clip.events if event.label == label)
    kinds = {"person enters": "Crossing", "text appears": "Title", "fire": "Fire", "vehicle": "Crossing"}
    acts = tuple(act for act in clip.scenes[0].acts if type(act).__name__ == kinds[label])
    if not acts:
        pytest.skip("only heard in the first clip")
    frames = np.stack(list(film.pictures(alone(clip, Scene(PLAIN, CLEAN, acts, (), (), ())), 160, 120))).astype(float)
    before = max(0, int(event.start * 8) - 1)
    while_ = min(63, int((event.end if at == "end" else (event.start + event.end) / 2) * 8))
    assert np.abs(frames[while_] - frames[before]).max(-1).mean() > 1


def test_what_is_dark_is_only_the_picture():
    scene = Scene(PLAIN, CLEAN, (), (Dark(2.0, 4.0, 0.1),), (), ())
    light = np.array([frame.mean() for frame in film.pictures(alone(script.write(0), scene), 160, 120)])
    assert np.ptp(light[16:32]) == 0
    assert light[16] < 0.15 * light[15]
    assert light[32] == light[15]


def test_the_file_holds_what_its_truth_says(tmp_path):
    film.write(script.write(7, scenes=2), tmp_path / "new" / "clip.mp4")
    truth = json.loads((tmp_path / "new" / "clip.json").read_text())
    with av.open(str(tmp_path / "new" / "clip.mp4")) as opened:
        times = [float(frame.time) for frame in opened.decode(video=0)]
    with av.open(str(tmp_path / "new" / "clip.mp4")) as opened:
        samples = sum(frame.samples for frame in opened.decode(audio=0))
    assert np.allclose(times, np.arange(2 * LENGTH_S * truth["fps"]) / truth["fps"])
    assert abs(samples / 16000 - truth["length"]) < 0.2
    assert not list((tmp_path / "new").glob("*.part"))


def test_a_file_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "clip.mp4", tmp_path):
        with pytest.raises(StoreError, match="cannot be written"):
            film.write(script.write(0), path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(ConfigError, match="even numbers"):
        film.write(script.write(0), tmp_path / "clip.mp4", 33, 24)


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    command = [sys.executable, "-m", "streamer.cli", "synth", "--out", str(tmp_path / "clip.mp4")]
    done = subprocess.run([*command, "--seed", "7", "--width", "160", "--height", "120"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "clip.json").read_text())["seed"] == 7
    refused = subprocess.run([*command, "--seed", "7", "--split", "demos"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "did you mean demo?" in refused.stderr
