"""The trained fusion that comes along: small enough, with its reach, and silent on the real world."""

import pytest

from schemas.messages import Event, WindowClosed
from streamer import fitting
from streamer.config import Config, Fusion, Vision
from streamer.fusion.learned import load_fusion
from streamer.fusion.reach import WEIGHTS, load_reach
from streamer.training.proposals import overlap
from streamer.wiring import load_models, understand
from tests.media_folder import MEDIA, needs_media, needs_models

MOST_MIB = 16
FILMS = ["jfk.flac", "harvard.wav", "6930-75918-0000.flac", "sense_and_sensibility_01_austen_64kb-0870.wav", "scenedetect_testvideo.mp4"]
FILMS += ["nasa_13013.mp4"]
PEOPLE = "one-by-one-person-detection.mp4"
COMING = {  # when they do, in seconds, by eye: from below into the room, and out of it to the right
    "person enters": [(6, 7.5), (22.5, 24), (50, 52), (74.5, 76.5), (92, 94), (123.5, 125.5)],
    "person leaves": [(18, 20), (43.5, 45.5), (68, 70.5), (85, 87.5), (118, 120.5), (134.5, 136.5)],
}

pytestmark = pytest.mark.skipif(not fitting.SHIPPED.exists(), reason="no trained fusion comes along")


@pytest.mark.parametrize("level", [2, 3])
def test_it_is_small_and_knows_its_reach(level):
    folder = fitting.SHIPPED / f"level{level}"
    assert (folder / WEIGHTS).stat().st_size <= MOST_MIB << 20
    assert load_fusion(folder).level == level
    assert load_reach(folder) is not None


def told(name, level):
    config = Config(vision=Vision(ocr=False, keyframes=False), fusion=Fusion(level=level))
    models = load_models(config)
    assert models.trained
    return list(understand(MEDIA / name, "film", config, models))


@needs_media
@needs_models
@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize("name", FILMS)
def test_it_is_silent_on_real_films(name, level):
    found = told(name, level)
    assert not [event for event in found if isinstance(event, Event) and event.level > 0]
    assert {window.level for window in found if isinstance(window, WindowClosed)} == {0}


@needs_media
@needs_models
@pytest.mark.parametrize("level", [2, 3])
def test_of_people_who_walk_into_a_room_and_out_of_it_it_tells_nothing_wrong(level):
    events = [event for event in told(PEOPLE, level) if isinstance(event, Event) and event.phase == "ended"]
    assert len(events) >= 2
    assert {event.label for event in events} <= COMING.keys()
    assert all(max(overlap((event.start, event.end), span) for span in COMING[event.label]) > 0.3 for event in events)
