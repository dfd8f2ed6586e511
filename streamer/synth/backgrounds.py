"""Where scenes take place: pictures of the world and of a margin around it, for the camera to move in."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from streamer.synth import photographs
from streamer.synth.brush import Colour, Image, toned
from streamer.synth.colours import muted

MARGIN = 0.15  # world: on every side
Grey = NDArray[np.float32]  # [height, width], 0..1


def make(family: str, seed: int, height: int, width: int) -> Image:
    """A background, uint8 [height, width, 3], margin included."""
    return FAMILIES[family](np.random.default_rng([seed, 11]), height, width)


def _gradient(rng: Generator, height: int, width: int) -> Image:
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    turn = rng.uniform(0, 2 * np.pi)
    along = np.cos(turn) * x + np.sin(turn) * y
    if rng.random() < 0.35:
        along = np.hypot(x - rng.uniform(0, 1.3), y - rng.uniform(0, 1))
    image = _blend(along, muted(rng), muted(rng))
    return _floor(image, rng) if rng.random() < 0.7 else image


def _blocks(rng: Generator, height: int, width: int) -> Image:
    image = _floor(np.full((height, width, 3), muted(rng), np.uint8), rng)
    for _ in range(int(rng.integers(3, 10))):
        left, top = rng.uniform(0, 0.95) * width, rng.uniform(0, 0.8) * height
        right, bottom = left + rng.uniform(0.05, 0.3) * width, top + rng.uniform(0.06, 0.35) * height
        colour = muted(rng)
        _box(image, left, top, right, bottom, colour)
        if rng.random() < 0.5:
            _box(image, left + 4, top + 4, right - 4, bottom - 4, toned(colour, rng.uniform(0.75, 1.2)))
    return image


def _clouds(rng: Generator, height: int, width: int) -> Image:
    image = _blend(_noise(rng, height, width), muted(rng), muted(rng))
    return _floor(image, rng) if rng.random() < 0.6 else image


def _room(rng: Generator, height: int, width: int) -> Image:
    wall = muted(rng, 0.45, 0.95)
    image = np.full((height, width, 3), wall, np.uint8)
    pitch = int(height * rng.uniform(0.06, 0.14))
    pattern = rng.integers(3)
    for row, y in enumerate(range(0, height, pitch)):
        for x in range((row % 2) * pitch // 2 - pitch, width, pitch):
            if pattern == 0:
                cv2.circle(image, (x, y), pitch // 6, toned(wall, 0.9), -1, cv2.LINE_AA)
            elif pattern == 1:
                cv2.rectangle(image, (x, y), (x + 2 * pitch, y + pitch), toned(wall, 0.88), 1)
    base = int(height * rng.uniform(0.62, 0.74))
    floor = muted(rng, 0.25, 0.6)
    _box(image, 0, base, width, height, floor)
    _box(image, 0, base - height * 0.02, width, base, toned(wall, 1.3))
    for x in np.linspace(-width, 2 * width, 14):
        cv2.line(image, (int(width / 2 + (x - width / 2) * 0.55), base), (int(x), height), toned(floor, 0.86), 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(1, 4))):
        _framed(image, rng, base)
    return image


def _framed(image: Image, rng: Generator, base: int) -> None:
    """A window or a picture on the wall."""
    height, width = image.shape[:2]
    left, top = rng.uniform(0.05, 0.8) * width, rng.uniform(0.08, 0.25) * height
    right, bottom = left + rng.uniform(0.1, 0.22) * width, min(base - 0.08 * height, top + rng.uniform(0.15, 0.35) * height)
    rim = toned(muted(rng, 0.3, 0.9), 0.9)
    _box(image, left - 4, top - 4, right + 4, bottom + 4, rim)
    if rng.random() < 0.5:
        _box(image, left, top, right, bottom, (190, 214, 232))
        _box(image, (left + right) / 2 - 2, top, (left + right) / 2 + 2, bottom, rim)
    else:
        _box(image, left, top, right, bottom, muted(rng))
        _box(image, left + 5, (top + bottom) / 2, right - 5, bottom - 5, muted(rng))


def _hills(rng: Generator, height: int, width: int) -> Image:
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None] * np.ones((1, width), np.float32)
    light = rng.uniform(0.7, 1)
    image = _blend(y, toned((126, 176, 226), light), toned((226, 232, 240), light))
    if rng.random() < 0.6:
        at = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.1, 0.3) * height))
        cv2.circle(image, at, int(0.05 * height), (250, 240, 200), -1, cv2.LINE_AA)
    x = np.linspace(0, 1, width)
    for level in np.linspace(rng.uniform(0.42, 0.55), 0.74, 3):
        ridge = level + 0.05 * np.sin(x * rng.uniform(4, 14) + rng.uniform(0, 6)) + 0.02 * np.sin(x * rng.uniform(20, 40))
        colour = toned((96, 138, 84) if rng.random() < 0.6 else (150, 140, 110), 1.35 - level * 0.6)
        outline = np.stack([x * width, ridge * height], 1).astype(np.int32)
        cv2.fillPoly(image, [np.concatenate([outline, [[width, height], [0, height]]]).astype(np.int32)], colour, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 5))):
        left, foot = int(rng.uniform(0, 0.95) * width), int(rng.uniform(0.6, 0.72) * height)
        _box(image, left, foot - 0.14 * height, left + 0.1 * width, foot, muted(rng, 0.5, 0.9))
    return image


def _mosaic(rng: Generator, height: int, width: int) -> Image:
    count = int(rng.integers(10, 26))
    seeds = rng.uniform(0, 1, (count, 2)) * (96, 128)
    y, x = np.mgrid[:96, :128]
    nearest = np.argmin((y[..., None] - seeds[:, 0]) ** 2 + (x[..., None] - seeds[:, 1]) ** 2, axis=-1)
    cells = np.array([muted(rng) for _ in range(count)], np.uint8)[nearest]
    return np.asarray(cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _stripes(rng: Generator, height: int, width: int) -> Image:
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    turn = rng.uniform(0, np.pi)
    wave = np.sin((np.cos(turn) * x + np.sin(turn) * y) * rng.uniform(12, 50) + rng.uniform(0, 6))
    edge = 1 / (1 + np.exp(-wave * rng.uniform(2, 12)))
    colour = muted(rng, 0.35, 0.9)
    return _blend(edge.astype(np.float32), colour, toned(muted(rng, 0.35, 0.9), 1.0))


def _photograph(rng: Generator, height: int, width: int) -> Image:
    image = photographs.view(int(rng.integers(len(photographs.PICTURES))), rng.uniform(0, 1), rng.uniform(0.75, 1), height, width)
    if rng.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    return np.asarray(cv2.addWeighted(image, 0.8, np.full_like(image, 128), 0.2, 0), np.uint8)


FAMILIES: dict[str, Callable[[Generator, int, int], Image]] = {
    "gradient": _gradient,
    "blocks": _blocks,
    "clouds": _clouds,
    "room": _room,
    "hills": _hills,
    "mosaic": _mosaic,
    "stripes": _stripes,
    "photograph": _photograph,
}


def _blend(along: Grey, first: Colour, last: Colour) -> Image:
    share = (along - along.min()) / max(1e-6, float(along.max() - along.min()))
    levels = np.linspace(0, 1, 256)[:, None]
    table = np.round(np.array(first) * (1 - levels) + np.array(last) * levels).astype(np.uint8)
    return np.ascontiguousarray(table[(share * 255).astype(np.uint8)])


def _noise(rng: Generator, height: int, width: int) -> Grey:
    """Smooth noise of three octaves."""
    total = np.zeros((height, width), np.float32)
    cells = int(rng.integers(3, 6))
    for octave in range(3):
        grid = rng.random((cells << octave, (cells << octave) * 4 // 3)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total


def _floor(image: Image, rng: Generator) -> Image:
    height, width = image.shape[:2]
    _box(image, 0, height * rng.uniform(0.6, 0.76), width, height, muted(rng, 0.25, 0.8))
    return image


def _box(image: Image, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    cv2.rectangle(image, (int(left), int(top)), (int(right), int(bottom)), colour, -1)
