"""Every example does what it says, started as a person would start it; those on Kafka are in tests/kafka/test_examples.py."""

import os
import pathlib
import subprocess
import sys
import wave

import numpy as np

from streamer.demo import speech
from tests.media_folder import needs_models

HERE = pathlib.Path(__file__).parents[1] / "examples"
SPEECH = pathlib.Path(speech.__file__).parent / "banana.flac"
TESTS = (pathlib.Path(__file__), pathlib.Path(__file__).parent / "kafka" / "test_examples.py")


def _told(name: str, *arguments: object, **environment: str) -> list[str]:
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    here = os.environ | {"PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"} | environment
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=here, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs_models
def test_watch_file() -> None:
    told = _told("watch_file.py", SPEECH)
    assert {line.split()[2] for line in told} == {"said", "scene"}
    assert any("banana" in line for line in told)


@needs_models
def test_alert() -> None:
    told = _told("alert.py", SPEECH, "says: banana", ALERT='echo "rang for $LABEL"')
    assert told[0].startswith("says: banana at ")
    assert told[1:] == ["rang for says: banana"]


def test_own_stage(tmp_path: pathlib.Path) -> None:
    tone = 8000 * np.sin(np.arange(16000) / 10)
    samples = np.concatenate([tone, np.zeros(40000), tone, np.zeros(16000), tone])  # 1 s each, silent for 2.5 s and for 1 s
    with wave.open(str(tmp_path / "tones.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    assert _told("own_stage.py", tmp_path / "tones.wav") == ["silence from 1.0 s on"]


def test_every_example_is_short_and_has_a_test() -> None:
    tests = "".join(path.read_text() for path in TESTS)
    for path in HERE.iterdir():
        if path.suffix in (".py", ".mjs"):
            assert f'"{path.name}"' in tests, path.name
            assert len(path.read_text().splitlines()) <= 60, path.name
