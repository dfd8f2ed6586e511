"""`streamer run` as its user meets it: folders of results, refusals in one line, going on after a kill."""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from schemas.codec import from_json
from tests import clips
from tests.media_folder import needs_models

ROOT = pathlib.Path(__file__).parents[1]
NONE = ["--set", "profile=none"]  # facts without models: starts at once


def streamer(*arguments: object, python: tuple[str, ...] = (), **more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *python, "-m", "streamer.cli", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | more
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)


def lines(folder: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> pathlib.Path:
    return clips.make(tmp_path_factory.mktemp("films") / "clip.mp4", 20)


def test_a_film_gets_a_folder_with_everything_in_it(film, tmp_path):
    done = streamer("run", film, "--out", tmp_path / "out", *NONE)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "clip"
    for name in ("results.jsonl", "insights.json", "captions.vtt", "captions.srt", "chapters.vtt", "report.html"):
        assert (folder / name).exists(), name
    assert list((folder / "keyframes").glob("*.jpg"))
    types = {line["type"] for line in lines(folder)}
    assert {"StreamStatus", "Shot", "Keyframe", "Levels", "WindowClosed", "Sentiment", "SceneDescription"} <= types
    for line in lines(folder):
        assert from_json(json.dumps(line)).stream == lines(folder)[0]["stream"]


def test_every_result_of_a_window_is_listed_by_it(film, tmp_path):
    streamer("run", film, "--out", tmp_path / "out", *NONE)
    told = lines(tmp_path / "out" / "clip")
    listed = [name for line in told if line["type"] == "WindowClosed" for name in line["results"]]
    made = [line["id"] for line in told if line["type"] not in ("WindowClosed", "StreamStatus", "Gap")]
    assert set(made) == set(listed)


def test_what_is_done_is_skipped_and_what_changed_is_done_again(film, tmp_path):
    out = tmp_path / "out"
    streamer("run", film, "--out", out, *NONE)
    before = (out / "clip" / "results.jsonl").stat().st_mtime_ns
    assert "done before" in streamer("run", film, "--out", out, *NONE).stderr
    assert (out / "clip" / "results.jsonl").stat().st_mtime_ns == before
    assert "done before" not in streamer("run", film, "--out", out, *NONE, "--set", "media.frames_per_second=2").stderr


def test_two_films_of_one_name_get_two_folders(film, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shutil.copy(film, tmp_path / "a" / "ein Film – 影片.mp4")
    clips.make(tmp_path / "b" / "ein Film – 影片.mp4", 2)
    done = streamer("run", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out", *NONE)
    assert done.returncode == 0, done.stderr
    assert {path.parent.name for path in (tmp_path / "out").glob("*/report.html")} == {"ein Film – 影片", "ein Film – 影片-2"}


def bad_sources(folder: pathlib.Path, film: pathlib.Path) -> dict[str, pathlib.Path]:
    folder.mkdir()
    found = {"missing": folder / "missing.mp4", "no media in it": folder / "empty folder"}
    found["no media in it"].mkdir()
    found["zero bytes"] = folder / "zero.mp4"
    found["zero bytes"].touch()
    found["text"] = folder / "text.mp4"
    found["text"].write_text("This is no film.\n" * 100)
    found["truncated"] = folder / "truncated.mp4"
    whole = film.read_bytes()
    found["truncated"].write_bytes(whole[: whole.index(b"moov") - 4] if whole.index(b"mdat") < whole.index(b"moov") else whole[:400])
    found["random"] = folder / "random.mkv"
    found["random"].write_bytes(random.Random(0).randbytes(100_000))
    return found


def test_each_bad_source_is_one_line_that_names_it_and_the_others_are_done(film, tmp_path):
    bad = bad_sources(tmp_path / "bad", film)
    done = streamer("run", *bad.values(), film, "--out", tmp_path / "out", *NONE, "--quiet")
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert len(said) == len(bad), done.stderr
    for path in bad.values():
        assert sum(str(path) in line for line in said) == 1, path
    assert (tmp_path / "out" / "clip" / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "media.frams=1"], "media.frames_per_second"),
        (["--set", "media.decode=fast"], "lazy"),
        (["--tell", "smells: fire"], "smells"),
        (["--config", "missing.toml"], "missing.toml"),
    ],
)
def test_a_wrong_option_is_one_line(film, tmp_path, arguments, said):
    done = streamer("run", film, "--out", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_an_output_folder_that_cannot_be_written_is_one_line(film, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = streamer("run", film, "--out", tmp_path / "file" / "out", *NONE)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


@pytest.fixture
def tiny_disk(tmp_path):
    place = tmp_path / "tiny"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_one_line_and_leaves_what_was_written_whole(film, tmp_path, tiny_disk):
    big = clips.make(tmp_path / "big.mp4", 60)
    done = streamer("run", big, "--out", tiny_disk / "out", *NONE, "--quiet")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "big.mp4" in done.stderr
    with sqlite3.connect(tiny_disk / "out" / "streamer.sqlite") as sql:
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def killed(command: list[str], after_s: float) -> bool:
    """Runs a command and kills it after a while; whether it was still running."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def kills_change_nothing(film: pathlib.Path, tmp_path: pathlib.Path, options: list[str], times: int) -> None:
    began = time.monotonic()
    assert streamer("run", film, "--out", tmp_path / "calm", *options).returncode == 0
    took_s = time.monotonic() - began
    expected = (tmp_path / "calm" / film.stem / "results.jsonl").read_bytes()
    rng, kills, wild = random.Random(7), 0, tmp_path / "wild"
    command = [sys.executable, "-m", "streamer.cli", "run", str(film), "--out", str(wild), *options]
    while kills < times:
        if killed(command, rng.uniform(0.2, 0.8) * took_s):
            kills += 1
        else:  # it got to the end between two kills: once more from the beginning
            assert (wild / film.stem / "results.jsonl").read_bytes() == expected
            shutil.rmtree(wild)
    assert streamer("run", film, "--out", wild, *options).returncode == 0
    assert (wild / film.stem / "results.jsonl").read_bytes() == expected


def test_kills_at_random_moments_change_no_byte_of_the_results(film, tmp_path):
    kills_change_nothing(clips.make(tmp_path / "clip.mp4", 40), tmp_path, NONE, 10)


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=pytest.mark.slow)])
@needs_models
def test_kills_change_no_byte_with_real_models_either(tmp_path, times):
    from streamer.demo.clip import compose

    compose(tmp_path / "demo.mp4")
    kills_change_nothing(tmp_path / "demo.mp4", tmp_path, [], times)
