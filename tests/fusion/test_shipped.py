"""The trained fusion that comes along: small enough, with its reach, and silent on the real world."""

import pytest

from schemas.messages import Event, WindowClosed
from streamer import fitting
from streamer.config import Config, Vision
from streamer.fusion.learned import load_fusion
from streamer.fusion.reach import WEIGHTS, load_reach
from streamer.wiring import load_models, understand
from tests.media_folder import MEDIA, needs_media, needs_models

MOST_MIB = 16
FILMS = ["jfk.flac", "harvard.wav", "6930-75918-0000.flac", "sense_and_sensibility_01_austen_64kb-0870.wav", "scenedetect_testvideo.mp4"]
FILMS += ["one-by-one-person-detection.mp4", "nasa_13013.mp4"]

pytestmark = pytest.mark.skipif(not (fitting.SHIPPED / WEIGHTS).exists(), reason="no trained fusion comes along")


def test_it_is_small_and_knows_its_reach():
    assert sum(path.stat().st_size for path in fitting.SHIPPED.iterdir()) <= MOST_MIB << 20
    assert load_fusion(fitting.SHIPPED).level >= 2
    assert load_reach(fitting.SHIPPED) is not None


@needs_media
@needs_models
@pytest.mark.parametrize("name", FILMS)
def test_it_invents_nothing_on_real_films(name):
    config = Config(vision=Vision(ocr=False, keyframes=False))
    models = load_models(config)
    assert models.trained
    told = list(understand(MEDIA / name, "film", config, models))
    assert not [event for event in told if isinstance(event, Event) and event.level > 0]
    assert {window.level for window in told if isinstance(window, WindowClosed)} == {0}
