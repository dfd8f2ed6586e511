import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.interpret.runs import borders, confidence, lengths, runs, steps

SIZE = lengths(0.5)


def found(*p: float, **more: bool) -> list[tuple[int, int]]:
    return runs(np.array(p), 0.6, 0.35, SIZE, **more)


def test_lengths_are_whole_bins() -> None:
    assert (SIZE.shortest, SIZE.gap, SIZE.longest, SIZE.step, SIZE.settled) == (1, 2, 600, 2, 4)
    assert lengths(0.1).shortest == 5


def test_a_run_begins_at_on_and_lasts_until_below_off() -> None:
    assert found(0.5, 0.6, 0.4, 0.36, 0.34, 0.5) == [(1, 4)]


def test_pauses_within_a_second_are_bridged_longer_ones_are_not() -> None:
    assert found(0.9, 0.1, 0.1, 0.9) == [(0, 4)]
    assert found(0.9, 0.1, 0.1, 0.1, 0.9) == [(0, 1), (4, 5)]


def test_a_run_shorter_than_half_a_second_is_none() -> None:
    p = np.zeros(20)
    p[3:7] = p[12:17] = 0.9
    assert runs(p, 0.6, 0.35, lengths(0.1)) == [(3, 17)]  # bridged
    p[12:17] = 0
    assert runs(p, 0.6, 0.35, lengths(0.1)) == []


def test_five_minutes_are_the_longest() -> None:
    assert runs(np.ones(1300), 0.6, 0.35, SIZE) == [(0, 600), (600, 1200), (1200, 1300)]


def test_what_was_running_goes_on_below_on() -> None:
    assert found(0.4, 0.4, 0.1, running=True) == [(0, 2)]
    assert found(0.4, 0.4, 0.1) == []


def test_steps_compare_a_second_on_either_side() -> None:
    assert steps(np.array([0.0, 0.0, 1.0, 1.0]), 2).tolist() == [0, 0.5, 1.0, 0, -1.0]


def test_borders_move_to_the_steepest_step() -> None:
    p = np.array([0, 0, 0, 0.1, 0.1, 0.65, 0.95, 0.95, 0.95, 0.4, 0.36, 0, 0, 0, 0])
    assert runs(p, 0.6, 0.35, SIZE) == [(5, 11)]
    assert borders(p, (5, 11), SIZE, 0) == (5, 9)
    sharp = np.array([0, 0, 0, 0, 0.9, 0.9, 0, 0, 0, 0])
    assert borders(sharp, (4, 6), SIZE, 0) == (4, 6)


def test_confidence_is_the_mean_of_the_top_half() -> None:
    assert confidence(np.array([0.2, 0.9, 0.8, 0.7])) == np.mean([0.9, 0.8])
    assert confidence(np.array([0.2, 0.9, 0.8])) == np.mean([0.9, 0.8])
    assert confidence(np.array([0.7])) == 0.7


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.3, 0.4, 0.5, 0.65, 0.9]), max_size=60))
def test_runs_are_on_somewhere_apart_and_in_order(p: list[float]) -> None:
    spans = found(*p)
    assert all(max(p[begin:stop]) >= 0.6 and p[begin] >= 0.6 and p[stop - 1] >= 0.35 for begin, stop in spans)
    assert all(later[0] - earlier[1] > SIZE.gap for earlier, later in itertools.pairwise(spans))
    covered = {i for begin, stop in spans for i in range(begin, stop)}
    assert {i for i, value in enumerate(p) if value >= 0.6} <= covered


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_moved_borders_keep_the_strongest_bin_and_stay_within_a_second(values: list[float]) -> None:
    p = np.array(values)
    for begin, stop in runs(p, 0.6, 0.35, SIZE):
        first, last = borders(p, (begin, stop), SIZE, 0)
        assert first <= begin + int(p[begin:stop].argmax()) < last
        assert abs(first - begin) <= SIZE.step and abs(last - stop) <= SIZE.step
