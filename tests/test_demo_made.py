"""What `make demo` tells of the made film, held against its truth; and the comparison itself."""

import json

import pytest

from schemas.messages import Conflict, Result, Sentiment
from streamer import fitting, wiring
from streamer.config import load
from streamer.demo.__main__ import RELATED, SCENES, SEED
from streamer.demo.truth import check
from streamer.synth import film, script
from streamer.synth.names import GROUPS, LABELS
from streamer.synth.splits import SPLITS
from tests.media_folder import needs_models
from tests.report.story import event

needs_shipped = pytest.mark.skipif(not fitting.SHIPPED.exists(), reason="no trained fusion comes along")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "made.mp4"
    film.write(script.write(SEED, "demo", SCENES), path)
    config = load(settings=[RELATED])
    told = [one for one in wiring.understand(path, "made", config, wiring.load_models(config)) if isinstance(one, Result)]
    return check(told, json.loads(path.with_suffix(".json").read_bytes()))


@needs_models
@needs_shipped
def test_most_of_what_is_told_of_the_made_film_is_right(found):
    assert len(found.right) >= 5
    assert len(found.wrong) < len(found.right)


@needs_models
@needs_shipped
def test_two_right_events_need_the_same_moments_in_sight_and_sound(found):
    related = [one for one in found.right if one.label in GROUPS["sync"]]
    assert len(related) >= 2
    assert all(one.level == 3 and one.contributions["together"] for one in related)


@needs_models
@needs_shipped
def test_a_conflict_of_moods_is_told_where_there_is_one(found):
    assert any(told for _, told in found.conflicts)


def test_the_fusion_was_not_trained_on_the_families_of_the_made_film():
    (demo,) = SPLITS["demo"]
    for trained in SPLITS["train"]:
        for kind in ("styles", "sounds", "structures"):
            assert not {*getattr(demo, kind)} & {*getattr(trained, kind)}, kind
        assert demo.voices != trained.voices


# --- comparison ----------------------------------------------------------------------------------------------------

TRUTH = {
    "labels": LABELS,
    "events": [
        {"label": "dog", "start": 1.0, "end": 3.0},
        {"label": "dog", "start": 5.0, "end": 7.0},
        {"label": "fire", "start": 2.0, "end": 4.0},
    ],
    "mood": [{"start": 0.0, "conflict": True}, {"start": 8.0, "conflict": False}, {"start": 16.0, "conflict": True}],
}


def compared(*events):
    return check(events, TRUTH)


def told(label, start, end, phase="ended"):
    return event(label, start, end, 0.9, {"vision": 2.0}, phase=phase)


def test_an_event_is_right_where_it_overlaps_a_true_one_of_its_label():
    result = compared(told("dog", 1.5, 3.5), told("fire", 8.0, 9.0))
    assert [one.label for one in result.right] == ["dog"] and [one.label for one in result.wrong] == ["fire"]
    assert [(one["label"], one["start"]) for one in result.missed] == [("dog", 5.0), ("fire", 2.0)]


def test_a_true_event_is_found_once():
    result = compared(told("dog", 1.0, 2.0), told("dog", 2.0, 3.0))
    assert len(result.right) == len(result.wrong) == 1


def test_what_touches_a_true_event_only_is_wrong():
    assert len(compared(told("dog", 2.7, 5.0)).wrong) == 1


def test_labels_without_truth_and_events_that_go_on_are_left_out():
    result = compared(told("a motorcycle", 1.0, 3.0), told("dog", 1.0, 3.0, "started"))
    assert not result.right and not result.wrong


def test_conflicts_are_held_against_the_scene_that_their_window_lies_on():
    quarrel = Conflict(pair=("text", "sound"), distance=3.0, start=0.0, end=8.0, wording="words positive, voice negative")
    moods = [
        Sentiment(stream="s", id=str(start), start=start, end=start + 8, valence=0.1, conflicts=(quarrel,)) for start in (0.0, 4.0, 8.0)
    ]
    result = check(moods, TRUTH)
    assert result.conflicts == [(0.0, True), (16.0, False)]
    assert result.quarrels == [8.0]
