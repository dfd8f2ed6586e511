"""Blur makes pictures unreliable."""

import cv2
import numpy as np
import pytest

from streamer.vision.sharpness import reliability
from tests.vision.film import scene


def test_the_more_blur_the_less_reliable() -> None:
    picture = np.repeat(scene(1, 224, 224)[..., None], 3, 2)
    picture[50:60] = 255
    blurred = [picture, *(cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in (1, 2, 4))]
    values = [reliability(image) for image in blurred]
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.5 * values[3]


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (224, 224)])
def test_a_blank_picture_shows_nothing(shape: tuple[int, int]) -> None:
    assert reliability(np.full((*shape, 3), 77, np.uint8)) == pytest.approx(1e-4)
