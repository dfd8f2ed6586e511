"""Where sounds are heard: rooms that answer, and what else can be heard there."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from streamer.synth import waves
from streamer.synth.waves import Samples, Wave

Maker = Callable[[float, Generator, int], Wave]


def room(wave: Samples, rng: Generator, rate: int = 16_000) -> Samples:
    """The sound in a room: float32 [samples], as many and with the same peak. Rooms ring for .1 to .7 s."""
    peak = float(np.abs(wave).max())
    ring_s, share = rng.uniform(0.1, 0.7), rng.uniform(0.05, 0.3)
    early = np.zeros(int(0.04 * rate))
    early[0] = 1
    for late in rng.uniform(0.003, 0.038, 4):  # walls near by, before the room rings
        early[int(late * rate)] += rng.uniform(-0.4, 0.4)
    near = np.convolve(wave.astype(np.float64), early)[: len(wave)]
    return waves.finish(waves.room(near, rate, ring_s, share, rng), peak)


def background(kind: str, length_s: float, rng: Generator, rate: int = 16_000) -> Samples:
    """What is heard all the time: float32 [samples], peak 1. `kind` is one of BACKGROUNDS. Errors: KeyError."""
    return waves.finish(_MAKERS[kind](length_s, rng, rate), 1.0)


def _hiss(length_s: float, rng: Generator, rate: int) -> Wave:
    """A poor microphone."""
    return waves.noise(rate, length_s, 20, rng.uniform(3_000, 7_500), rng)


def _hum(length_s: float, rng: Generator, rate: int) -> Wave:
    """The mains, and what it makes hum."""
    pitch = np.full(int(length_s * rate), rng.choice([50.0, 60.0]))
    return waves.harmonics(pitch, rate, list(rng.uniform(0.1, 1, 8))) + 0.1 * waves.noise(rate, length_s, 50, 2_000, rng)


def _wind(length_s: float, rng: Generator, rate: int) -> Wave:
    """Low noise in gusts."""
    gusts = np.exp(0.5 * waves.noise(rate, length_s, 0, 0.7, rng))
    return waves.noise(rate, length_s, 20, rng.uniform(200, 600), rng) * gusts


def _rain(length_s: float, rng: Generator, rate: int) -> Wave:
    """A wash of many drops."""
    drops = (rng.random(int(length_s * rate)) < 0.01) * rng.standard_normal(int(length_s * rate))
    return waves.noise(rate, length_s, 600, 7_000, rng) + 2 * np.convolve(drops, np.hanning(8), "same")


def _fan(length_s: float, rng: Generator, rate: int) -> Wave:
    """A ventilation duct, with its blades in it."""
    blades = 1 + 0.2 * np.sin(2 * np.pi * rng.uniform(15, 40) * waves.time(rate, length_s))
    return waves.noise(rate, length_s, rng.uniform(60, 200), rng.uniform(600, 2_000), rng) * blades


def _murmur(length_s: float, rng: Generator, rate: int) -> Wave:
    """Many people far away, of whom no word is understood."""
    total = np.zeros(int(length_s * rate))
    for _ in range(12):
        swell = np.maximum(0, waves.noise(rate, length_s, 1, 4, rng))
        hz = [rng.uniform(300, 800), rng.uniform(900, 1_800)]
        total += waves.formants(rng.standard_normal(len(total)), rate, hz, 4) * swell
    return total


_MAKERS: dict[str, Maker] = {"hiss": _hiss, "hum": _hum, "wind": _wind, "rain": _rain, "fan": _fan, "murmur": _murmur}
BACKGROUNDS = tuple(_MAKERS)
