import math

import numpy as np
import pytest

from streamer.training import metrics
from streamer.training.proposals import overlap, proposals
from streamer.training.relations import telling


def row(*on: tuple[int, int, float]) -> np.ndarray:
    """Scores of 16 bins: runs of (first, behind the last, score) on .01."""
    scores = np.full(16, 0.01)
    for first, stop, score in on:
        scores[first:stop] = score
    return scores


def event(label: str, start: float, end: float) -> dict[str, object]:
    return {"label": label, "start": start, "end": end}


def test_average_precision_of_a_ranking_made_by_hand():
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    hits = np.array([True, False, True, False])
    # precision 1 at the first hit, 2/3 at the second; three were to be found
    assert metrics.average_precision(scores, hits, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert metrics.average_precision(scores, hits, 2) == pytest.approx((1 + 2 / 3) / 2)


def test_precision_never_rises_with_the_threshold_lowered():
    scores, hits = np.array([0.9, 0.8, 0.7]), np.array([False, True, True])
    assert metrics.average_precision(scores, hits, 2) == pytest.approx(2 / 3)  # 1/2 at the first hit becomes 2/3


def test_nothing_to_find_is_not_a_number():
    assert math.isnan(metrics.average_precision(np.array([0.5]), np.array([False]), 0))


def test_overlap_is_intersection_over_union():
    assert overlap((0, 2), (1, 3)) == pytest.approx(1 / 3)
    assert overlap((0, 1), (2, 3)) == 0


def test_the_best_proposal_is_the_run_that_stands_out():
    best, *others = proposals(row((4, 8, 0.9), (12, 14, 0.2)))
    assert best[1] == (2.0, 4.0)
    assert others[0][1] == (6.0, 7.0) and others[0][0] < best[0]


def test_nothing_is_proposed_below_the_lowest_threshold():
    assert proposals(row()) == []


def test_events_found_in_place_count_and_displaced_ones_do_not():
    truth = [{"events": [event("a", 2.0, 4.0)]}, {"events": [event("a", 2.0, 4.0)]}]
    right, displaced = row((4, 8, 0.9)), row((6, 10, 0.8))  # overlap 1 and 1/3
    scores = np.stack([right, displaced])[..., None]
    assert metrics.event_precision(scores, truth, ["a"], 0.3) == pytest.approx([1.0])
    assert metrics.event_precision(scores, truth, ["a"], 0.5) == pytest.approx([0.5])


def test_a_true_event_is_found_once():
    assert metrics.matched([(0.9, (2.0, 4.0)), (0.8, (2.0, 3.5))], [(2.0, 4.0)], 0.5) == [(0.9, True), (0.8, False)]


def test_a_label_that_never_is_leaves_the_mean_alone():
    found = metrics.event_precision(np.stack([row((4, 8, 0.9)), row()], -1)[None], [{"events": [event("a", 2.0, 4.0)]}], ["a", "b"])
    assert math.isnan(found[1]) and metrics.mean(found) == 1.0
    assert metrics.grouped(found, ["a", "b"], {"one": ("a", "b"), "none": ("b",)})["one"] == 1.0


def test_bins_are_ranked_over_all_windows():
    labels = np.zeros((2, 16, 1))
    labels[0, 4:8] = 1
    assert metrics.bin_precision(np.stack([row((4, 8, 0.9)), row()])[..., None], labels) == pytest.approx([1.0])


def test_calibration_error_is_the_gap_between_score_and_share():
    scores = np.array([0.8] * 10 + [0.05] * 90)
    labels = np.array([1] * 6 + [0] * 4 + [0] * 90)
    assert metrics.calibration_error(scores, labels) == pytest.approx(0.1 * 0.2 + 0.9 * 0.05)
    assert metrics.calibration_error(scores, labels, 0.1) == pytest.approx(0.2)
    assert [count for _, _, count in metrics.reliability(scores, labels)] == [90, 10]


def test_brier_is_the_mean_square():
    assert metrics.brier(np.array([0.5, 1.0]), np.array([1, 1])) == pytest.approx(0.125)


def test_auroc_counts_pairs_and_halves_ties():
    assert metrics.auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == pytest.approx(0.75)
    assert metrics.auroc(np.array([0.5, 0.5]), np.array([0, 1])) == pytest.approx(0.5)
    assert math.isnan(metrics.auroc(np.array([0.5]), np.array([1])))


def test_valence_is_compared_where_it_is_known():
    true = np.array([0.5, -0.5, np.nan])
    assert metrics.valence_error(np.array([0.25, -0.5, 9.0]), true) == pytest.approx(0.125)
    assert metrics.constant_error(true) == pytest.approx(0.5)


def test_relations_compare_peaks_of_true_events_with_those_of_decoys():
    names = ["a", "b"]
    truth = [
        {"events": [event("a", 2.0, 4.0)], "decoys": []},
        {"events": [], "decoys": [event("a", 2.0, 4.0) | {"kind": "phase"}]},
        {"events": [], "decoys": [event("a", 2.0, 4.0) | {"kind": "apart"}]},
    ]
    scores = np.zeros((3, 16, 2))
    scores[0, 5, 0], scores[1, 5, 0], scores[2, 5, 0] = 0.9, 0.4, 1.0
    assert telling(scores, truth, names, ["phase"]) == {"a": 1.0, "mean": 1.0, "all": 1.0}
    assert telling(scores, truth, names, ["apart"])["all"] == 0.0
