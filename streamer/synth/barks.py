"""Dogs, five ways of making one bark. A maker takes (length in s, rng, rate in Hz) and gives float64 [samples]."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from streamer.synth.waves import Wave, comb, formants, harmonics, put, time, unit

Maker = Callable[[float, Generator, int], Wave]


class Dog:
    """A dog: the size that all its barks share."""

    def __init__(self, rng: Generator, rate: int) -> None:
        self.rng, self.rate = rng, rate
        size = rng.uniform(0.8, 1.35)  # 1: of middle size
        self.pitch_hz, self.bark_s = 620 / size, rng.uniform(0.1, 0.15) * size**0.5
        self.mouth_hz = [600 / size**0.5, 1_200 / size**0.5, 2_200 / size**0.5]

    def pitch(self) -> Wave:
        """Hz over one bark: up and down again."""
        bark_s, top = self.bark_s * self.rng.uniform(0.9, 1.1), self.rng.uniform(0.2, 0.7)
        u = np.linspace(0, 1, int(bark_s * self.rate))
        return np.asarray(self.pitch_hz * self.rng.uniform(0.92, 1.08) * (1 + top * np.sin(np.pi * u**0.7)))


def envelope(count: int) -> Wave:
    """The loudness of one bark: sudden, then less, then off."""
    u = np.linspace(0, 1, count)
    return np.minimum(1, u / 0.1) * np.exp(-2 * u) * np.minimum(1, (1 - u) / 0.3)


def _bark_throat(dog: Dog) -> Wave:
    """Harmonics and breath through a mouth."""
    pitch = dog.pitch()
    voice = harmonics(pitch, dog.rate, [k**-0.6 for k in range(1, 20)])
    voice = voice / float(voice.std()) + dog.rng.uniform(0.15, 0.5) * dog.rng.standard_normal(len(pitch))
    return formants(voice, dog.rate, dog.mouth_hz, dog.rng.uniform(4, 6))


def _bark_fm(dog: Dog) -> Wave:
    """Two oscillators at the resonances of the mouth, each bent by the voice."""
    phase = 2 * np.pi * np.cumsum(dog.pitch()) / dog.rate
    low = np.sin(phase + dog.rng.uniform(0.8, 1.6) * np.sin(phase))
    high = np.sin(2 * phase + dog.rng.uniform(1, 2) * np.sin(phase + 0.5 * np.sin(phase / 2)))
    return low + dog.rng.uniform(0.6, 1.2) * high + dog.rng.uniform(0.05, 0.15) * dog.rng.standard_normal(len(phase))


def _bark_pulses(dog: Dog) -> Wave:
    """Uneven pulses through a mouth: a growl in it."""
    phase = np.cumsum(dog.pitch()) / dog.rate
    places = np.flatnonzero(np.diff(np.floor(phase), prepend=0.0))
    pulses = np.zeros(len(phase))
    pulses[places] = dog.rng.uniform(0.5, 1, len(places))
    throat = pulses + dog.rng.uniform(0.02, 0.06) * dog.rng.standard_normal(len(phase))
    return formants(throat, dog.rate, dog.mouth_hz, dog.rng.uniform(4, 6))


def _bark_pipe(dog: Dog) -> Wave:
    """Noise that runs round in a pipe, which is then stretched and pressed: its pitch moves."""
    pitch, rate = dog.pitch(), dog.rate
    middle = float(pitch.mean())
    steady = comb(dog.rng.standard_normal(2 * len(pitch)), rate, middle, dog.rng.uniform(0.02, 0.05), 0.3)
    moved = np.interp(len(pitch) // 3 + np.cumsum(pitch / middle), np.arange(len(steady)), steady)
    return formants(moved, rate, dog.mouth_hz, 5)


def _bark_grains(dog: Dog) -> Wave:
    """A grain for each opening of the throat: the ring of the mouth, cut out and laid side by side."""
    pitch, rate = dog.pitch(), dog.rate
    t = time(rate, 0.012)
    ring = sum((g * np.sin(2 * np.pi * hz * t) for g, hz in zip((1, 0.8, 0.4), dog.mouth_hz, strict=True)), np.zeros(len(t)))
    grain = ring * np.exp(-t / 0.002) * np.minimum(1, t / 0.0003)
    total, at = np.zeros(len(pitch)), 0.0
    while int(at * rate) < len(pitch):
        put(total, grain * dog.rng.uniform(0.7, 1), at, rate)
        at += dog.rng.uniform(0.97, 1.03) / pitch[int(at * rate)]
    return unit(total) + 0.03 * dog.rng.standard_normal(len(total))


def _barking(bark: Callable[[Dog], Wave]) -> Maker:
    """One dog that barks, again and again."""

    def make(length_s: float, rng: Generator, rate: int) -> Wave:
        dog, total, at = Dog(rng, rate), np.zeros(int(length_s * rate)), 0.02
        pause_s = rng.uniform(0.15, 0.6)
        while at < length_s - 0.1:
            once = unit(bark(dog))
            put(total, once * envelope(len(once)) * rng.uniform(0.7, 1), at, rate)
            at += len(once) / rate + pause_s * rng.uniform(0.7, 1.4)
        return total

    return make


DOG: Sequence[Maker] = tuple(_barking(bark) for bark in (_bark_throat, _bark_fm, _bark_pulses, _bark_pipe, _bark_grains))
