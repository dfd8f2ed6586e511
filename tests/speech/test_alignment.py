import numpy as np
import pytest

from streamer.speech.alignment import onsets, way


def test_the_cheapest_way_is_found():
    cost = np.ones((3, 6))
    cost[0, :2] = cost[1, 2:5] = cost[2, 5:] = 0
    rows, columns = way(cost)
    assert rows.tolist() == [0, 0, 1, 1, 1, 2] and columns.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (7, 4)])
def test_the_way_goes_from_corner_to_corner_without_a_jump(shape):
    rows, columns = way(np.random.default_rng(0).random(shape))
    assert (rows[0], columns[0]) == (0, 0) and (rows[-1] + 1, columns[-1] + 1) == shape
    assert set(np.diff(rows)) | set(np.diff(columns)) <= {0, 1}


def test_tokens_begin_where_attention_says():
    """Five tokens attend to spans of 40 positions each, the first row is a prompt; two heads, noise on both."""
    random, begins = np.random.default_rng(1), np.arange(0, 200, 40)
    weights = random.random((2, 6, 200)).astype(np.float32) * 0.2
    for token, begin in enumerate(begins, 1):
        weights[:, token, begin : begin + 40] += 1
    assert onsets(weights, slice(1, None)) == pytest.approx(begins, abs=2)
