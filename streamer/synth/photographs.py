"""The few real pictures that pip packages carry, as places."""

import functools

import cv2
import numpy as np

from streamer.demo.pictures import Picture, canvas
from streamer.demo.story import CHINA, COFFEE, FLOWER, WALL
from streamer.synth.brush import Image

# Nothing in them that is a label here: no vehicle, no person, no writing.
PICTURES: tuple[Picture, ...] = (
    CHINA,
    FLOWER,
    COFFEE,
    WALL,
    Picture("grass.png", "scikit-image", "skimage/data", "grass", "CC0, CC0Textures"),
    Picture("gravel.png", "scikit-image", "skimage/data", "gravel", "CC0, CC0Textures"),
    Picture("hubble_deep_field.jpg", "scikit-image", "skimage/data", "galaxies", "public domain, NASA"),
)


def view(index: int, left: float, share: float, height: int, width: int) -> Image:
    """A part of a picture as high as its share, from a left of 0..1, uint8 [height, width, 3]. Errors: MediaError."""
    large = _kept(index)
    high = int(large.shape[0] * share)
    wide = min(large.shape[1], high * width // height)
    x, y = int(left * (large.shape[1] - wide)), (large.shape[0] - high) // 2
    cut = large[y : y + high, x : x + wide]
    return np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@functools.lru_cache(maxsize=len(PICTURES))
def _kept(index: int) -> Image:
    """At half the size of the sample clip's canvas: 800 × 450."""
    large = canvas(PICTURES[index])
    return np.asarray(cv2.resize(large, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
