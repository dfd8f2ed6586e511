"""Vehicles that pass, five ways of making the engine. A maker takes (length in s, rng, rate in Hz) and gives float64 [samples]."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from streamer.synth.waves import Wave, comb, formants, harmonics, noise, time, unit

Maker = Callable[[float, Generator, int], Wave]
SOUND_MPS = 343.0  # metres a second


def _engine_harmonics(length_s: float, rng: Generator, rate: int) -> Wave:
    """Harmonics of an unsteady pitch, through a body."""
    tone = harmonics(_speed(length_s, rng, rate, 45, 110), rate, [k**-0.8 for k in range(1, 40)])
    return formants(tone, rate, [90, rng.uniform(200, 350), rng.uniform(500, 900)], 1)


def _engine_pulses(length_s: float, rng: Generator, rate: int) -> Wave:
    """The explosions of one cylinder after the other, each a burst of noise in the exhaust."""
    phase = np.cumsum(_speed(length_s, rng, rate, 40, 100)) / rate
    cylinders = rng.uniform(0.5, 1, 4)
    burst = cylinders[phase.astype(int) % 4] * np.exp(-(phase % 1) * rng.uniform(3, 7))
    return formants(burst * (0.5 + rng.standard_normal(len(burst))), rate, [rng.uniform(90, 160), rng.uniform(250, 500)], 1.2)


def _engine_comb(length_s: float, rng: Generator, rate: int) -> Wave:
    """Noise that runs round in a pipe: a diesel."""
    pitch = rng.uniform(35, 80)
    pipe = comb(noise(rate, length_s, 30, 1_500, rng), rate, pitch, rng.uniform(0.05, 0.12), 0.6)
    knock = 1 + 0.6 * np.sin(2 * np.pi * pitch / 2 * time(rate, length_s))
    return pipe * knock


def _engine_fm(length_s: float, rng: Generator, rate: int) -> Wave:
    """A small engine: an oscillator bent by half and by twice its pitch."""
    phase = 2 * np.pi * np.cumsum(_speed(length_s, rng, rate, 70, 150)) / rate
    bent = np.sin(phase + rng.uniform(1, 2.5) * np.sin(phase / 2) + rng.uniform(1, 2.5) * np.sin(2 * phase))
    return bent * (1 + 0.3 * noise(rate, length_s, 0, 300, rng))


def _engine_overdriven(length_s: float, rng: Generator, rate: int) -> Wave:
    """Three low sines and noise, together driven until they growl."""
    phase = 2 * np.pi * np.cumsum(_speed(length_s, rng, rate, 45, 95)) / rate
    low = np.sin(phase) + np.sin(phase / 2 + 1) + np.sin(1.5 * phase + 2) + 0.5 * noise(rate, length_s, 30, 400, rng)
    growl: Wave = np.tanh(rng.uniform(1.5, 3) * low)
    return formants(growl, rate, [rng.uniform(100, 200), rng.uniform(300, 600), rng.uniform(900, 1_400)], 1)


def _speed(length_s: float, rng: Generator, rate: int, low_hz: float, high_hz: float) -> Wave:
    """Firings a second: nearly constant, perhaps accelerating."""
    rise = rng.uniform(-0.1, 0.25) * np.linspace(0, 1, int(length_s * rate))
    return np.asarray(rng.uniform(low_hz, high_hz) * (1 + rise) * (1 + 0.006 * noise(rate, length_s, 0, 10, rng)))


def _passing(engine: Maker) -> Maker:
    """The engine and its tyres on a road: it comes, is loudest near the middle, and goes, lower in pitch."""

    def make(length_s: float, rng: Generator, rate: int) -> Wave:
        tyres = noise(rate, length_s, rng.uniform(60, 200), rng.uniform(900, 2_500), rng)
        motor = engine(length_s, rng, rate)
        own = motor / (float(motor.std()) + 1e-9) + rng.uniform(0.2, 1) * tyres
        speed, near = rng.uniform(8, 25), rng.uniform(4, 10)  # m/s, m
        t = time(rate, length_s)
        away = np.hypot(near, speed * (t - length_s * rng.uniform(0.4, 0.6)))  # m
        left = t - (away - away.min()) / SOUND_MPS  # when what is heard now was made
        return unit(np.interp(left, t, own) / away)

    return make


VEHICLE: Sequence[Maker] = tuple(
    _passing(engine) for engine in (_engine_harmonics, _engine_pulses, _engine_comb, _engine_fm, _engine_overdriven)
)
