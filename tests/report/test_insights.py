"""The insights file: concept → things → instances."""

import json

import pytest

from schemas.codec import to_json
from schemas.messages import Evidence, Sentiment, Utterance
from streamer.report.captions import chapters
from streamer.report.insights import insights, picture
from streamer.report.results import collect
from tests.report.story import LENGTH_S, event, story


@pytest.fixture(scope="module")
def known():
    results = collect(story(), LENGTH_S)
    return json.loads(to_json(insights(results, "film.mp4", chapters(results))))


def concepts_of(*messages):
    return json.loads(to_json(insights(collect(messages), "", [])))["concepts"]


def test_every_thing_has_instances_in_seconds(known):
    for concept, things in known["concepts"].items():
        assert things, concept
        for thing in things:
            assert thing["instances"], concept
            for instance in thing["instances"]:
                assert isinstance(instance["start"], float) and instance["start"] <= instance["end"]
                assert instance["confidence"] is None or 0 <= instance["confidence"] <= 1


def test_the_concepts_and_fields_are_those_documented(known):
    assert set(known) == {"version", "film", "models", "observed", "lost", "concepts"}
    fields = {concept: set().union(*things) - {"instances"} for concept, things in known["concepts"].items()}
    assert fields == {
        "transcript": {"id", "text", "reason", "language", "translation", "words"},
        "languages": {"language"},
        "events": {"label"},
        "sounds": {"label"},
        "screen_text": {"text"},
        "shots": {"transition", "keyframe"},
        "chapters": {"title"},
        "descriptions": {"text", "language", "source", "evidence"},
        "sentiment": {"mood"},
    }


def test_events_of_one_label_are_instances_of_one_thing(known):
    laughter = next(thing for thing in known["concepts"]["events"] if thing["label"] == "laughter")
    assert [instance["start"] for instance in laughter["instances"]] == [35.0, 73.0]


def test_the_film_and_its_models_are_named(known):
    assert known["film"]["name"] == "film.mp4" and known["film"]["duration"] == LENGTH_S
    assert {"role": "ocr", "name": "rapidocr", "results": {"ScreenText": 4}} in known["models"]
    assert known["lost"] == [{"cause": "damaged", "modality": "vision", "start": 54.0, "end": 55.2}]


def test_an_unknown_mood_has_its_reason():
    (mood,) = concepts_of(Sentiment(stream="s", id="1", start=0, end=8, valence=None, reason="no_speech"))["sentiment"]
    assert mood["mood"] == "unknown" and mood["instances"][0]["reason"] == "no_speech"


@pytest.mark.parametrize(
    ("valence", "scores", "mood"),
    [
        (0.5, {}, "positive"),
        (-0.5, {}, "negative"),
        (0.1, {}, "neutral"),
        (0.1, {"negative": 0.1, "neutral": 0.3, "positive": 0.6}, "positive"),
    ],
)
def test_moods_follow_scores_else_valence(valence, scores, mood):
    (found,) = concepts_of(Sentiment(stream="s", id="1", start=0, end=8, valence=valence, scores=scores))["sentiment"]
    assert found["mood"] == mood


def test_confidence_of_speech_without_words_comes_from_its_tokens():
    said = Utterance(stream="s", id="1", start=0, end=2, text="hi", log_probability=-0.5)
    assert concepts_of(said)["transcript"][0]["instances"][0]["confidence"] == pytest.approx(0.607, abs=1e-3)


def test_only_keyframes_become_addresses():
    assert picture("keyframes/000001500.jpg") == "keyframes/000001500.jpg"
    for hostile in ("javascript:alert(1)", "https://example.org/x.jpg", "keyframes/../../x.jpg", "keyframes/a b.jpg\n", None, ""):
        assert picture(hostile) is None
    pointing = event("cat", 0, 1, 0.9, {}, evidence=(Evidence(modality="vision", start=0, end=0, weight=1, ref="file:///etc/x.jpg"),))
    assert concepts_of(pointing)["events"][0]["instances"][0]["evidence"][0]["ref"] is None
