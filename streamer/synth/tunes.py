"""Music in major and minor, on five instruments. A maker takes (length in s, rng, rate in Hz) and gives float64 [samples]."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.random import Generator

from streamer.synth.waves import Wave, decay, formants, harmonics, modes, noise, pluck, put, time, unit

Mode = Literal["major", "minor"]
Note = Callable[[float, float, Generator, int], Wave]  # pitch in Hz, length in s, rng, rate in Hz
SCALES: dict[Mode, tuple[int, ...]] = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}  # semitones
CHORDS = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 5, 3), (0, 3, 0, 4))  # degrees on which the chords of four bars stand


def _organ(hz: float, length_s: float, rng: Generator, rate: int) -> Wave:
    """Pipes: steady harmonics, at their octaves."""
    swell = 1 + 0.004 * np.sin(2 * np.pi * 5 * time(rate, length_s))
    return harmonics(hz * swell, rate, [1, 0.6, 0.3, 0.4, 0.1, 0.15, 0.05, 0.2]) * _held(length_s, 0.03, rate)


def _guitar(hz: float, length_s: float, rng: Generator, rate: int) -> Wave:
    """A plucked string."""
    return pluck(rate, max(length_s, 0.8), hz, rng)


def _electric(hz: float, length_s: float, rng: Generator, rate: int) -> Wave:
    """An electric piano: one oscillator bent by another that dies sooner."""
    t = time(rate, max(length_s, 0.6))
    tine = rng.uniform(0.8, 1.2) * np.exp(-t / 0.08) * np.sin(2 * np.pi * 14 * hz * t) * (14 * hz < rate / 2)
    bend = 1.5 * np.exp(-t / 0.3) * np.sin(2 * np.pi * hz * t)
    return (np.sin(2 * np.pi * hz * t + bend) + 0.15 * tine) * np.exp(-t / 0.5) * np.minimum(1, t / 0.003)


def _strings(hz: float, length_s: float, rng: Generator, rate: int) -> Wave:
    """Three sawtooth oscillators out of tune by a hair, through a body."""
    t = time(rate, length_s)
    saws = [
        harmonics(hz * d * (1 + 0.003 * np.sin(2 * np.pi * 5.5 * t + d)), rate, [1 / k for k in range(1, 25)]) for d in (0.996, 1.0, 1.005)
    ]
    return formants(sum(saws, np.zeros(len(t))), rate, [450, 1_100, 2_400], 1) * _held(length_s, 0.08, rate)


def _bars(hz: float, length_s: float, rng: Generator, rate: int) -> Wave:
    """A vibraphone: bars under soft mallets."""
    ring = modes(rate, max(length_s, 0.8), [hz, 3.98 * hz, 9.2 * hz], [rng.uniform(0.4, 0.7), 0.15, 0.05], rng)
    return ring * (1 + 0.2 * np.sin(2 * np.pi * 6 * time(rate, max(length_s, 0.8))))


def _held(length_s: float, edge_s: float, rate: int) -> Wave:
    t = time(rate, length_s)
    return np.clip(np.minimum(t, length_s - t) / edge_s, 0, 1)


def _score(length_s: float, rng: Generator, mode: Mode) -> Iterator[tuple[float, float, float, float]]:
    """Start and length in s, semitones above the root, loudness: a bass, chords and a tune over them."""
    scale, bars = SCALES[mode], CHORDS[int(rng.integers(len(CHORDS)))]
    beat_s = rng.uniform(0.2, 0.34) * (1.0 if mode == "major" else 1.25)  # sad music is slower
    broken = rng.random() < 0.5
    place = int(rng.integers(7, 12))
    for beat in range(int(length_s / beat_s) + 1):
        at, degree = beat * beat_s, bars[beat // 8 % 4]
        chord = [_pitch(scale, degree + step) for step in (0, 2, 4)]
        if beat % 4 == 0:
            yield at, 3.6 * beat_s, chord[0] - 12, 0.7
            if not broken:
                yield from ((at, 3.6 * beat_s, note, 0.4) for note in chord)
        if broken:
            yield at, 1.5 * beat_s, chord[beat % 3], 0.5
        if rng.random() < 0.65:
            place = int(np.clip(place + rng.integers(-2, 3), 5, 14))
            yield at, beat_s * float(rng.choice([1, 1, 2])), _pitch(scale, place), 0.9


def _pitch(scale: Sequence[int], degree: int) -> float:
    """Semitones of a degree, which may lie above the octave."""
    return scale[degree % 7] + 12.0 * (degree // 7)


def music(note: Note, length_s: float, rng: Generator, rate: int, mode: Mode) -> Wave:
    """A piece in that mode for one instrument, with or without a drum."""
    root, drum, total = rng.uniform(150, 260), rng.random() < 0.35, np.zeros(int(length_s * rate))
    made: dict[tuple[float, float], Wave] = {}
    for at, held_s, semitones, loudness in _score(length_s, rng, mode):
        key = (semitones, round(held_s, 3))
        if key not in made:
            made[key] = unit(note(root * 2 ** (semitones / 12), held_s, rng, rate))
        put(total, loudness * made[key], at, rate)
        if drum and loudness == 0.9:
            put(total, 0.3 * unit(noise(rate, 0.08, 3_000, 7_500, rng) * decay(rate, 0.08, 0.02)), at, rate)
    return total


NOTES: Sequence[Note] = (_organ, _guitar, _electric, _strings, _bars)
