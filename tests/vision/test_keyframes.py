"""A shot's picture is a clear one of its own."""

import cv2
import numpy as np

from streamer.vision.keyframes import KeyframeState, choose, close, offer, pick, reference
from tests.vision.film import scene


def colour(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[..., None], 3, 2)


def test_a_keyframe_is_a_jpeg_of_at_most_640_px() -> None:
    state = KeyframeState()
    offer(state, 1.5, colour(scene(1, 720, 1280)))
    chosen = pick(state, 1.0, 3.0)
    assert chosen is not None
    decoded = cv2.imdecode(np.frombuffer(chosen.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (360, 640, 3) == (chosen.height, chosen.width, 3)
    assert np.abs(decoded[..., 0].astype(int) - cv2.resize(scene(1, 720, 1280), (640, 360), interpolation=cv2.INTER_AREA)).mean() < 3
    assert state.chosen == reference(chosen) == "keyframes/1500.jpg"


def test_small_pictures_are_not_enlarged() -> None:
    state = KeyframeState()
    offer(state, 0.0, np.zeros((1, 1, 3), np.uint8))
    chosen = pick(state, 0.0, 1.0)
    assert chosen is not None
    assert (chosen.width, chosen.height) == (1, 1)


def test_the_clearest_picture_of_the_opening_is_chosen() -> None:
    state = KeyframeState()
    for time, high in ((0.0, 10), (1.0, 120), (2.0, 250), (3.0, 255)):
        offer(state, time, colour(scene(1, high=high)))
    assert choose(state, 0.0, settled=1.0) is None
    chosen = choose(state, 0.0, settled=2.6)
    assert chosen is not None
    assert chosen.time == 2.0
    assert choose(state, 0.0, settled=3.5) is None
    assert state.candidates == []


def test_a_picture_of_the_next_shot_waits_for_it() -> None:
    state = KeyframeState()
    offer(state, 0.0, colour(scene(1)))
    offer(state, 4.0, colour(scene(2)))
    chosen = pick(state, 0.0, 3.9)
    assert chosen is not None
    assert chosen.time == 0.0
    close(state, 3.9)
    chosen = pick(state, 3.9, 5.0)
    assert chosen is not None
    assert chosen.time == 4.0


def test_a_shot_that_fades_in_is_shown_when_it_has_come_up() -> None:
    state = KeyframeState()
    for time in (5.0, 6.0, 7.0):
        offer(state, time, colour(scene(1)))
    chosen = pick(state, 4.5, 8.0, fades=True)
    assert chosen is not None
    assert chosen.time == 6.0
    only = pick(state, 4.5, 5.5, fades=True)
    assert only is not None
    assert only.time == 5.0
