"""Alarms and phones, five ways of making each. A maker takes (length in s, rng, rate in Hz) and gives float64 [samples]."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from streamer.synth.waves import Wave, formants, harmonics, modes, put, scatter, time

Maker = Callable[[float, Generator, int], Wave]
MAJOR = (0, 2, 4, 7, 9, 12, 14, 16)  # semitones: a scale in which no two notes quarrel


def _alarm_two_tone(length_s: float, rng: Generator, rate: int) -> Wave:
    """Two pitches in turn, rich in harmonics, out of a horn."""
    low = np.exp(rng.uniform(np.log(650), np.log(2_200)))
    high, beat = low * rng.uniform(1.15, 1.6), rng.uniform(0.8, 7)
    pitch = np.where(time(rate, length_s) * beat % 1 < 0.5, low, high)
    return formants(
        harmonics(pitch, rate, [1 / k for k in range(1, 12)]), rate, [rng.uniform(1_000, 1_500), rng.uniform(2_400, 3_200)], 1.5
    )


def _alarm_wail(length_s: float, rng: Generator, rate: int) -> Wave:
    """A siren: harmonics over a pitch that goes up and down."""
    middle, depth, beat = rng.uniform(700, 1_400), rng.uniform(0.2, 0.5), np.exp(rng.uniform(np.log(0.2), np.log(4)))
    pitch = middle * (1 + depth * np.sin(2 * np.pi * (beat * time(rate, length_s) + rng.uniform())))
    return harmonics(pitch, rate, [k ** -rng.uniform(0.7, 2) for k in range(1, 7)])


def _alarm_beeps(length_s: float, rng: Generator, rate: int) -> Wave:
    """A smoke or clock alarm: beeps of one high tone, in groups of three or four or without end."""
    beep_s, group = rng.uniform(0.06, 0.5), int(rng.choice([3, 4, 1_000]))
    beat, within = np.divmod(time(rate, length_s), beep_s * rng.uniform(1.4, 2.2))
    on = _gate(within, beep_s) * (beat % (group + 2) < group)
    hz = rng.uniform(1_800, 3_600)
    return (np.sin(_phase(hz, rate, len(on))) + rng.uniform(0, 0.5) * np.sin(_phase(2 * hz, rate, len(on)))) * on


def _alarm_yelp(length_s: float, rng: Generator, rate: int) -> Wave:
    """Sawtooth sweeps, each from low to high, out of a horn."""
    low, beat = rng.uniform(450, 800), rng.uniform(1.5, 5)
    pitch = low * rng.uniform(1.8, 2.6) ** (time(rate, length_s) * beat % 1)
    saw = _phase(pitch, rate) / np.pi % 2 - 1
    smooth = np.convolve(saw, np.ones(3) / 3, "same")  # softens the aliases of a naive sawtooth
    return formants(smooth, rate, [rng.uniform(900, 1_300), rng.uniform(2_200, 3_200)], 2)


def _alarm_fm(length_s: float, rng: Generator, rate: int) -> Wave:
    """One oscillator that bends another, between two pitches in glides: the alarm of a car."""
    t, beat = time(rate, length_s), rng.uniform(1, 5)
    turn = np.tanh(4 * np.sin(2 * np.pi * beat * t)) if rng.random() < 0.5 else np.sin(2 * np.pi * beat * t)
    phase = _phase(rng.uniform(750, 1_250) * (1 + rng.uniform(0.2, 0.4) * turn), rate)
    ratio = float(rng.choice([1.0, 2.0]))
    return np.sin(phase + rng.uniform(0.8, 1.8) * np.sin(ratio * phase))


def _phone_bells(length_s: float, rng: Generator, rate: int) -> Wave:
    """Two bells under a clapper."""
    low = rng.uniform(850, 1_400)
    ratios, ring_s = (1, 2.1, 2.76), [rng.uniform(0.08, 0.18), 0.1, 0.06]
    strikes = [modes(rate, 0.4, [hz * ratio for ratio in ratios], ring_s, rng) for hz in (low, low * rng.uniform(1.1, 1.35))]
    beat, ring = rng.uniform(16, 26), _cadence(rng)
    times = [place / beat for place in range(int(length_s * beat)) if ring(place / beat)]
    places = iter(range(len(times)))
    return scatter(rate, length_s, times, lambda: strikes[next(places) % 2] * rng.uniform(0.8, 1))


def _phone_warble(length_s: float, rng: Generator, rate: int) -> Wave:
    """The electronic ring of an office: two pitches in turn, many times a second."""
    low, t, ring = rng.uniform(700, 1_600), time(rate, length_s), _cadence(rng)
    pitch = np.where(t * rng.uniform(10, 24) % 1 < 0.5, low, low * rng.uniform(1.15, 1.4))
    return np.tanh(rng.uniform(0.7, 3) * np.sin(_phase(pitch, rate))) * ring(t)


def _phone_tune(length_s: float, rng: Generator, rate: int) -> Wave:
    """The ring of an early mobile phone: quick square notes, the same few again and again."""
    notes, step_s = _tune(rng), rng.uniform(0.09, 0.16)
    t, ring = time(rate, length_s), _cadence(rng)
    place, within = np.divmod(t, step_s)
    pitch = notes[place.astype(int) % len(notes)]
    return np.tanh(4 * (np.sin(_phase(pitch, rate)) + rng.uniform(-0.5, 0.5))) * _gate(within, 0.9 * step_s) * ring(t)


def _phone_trill(length_s: float, rng: Generator, rate: int) -> Wave:
    """A cordless phone: three triangle notes run up so fast that they trill."""
    base, t, ring = rng.uniform(900, 1_500), time(rate, length_s), _cadence(rng)
    steps = base * np.array([1, rng.uniform(1.15, 1.3), rng.uniform(1.35, 1.55)])
    pitch = steps[(t * rng.uniform(22, 40)).astype(int) % 3]
    triangle = np.abs(_phase(pitch, rate) / np.pi % 2 - 1) * 2 - 1
    return triangle * ring(t)


def _phone_fm(length_s: float, rng: Generator, rate: int) -> Wave:
    """Small bells of two oscillators each, struck in a quick broken chord or in a trill."""
    trill, ring, low = rng.random() < 0.6, _cadence(rng), rng.uniform(650, 1_100)
    step_s = 1 / rng.uniform(14, 24) if trill else rng.uniform(0.07, 0.11)
    pitches = [low, low * rng.uniform(1.1, 1.4)] if trill else list(low / 800 * _tune(rng))
    strikes = [_bell(hz, rng.uniform(0.8, 2), rate) for hz in pitches]
    total = np.zeros(int(length_s * rate))
    for place in range(int(length_s / step_s)):
        if ring(place * step_s):
            put(total, strikes[place % len(strikes)], place * step_s, rate)
    return total


def _bell(hz: float, bend: float, rate: int) -> Wave:
    t = time(rate, 0.3)
    return np.sin(2 * np.pi * hz * t + bend * np.exp(-t / 0.06) * np.sin(2 * np.pi * 3.5 * hz * t)) * np.exp(-t / 0.09)


def _tune(rng: Generator) -> Wave:
    """Pitches in Hz of four to six notes."""
    return np.asarray(rng.uniform(700, 1_000) * 2 ** (rng.choice(MAJOR, int(rng.integers(4, 7)), replace=False) / 12))


def _cadence(rng: Generator) -> Callable[[Wave | float], Wave]:
    """When a phone rings: on for a second or two, then a pause."""
    on_s, off_s, double = rng.uniform(0.8, 2), rng.uniform(0.5, 1.5), rng.random() < 0.3

    def ring(t: Wave | float) -> Wave:
        within = np.asarray(t % (on_s + off_s))
        gap = double & (np.abs(within - on_s / 2) < 0.1)
        return np.asarray((within < on_s) & ~gap, np.float64)

    return ring


def _phase(pitch_hz: Wave | float, rate: int, count: int = 0) -> Wave:
    """Radians of an oscillator: of moving pitch, or of one pitch for `count` samples."""
    moving = np.full(count, pitch_hz) if isinstance(pitch_hz, float) else pitch_hz
    return np.asarray(2 * np.pi * np.cumsum(moving) / rate)


def _gate(within_s: Wave, on_s: float) -> Wave:
    """1 for so long after each start, without clicks."""
    return np.clip(np.minimum(within_s, on_s - within_s) / 0.003, 0, 1)


ALARM: Sequence[Maker] = (_alarm_two_tone, _alarm_wail, _alarm_beeps, _alarm_yelp, _alarm_fm)
PHONE: Sequence[Maker] = (_phone_bells, _phone_warble, _phone_tune, _phone_trill, _phone_fm)
