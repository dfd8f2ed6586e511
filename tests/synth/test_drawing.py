"""Shapes and acts: every style paints them, in any size, when they are there and only then."""

import numpy as np
import pytest

from streamer.synth import backgrounds
from streamer.synth.blows import Bouncing, Clapping, Hammering, Slamming, opened
from streamer.synth.brush import STYLES, WIDE, Brush, Camera, Shape
from streamer.synth.crossing import Crossing, Portrait
from streamer.synth.happenings import Falling, Title, mask

RED, BLUE = (250, 20, 20), (20, 20, 250)
CLOTHES = ((240, 200, 160), (60, 40, 30), RED, BLUE, (30, 30, 30))


def painted(act, time: float, style: str = "flat", height: int = 240) -> np.ndarray:
    """The act on white."""
    image = np.full((height, height * 4 // 3, 3), 255, np.uint8)
    act.draw(Brush(image, style), time)
    return image


def red(image: np.ndarray) -> np.ndarray:
    return (image[..., 0] > 150) & (image[..., 1] < 100) & (image[..., 2] < 100)


@pytest.mark.parametrize("style", STYLES)
def test_every_style_paints_discs_lines_and_polygons(style):
    image = np.full((240, 320, 3), 128, np.uint8)
    square = ((0.1, 0.6), (0.1, 0.9), (0.4, 0.9), (0.4, 0.6))
    Brush(image, style).paint([Shape(((0.3, 0.3),), 0.2, RED), Shape(((0.6, 0.2), (1.0, 0.8)), 0.1, RED), Shape(square, 0, RED)])
    for x, y in ((0.3, 0.3), (0.8, 0.5), (0.25, 0.75)):
        assert image[int(y * 240), int(x * 240), 0] > 130


def test_the_same_shape_covers_the_same_share_at_any_size():
    shares = []
    for height in (120, 240, 480):
        image = np.full((height, height * 4 // 3, 3), 255, np.uint8)
        Brush(image, "flat").paint([Shape(((0.5, 0.5),), 0.4, RED)])
        shares.append(red(image).mean())
    assert np.allclose(shares, np.pi * 0.2**2 / WIDE, rtol=0.05)


def test_a_camera_that_moves_right_moves_the_world_left():
    middles = []
    for camera in (Camera(), Camera(x=0.1), Camera(zoom=2.0)):
        image = np.full((240, 320, 3), 255, np.uint8)
        Brush(image, "flat", camera).paint([Shape(((0.8, 0.5),), 0.05, RED)])
        middles.append(np.nonzero(red(image))[1].mean() / 240)
    assert np.allclose(middles, [0.8, 0.7, WIDE / 2 + 2 * (0.8 - WIDE / 2)], atol=0.01)


def test_things_that_meet_are_together_at_every_hit_and_apart_between():
    hits = (1.0, 1.5, 2.2)
    assert [opened(hit, hits, 0.12, 0.2) for hit in hits] == [0, 0, 0]
    assert opened(1.25, hits, 0.12, 0.2) == opened(0.5, hits, 0.12, 0.2) == opened(3.0, hits, 0.12, 0.2) == 1


def test_a_ball_is_on_the_ground_at_its_hits_and_in_the_air_between():
    ball = Bouncing(0.6, 0.0, 0.9, 0.1, (RED, RED), (1.0, 1.6, 2.2))
    low = [np.nonzero(red(painted(ball, time)))[0].max() / 240 for time in (1.0, 1.3, 1.6, 1.9, 2.2)]
    assert np.allclose(low[::2], 0.9, atol=0.02)
    assert max(low[1::2]) < 0.65
    assert not red(painted(ball, 0.3)).any()


def test_hands_and_hammer_rest_at_the_hits():
    hits = (1.0, 1.6, 2.2)
    for act in (Clapping(0.6, 0.95, 0.85, CLOTHES, hits, 0.25, True), Hammering(0.6, 0.95, 0.5, 1, CLOTHES, hits)):
        together = [painted(act, hit).astype(int) for hit in hits]
        away = painted(act, 1.3).astype(int)
        assert np.abs(together[0] - together[1]).mean() < 0.35 * np.abs(together[0] - away).mean()


def test_a_door_is_open_before_its_hit_and_shut_after():
    door = Slamming(0.6, 0.9, 0.35, 0.7, -1, (RED, BLUE), 3.0)
    inside = (slice(70, 200), slice(130, 160))
    assert not red(painted(door, 2.0)[inside]).any()
    assert red(painted(door, 3.05)[inside]).mean() > 0.2


@pytest.mark.parametrize("thing", ["box", "vase"])
def test_what_falls_is_on_its_shelf_first_and_on_the_floor_last(thing):
    fall = Falling(thing, 0.6, 0.4, 0.9, 0.25, 1, (RED, RED), 2.0, 0.5)
    heights = [np.nonzero(red(painted(fall, time)))[0].mean() / 240 for time in (0.0, 1.9, 2.6, 4.0)]
    assert heights[0] == heights[1] < 0.4
    assert heights[1] < heights[2] < heights[3]
    assert heights[3] > 0.75


@pytest.mark.parametrize("kind", ["person", "dog", "balloon", "car", "van", "truck"])
def test_what_crosses_is_there_from_since_to_until(kind):
    act = Crossing(kind, -0.6, 0.8, 0.9, 0.5, CLOTHES, 2.0, 4.0, 2.0, 6.0)
    covered = [float((painted(act, time) < 250).any(-1).mean()) for time in (1.9, 4.5, 6.1)]
    assert covered[0] == covered[2] == 0
    assert covered[1] > 0.02


@pytest.mark.parametrize("style", STYLES)
def test_a_smile_and_a_frown_differ(style):
    glad, sad = (painted(Portrait(0.6, 0.5, 0.3, CLOTHES, valence, 0, 8, ()), 1.0, style) for valence in (0.9, -0.9))
    assert (np.abs(glad.astype(int) - sad).max(-1) > 60).mean() > 0.01


def test_a_mouth_moves_while_its_words_are_said():
    face = Portrait(0.6, 0.5, 0.3, CLOTHES, 0.0, 0, 8, ((1.0, 2.0),))
    spoken = [painted(face, time)[150:190].astype(int) for time in (1.0, 1.1)]
    silent = [painted(face, time)[150:190].astype(int) for time in (3.0, 3.1)]
    assert np.abs(spoken[0] - spoken[1]).mean() > 2 * np.abs(silent[0] - silent[1]).mean()


def test_writing_is_there_for_its_span_and_fits():
    title = Title("A RATHER LONG LINE OF WRITING 37", 0.5, 0.2, 0.15, 800, (0, 0, 0), None, 1.0, 3.0, 0.0)
    assert [(painted(title, time) < 128).any() for time in (0.9, 1.0, 2.9, 3.0)] == [False, True, True, False]
    assert mask(title.text, 36, 800, 320)[0].shape[1] <= 320


@pytest.mark.parametrize("family", backgrounds.FAMILIES)
def test_a_background_follows_from_its_seed(family):
    pytest.importorskip("skimage")
    first, again, other = (backgrounds.make(family, seed, 120, 160) for seed in (1, 1, 2))
    assert first.shape == (120, 160, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
