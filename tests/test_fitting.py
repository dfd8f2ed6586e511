"""Which trained fusion a run has, and for which labels it speaks."""

import json
import pathlib

import msgspec
import numpy as np
import pytest

from schemas.messages import Modality
from streamer import fitting
from streamer.config import Config, Fusion
from streamer.errors import ModelError
from streamer.fitting import fitted, shared
from streamer.fusion.fuse import prompts
from streamer.labels import LabelSet, load
from streamer.models.protocols import Queries
from streamer.synth.names import LABELS
from tests.fusion.folders import folder

OWN = load(fitting.WORLD)
WEIGHTS = {"efficientnet-lite0": "a", "yamnet": "b", "minilm-l6": "c"}


def ask(labels: LabelSet) -> dict[Modality, Queries]:
    count = len(labels.labels)
    return dict.fromkeys(prompts(labels), Queries(np.zeros((count, 384), np.float32), np.zeros(count), np.ones(count)))


def options(path: pathlib.Path | str = "", **fusion: object) -> Config:
    return Config(fusion=Fusion(model=str(path), **fusion))  # type: ignore[arg-type]


def user(tmp_path: pathlib.Path, text: str) -> LabelSet:
    (tmp_path / "mine.yaml").write_text(f"labels:\n  {text}\n")
    return load(tmp_path / "mine.yaml")


# --- labels --------------------------------------------------------------------------------------------------------


def test_labels_that_only_the_fusion_knows_come_in_without_prompts():
    whole, mine = shared(load(), OWN, LABELS)
    assert set(mine) == set(LABELS) and len(mine) == len(LABELS)
    assert whole.labels[: len(load().labels)] == load().labels
    more = whole.labels[len(load().labels) :]
    assert {"clapping", "person enters"} <= {label.name for label in more} <= set(LABELS)
    assert not any(label.modalities for label in more)
    assert prompts(whole) == prompts(load())


@pytest.mark.parametrize(
    ("text", "theirs"),
    [
        ("dog: {hears: wolf}", False),
        ("clapping: {hears: hands}", False),
        ("dog: null", False),
        ("dog: {hears: dog bark, sees: a dog, threshold: .9}", True),  # the same question
        ("clapping: {sees: clapping hands, hears: clapping}", True),
        ("cow: {hears: cow}", True),
    ],
)
def test_a_label_that_the_user_gave_other_words_is_the_users(tmp_path, text, theirs):
    label_set = user(tmp_path, text)
    whole, mine = shared(label_set, OWN, LABELS)
    name = text.partition(":")[0]
    assert (set(mine) == set(LABELS)) == theirs
    assert (name in mine) == (theirs and name != "cow")
    assert [label for label in whole.labels if label.name == name] == [label for label in label_set.labels if label.name == name]


# --- which one -----------------------------------------------------------------------------------------------------


def test_without_a_model_labels_are_as_they_were(tmp_path):
    for config in (options(), options("none"), options(folder(tmp_path / "fusion"), level=0)):
        assert fitted(config, load(), WEIGHTS, ask, tmp_path) == (load(), None)


def test_it_runs_up_to_the_level_that_is_wished(tmp_path):
    path = folder(tmp_path)
    for level, reached in ((1, 1), (2, 2), (3, 3)):
        _, model = fitted(options(path, level=level), load(), WEIGHTS, ask)
        assert model and (model.learned.level, model.known.level) == (reached, reached)
        assert model.known.model.startswith(f"level{reached}@")
    _, lower = fitted(options(folder(tmp_path / "lower", "level2"), level=3), load(), WEIGHTS, ask)
    assert lower and lower.known.level == 2


def test_level_3_turns_on_what_is_fine_and_level_2_does_not():
    assert Fusion(level=3).fine and not Fusion(level=3, model="none").fine and not Fusion().fine
    assert msgspec.structs.replace(Fusion(), level=3).fine
    assert msgspec.convert({"level": 3}, Fusion).fine


def test_thresholds_are_those_of_its_folder(tmp_path):
    _, model = fitted(options(folder(tmp_path / "one", thresholds={"dog": 0.8})), load(), WEIGHTS, ask)
    assert model and model.known.thresholds["dog"] == pytest.approx((0.8, 0.48))
    assert model.known.thresholds["fire"] == pytest.approx((0.5, 0.3))
    assert model.known.calibration == "prior"
    path = folder(tmp_path / "two", far=None, calibration="fitted")
    (path / "labels.yaml").write_text(fitting.WORLD.read_text().replace("{hears: dog bark,", "{hears: dog bark, threshold: .7, off: .2,"))
    _, model = fitted(options(path), load(), WEIGHTS, ask)
    assert model and model.known.thresholds["dog"] == (0.7, 0.2)
    assert model.known.calibration == "fitted" and model.reach is None


@pytest.mark.parametrize(
    ("config", "features", "weights", "says"),
    [
        (Fusion(window_s=6.0), {}, WEIGHTS, "windows of 8.0 s"),
        (Fusion(), {}, {"yamnet": "b", "minilm-l6": "c"}, "needs the encoder efficientnet-lite0"),
        (Fusion(), {"encoders": WEIGHTS | {"yamnet": "z"}}, WEIGHTS, "other encoders than yamnet"),
    ],
)
def test_one_that_does_not_fit_is_refused_if_asked_for_and_else_left_out(tmp_path, config, features, weights, says):
    path = folder(tmp_path / "level2", features=features)
    with pytest.raises(ModelError, match=says):
        fitted(Config(fusion=msgspec.structs.replace(config, model=str(path))), load(), weights, ask)
    assert fitted(Config(fusion=config), load(), weights, ask, tmp_path) == (load(), None)


def test_the_one_of_the_wished_level_that_comes_along_is_used_where_none_is_named(tmp_path):
    for level in (2, 3):
        folder(tmp_path / f"level{level}", f"level{level}")
        _, model = fitted(Config(fusion=Fusion(level=level)), load(), WEIGHTS, ask, tmp_path)
        assert model and model.known.level == level
    assert fitted(Config(fusion=Fusion(level=1)), load(), WEIGHTS, ask, tmp_path) == (load(), None)


def test_a_label_that_nobody_explains_is_told(tmp_path):
    path = folder(tmp_path)
    config = json.loads((path / "config.json").read_text())
    config["plan"]["labels"][0] = "yodelling"
    (path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="knows yodelling"):
        fitted(options(path), load(), WEIGHTS, ask)
