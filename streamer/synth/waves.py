"""What sounds are made of: noises, tones, struck bodies, strings and rooms, as float64 [samples] at any rate in Hz."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # [samples], ready to be heard
Wave = NDArray[np.float64]  # [samples], while it is being made


def time(rate: int, length_s: float) -> Wave:
    """Seconds since the start, at each sample."""
    return np.arange(int(length_s * rate)) / rate


def decay(rate: int, length_s: float, tau_s: float) -> Wave:
    """The envelope of a blow: up within 1 ms, then down to 1/e every `tau_s`."""
    t = time(rate, length_s)
    return np.exp(-t / tau_s) * np.minimum(1, t / 0.001)


def noise(rate: int, length_s: float, low_hz: float, high_hz: float, rng: Generator) -> Wave:
    """Gaussian noise between two soft edges, standard deviation 1."""
    count = int(length_s * rate)
    hz = np.fft.rfftfreq(count, 1 / rate)
    shape = 1 / np.sqrt(1 + (low_hz / (hz + 1)) ** 6) / np.sqrt(1 + (hz / high_hz) ** 6)
    wave = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * shape, count)
    return wave / (float(wave.std()) + 1e-9)


def harmonics(pitch_hz: Wave, rate: int, strengths: Sequence[float]) -> Wave:
    """A tone of moving pitch; what would lie above half the rate is left out."""
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate
    heard = [(k, s) for k, s in enumerate(strengths, 1) if k * pitch_hz.max() < rate / 2]
    return sum((s * np.sin(k * phase) for k, s in heard), np.zeros(len(phase)))


def modes(rate: int, length_s: float, hz: Sequence[float], ring_s: Sequence[float], rng: Generator) -> Wave:
    """A struck body: one dying sine a mode."""
    t = time(rate, length_s)
    rung = (rng.uniform(0.4, 1) * np.sin(2 * np.pi * f * t) * np.exp(-t / tau) for f, tau in zip(hz, ring_s, strict=True) if f < rate / 2)
    return sum(rung, np.zeros(len(t))) * np.minimum(1, t / 0.0005)


def pluck(rate: int, length_s: float, hz: float, rng: Generator) -> Wave:
    """A string plucked at a third of its length: harmonics that die the faster the higher they are."""
    t = time(rate, length_s)
    wave = 0.02 * rng.standard_normal(len(t)) * np.exp(-t / 0.01)
    for k in range(1, min(20, int(0.45 * rate / hz))):
        wave += np.sin(np.pi * k / 3) / k * np.sin(2 * np.pi * k * hz * t) * np.exp(-t * (1.5 + 0.9 * k))
    return wave * np.minimum(1, t / 0.002)


def formants(wave: Wave, rate: int, centres_hz: Sequence[float], sharpness: float) -> Wave:
    """The wave through resonances, peak 1."""
    hz = np.fft.rfftfreq(2 * len(wave), 1 / rate)
    gain = sum((1 / (1 + ((hz - c) / (c / sharpness)) ** 2) for c in centres_hz), np.zeros(len(hz)))
    shaped = np.fft.irfft(np.fft.rfft(wave, 2 * len(wave)) * gain)[: len(wave)]
    return shaped / (float(np.abs(shaped).max()) + 1e-9)


def comb(wave: Wave, rate: int, pitch_hz: float, ring_s: float, dullness: float = 0.0) -> Wave:
    """The wave through a delay that feeds back: all multiples of a pitch ring, to 1/e in `ring_s`.

    `dullness` in 0..1 is how much sooner the high ones die: at 1 the loop averages two neighbours, as a string does.
    """
    hz = np.fft.rfftfreq(2 * len(wave) + int(6 * ring_s * rate), 1 / rate)  # long enough not to wrap
    loop = np.exp(-1 / (pitch_hz * ring_s)) * np.exp(-2j * np.pi * hz / pitch_hz)
    loop = loop * (1 - dullness / 2 * (1 - np.cos(2 * np.pi * hz / rate)))
    count = 2 * (len(hz) - 1)
    return np.asarray(np.fft.irfft(np.fft.rfft(wave, count) / (1 - loop), count)[: len(wave)], np.float64)


def room(wave: Wave, rate: int, ring_s: float, share: float, rng: Generator) -> Wave:
    """The wave and the sound of a room that rings for `ring_s`."""
    tail = rng.standard_normal(int(ring_s * rate)) * np.exp(-6.9 * time(rate, ring_s) / ring_s)  # −60 dB at its end
    count = len(wave) + len(tail)
    echo = np.fft.irfft(np.fft.rfft(wave, count) * np.fft.rfft(tail / np.sqrt((tail**2).sum() + 1e-9), count), count)[: len(wave)]
    return wave + 2 * share * echo


def scatter(rate: int, length_s: float, times: Sequence[float], make: Callable[[], Wave]) -> Wave:
    """A new one of what `make` gives at each time."""
    total = np.zeros(int(length_s * rate))
    for at in times:
        put(total, make(), at, rate)
    return total


def put(total: Wave, wave: Wave, at_s: float, rate: int) -> None:
    """Adds the wave at a time; what sticks out at the end is lost."""
    start = max(0, int(at_s * rate))
    kept = wave[: max(0, len(total) - start)]
    total[start : start + len(kept)] += kept


def unit(wave: Wave) -> Wave:
    """The wave with peak 1."""
    return wave / (float(np.abs(wave).max()) + 1e-9)


def finish(wave: Wave, peak: float) -> Samples:
    """The wave as float32 with that peak."""
    return (wave * (peak / (float(np.abs(wave).max()) + 1e-9))).astype(np.float32)
