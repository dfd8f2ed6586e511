"""Colours: vivid ones for what acts, muted ones for where it acts, so that the one can be told from the other."""

import colorsys

from numpy.random import Generator

from streamer.synth.brush import Colour

SKINS: tuple[Colour, ...] = ((255, 219, 188), (241, 194, 150), (224, 172, 122), (198, 134, 88), (141, 85, 48), (97, 58, 36))
HAIRS: tuple[Colour, ...] = ((40, 28, 22), (92, 58, 30), (150, 96, 44), (214, 178, 96), (176, 172, 168), (134, 50, 24))


def vivid(rng: Generator) -> Colour:
    """Saturated."""
    return _colour(rng.random(), rng.uniform(0.65, 1), rng.uniform(0.55, 1))


def muted(rng: Generator, low: float = 0.3, high: float = 0.9) -> Colour:
    """Greyish, of a brightness of low..high."""
    return _colour(rng.random(), rng.uniform(0.05, 0.4), rng.uniform(low, high))


def clothes(rng: Generator) -> tuple[Colour, ...]:
    """Of a person: skin, hair, shirt, trousers, shoes."""
    skin, hair = SKINS[rng.integers(len(SKINS))], HAIRS[rng.integers(len(HAIRS))]
    return (skin, hair, vivid(rng), _colour(rng.random(), rng.uniform(0.2, 0.9), rng.uniform(0.2, 0.7)), muted(rng, 0.1, 0.5))


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return (int(255 * red), int(255 * green), int(255 * blue))
