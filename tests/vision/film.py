"""Films made in the test: scenes, what happens in them, and the messages a reader would give."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from schemas.messages import AnyMessage, Frame, Watermark

RATE = 25  # pictures a second


def scene(seed: int, height: int = 90, width: int = 160, low: int = 0, high: int = 255) -> np.ndarray:
    """uint8 [height, width]: a picture with large and small things in it."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.random((6, 10), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(rng.random((30, 50), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    mixed = (0.75 * coarse + 0.25 * fine).clip(0, 1)
    return (low + mixed * (high - low)).astype(np.uint8)


def noisy(picture: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    """The picture from a bad camera."""
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def mixtures(one: np.ndarray, other: np.ndarray, count: int) -> list[np.ndarray]:
    """A dissolve over so many pictures."""
    shares = np.linspace(0, 1, count)
    return [((1 - share) * one + share * other).astype(np.uint8) for share in shares]


def written(texts: Sequence[str], height: int = 360, width: int = 640, ink: int = 240, paper: int = 40) -> np.ndarray:
    """uint8 [height, width, 3]: lines of text, 20 px high, on a plain ground."""
    picture = np.full((height, width, 3), paper, np.uint8)
    for number, text in enumerate(texts):
        cv2.putText(picture, text, (40, 80 + 70 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (ink,) * 3, 2, cv2.LINE_AA)
    return picture


def reading(pictures: Sequence[np.ndarray], rate: float = RATE, step: int = RATE, start: float = 0.0) -> list[AnyMessage]:
    """Every `step`-th picture as a Frame with the thumbnails up to it and its Watermark, and the end."""
    messages: list[AnyMessage] = []
    given: np.ndarray | None = None
    thumbnails: list[np.ndarray] = []
    times: list[float] = []
    for number, picture in enumerate(pictures):
        colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        thumbnails.append(_thumbnail(colour))
        times.append(start + number / rate)
        if number % step:
            continue
        news = given is None or given.shape != colour.shape or not np.array_equal(given, colour)
        frame = Frame(
            stream="s", time=times[-1], image=cv2.resize(colour, (224, 224)), picture=colour if news else None,
            width=colour.shape[1], height=colour.shape[0], luma=np.stack(thumbnails), luma_times=np.array(times),
        )  # fmt: skip
        messages += [frame, Watermark(stream="s", modality="vision", time=times[-1])]
        given, thumbnails, times = colour, [], []
    return [*messages, Watermark(stream="s", modality="vision", time=math.inf)]


def _thumbnail(colour: np.ndarray) -> np.ndarray:
    rows = (np.arange(90) * 2 + 1) * colour.shape[0] // 180
    columns = (np.arange(160) * 2 + 1) * colour.shape[1] // 320
    return colour[rows][:, columns, 1]
