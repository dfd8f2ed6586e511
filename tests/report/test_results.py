"""What still holds at the end of a film."""

import numpy as np
import pytest

from schemas.messages import Levels, Shot, WindowClosed
from streamer.report.results import collect, curve, models, observed
from tests.report.story import LENGTH_S, event, story, utterance


def test_the_newest_revision_counts_whatever_comes_last():
    old, new = (event("alarm", 1, 2, confidence, {}, rev=rev) for confidence, rev in ((0.5, 0), (0.9, 1)))
    assert collect([new, old]).events == (new,)


def test_what_was_retracted_is_gone():
    assert "dog" not in {one.label for one in collect(story()).events}
    assert collect([event("dog", 1, 2, 0.6, {}), event("dog", 1, 2, 0.6, {}, phase="retracted", rev=1)]).events == ()


def test_results_are_in_order_of_time():
    assert [said.start for said in collect([utterance(5, "b"), utterance(1, "a")]).utterances] == [1, 5]


def test_the_film_ends_where_it_is_said_to_end_else_with_its_last_result():
    shot = Shot(stream="s", id="1", start=0, end=7.5, transition="start")
    window = WindowClosed(stream="s", id="2", start=4, end=12, status={}, coverage={}, complete=True)
    assert collect([shot, window]).end == 7.5
    assert collect([shot, window], 7.0).end == 7.0
    assert collect([]).end == 0.0


def window(start: float, status: str, coverage: float = 1.0) -> WindowClosed:
    return WindowClosed(
        stream="s", id=f"w{start}", start=start, end=start + 8, status={"sound": status}, coverage={"sound": coverage}, complete=True
    )  # type: ignore[arg-type]


def test_windows_that_agree_are_one_stretch():
    found = observed(collect([window(0, "present"), window(4, "present"), window(8, "failed", 0), window(12, "present", 0.5)], 18.0))
    assert [(stretch.status, stretch.start, stretch.end, stretch.coverage) for stretch in found] == [
        ("present", 0, 8, 1.0),
        ("failed", 8, 12, 0.0),
        ("present", 12, 18, 0.5),
    ]


def test_models_are_counted_by_what_they_said():
    said = {(one.role, one.name): one.counts for one in models(collect(story()))}
    assert said["sound", "yamnet"] == {"Event": 8, "Sound": 5}
    assert said["speech", "whisper-base"] == {"Utterance": 8}


def test_a_curve_keeps_peaks_and_says_where_nothing_was_measured():
    loudness = np.array([-60, -60, -3, -60], np.float16)
    levels = [Levels(stream="s", id="1", start=0.0, hop=1.0, loudness=loudness)]
    assert curve(levels, "loudness", 8.0, 4) == [-60, -3, None, None]
    assert curve(levels, "motion", 8.0, 2) == [None, None]
    assert curve(levels, "loudness", 8.0, 16)[:3] == [-60, -60, -60]


def test_the_story_has_curves():
    values = curve(collect(story(), LENGTH_S).levels, "motion", LENGTH_S, 100)
    assert None not in values
    assert max(values) == pytest.approx(max(values[70:85]))  # the rocket
