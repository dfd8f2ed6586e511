"""The whole path on real clips, with the real models: what is there is told, and nothing is made up."""

import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import pytest

from schemas.codec import to_json
from schemas.document import json_schema
from schemas.messages import Event, Result, Sentiment, Shot, StreamStatus, Utterance, WindowClosed
from streamer.config import Config
from streamer.wiring import load_models, understand
from tests import clips
from tests.media_folder import MEDIA, needs_media, needs_models

pytestmark = [needs_media, needs_models]
CONFIG = Config(tell=("says: banana",))


@pytest.fixture(scope="module")
def results():
    """Results of a clip by its name, each clip understood once."""
    models, known = load_models(CONFIG), dict[str, list[Result]]()

    def of(name: str) -> list[Result]:
        if name not in known:
            known[name] = [message for message in understand(MEDIA / name, "s", CONFIG, models) if isinstance(message, Result)]
        return known[name]

    return of


def events(told: list[Result]) -> list[Event]:
    return [message for message in told if isinstance(message, Event) and message.phase == "ended"]


def only(told: list[Result], kind: type) -> list:
    return [message for message in told if isinstance(message, kind)]


def test_a_word_is_told_each_time_it_is_said(results):
    told = events(results("autoeditor_example.mp4"))
    starts = [event.start for event in told if event.label == "says: banana"]
    assert len(starts) == 2
    assert abs(starts[0] - 16.6) <= 0.8
    assert abs(starts[1] - 40.1) <= 0.8


def test_nobody_is_given_words_while_nobody_speaks(results):
    words = [word for said in only(results("autoeditor_example.mp4"), Utterance) for word in said.words]
    assert words
    assert not [word for word in words if word.end > 18 and word.start < 38]


def test_the_best_tracks_are_chosen_and_named(results):
    [status] = [status for status in only(results("nasa_13013.mp4"), StreamStatus) if status.state == "online"]
    assert "480×270" in status.media["video"]
    assert "best of 2" in status.media["video"]
    assert "best of 2" in status.media["audio"]


def test_cuts_are_placed_to_the_frame_and_fades_are_no_cuts(results):
    shots = only(results("scenedetect_testvideo.mp4"), Shot)
    cuts = [shot.start for shot in shots if shot.transition == "cut"]
    assert cuts == pytest.approx([30 * 1001 / 30000, 180 * 1001 / 30000], abs=1001 / 30000)


def test_without_sound_windows_close_and_the_mood_is_unknown_with_a_reason(results):
    told = results("one-by-one-person-detection.mp4")
    closed = only(told, WindowClosed)
    assert [window.start for window in closed] == [4.0 * number for number in range(35)]
    assert {window.status["sound"] for window in closed} == {"no_track"}
    assert all(mood.valence is None and "no sound" in mood.reason for mood in only(told, Sentiment))


def test_sound_alone_is_enough(results):
    told = results("jfk.flac")
    assert {window.status["vision"] for window in only(told, WindowClosed)} == {"no_track"}
    assert "ask not what your country can do for you" in " ".join(said.text for said in only(told, Utterance)).lower()


@pytest.mark.parametrize(
    "name",
    [
        "jfk.flac", "harvard.wav", "scenedetect_testvideo.mp4", "sense_and_sensibility_01_austen_64kb-0870.wav",
        "sense_and_sensibility_01_austen_64kb-0880.wav",
    ],
)  # fmt: skip
def test_nothing_is_made_up(results, name):
    assert events(results(name)) == []


def test_of_people_who_come_and_go_nothing_else_is_told(results):
    told = events(results("one-by-one-person-detection.mp4"))  # tests/fusion/test_shipped.py holds their times against the film
    assert {(event.label, event.level) for event in told} <= {("person enters", 2), ("person leaves", 2)}


@pytest.mark.parametrize("name", ["nasa_13013.mp4", "autoeditor_example.mp4"])
def test_every_result_is_valid_and_listed_by_its_window(results, name):
    told = results(name)
    schemas = {kind: jsonschema.Draft202012Validator(json_schema(kind)) for kind in {type(message) for message in told}}
    for message in told:
        schemas[type(message)].validate(json.loads(to_json(message)))
    listed = {name for window in only(told, WindowClosed) for name in window.results}
    assert {message.id for message in told if not isinstance(message, WindowClosed | StreamStatus)} == listed


def test_the_example_of_the_readme_runs(tmp_path):
    readme = (pathlib.Path(__file__).parents[1] / "README.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    clips.make(tmp_path / "clip.mp4", 3)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "WindowClosed(" in ran.stdout
