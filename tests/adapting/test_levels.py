"""What is fitted to marked windows, and that only what is better is kept."""

import msgspec
import numpy as np
import pytest

from streamer.adapting import levels
from streamer.adapting.adapt import better, compare, limit
from streamer.adapting.judging import Judged, Timeline
from streamer.adapting.levels import Fit
from streamer.adapting.networks import trained
from streamer.fusion.learned import Learned
from streamer.fusion.recalling import grid
from streamer.training.inputs import dims
from streamer.training.plan import Plan
from tests.adapting.made import NAMES, labels, marked

LABELS = labels()


def plan(train) -> Plan:
    return Plan(labels=NAMES, declares=tuple(label.modalities for label in LABELS.labels), dims=dims(train.examples))


def begun(train) -> Fit:
    return levels.unfitted(train, plan(train), LABELS.labels)


def test_level_0_is_the_prior_and_what_was_found():
    train = marked(2)
    fit = begun(train)
    np.testing.assert_allclose(fit.logits(train), train.examples.level0.sum(-1).transpose(0, 2, 1) - 2.0, atol=1e-5)


def test_level_1_is_calibrated_on_recordings_it_has_not_seen():
    train, test = marked(6, told=3.0), marked(3, told=3.0, seed=1)
    fit = levels.scaled(train, begun(train))
    before, after = (Timeline(test).judge(one.logits(test)) for one in (begun(train), fit))
    assert after.entropy < 0.7 * before.entropy and after.error < before.error
    assert after.bins == pytest.approx(before.bins, abs=0.02)


def test_examples_find_what_level_0_does_not():
    train, test = marked(6, told=0.05), marked(3, told=0.05, seed=1)
    fit = levels.recalling(train, begun(train))
    below = Timeline(test).judge(levels.scaled(train, begun(train)).logits(test))
    judged = Timeline(test).judge(fit.logits(test))
    assert judged.bins_mean > 0.9 and judged.entropy < below.entropy
    shown = Timeline(fit.own).judge(fit.shown)
    assert 0.9 < shown.bins_mean <= 1.0  # of recordings whose own examples were left out


def test_examples_speak_only_in_modalities_that_a_label_declares_and_that_are_there():
    train = marked(6, told=0.05)
    fit = levels.recalling(train, begun(train))
    arrays = train.examples.arrays
    learned = Learned(fit.weights, {"plan": msgspec.to_builtins(fit.plan)})
    parts = learned(arrays).parts  # prior, vision, sound, text, ocr, together
    assert parts[:, 0, :, 1].any() and not parts[:, 0, :, 2].any() and not parts[:, 1, :, 1].any()
    deaf = learned(arrays, np.broadcast_to([True, False, True, True], (len(train), 4))).parts
    assert not deaf[:, :, :, 2].any()
    np.testing.assert_array_equal(deaf[:, 0], parts[:, 0])


def test_a_bin_without_a_picture_of_its_own_takes_the_nearest():
    arrays = dict(marked(1, 1).examples.arrays)
    arrays["vision_mask"] = np.arange(16)[None] % 2 == 0
    values, there = grid(arrays, "vision")
    assert there.all()
    np.testing.assert_array_equal(values[0, 3], arrays["vision"][0, 4])
    assert not grid(arrays | {"vision_mask": np.zeros((1, 16), bool)}, "vision")[1].any()


def test_words_count_in_the_bins_that_they_touch():
    arrays = dict(marked(1, 1).examples.arrays)
    arrays["text"][0, 0, 0], arrays["text_mask"][0, 0], arrays["text_spans"][0, 0] = 1, True, (1.1, 2.2)
    values, there = grid(arrays, "text")
    assert np.flatnonzero(there[0]).tolist() == [2, 3, 4]
    assert values[0, 3, 0] == 1


@pytest.mark.parametrize(("level", "few", "usual", "many"), [("1", 20, 20, 40), ("2", 67, 200, 400), ("3", 334, 1000, 2000)])
def test_more_labels_need_more_windows(level, few, usual, many):
    assert (limit(level, 1), limit(level, 15), limit(level, 30)) == (few, usual, many)


def judged(bins: float, entropy: float) -> Judged:
    return Judged(bins=(bins,), events=(bins,), entropy=entropy, error=0.0)


def test_a_fit_is_kept_only_where_it_beats_the_one_before():
    assert better(judged(0.5, 0.1), judged(0.5, 0.2), "1")
    assert not better(judged(0.45, 0.1), judged(0.5, 0.2), "1")
    assert not better(judged(0.5, 0.1), judged(0.5, 0.2), "2")
    assert better(judged(0.6, 0.1), judged(0.5, 0.2), "2")
    assert not better(judged(0.6, 0.3), judged(0.5, 0.2), "2")


def test_levels_are_compared_and_what_was_not_tried_says_why():
    trials, fit = compare(marked(6, told=0.05), marked(3, told=0.05, seed=1), LABELS, 36, ("0", "1", "1½", "2", "3"), quiet=True)
    assert [trial.level for trial in trials] == ["0", "1", "1½", "2", "3"]
    assert fit.level == "1½" and trials[2].kept
    assert trials[3].judged is None and "36 windows, expected 67 for 2 labels" in trials[3].why


def test_where_nothing_can_be_learned_nothing_is_kept_beyond_the_scalars():
    train, test = marked(6, told=0.0), marked(3, told=0.0, seed=1)
    random = np.random.default_rng(0)
    for part in (train, test):
        for name in ("vision", "sound"):
            part.examples.arrays[name][:] = random.normal(size=part.examples.arrays[name].shape)
    _, fit = compare(train, test, LABELS, 36, ("0", "1", "1½"), quiet=True)
    assert fit.level in ("0", "1")


def test_a_net_is_trained_on_known_bins_from_enough_windows():
    train, val, test = marked(10, told=0.05), marked(3, told=0.05, seed=1), marked(3, told=0.05, seed=2)
    fit = trained(train, val, levels.scaled(train, begun(train)), "level2", quiet=True, steps=60)
    assert not any(name.startswith("fusion.mood") for name in fit.weights)
    assert Timeline(test).judge(fit.logits(test)).bins_mean > 0.8
    said = Learned(fit.weights, {"plan": msgspec.to_builtins(fit.plan)})(test.examples.arrays)
    assert said.mood is None and said.shares is None
