"""What a scene sounds like: its sounds and sentences in a room, on a background, through a codec."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.synth import sounds
from streamer.synth.scene import LENGTH_S, Heard, Scene
from streamer.synth.speech.utterances import bank

QUIET = 0.03  # RMS that the sounds of a scene are taken to have at least, should there be none
EDGE_S = 0.004  # at a cut, without a click
Samples = NDArray[np.float32]


def mixed(scene: Scene, rate: int) -> Samples:
    """One scene, float32 [samples] of exactly its length, in [-1, 1]."""
    mix = scene.mix
    rng = np.random.default_rng([mix.seed, 21])
    total = np.zeros(round(LENGTH_S * rate), np.float32)
    for heard in scene.heard:
        _add(total, heard, rate)
    for spoken in scene.spoken:
        _put(total, spoken.gain * bank().samples(spoken.utterance, rate), spoken.start, rate)
    if mix.room:
        total = sounds.room(total, rng, rate)
    total *= mix.level / max(float(np.abs(total).max()), 1e-9)
    behind = sounds.background(mix.background, LENGTH_S, rng, rate)
    total = total + behind * (max(QUIET, _rms(total)) * 10 ** (-mix.snr_db / 20) / _rms(behind))
    if mix.cutoff_hz:
        total = _muffled(total, mix.cutoff_hz, rate)
    edge = np.minimum(1, np.arange(len(total)) / (EDGE_S * rate))
    return np.asarray(np.clip(total * edge * edge[::-1], -1, 1), np.float32)


def _add(total: Samples, heard: Heard, rate: int) -> None:
    rng = np.random.default_rng([heard.seed, 22])
    if not heard.blows:
        wave = sounds.lasting(heard.label, heard.family, heard.length, rng, rate)
        return _put(total, heard.gain * wave, heard.start, rate)
    wave = sounds.hit(heard.label, heard.family, rng, rate)
    for blow in heard.blows:
        _put(total, heard.gain * float(rng.uniform(0.75, 1)) * wave, blow, rate)
    return None


def _put(total: Samples, wave: NDArray[np.floating[Any]], start: float, rate: int) -> None:
    first = round(start * rate)
    wave = wave[max(0, -first) : len(total) - first] if first < len(total) else wave[:0]
    total[max(0, first) : max(0, first) + len(wave)] += wave


def _rms(wave: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(wave)))) + 1e-9


def _muffled(wave: Samples, cutoff_hz: float, rate: int) -> Samples:
    """Without what lies above, as narrow codecs leave it."""
    hz = np.fft.rfftfreq(len(wave), 1 / rate)
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) / (1 + (hz / cutoff_hz) ** 12), len(wave)), np.float32)
