import pathlib

import numpy as np
import pytest

from streamer.errors import StoreError
from streamer.training import cache
from tests.training.made import examples


def test_shards_come_back_as_they_were_written(tmp_path: pathlib.Path) -> None:
    parts = [examples(3, seed=1), examples(2, seed=2)]
    for number, part in enumerate(parts):
        cache.write(tmp_path, number, part)
    loaded, whole = cache.load(tmp_path), cache.joined(parts)
    assert len(loaded) == 5
    assert loaded.names == whole.names
    assert loaded.truth == whole.truth
    for name, array in whole.arrays.items():
        assert loaded.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded.arrays[name], array)


def test_some_windows_can_be_taken_out() -> None:
    whole = examples(5)
    chosen = whole.rows([3, 1])
    assert chosen.truth == (whole.truth[3], whole.truth[1])
    np.testing.assert_array_equal(chosen.vision, whole.vision[[3, 1]])
    assert len(whole.rows(np.arange(5) > 2)) == 2


def test_a_shard_is_there_only_when_it_is_whole(tmp_path: pathlib.Path) -> None:
    cache.write(tmp_path, 7, examples(1))
    (tmp_path / "00008.jsonl").write_text("")
    (tmp_path / "00009.safetensors.part").write_bytes(b"half")
    assert [cache.windows(tmp_path, number) for number in (7, 8, 9)] == [1, 0, 0]
    assert len(cache.load(tmp_path)) == 1


def test_an_array_of_another_shape_is_not_written(tmp_path: pathlib.Path) -> None:
    odd = cache.Examples(**examples(2).arrays | {"vision": np.zeros((2, 16, 5), np.float16)}, names=examples(1).names, truth=({}, {}))
    with pytest.raises(ValueError, match=r"vision: float16 \(2, 16, 5\); expected float16 \(2, 16, 1280\)"):
        cache.write(tmp_path, 0, odd)
    assert cache.windows(tmp_path, 0) == 0


def test_a_folder_without_features_and_damaged_ones_are_told_in_a_line(tmp_path: pathlib.Path) -> None:
    with pytest.raises(StoreError, match="holds no features"):
        cache.load(tmp_path)
    cache.write(tmp_path, 0, examples(1))
    (tmp_path / "00000.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(StoreError, match="damaged"):
        cache.load(tmp_path)
