"""Single blows: five ways of making each of clapping, ball bouncing, door slam, hammering and knocking.

A maker takes (rng, rate in Hz) and gives float64 [samples]. Ways 0 to 2 are for training, 3 for validation, 4 for the tests:
no two of one label share an algorithm.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from streamer.synth.waves import Wave, comb, decay, formants, modes, noise, put, room, time, unit

Maker = Callable[[Generator, int], Wave]


def _clap_noise(rng: Generator, rate: int) -> Wave:
    """A burst of noise between two edges."""
    low = rng.uniform(500, 1_100)
    return _indoors(noise(rate, 0.3, low, low * rng.uniform(2, 4), rng) * decay(rate, 0.3, rng.uniform(0.003, 0.012)), rng, rate)


def _clap_flutter(rng: Generator, rate: int) -> Wave:
    """Hands that meet in three places, one shortly after the other."""
    total = np.zeros(int(0.3 * rate))
    for at in (0.0, rng.uniform(0.003, 0.008), rng.uniform(0.01, 0.016)):
        put(total, noise(rate, 0.1, rng.uniform(500, 900), rng.uniform(2_000, 4_000), rng) * decay(rate, 0.1, 0.005), at, rate)
    return _indoors(total, rng, rate)


def _clap_hollow(rng: Generator, rate: int) -> Wave:
    """A click in the hollow between two hands."""
    click = rng.standard_normal(int(0.3 * rate)) * decay(rate, 0.3, rng.uniform(0.003, 0.008))
    return _indoors(formants(click, rate, [rng.uniform(700, 1_300), rng.uniform(1_700, 2_600)], rng.uniform(2, 4)), rng, rate)


def _clap_modes(rng: Generator, rate: int) -> Wave:
    """So many dying sines that no pitch is heard."""
    hz, cut = np.exp(rng.uniform(np.log(rng.uniform(500, 900)), np.log(rng.uniform(2_000, 4_000)), 200)), rng.uniform(0.003, 0.007)
    return _indoors(modes(rate, 0.3, list(hz), [cut] * len(hz), rng), rng, rate)


def _clap_velvet(rng: Generator, rate: int) -> Wave:
    """Sparse pulses of either sign, smoothed to the width of a palm's edge."""
    pulses = rng.choice([-1.0, 0.0, 1.0], int(0.3 * rate), p=[0.15, 0.7, 0.15]) * decay(rate, 0.3, rng.uniform(0.005, 0.012))
    width = max(2, int(rng.uniform(0.0003, 0.0006) * rate))
    return _indoors(np.diff(np.convolve(pulses, np.hanning(width + 2), "same"), prepend=0.0), rng, rate)


def _indoors(clap: Wave, rng: Generator, rate: int) -> Wave:
    """A clap without any wall to answer it is a click: neither people nor networks know it."""
    return room(clap, rate, rng.uniform(0.3, 0.5), rng.uniform(0.15, 0.35), rng)


def _ball_skin(rng: Generator, rate: int) -> Wave:
    """A drum: few modes, all low, and the slap."""
    low = rng.uniform(80, 150)
    drum = modes(rate, 0.3, [low, low * rng.uniform(1.8, 2.3), low * rng.uniform(3, 3.8)], [0.07, 0.05, 0.03], rng)
    return drum + rng.uniform(0.1, 0.35) * noise(rate, 0.3, 200, 2_500, rng) * decay(rate, 0.3, 0.01)


def _ball_drop(rng: Generator, rate: int) -> Wave:
    """A sine whose pitch drops while it dies, and a click."""
    low, t = rng.uniform(90, 200), time(rate, 0.3)
    pitch = low * (1 + rng.uniform(0.5, 1.5) * np.exp(-t / 0.02))
    thump = np.sin(2 * np.pi * np.cumsum(pitch) / rate) * decay(rate, 0.3, rng.uniform(0.04, 0.08))
    return thump + rng.uniform(0.1, 0.3) * rng.standard_normal(len(t)) * decay(rate, 0.3, 0.004)


def _ball_noise(rng: Generator, rate: int) -> Wave:
    """Low noise, and the ring of the air inside."""
    base = rng.uniform(250, 450)
    ring = modes(rate, 0.3, [base, 1.9 * base, 2.7 * base], [0.08, 0.05, 0.03], rng)
    return noise(rate, 0.3, 50, rng.uniform(250, 500), rng) * decay(rate, 0.3, rng.uniform(0.03, 0.05)) + rng.uniform(0.2, 0.5) * ring


def _ball_fm(rng: Generator, rate: int) -> Wave:
    """One oscillator that bends another, less and less."""
    low, t = rng.uniform(90, 170), time(rate, 0.3)
    bend = rng.uniform(2, 5) * np.exp(-t / 0.015) * np.sin(2 * np.pi * low * 1.47 * t)
    return np.sin(2 * np.pi * low * t + bend) * decay(rate, 0.3, rng.uniform(0.04, 0.07))


