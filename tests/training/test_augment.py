from dataclasses import replace

import numpy as np
import pytest
import torch

from streamer.training.augment import Augment, keeps, roughened
from streamer.training.exchange import Partners
from streamer.training.plan import Plan
from streamer.training.samples import DECOY, Samples
from tests.training.coinciding import DECLARES, NAMES, projected

ALWAYS = Augment(modality=1, token=0, fine=1, thin=1, jitter=1)


@pytest.fixture(scope="module")
def split() -> Samples:
    return projected(32, 0)


def partners(split: Samples) -> Partners:
    return Partners(split, Plan(labels=NAMES, declares=DECLARES, same=("clapping",), dims={}))


def swap(split: Samples, chance: float):
    return partners(split).take(torch.arange(len(split)), chance, np.random.default_rng(0))


def test_never_all_of_pictures_sound_and_words_are_forced_off():
    keep = keeps(500, 0.9, torch.Generator().manual_seed(0))
    assert keep[:, :3].any(1).all() and not keep.all()


def test_decoys_count_more(split):
    decoy = next(number for number, line in enumerate(split.truth) if line["decoys"])
    first = int(split.truth[decoy]["decoys"][0]["start"] / 0.5)
    assert split.targets.weight[decoy, first, 0] == DECOY and split.targets.weight[decoy, first, 1] == 1


def test_with_the_sound_of_another_what_must_coincide_is_not_there(split):
    batch, targets, rows = swap(split, 1.0)
    changed = (batch.onsets != split.inputs.onsets.float()).any(2).any(1)
    happens = split.targets.labels[:, :, 0].amax(1) > 0
    assert changed.any() and not changed[~happens].any() and changed.tolist() == rows.tolist()
    assert not targets.labels[changed, :, 0].any()
    assert (targets.weight[changed, :, 0].amax(1) == DECOY).all()
    assert targets.mood[changed, 3].isnan().all() and targets.conflict[changed].isnan().all()
    assert torch.equal(batch.motion, split.inputs.motion.float())


def test_without_exchange_a_batch_is_as_it_was(split):
    batch, targets, _ = swap(split, 0.0)
    assert torch.equal(batch.onsets, split.inputs.onsets.float())
    assert torch.equal(targets.labels, split.targets.labels.float())


def test_partners_are_others_to_which_the_same_happens_at_about_the_same_time(split):
    random = np.random.default_rng(0)
    for number, line in enumerate(split.truth):
        other = partners(split).find(number, random)
        if other is not None:
            assert other != number
            assert abs(line["events"][0]["start"] - split.truth[other]["events"][0]["start"]) <= 1.0


def test_a_batch_can_lose_what_a_pipeline_may_lack(split):
    batch = split.inputs.take(torch.arange(8))
    rough = roughened(batch, ALWAYS, torch.Generator().manual_seed(0))
    assert not rough.fine.any() and not rough.motion.any() and not rough.onsets.any()
    assert rough.vision_mask[:, ::2].all() and not rough.vision_mask[:, 1::2].any()
    moved = rough.text_spans - batch.text_spans
    assert moved.abs().max() <= 0.3 + 1e-6 and moved.any()
    torch.testing.assert_close(moved[:, :1].expand_as(moved), moved, atol=1e-2, rtol=0)  # a window is moved as a whole


def test_a_batch_that_is_not_roughened_is_as_it_was(split):
    batch = split.inputs.take(torch.arange(8))
    same = roughened(batch, Augment(modality=0, token=0, fine=0, thin=0, jitter=0), torch.Generator().manual_seed(0))
    assert torch.equal(same.sound, batch.sound) and torch.equal(same.sound_mask, batch.sound_mask)
    assert torch.equal(same.text_spans, batch.text_spans) and torch.equal(same.fine, batch.fine)


def test_how_a_phrase_is_said_is_blurred_where_it_is_known_and_nowhere_else():
    split = projected(16, 0)
    voice = torch.zeros_like(split.inputs.voice)
    voice[:, :2] = 1
    batch = replace(split.inputs, voice=voice).take(torch.arange(16))
    rough = roughened(batch, Augment(voice=0, hoarse=0.2), torch.Generator().manual_seed(0)).voice
    assert not rough[:, 2:].any()
    assert (rough[:, :2] - 1).std() == pytest.approx(0.2, abs=0.05)
    assert not roughened(batch, Augment(voice=1), torch.Generator().manual_seed(0)).voice.any()
