import pathlib

import pytest

from streamer.models import cache


@pytest.fixture
def shipped(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """What an image has, beside an empty cache."""
    monkeypatch.setenv("STREAMER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STREAMER_SHIPPED", str(tmp_path / "shipped"))
    (tmp_path / "shipped" / cache.FORMAT / "graphs").mkdir(parents=True)
    (tmp_path / "shipped" / cache.FORMAT / "graphs" / "a.onnx").write_text("ready")
    return tmp_path / "shipped" / cache.FORMAT


def test_what_is_shipped_is_not_made(shipped: pathlib.Path, tmp_path: pathlib.Path) -> None:
    def make(path: pathlib.Path) -> None:
        raise AssertionError(path)

    assert cache.kept("graphs/a.onnx", make) == shipped / "graphs" / "a.onnx"
    assert not (tmp_path / "cache").exists()


def test_what_is_not_shipped_is_made_in_the_cache(shipped: pathlib.Path, tmp_path: pathlib.Path) -> None:
    made = cache.kept("graphs/b.onnx", lambda path: path.write_text("b") and None)
    assert made == tmp_path / "cache" / cache.FORMAT / "graphs" / "b.onnx"
    assert [file.name for file in (shipped / "graphs").iterdir()] == ["a.onnx"]


def test_a_note_goes_to_the_cache(shipped: pathlib.Path, tmp_path: pathlib.Path) -> None:
    cache.put("verified/c", b"yes")
    assert cache.path("verified/c") == tmp_path / "cache" / cache.FORMAT / "verified" / "c"
    assert not (shipped / "verified").exists()
