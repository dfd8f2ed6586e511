"""What is known of windows, which recordings are held out, and how scores are judged where somebody looked."""

import dataclasses
import pathlib

import numpy as np
import pytest

from streamer.adapting.judging import Timeline
from streamer.adapting.marked import held_out, mark
from streamer.adapting.rows import Row
from streamer.training.thresholds import choose, measure
from tests.adapting.made import film, labels, marked

FILM = pathlib.Path("film.mp4")


def overlapping(windows: int = 3):
    """A film whose windows begin every 4 s."""
    made = film(windows, 0)
    return dataclasses.replace(made, truth=tuple({"start": 4.0 * window, "end": 4.0 * window + 8} for window in range(windows)))


def test_only_what_was_looked_at_is_known():
    rows = [Row(file=FILM, start=1.0, end=2.0, label="gate"), Row(file=FILM, start=2.0, end=3.1)]
    found = mark([overlapping()], [rows])
    assert len(found) == 1
    assert np.flatnonzero(found.known[0]).tolist() == [2, 3, 4, 5]
    assert np.flatnonzero(found.examples.labels[0, :, 0]).tolist() == [2, 3]
    assert not found.examples.labels[..., 1].any()


def test_a_bin_in_two_windows_counts_once_and_the_middle_counts_most():
    found = mark([overlapping()], [[Row(file=FILM, start=4.0, end=8.0)]])
    assert found.known.sum() == 16
    logits = np.zeros((2, 16, 2)) + np.array([0.0, 1.0])[:, None, None]
    joined = Timeline(found).join(logits)
    assert joined.shape == (8, 2)
    assert (np.diff(joined[:, 0]) > 0).all() and joined[0, 0] == pytest.approx(1 / 16) and joined[7, 0] == pytest.approx(15 / 16)


def test_right_scores_are_judged_right():
    found = marked(3)
    line = Timeline(found)
    good = line.judge(np.where(found.examples.labels, 4.0, -4.0))
    assert good.bins == (1.0, 1.0) and good.events == (1.0, 1.0) and good.error < 0.02 and good.entropy < 0.02
    bad = line.judge(np.where(found.examples.labels, -4.0, 4.0))
    assert bad.bins_mean < 0.3 and bad.events_mean < 0.3 and bad.entropy > 4


def test_a_label_that_does_not_occur_is_not_judged():
    found = mark([film(2, 0)], [[Row(file=FILM, start=0, end=8), Row(file=FILM, start=1, end=2, label="gate")]])
    judged = Timeline(found).judge(np.zeros((1, 16, 2)))
    assert np.isnan(judged.bins[1]) and not np.isnan(judged.bins[0]) and judged.bins_mean == judged.bins[0]


def test_a_fifth_of_recordings_is_held_out_never_a_part_of_one():
    found = marked(10)
    held = held_out(found, np.ones(10, bool))
    assert held.sum() == 2
    assert set(found.of(held).recording) == set(np.flatnonzero(held))
    inside = held_out(found, ~held, 1)
    assert inside.sum() in (1, 2) and not (inside & held).any()


def test_labels_are_held_out_so_that_most_occur_on_both_sides():
    films = [film(2, number) for number in range(6)]
    everywhere = [Row(file=FILM, start=0, end=16), Row(file=FILM, start=1, end=2, label="gate")]
    bells = [Row(file=FILM, start=4, end=6, label="bell")]
    for first, second in ((0, 1), (2, 5), (3, 4)):
        found = mark(films, [everywhere + bells * (number in (first, second)) for number in range(6)])
        held = held_out(found, np.ones(6, bool))
        assert held[first] != held[second]


def test_two_recordings_are_parted():
    assert held_out(marked(2), np.ones(2, bool)).sum() == 1


def test_a_threshold_is_the_lowest_that_is_precise_enough():
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    true = np.array([0, 0, 0, 1, 0, 1, 1, 1, 1], bool)
    found = choose(scores, true, 0.8, labels().labels[0])
    assert (found.on, found.reached) == (pytest.approx(0.31), True)
    assert (found.precision, found.recall) == (pytest.approx(5 / 6), 1.0)
    assert found.off == pytest.approx(0.31 * 0.35 / 0.6, abs=1e-3)


def test_where_it_is_never_precise_enough_the_best_is_taken_and_said_so():
    scores = np.linspace(0.1, 0.9, 40)
    found = choose(scores, np.arange(40) % 2 == 1, 0.9, labels().labels[0])
    assert not found.reached and found.precision == pytest.approx(0.5, abs=0.15)
    silent = choose(np.full(40, 0.01), np.arange(40) % 2 == 1, 0.9, labels().labels[0])
    assert (silent.on, silent.precision, silent.reached) == (0.6, None, False)
    assert measure(scores, np.zeros(40, bool), 0.5) == (0.0, None)
