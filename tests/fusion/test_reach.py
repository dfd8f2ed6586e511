import pathlib

import numpy as np
import pytest

from streamer.errors import ModelError
from streamer.fusion.reach import Reach, load_reach, statistics
from streamer.training.inputs import Projections, dims
from tests.fusion.folders import folder
from tests.training import made

TRAIN, OTHERS = made.examples(64), made.examples(64, seed=1)
PROJECTIONS = Projections(dims(TRAIN))
PROJECTIONS.fit(TRAIN)
WEIGHTS = {f"projections.{name}": value.numpy() for name, value in PROJECTIONS.state_dict().items()}
STATISTICS = statistics(WEIGHTS, TRAIN.arrays, OTHERS.arrays)
REACH = Reach(WEIGHTS | {name: value.astype(np.float16).astype(np.float32) for name, value in STATISTICS.items()})  # as on disk


def window(number: int = 0, **changed: np.ndarray) -> dict[str, np.ndarray]:
    return {name: array[number] for name, array in OTHERS.arrays.items()} | changed


def test_windows_like_those_of_training_are_in_reach():
    assert all(REACH.inside(window(number)) for number in range(64))
    assert REACH.distances(window())["vision"] < 1


@pytest.mark.parametrize("sense", ["vision", "sound"])
def test_one_sense_that_is_unlike_puts_a_window_out_of_reach(sense):
    other = np.random.default_rng(0).normal(0, 4, OTHERS.arrays[sense].shape[1:])
    assert REACH.distances(window(**{sense: other}))[sense] > 1
    assert not REACH.inside(window(**{sense: other}))


def test_few_strange_pictures_among_many_do_not():
    pictures = OTHERS.vision[0].copy()
    pictures[:5] = 100
    assert REACH.inside(window(vision=pictures))


def test_a_window_may_lack_sounds_but_not_pictures():
    silent = {"sound": np.full_like(OTHERS.sound[0], 100), "sound_mask": np.zeros(33, bool)}
    assert set(REACH.distances(window(**silent))) == {"vision"}
    assert REACH.inside(window(**silent))
    blind = {"vision_mask": np.zeros(16, bool)}
    assert REACH.distances(window(**blind))["sound"] < 1
    assert not REACH.inside(window(**blind))


def test_it_comes_with_the_weights(tmp_path: pathlib.Path):
    known = load_reach(folder(tmp_path / "with"))
    assert known is not None and known.inside(window())
    without = folder(tmp_path / "without", far=None)
    assert load_reach(without, everywhere=True) is None
    with pytest.raises(ModelError, match="its reach is not known"):
        load_reach(without)
    with pytest.raises(ModelError, match="expected"):
        load_reach(tmp_path)
