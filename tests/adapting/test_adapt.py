"""From a file of marked windows to a folder that a run loads; and what is refused, with its reason."""

import json
import pathlib

import msgspec
import numpy as np
import pytest

from streamer import wiring
from streamer.adapting import films, rows
from streamer.adapting.adapt import adapt
from streamer.adapting.rows import Row
from streamer.config import Config, Fusion, Vision
from streamer.errors import ConfigError
from streamer.labels import load
from streamer.synth import film, script
from tests import clips
from tests.media_folder import MEDIA, needs_media, needs_models
from tests.training import made

ALL = ("0", "1", "1½", "2", "3")
WORLD = pathlib.Path(film.__file__).with_name("labels.yaml")


def beeps(folder: pathlib.Path, films: int, seconds: float = 32.0) -> pathlib.Path:
    """Films in which a tone begins somewhere, and the file that says where; a label of nobody's list."""
    marks: list[Row] = []
    for number in range(films):
        onset = 8.0 + 3.0 * number
        sound = clips.Tone(onset=onset, rate=16_000, hz=880.0)
        path = clips.make(folder / f"film{number}.mp4", seconds, clips.Pictures(rate=4, gop=8), sound)
        marks += [Row(file=path, start=0.0, end=onset), Row(file=path, start=onset, end=seconds, label="hears: a beep")]
    rows.write(folder / "windows.csv", marks)
    return folder / "windows.csv"


@pytest.fixture(scope="module")
def quiet() -> Config:
    return Config(vision=Vision(ocr=False))


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> pathlib.Path:
    return beeps(tmp_path_factory.mktemp("long"), 1, seconds=160.0)


def test_too_few_windows_are_refused_with_the_reason(tmp_path, quiet):
    path = beeps(tmp_path, 2)
    with pytest.raises(ConfigError, match=r"8 windows for 1 labels; expected 20 at least: what is fitted to fewer is worse than nothing"):
        adapt(path, tmp_path / "out", quiet, 0.8, ALL)
    assert not (tmp_path / "out").exists()


def test_one_recording_is_not_judged(tmp_path, quiet, long):
    with pytest.raises(ConfigError, match=r"all windows are of one recording, film0.mp4: .* can only be judged\s+on another one"):
        adapt(long, tmp_path / "out", quiet, 0.8, ALL)


def test_what_is_marked_behind_the_end_of_a_film_is_told(tmp_path, quiet, long):
    path = long.with_name("behind.csv")
    path.write_text(long.read_text() + "film0.mp4,300,301,x\n")
    with pytest.raises(ConfigError, match=r"row 4: begins at 300 s, but .*film0.mp4 ends at 160"):
        adapt(path, tmp_path / "out", quiet, 0.8, ALL)


def test_where_no_label_is_nothing_is_fitted(tmp_path, quiet):
    path = beeps(tmp_path, 1)
    path.write_text("file,start,end,label\nfilm0.mp4,0,8,\n")
    with pytest.raises(ConfigError, match="no row has a label"):
        adapt(path, tmp_path / "out", quiet, 0.8, ALL)


@needs_models
def test_windows_of_films_become_a_fusion_that_a_run_loads(tmp_path, quiet):
    path, out = beeps(tmp_path, 6), tmp_path / "out"
    report = adapt(path, out, quiet, 0.8, ALL, quiet=True)
    assert (report.windows, report.recordings, len(report.held_out)) == (24, 6, 2)
    assert report.chosen != "0" and report.after < report.before
    said = json.loads((out / "report.json").read_bytes())
    assert said["chosen"] == report.chosen and [trial["level"] for trial in said["trials"]] == list(ALL)
    assert "hears: a beep" in (out / "report.md").read_text("utf-8")
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out.features").rglob("*.safetensors")}
    again = adapt(path, out, quiet, 0.8, ALL, quiet=True)
    assert msgspec.json.encode(again) == msgspec.json.encode(report)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out.features").rglob("*.safetensors")} == kept
    check_loads(out, quiet, tmp_path / "film0.mp4", "hears: a beep")


def check_loads(out: pathlib.Path, config: Config, path: pathlib.Path, label: str) -> None:
    """A run with the folder speaks for its label, and with its threshold."""
    config = msgspec.structs.replace(config, fusion=Fusion(model=str(out)))
    models = wiring.load_models(config)
    assert models.trained is not None and label in models.trained.known.labels
    assert models.trained.known.calibration == "fitted"
    [own] = [one for one in load(out / "labels.yaml").labels if one.name == label]
    assert models.trained.known.thresholds[label] == (own.threshold, own.off)
    results = list(wiring.understand(path, "film", config, models))
    assert results


@needs_models
def test_what_is_kept_of_a_film_is_what_the_pipeline_says_of_it(tmp_path, quiet):
    path = clips.make(tmp_path / "film.mp4", 9.0, clips.Pictures(rate=4, gop=8))
    models = wiring.load_models(quiet)
    recordings = films.find(path, [Row(file=path, start=0.0, end=9.0)])
    [kept] = films.watch(recordings, quiet, models, tmp_path / "features", quiet=True)
    expected = made.from_film(path, quiet, models)
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(kept.arrays[name], array)
    assert [line["start"] for line in kept.truth] == [line["start"] for line in expected.truth]


@pytest.mark.slow
@needs_models
def test_200_windows_of_a_made_world_in_another_style_are_learned(tmp_path):
    marks: list[Row] = []
    for seed in range(100):
        clip, path = script.write(seed, "style", 2), tmp_path / f"{seed}.mp4"
        film.write(clip, path)
        marks += [Row(file=path, start=event["start"], end=event["end"], label=event["label"]) for event in film.truth(clip)["events"]]
        marks.append(Row(file=path, start=0.0, end=16.0))
    rows.write(tmp_path / "windows.csv", marks)
    config = Config(fusion=Fusion(labels=str(WORLD)))
    report = adapt(tmp_path / "windows.csv", tmp_path / "out", config, 0.8, ALL)
    untrained, best = (next(one.judged for one in report.trials if one.level == level) for level in ("0", report.chosen))
    assert report.windows == 200 and report.chosen == "1½"
    assert best.bins_mean > untrained.bins_mean + 0.1 and best.events_mean > untrained.events_mean
    assert report.after < 0.03 < report.before


@pytest.mark.slow
@needs_media
@needs_models
def test_windows_of_real_films_go_the_whole_way(tmp_path):
    speech = [("harvard.wav", 18.0), ("jfk.flac", 11.0), ("autoeditor_example.mp4", 16.0)]
    marks = [Row(file=MEDIA / name, start=0.0, end=end, label="somebody speaks") for name, end in speech]
    marks += [
        Row(file=MEDIA / "autoeditor_example.mp4", start=18.0, end=38.0),
        Row(file=MEDIA / "scenedetect_testvideo.mp4", start=0.0, end=24.0),
        Row(file=MEDIA / "one-by-one-person-detection.mp4", start=0.0, end=80.0),
    ]
    rows.write(tmp_path / "windows.csv", marks)
    report = adapt(tmp_path / "windows.csv", tmp_path / "out", Config(tell=("somebody speaks",)), 0.8, ALL)
    assert report.recordings == 5 and report.chosen != "0"
    check_loads(tmp_path / "out", Config(), MEDIA / "jfk.flac", "somebody speaks")