def _ball_tube(rng: Generator, rate: int) -> Wave:
    """A soft click in a hollow body that echoes in itself."""
    click = noise(rate, 0.3, 40, rng.uniform(300, 700), rng) * decay(rate, 0.3, 0.008)
    return comb(click, rate, rng.uniform(80, 150), rng.uniform(0.05, 0.09), 1.0)


def _slam_noise(rng: Generator, rate: int) -> Wave:
    """Low noise that dies slowly, high noise that dies fast."""
    boom = noise(rate, 0.8, 40, rng.uniform(250, 700), rng) * decay(rate, 0.8, rng.uniform(0.06, 0.14))
    return boom + rng.uniform(0.2, 0.5) * noise(rate, 0.8, 800, 4_000, rng) * decay(rate, 0.8, 0.03)


def _slam_panel(rng: Generator, rate: int) -> Wave:
    """A large panel: so many low modes that no pitch is heard."""
    hz = np.exp(rng.uniform(np.log(60), np.log(1_500), 150))
    ring_s = rng.uniform(0.06, 0.15) * (200 / hz) ** 0.4
    panel = modes(rate, 0.8, list(hz), list(ring_s), rng)
    return panel / float(np.abs(panel).max()) + 0.2 * rng.standard_normal(len(panel)) * decay(rate, 0.8, 0.012)


def _slam_parts(rng: Generator, rate: int) -> Wave:
    """The latch, the leaf on its frame, and what rattles after."""
    total = 2 * noise(rate, 0.8, 40, 300, rng) * decay(rate, 0.8, rng.uniform(0.08, 0.12))
    put(total, rng.standard_normal(int(0.012 * rate)), 0, rate)
    put(total, noise(rate, 0.6, 100, 2_500, rng) * decay(rate, 0.6, rng.uniform(0.06, 0.12)), rng.uniform(0.01, 0.04), rate)
    for late in rng.uniform(0.08, 0.4, 5):
        put(total, 0.5 * np.exp(-late / 0.15) * noise(rate, 0.05, 500, 3_000, rng) * decay(rate, 0.05, 0.008), late, rate)
    return total


def _slam_boom(rng: Generator, rate: int) -> Wave:
    """A falling sine that shakes, driven until it roars, and its dust."""
    t = time(rate, 0.8)
    shake = 1 + 0.5 * noise(rate, 0.8, 0, 150, rng)
    pitch = rng.uniform(50, 80) * (1 + rng.uniform(1, 2.5) * np.exp(-t / 0.03)) * shake
    boom: Wave = np.tanh(3 * np.sin(2 * np.pi * np.cumsum(pitch) / rate)) * decay(rate, 0.8, rng.uniform(0.06, 0.12))
    dust = rng.standard_normal(len(t)) ** 3 * decay(rate, 0.8, 0.03)
    return boom + rng.uniform(0.1, 0.25) * np.convolve(dust, np.ones(4) / 4, "same")


def _slam_wood(rng: Generator, rate: int) -> Wave:
    """Sparse pulses, the sparser the later, that run round in wood of five lengths."""
    pulses = rng.standard_normal(int(0.8 * rate)) * (rng.random(int(0.8 * rate)) < 0.2) * decay(rate, 0.8, rng.uniform(0.06, 0.12))
    woods = (comb(pulses, rate, hz, rng.uniform(0.02, 0.05), 1.0) for hz in rng.uniform(35, 120, 7))
    wood = sum(woods, np.zeros(len(pulses)))
    return np.convolve(wood, np.hanning(int(rng.uniform(0.0006, 0.0014) * rate) + 2), "same")


def _hammer_bar(rng: Generator, rate: int) -> Wave:
    """An iron bar under a blow."""
    base = rng.uniform(900, 2_200)
    bar = modes(rate, 0.4, [base * k for k in (1, 1.51, 2.24, 2.9, 3.7)], list(rng.uniform(0.015, 0.08, 5)), rng)
    blow = rng.standard_normal(len(bar)) * decay(rate, 0.4, 0.005)
    return bar + rng.uniform(0.5, 1.2) * blow + rng.uniform(0.5, 1.5) * noise(rate, 0.4, 80, 700, rng) * decay(rate, 0.4, 0.02)


def _hammer_fm(rng: Generator, rate: int) -> Wave:
    """Metal from two oscillators that do not fit, on wood from one whose pitch drops."""
    base, t = rng.uniform(700, 1_700), time(rate, 0.4)
    bend = rng.uniform(2.5, 6) * np.exp(-t / 0.03) * np.sin(2 * np.pi * base * 1.41 * t)
    metal = np.sin(2 * np.pi * base * t + bend) * decay(rate, 0.4, rng.uniform(0.02, 0.06))
    wood = np.sin(2 * np.pi * np.cumsum(180 * (1 + 2 * np.exp(-t / 0.006))) / rate) * decay(rate, 0.4, 0.025)
    return metal + rng.uniform(0.5, 1.5) * wood + 0.5 * rng.standard_normal(len(t)) * decay(rate, 0.4, 0.003)


