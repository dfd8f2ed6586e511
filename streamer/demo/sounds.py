"""Everyday sounds from arithmetic: each maker takes (rate_hz, length_s, rng) and gives float32 [samples], mono, peak 0.9.

The same rate, length and state of the generator give the same samples. What an audio classifier hears in them is
checked in the tests, so they can stand for the real thing in demos, tests and benchmarks.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from streamer.synth import waves
from streamer.synth.waves import Samples, Wave

Maker = Callable[[int, float, Generator], Samples]

PEAK = 0.9  # leaves room for a codec's overshoot


def alarm(rate: int, length_s: float, rng: Generator) -> Samples:
    """A smoke alarm: three beeps of 3.1 kHz and a pause, again and again."""
    t = waves.time(rate, length_s)
    within = t % 1.0
    beep = np.clip(np.minimum(within, 0.5 - within) / 0.003, 0, 1) * (t % 4.0 < 3.0)  # the temporal-three pattern of ISO 8201
    tone = np.sin(2 * np.pi * 3_100 * t) + 0.4 * np.sin(2 * np.pi * 6_200 * t)
    return _finish(waves.room(tone * beep, rate, 0.15, 0.1, rng))


def siren(rate: int, length_s: float, rng: Generator) -> Samples:
    """A siren that wails up and down every 3 s."""
    t = waves.time(rate, length_s)
    pitch = 950 + 400 * np.sin(2 * np.pi * t / 3.0 + rng.uniform(0, 6))
    return _finish(waves.room(waves.harmonics(pitch, rate, [1, 0.5, 0.35, 0.2, 0.1]), rate, 0.6, 0.3, rng))


def phone_ring(rate: int, length_s: float, rng: Generator) -> Samples:
    """A telephone with two bells under a clapper: rings 1.2 s of every 2 s."""
    strike = sum((waves.modes(rate, 0.4, [f, 2.1 * f, 2.76 * f], [0.15, 0.1, 0.06], rng) for f in (1_050, 1_320)), np.zeros(1))
    times = [beat / 24 for beat in range(int(length_s * 24)) if (beat / 24) % 2.0 < 1.2]
    return _finish(waves.room(waves.scatter(rate, length_s, times, lambda: strike * rng.uniform(0.8, 1)), rate, 0.2, 0.1, rng))


def knock(rate: int, length_s: float, rng: Generator) -> Samples:
    """Knuckles on a door: groups of four, a group every 1.8 s."""

    def once() -> Wave:
        panel = waves.modes(rate, 0.2, [90, 153, 261, 450], [0.03, 0.024, 0.018, 0.012], rng)
        return (panel + waves.noise(rate, 0.2, 150, 1_000, rng) * waves.decay(rate, 0.2, 0.012)) * rng.uniform(0.7, 1)

    times = [0.05 + group * 1.8 + beat * 0.24 + rng.uniform(0, 0.02) for group in range(int(length_s / 1.8) + 1) for beat in range(4)]
    return _finish(waves.room(waves.scatter(rate, length_s, times, once), rate, 0.3, 0.2, rng))


def dog_bark(rate: int, length_s: float, rng: Generator) -> Samples:
    """A dog of middle size: a bark, short and rough, about every .9 s."""

    def once() -> Wave:
        u = np.linspace(0, 1, int(0.14 * rate))
        pitch = rng.uniform(0.9, 1.1) * 450 * (1 + 0.3 * np.sin(np.pi * u**0.7))
        voice = 0.6 * waves.harmonics(pitch, rate, [k**-0.5 for k in range(1, 20)]) + 0.4 * waves.noise(rate, 0.14, 300, 5_000, rng)
        return waves.formants(voice, rate, [600, 1_200, 2_160], 5) * np.minimum(1, u / 0.1) * np.exp(-2 * u) * np.minimum(1, (1 - u) / 0.3)

    times = list(np.cumsum(rng.uniform(0.72, 1.1, int(length_s / 0.72) + 1)) - 0.65)
    return _finish(waves.room(waves.scatter(rate, length_s, times, once), rate, 0.3, 0.15, rng))


def applause(rate: int, length_s: float, rng: Generator) -> Samples:
    """A hall of 200 people clapping, each at a pace and with hands of their own."""
    total = np.zeros(int(length_s * rate))
    for _ in range(200):
        low, high, pace, ring_s = rng.uniform(600, 1_400), rng.uniform(1_500, 3_500), rng.uniform(0.2, 0.3), rng.uniform(0.004, 0.008)
        hands = rng.uniform(0.3, 1) * waves.noise(rate, 0.06, low, high, rng) * waves.decay(rate, 0.06, ring_s)
        times = np.arange(rng.uniform(0, pace), length_s, pace)
        for at in times + rng.normal(0, 0.02, len(times)):
            waves.put(total, hands, at, rate)
    return _finish(waves.room(total, rate, 0.8, 0.15, rng))


def rain(rate: int, length_s: float, rng: Generator) -> Samples:
    """Steady rain with single drops near by."""
    wash = waves.noise(rate, length_s, 600, 7_000, rng)

    def drop() -> Wave:
        return waves.noise(rate, 0.03, 1_500, 7_500, rng) * waves.decay(rate, 0.03, 0.003) * rng.pareto(3) * 2

    return _finish(wash + waves.scatter(rate, length_s, list(rng.uniform(0, length_s, int(60 * length_s))), drop))


def music(rate: int, length_s: float, rng: Generator) -> Samples:
    """A plucked guitar: four chords in C major, broken, over a soft bass that a voice detector seldom takes for speech."""
    chords = [(0, 4, 7, 12), (9, 12, 16, 21), (5, 9, 12, 17), (7, 11, 14, 19)]  # semitones above C3: C, a, F, G
    order, step_s = (0, 1, 2, 3, 2, 1, 2, 3), 0.2
    basses = [chord[0] - 12 for chord in chords]
    strings = {note: waves.pluck(rate, 1.8, 130.8 * 2 ** (note / 12), rng) for note in sorted({*sum(chords, ()), *basses})}
    total = np.zeros(int(length_s * rate))
    for beat in range(int(length_s / step_s)):
        bar = beat // 8 % 4
        waves.put(total, strings[chords[bar][order[beat % 8]]], beat * step_s, rate)
        if beat % 8 == 0:
            waves.put(total, 0.4 * strings[basses[bar]], beat * step_s, rate)
    return _finish(waves.room(total * np.clip((length_s - waves.time(rate, length_s)) / 0.4, 0, 1), rate, 0.4, 0.15, rng))


def engine_passing(rate: int, length_s: float, rng: Generator) -> Samples:
    """A motor vehicle that comes, is loudest in the middle, and goes, lower in pitch."""
    from_middle = waves.time(rate, length_s) / length_s - 0.5
    pitch = 60 * (1 - 0.08 * np.tanh(8 * from_middle)) * (1 + 0.005 * waves.noise(rate, length_s, 0, 10, rng))
    engine = waves.formants(waves.harmonics(pitch, rate, [k**-0.8 for k in range(1, 40)]), rate, [90, 250, 600], 1)
    road = waves.noise(rate, length_s, 80, 1_500, rng)
    return _finish((engine / float(engine.std()) + road) / (1 + (2.5 * from_middle) ** 2))


def glass_break(rate: int, length_s: float, rng: Generator) -> Samples:
    """A pane that breaks and falls, every 2.5 s."""

    def shard() -> Wave:
        return waves.modes(rate, 0.25, list(rng.uniform(2_000, 7_500, 4)), list(rng.uniform(0.01, 0.06, 4)), rng)

    total = np.zeros(int(length_s * rate))
    for at in np.arange(0.05, max(0.1, length_s - 0.5), 2.5):
        waves.put(total, 2.5 * waves.noise(rate, 0.3, 1_200, 7_800, rng) * waves.decay(rate, 0.3, 0.05), at, rate)
        for late in rng.exponential(0.25, 60):
            waves.put(total, shard() * rng.uniform(0.1, 0.8) * np.exp(-late / 0.5), at + late, rate)
    return _finish(waves.room(total, rate, 0.3, 0.15, rng))


def baby_cry(rate: int, length_s: float, rng: Generator) -> Samples:
    """An infant: a cry of a second, a short breath, again."""

    def once() -> Wave:
        length = rng.uniform(1.0, 1.2)
        u = np.linspace(0, 1, int(length * rate))
        pitch = rng.uniform(380, 420) * (0.85 + 0.3 * np.sin(np.pi * u**0.6)) * (1 + 0.012 * np.sin(2 * np.pi * 8 * length * u))
        voice = waves.harmonics(pitch, rate, [k**-0.4 for k in range(1, 16)]) + 0.05 * waves.noise(rate, length, 500, 6_000, rng)
        return waves.formants(voice, rate, [1_200, 2_160, 3_960], 6) * np.minimum(1, np.minimum(u / 0.08, (1 - u) / 0.25))

    return _finish(waves.room(waves.scatter(rate, length_s, list(np.arange(0.05, length_s, 1.4)), once), rate, 0.2, 0.1, rng))


def birdsong(rate: int, length_s: float, rng: Generator) -> Samples:
    """Small birds: trills of quick whistled sweeps between 3 and 6 kHz."""

    def trill() -> Wave:
        base, width, one = rng.uniform(3_000, 4_800), rng.uniform(400, 1_400) * rng.choice([-1, 1]), rng.uniform(0.06, 0.14)
        u = np.linspace(0, 1, int(one * rate))
        note = waves.harmonics(base + width * np.sin(np.pi * u), rate, [1, 0.08]) * np.sin(np.pi * u)
        return np.tile(np.concatenate([note, np.zeros(int(0.04 * rate))]), int(rng.integers(2, 6))) * rng.uniform(0.4, 1)

    return _finish(
        waves.room(waves.scatter(rate, length_s, list(np.cumsum(rng.uniform(0.25, 0.6, int(4 * length_s)))), trill), rate, 0.6, 0.2, rng)
    )


def church_bell(rate: int, length_s: float, rng: Generator) -> Samples:
    """A bell in its tower, struck every 1.5 s: hum, prime, tierce, quint, nominal and above, and the blow of the clapper."""
    ratios, ring_s = [0.5, 1, 1.2, 1.5, 2, 2.5, 3, 4.2, 5.4], [3, 2, 1.5, 1.2, 1, 0.6, 0.4, 0.2, 0.15]
    strike = waves.modes(rate, 4.0, [600 * ratio for ratio in ratios], ring_s, rng)
    strike += 0.3 * waves.noise(rate, 4.0, 1_000, 6_000, rng) * waves.decay(rate, 4.0, 0.01)
    return _finish(waves.room(waves.scatter(rate, length_s, list(np.arange(0.05, length_s, 1.5)), lambda: strike), rate, 1.5, 0.5, rng))


def _finish(wave: Wave) -> Samples:
    return waves.finish(wave, PEAK)
