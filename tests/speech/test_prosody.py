"""How a phrase is said: pitch, how it moves, voicing and pace, on sounds whose pitch is known and on the voices of the bank."""

import numpy as np
import pytest

from streamer.fusion.arrays import MANNER
from streamer.speech.prosody import WIDTH, pitch, prosody
from streamer.speech.vad import RATE
from streamer.synth.speech import bank
from streamer.synth.speech.utterances import Utterance

VOICED, MEDIAN, DEVIATION, HALF, RANGE, PACE = range(WIDTH)


def sung(octaves: np.ndarray, harmonics: int = 8, loud: float = 0.1) -> np.ndarray:
    """A tone with harmonics whose pitch is so many octaves above 150 Hz, a number a sample."""
    turns = 2 * np.pi * np.cumsum(150 * 2.0**octaves) / RATE
    return np.asarray(loud * sum(np.sin(number * turns) / number for number in range(1, harmonics + 1)), np.float32)


def steady(octaves: float, seconds: float = 1.0) -> np.ndarray:
    return np.full(round(seconds * RATE), octaves)


@pytest.mark.parametrize("hz", [75, 100, 150, 220, 400])
def test_the_pitch_of_a_steady_voice_is_found(hz: float) -> None:
    strength, octaves = pitch(sung(steady(np.log2(hz / 150))))
    assert (strength > 0.9).all()
    assert octaves == pytest.approx(np.full(len(octaves), np.log2(hz / 150)), abs=0.03)
    told = prosody(sung(steady(np.log2(hz / 150))), 15)
    assert told[VOICED] == pytest.approx(1, abs=0.01)
    assert told[MEDIAN] == pytest.approx(np.log2(hz / 150), abs=0.03)
    assert (told[[DEVIATION, HALF, RANGE]] < 0.02).all()


def test_a_lively_voice_moves_more_than_a_flat_one() -> None:
    time = np.arange(2 * RATE) / RATE
    for width in (0.1, 0.4):
        told = prosody(sung(width * np.sin(2 * np.pi * 1.5 * time)), 30)
        assert told[DEVIATION] == pytest.approx(width / np.sqrt(2), rel=0.15)
        assert told[HALF] == pytest.approx(width * np.sqrt(2), rel=0.2)
        assert told[RANGE] == pytest.approx(1.9 * width, rel=0.2)


def test_what_is_not_voiced_does_not_count() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    half = prosody(np.concatenate([sung(steady(0.3)), noise]), 30)
    assert half[VOICED] == pytest.approx(0.5, abs=0.05)
    assert half[MEDIAN] == pytest.approx(0.3, abs=0.03)
    assert half[RANGE] < 0.1
    for silent in (noise, np.zeros(RATE, np.float32)):
        told = prosody(silent, 15)
        assert told[VOICED] < 0.02


def test_pace_is_letters_a_second() -> None:
    sound = sung(steady(0.0, 2.0))
    assert prosody(sound, 30)[PACE] == pytest.approx(0)
    assert prosody(sound, 60)[PACE] == pytest.approx(1)
    assert prosody(sound, 15)[PACE] == pytest.approx(-1)


def test_a_fusion_reads_all_that_is_told() -> None:
    assert MANNER == WIDTH


def test_loudness_changes_nothing() -> None:
    time = np.arange(RATE) / RATE
    curve = 0.3 * np.sin(2 * np.pi * 2 * time)
    assert prosody(sung(curve, loud=0.01), 15) == pytest.approx(prosody(sung(curve, loud=0.3), 15), abs=0.01)


@pytest.mark.parametrize("samples", [0, 1, 100, 1024, 1523, 1524])
def test_the_shortest_sounds_are_told_of_too(samples: int) -> None:
    told = prosody(sung(steady(0.0))[:samples], 3)
    assert told.dtype == np.float32
    assert told.shape == (WIDTH,)
    assert np.isfinite(told).all()


@pytest.mark.parametrize("voice", ["slt", "rms", "ked", "hts", "kal", "awb", "en-us", "en-gb"])
def test_bright_and_dull_sentences_of_a_voice_differ(voice: str) -> None:
    spoken = [one for one in bank().utterances if one.voice == voice]
    bright, dull = (np.mean([_told(one) for one in spoken if one.prosody == manner][:24], 0) for manner in ("bright", "dull"))
    assert bright[MEDIAN] > dull[MEDIAN] + 0.15
    assert bright[PACE] > dull[PACE] + 0.2


def _told(utterance: Utterance) -> np.ndarray:
    return prosody(bank().samples(utterance), sum(map(str.isalnum, utterance.text)))
