"""The trained fusion that comes along: small enough, with its reach, and silent on the real world."""

import pytest

from schemas.messages import Event, WindowClosed
from streamer import fitting
from streamer.config import Config, Fusion, Vision
from streamer.fusion.learned import load_fusion
from streamer.fusion.reach import WEIGHTS, load_reach
from streamer.wiring import load_models, understand
from tests.media_folder import MEDIA, needs_media, needs_models

MOST_MIB = 16
FILMS = ["jfk.flac", "harvard.wav", "6930-75918-0000.flac", "sense_and_sensibility_01_austen_64kb-0870.wav", "scenedetect_testvideo.mp4"]
FILMS += ["one-by-one-person-detection.mp4", "nasa_13013.mp4"]
ALLOWED = {"one-by-one-person-detection.mp4": {"person enters", "person leaves"}}  # drawn people are near to these

pytestmark = pytest.mark.skipif(not fitting.SHIPPED.exists(), reason="no trained fusion comes along")


@pytest.mark.parametrize("level", [2, 3])
def test_it_is_small_and_knows_its_reach(level):
    folder = fitting.SHIPPED / f"level{level}"
    assert (folder / WEIGHTS).stat().st_size <= MOST_MIB << 20
    assert load_fusion(folder).level == level
    assert load_reach(folder) is not None


@needs_media
@needs_models
@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("name", FILMS)
def test_it_invents_nothing_on_real_films(name, level):
    config = Config(vision=Vision(ocr=False, keyframes=False), fusion=Fusion(level=level))
    models = load_models(config)
    assert models.trained
    told = list(understand(MEDIA / name, "film", config, models))
    assert {event.label for event in told if isinstance(event, Event) and event.level > 0} <= ALLOWED.get(name, set())
    levels = [window.level for window in told if isinstance(window, WindowClosed)]
    assert set(levels) == {0} or (levels and name in ALLOWED)