def _hammer_resonance(rng: Generator, rate: int) -> Wave:
    """A click through sharp resonances, on a block of wood."""
    base = rng.uniform(900, 1_900)
    click = rng.standard_normal(int(0.4 * rate)) * decay(rate, 0.4, 0.004)
    ring = formants(click, rate, [base, 1.8 * base, 2.7 * base], rng.uniform(15, 60))
    return ring + rng.uniform(0.2, 0.6) * noise(rate, 0.4, 100, 900, rng) * decay(rate, 0.4, 0.02)


def _hammer_echo(rng: Generator, rate: int) -> Wave:
    """A click that runs to and fro in two short rods of metal and in a long one of wood."""
    click = rng.standard_normal(int(0.4 * rate)) * decay(rate, 0.4, 0.003)
    rods = (unit(comb(click, rate, hz, rng.uniform(0.03, 0.08), 0.1)) for hz in rng.uniform(900, 2_400, 2))
    return sum(rods, rng.uniform(0.4, 1) * unit(comb(click, rate, rng.uniform(120, 300), 0.012, 1.0)))


def _hammer_ring(rng: Generator, rate: int) -> Wave:
    """A noisy blow multiplied with two tones: sums and differences ring, above a thud that is multiplied with itself."""
    t = time(rate, 0.4)
    tones: Wave = np.sin(2 * np.pi * rng.uniform(900, 1_700) * t) * (1 + np.sin(2 * np.pi * rng.uniform(2_000, 3_300) * t))
    blow = decay(rate, 0.4, rng.uniform(0.02, 0.06)) + np.abs(rng.standard_normal(len(t))) * decay(rate, 0.4, 0.004)
    thud = np.sin(2 * np.pi * rng.uniform(90, 200) * t) * (1 + rng.standard_normal(len(t))) * decay(rate, 0.4, 0.02)
    return tones * blow + rng.uniform(0.8, 1.6) * thud


def _knock_panel(rng: Generator, rate: int) -> Wave:
    """Knuckles on a door: low modes of its panel, and skin."""
    base = rng.uniform(80, 220)
    panel = modes(rate, 0.2, [base, 1.7 * base, 2.9 * base, 5 * base], [0.03, 0.024, 0.018, 0.012], rng)
    return panel + rng.uniform(0.3, 1) * noise(rate, 0.2, 150, 1_200, rng) * decay(rate, 0.2, 0.012)


def _knock_noise(rng: Generator, rate: int) -> Wave:
    """A short dull burst of noise."""
    return noise(rate, 0.2, rng.uniform(90, 180), rng.uniform(600, 1_300), rng) * decay(rate, 0.2, rng.uniform(0.012, 0.025))


def _knock_drop(rng: Generator, rate: int) -> Wave:
    """A sine of dropping pitch, and the tick of a knuckle."""
    t = time(rate, 0.2)
    pitch = rng.uniform(140, 280) * (1 + rng.uniform(0.5, 1.5) * np.exp(-t / 0.006))
    thump = np.sin(2 * np.pi * np.cumsum(pitch) / rate) * decay(rate, 0.2, rng.uniform(0.015, 0.03))
    return thump + rng.uniform(0.2, 0.6) * noise(rate, 0.2, 800, 3_000, rng) * decay(rate, 0.2, 0.004)


def _knock_resonance(rng: Generator, rate: int) -> Wave:
    """A click through the resonances of a box."""
    click = rng.standard_normal(int(0.2 * rate)) * decay(rate, 0.2, 0.006)
    return formants(click, rate, [rng.uniform(130, 250), rng.uniform(320, 600), rng.uniform(900, 1_400)], rng.uniform(3, 6))


def _knock_board(rng: Generator, rate: int) -> Wave:
    """A tap that runs round in a board."""
    tap = noise(rate, 0.2, 80, rng.uniform(800, 1_600), rng) * decay(rate, 0.2, 0.006)
    return comb(tap, rate, rng.uniform(90, 200), rng.uniform(0.008, 0.016), 1.0)


HITS: dict[str, tuple[Maker, ...]] = {
    "clapping": (_clap_noise, _clap_flutter, _clap_hollow, _clap_modes, _clap_velvet),
    "ball bouncing": (_ball_skin, _ball_drop, _ball_noise, _ball_fm, _ball_tube),
    "door slam": (_slam_noise, _slam_panel, _slam_parts, _slam_boom, _slam_wood),
    "hammering": (_hammer_bar, _hammer_fm, _hammer_resonance, _hammer_echo, _hammer_ring),
    "knocking": (_knock_panel, _knock_noise, _knock_drop, _knock_resonance, _knock_board),
}
