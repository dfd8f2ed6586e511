"""The sounds of the made world by name and family; the same generator state gives the same samples.

There are five ways of making each sound, which share no algorithm. 0 to 2 are for training, 3 for validation, 4 for the tests:
what is learnt must be the sound and not how it was made.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from streamer.synth import barks, engines, grains, signals, tunes, waves
from streamer.synth.hits import HITS
from streamer.synth.rooms import BACKGROUNDS, background, room
from streamer.synth.tunes import Mode
from streamer.synth.waves import Samples

__all__ = ["BACKGROUNDS", "BLOWS", "FAMILIES", "LASTING", "background", "hit", "lasting", "music", "room"]

RATE = 16_000  # Hz
FAMILIES = 5  # of each sound
EDGE_S = 0.008  # a lasting sound begins and ends without a click

_MAKERS: dict[str, Sequence[signals.Maker]] = {
    "alarm": signals.ALARM,
    "glass breaking": grains.GLASS,
    "phone": signals.PHONE,
    "dog": barks.DOG,
    "vehicle": engines.VEHICLE,
    "fire": grains.FIRE,
}
BLOWS = tuple(HITS)
LASTING = ("alarm", "glass breaking", "knocking", "phone", "dog", "music", "vehicle", "fire")


def hit(label: str, family: int, rng: Generator, rate: int = RATE) -> Samples:
    """One blow, float32 [samples], peak 1. The same thing struck again is the same blow a little louder or softer, not another."""
    return waves.finish(HITS[label][family](rng, rate), 1.0)


def lasting(label: str, family: int, length_s: float, rng: Generator, rate: int = RATE) -> Samples:
    """A sound that goes on for `length_s`, float32 [samples], peak 1; `label` is one of LASTING."""
    if label == "knocking":
        return _knocking(family, length_s, rng, rate)
    if label == "music":
        return music(family, length_s, rng, "major" if rng.random() < 0.5 else "minor", rate)
    return _edged(_MAKERS[label][family](length_s, rng, rate), rate)


def music(family: int, length_s: float, rng: Generator, mode: Mode, rate: int = RATE) -> Samples:
    """Music that is glad ("major") or sad ("minor"), float32 [samples], peak 1."""
    return _edged(tunes.music(tunes.NOTES[family], length_s, rng, rate, mode), rate)


def _knocking(family: int, length_s: float, rng: Generator, rate: int) -> Samples:
    """One door, knocked at in groups."""
    blow, beat_s, group, pause_s = (
        HITS["knocking"][family](rng, rate),
        rng.uniform(0.15, 0.3),
        int(rng.integers(2, 6)),
        rng.uniform(0.3, 0.9),
    )
    total, at, count = np.zeros(int(length_s * rate)), 0.02, 0
    while at < length_s - 0.1:
        waves.put(total, blow * rng.uniform(0.7, 1), at, rate)
        count += 1
        at += beat_s * rng.uniform(0.92, 1.08) + (pause_s if count % group == 0 else 0)
    return waves.finish(total, 1.0)


def _edged(wave: waves.Wave, rate: int) -> Samples:
    t = waves.time(rate, len(wave) / rate + 1e-9)
    return waves.finish(wave * np.clip(np.minimum(t + 1 / rate, t[::-1]) / EDGE_S, 0, 1), 1.0)
