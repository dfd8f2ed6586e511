"""Features of made clips and of films: shards in order, taken up where they were left, true to the pipeline."""

import json
import pathlib

import msgspec
import numpy as np
import pytest

from schemas.messages import MODALITIES
from streamer import wiring
from streamer.config import Config, Fusion
from streamer.errors import ConfigError, StoreError
from streamer.synth import script
from streamer.synth.names import GROUPS, LABELS
from streamer.training import cache, commands, features, world
from tests import clips
from tests.media_folder import needs_models
from tests.training import made


def test_the_labels_of_the_world_are_given_the_senses_that_tell_them() -> None:
    found = {label.name: label.modalities for label in world.label_set().labels}
    assert tuple(found) == LABELS
    senses = {"vision": ("vision",), "sound": ("sound",), "speech": ("text",), "async": ("vision", "text")}
    for group, labels in GROUPS.items():
        for label in labels:
            expected = ("vision", "ocr") if label == "text appears" else senses.get(group, ("vision", "sound"))
            assert found[label] == expected
    assert set().union(*found.values()) == set(MODALITIES)


def test_a_bin_is_on_where_an_event_covers_a_quarter_of_a_second() -> None:
    mood = {"text": None, "sound": -0.5, "vision": None, "overall": -0.25, "conflict": True}
    events = [
        {"label": "dog", "start": 1.2, "end": 2.74},
        {"label": "fire", "start": 3.1, "end": 3.3},
        {"label": "fire", "start": 3.3, "end": 3.4},
    ]
    made = features.labelled({"events": events, "mood": mood})
    assert np.flatnonzero(made["labels"][:, LABELS.index("dog")]).tolist() == [2, 3, 4]
    assert np.flatnonzero(made["labels"][:, LABELS.index("fire")]).tolist() == [6]
    assert made["labels"].sum() == 4
    np.testing.assert_array_equal(made["mood"], np.array([np.nan, -0.5, np.nan, -0.25], np.float32))
    assert made["conflict"] == 1


def test_what_is_true_of_a_scene_is_told_from_its_beginning() -> None:
    clip = next(
        clip for seed in range(50) if (clip := script.write(seed, "train", features.SCENES)).events[-1:] and clip.events[-1].start > 8
    )
    first, second = features.truths(clip)
    assert len(first["events"]) + len(second["events"]) == len(clip.events)
    assert all(0 <= event["start"] < event["end"] <= 8 for truth in (first, second) for event in truth["events"])
    assert second["events"][-1]["start"] == pytest.approx(clip.events[-1].start - 8)
    assert (first["start"], second["start"]) == (0.0, 8.0)
    assert len(first["captions"]) == len(second["captions"]) >= 5
    json.dumps([first, second])


def test_a_folder_of_other_encoders_is_not_mixed_up(tmp_path: pathlib.Path) -> None:
    features.begin(tmp_path)
    features.begin(tmp_path)
    known = json.loads((tmp_path / "about.json").read_text())
    (tmp_path / "about.json").write_text(json.dumps(known | {"world": "another"}))
    with pytest.raises(StoreError, match="another made world"):
        features.begin(tmp_path)


@pytest.fixture(scope="module")
def models() -> wiring.Models:
    return wiring.load_models(features.CONFIG, world.label_set())


@needs_models
def test_shards_are_made_in_order_and_only_those_that_are_missing(tmp_path: pathlib.Path) -> None:
    features.make("train", 0, 3, tmp_path, workers=1, quiet=True, shard=2)
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(whole) == {"00000.safetensors", "00000.jsonl", "00001.safetensors", "00001.jsonl"}
    (tmp_path / "00001.safetensors").unlink()
    before = (tmp_path / "00000.safetensors").stat().st_mtime_ns
    features.make("train", 0, 3, tmp_path, workers=1, quiet=True, shard=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole
    assert (tmp_path / "00000.safetensors").stat().st_mtime_ns == before
    loaded = cache.load(tmp_path)
    assert [(truth["seed"], truth["start"]) for truth in loaded.truth] == [(0, 0.0), (0, 8.0), (1, 0.0)]
    assert loaded.vision_mask.all() and loaded.sound_mask.all()
    assert all(array.any() for array in (loaded.motion, loaded.onsets, loaded.middle, loaded.vision, loaded.sound))


@needs_models
def test_a_film_has_a_row_for_each_window(tmp_path: pathlib.Path, models: wiring.Models) -> None:
    path = clips.make(tmp_path / "film.mp4", 9.0)
    found = made.from_film(path, features.CONFIG, models)
    assert [(truth["window"], truth["start"]) for truth in found.truth] == [(0, 0.0), (1, 4.0), (2, 8.0)]
    assert found.names == LABELS
    assert not found.labels.any() and np.isnan(found.mood).all()
    assert found.vision_mask.sum(1).tolist() == [16, 10, 2]
    np.testing.assert_array_equal(found.vision[0, 8:], found.vision[1, :8])  # the same pictures
    np.testing.assert_array_equal(found.motion[0, 32:], found.motion[1, :32])


@needs_models
def test_without_what_is_fine_the_rest_is_there_at_its_own_pace(tmp_path: pathlib.Path) -> None:
    config = msgspec.structs.replace(features.CONFIG, fusion=Fusion())
    path = clips.make(tmp_path / "film.mp4", 8.0)
    found = made.from_film(path, config, wiring.load_models(config, world.label_set()))
    assert np.flatnonzero(found.vision_mask[0]).tolist() == list(range(0, 16, 2))
    assert np.flatnonzero(found.sound_mask[0]).tolist() == list(range(2, 33, 2))
    assert not any(array.any() for array in (found.motion, found.onsets, found.middle))


def test_fine_features_force_two_pictures_a_second_and_every_frame() -> None:
    models = wiring.Models(labels=world.label_set())
    options, _, _ = wiring.wanted(Config(fusion=Fusion(fine=True)), models)
    assert (options.frames_per_second, options.decode, options.picture_pause_s) == (2.0, "full", 1.0)
    assert wiring.wanted(Config(), models)[0] == Config().media


def test_an_unknown_preset_is_told_in_a_line(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="--preset huge: expected tiny or full"):
        commands.features(str(tmp_path), "huge")
