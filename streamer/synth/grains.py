"""Glass and fire: many small sounds, five ways of making each. A maker takes (length in s, rng, rate in Hz), gives float64 [samples]."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from streamer.synth.waves import Wave, comb, decay, formants, modes, noise, put, time, unit

Maker = Callable[[float, Generator, int], Wave]
Grain = Callable[[], Wave]


def _glass_modes(length_s: float, rng: Generator, rate: int) -> Wave:
    """Shards that ring like small bells."""

    def shard() -> Wave:
        return modes(rate, 0.3, list(rng.uniform(2_000, 7_500, 4)), list(rng.uniform(0.01, 0.07, 4)), rng)

    return _falling(length_s, rng, rate, shard)


def _glass_resonance(length_s: float, rng: Generator, rate: int) -> Wave:
    """Clicks through sharp resonances."""

    def shard() -> Wave:
        click = rng.standard_normal(int(0.2 * rate)) * decay(rate, 0.2, 0.004)
        return formants(click, rate, list(rng.uniform(2_000, 7_300, 3)), rng.uniform(30, 90))

    return _falling(length_s, rng, rate, shard)


def _glass_sines(length_s: float, rng: Generator, rate: int) -> Wave:
    """Short single sines, three times as many."""

    def shard() -> Wave:
        t = time(rate, 0.15)
        return np.sin(2 * np.pi * rng.uniform(2_500, 7_400) * t) * decay(rate, 0.15, rng.uniform(0.006, 0.03))

    return _falling(length_s, rng, rate, shard, 3.0)


def _glass_fm(length_s: float, rng: Generator, rate: int) -> Wave:
    """Shards of two oscillators that do not fit."""

    def shard() -> Wave:
        t, hz = time(rate, 0.2), rng.uniform(1_800, 4_500)
        bend = rng.uniform(1, 3) * np.exp(-t / 0.03) * np.sin(2 * np.pi * hz * rng.uniform(1.2, 1.7) * t)
        return np.sin(2 * np.pi * hz * t + bend) * decay(rate, 0.2, rng.uniform(0.01, 0.04))

    return _falling(length_s, rng, rate, shard, 1.5)


def _glass_echo(length_s: float, rng: Generator, rate: int) -> Wave:
    """Clicks that run to and fro in splinters so short that they whistle."""

    def shard() -> Wave:
        click = noise(rate, 0.2, 1_500, 7_500, rng) * decay(rate, 0.2, 0.002)
        return unit(comb(click, rate, rng.uniform(1_700, 3_600), rng.uniform(0.01, 0.05), 0.05))

    return _falling(length_s, rng, rate, shard, 1.3)


def _falling(length_s: float, rng: Generator, rate: int, shard: Grain, more: float = 1.0) -> Wave:
    """The blow, and shards that come down: many at first, then fewer and softer."""
    total = np.zeros(int(length_s * rate))
    put(total, rng.uniform(1, 3) * noise(rate, 0.3, 1_200, 7_800, rng) * decay(rate, 0.3, rng.uniform(0.02, 0.06)), 0, rate)
    spread_s = rng.uniform(0.2, 0.5)
    for late in rng.exponential(spread_s, int(more * rng.uniform(35, 70))):
        put(total, shard() * rng.uniform(0.1, 0.9) * np.exp(-late / 0.6), float(late), rate)
    return total


def _fire_clicks(length_s: float, rng: Generator, rate: int) -> Wave:
    """Bursts of noise, most small and few large, over a roar."""

    def crackle() -> Wave:
        low = rng.uniform(500, 3_000)
        return noise(rate, 0.03, low, 3 * low, rng) * decay(rate, 0.03, rng.uniform(0.001, 0.005))

    return _burning(length_s, rng, rate, crackle)


def _fire_pops(length_s: float, rng: Generator, rate: int) -> Wave:
    """Small pockets of steam: sines that die within a cycle or two; were they longer, it would be water."""

    def crackle() -> Wave:
        return np.sin(2 * np.pi * rng.uniform(900, 5_500) * time(rate, 0.03)) * decay(rate, 0.03, rng.uniform(0.0002, 0.0009))

    return _burning(length_s, rng, rate, crackle)


def _fire_resonance(length_s: float, rng: Generator, rate: int) -> Wave:
    """Single pulses through the resonances of wood, over hiss that flickers."""
    pulses = np.zeros(int(length_s * rate))
    places = rng.integers(0, len(pulses), max(1, int(rng.uniform(20, 60) * length_s)))
    pulses[places] = (rng.pareto(1.8, len(places)) + 0.1).clip(0, 12) * rng.choice([-1, 1], len(places))
    wood = sum((formants(pulses, rate, [hz], 2) for hz in rng.uniform(900, 4_500, 3)), np.zeros(len(pulses)))
    return unit(wood) + rng.uniform(0.005, 0.04) * _roar(length_s, rng, rate)


def _fire_sparse(length_s: float, rng: Generator, rate: int) -> Wave:
    """Noise raised to a high power: only its rare peaks are left."""
    sparse = noise(rate, length_s, rng.uniform(400, 900), 6_500, rng)
    sparse = sparse * np.abs(sparse) ** rng.uniform(5, 7) * np.exp(0.6 * noise(rate, length_s, 0, 8, rng))
    return unit(sparse) + rng.uniform(0.005, 0.04) * _roar(length_s, rng, rate)


def _fire_chain(length_s: float, rng: Generator, rate: int) -> Wave:
    """Cracks that set off others, each a tap in a splinter of its own."""
    total, seeds = np.zeros(int(length_s * rate)), list(rng.uniform(0, length_s, max(1, int(9 * length_s))))
    splinters = [
        comb(rng.standard_normal(int(0.02 * rate)) * decay(rate, 0.02, 0.001), rate, hz, 0.002, 0.5) for hz in rng.uniform(700, 3_500, 8)
    ]
    while seeds:
        at = seeds.pop()
        put(total, splinters[int(rng.integers(len(splinters)))] * (rng.pareto(2.2) + 0.1), at, rate)
        if rng.random() < 0.7:  # below 1: a chain dies out
            seeds.append(at + float(rng.exponential(0.03)))
    return unit(total) + rng.uniform(0.005, 0.04) * _roar(length_s, rng, rate)


def _burning(length_s: float, rng: Generator, rate: int, crackle: Grain) -> Wave:
    """Grains at random times over a roar."""
    total = np.zeros(int(length_s * rate))
    for at in rng.uniform(0, length_s, max(1, int(rng.uniform(25, 70) * length_s))):
        put(total, crackle() * (rng.pareto(2) + 0.1), float(at), rate)
    return unit(total) + rng.uniform(0.005, 0.04) * _roar(length_s, rng, rate)


def _roar(length_s: float, rng: Generator, rate: int) -> Wave:
    """The low noise of burning gas, which flickers."""
    flicker = np.exp(0.4 * noise(rate, length_s, 0, 6, rng))
    return noise(rate, length_s, 40, rng.uniform(400, 1_500), rng) * flicker


GLASS: Sequence[Maker] = (_glass_modes, _glass_resonance, _glass_sines, _glass_fm, _glass_echo)
FIRE: Sequence[Maker] = (_fire_clicks, _fire_pops, _fire_resonance, _fire_sparse, _fire_chain)
