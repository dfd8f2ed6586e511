import functools
import json
import pathlib

import msgspec
import numpy as np
import pytest
import torch

from schemas.messages import MODALITIES
from streamer.errors import ModelError
from streamer.fusion.learned import Learned, load_fusion, shapley
from streamer.synth.names import LABELS
from streamer.training import saving, world
from streamer.training.fit import Recipe
from streamer.training.inputs import Batch, Projections, dims
from streamer.training.nets import Net
from streamer.training.plan import Mode, Plan
from tests.training import made

EXAMPLES = made.examples(16)
DECLARES = tuple(label.modalities for label in world.label_set().labels)


@functools.cache
def fitted() -> dict[str, torch.Tensor]:
    fixed = Projections(dims(EXAMPLES))
    fixed.fit(EXAMPLES)
    return fixed.state_dict()


def net(mode: Mode) -> Net:
    """Random weights, nothing of them 0, as they are on disk."""
    torch.manual_seed(0)
    asked = Net(Plan(mode=mode, labels=LABELS, declares=DECLARES, dims=dims(EXAMPLES)))
    asked.projections.load_state_dict(fitted())
    with torch.no_grad():
        for value in asked.fusion.parameters():
            value.add_(torch.randn_like(value) * 0.05)
        asked.sharpness.fill_(1.3)
        asked.shift.uniform_(-1, 1)
    return saving.rounded(asked).eval()


def learned(asked: Net) -> Learned:
    arrays = {name: value.numpy() for name, value in asked.state_dict().items()}
    return Learned(arrays, {"plan": json.loads(msgspec.json.encode(asked.plan))})


def inputs(asked: Net) -> Batch:
    return asked.projections.project(EXAMPLES, torch.float32).take(torch.arange(len(EXAMPLES)))


@pytest.mark.parametrize("mode", ["level1", "level2", "level3"])
@pytest.mark.parametrize("off", [None, *MODALITIES])
@torch.no_grad()
def test_it_says_what_the_trained_net_says(mode, off):
    asked = net(mode)
    keep = np.tile([name != off for name in MODALITIES], (len(EXAMPLES), 1))
    expected, said = asked(inputs(asked), torch.from_numpy(keep)), learned(asked)(EXAMPLES.arrays, keep)
    np.testing.assert_allclose(said.parts.transpose(0, 2, 1, 3), expected.parts, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(said.parts.sum(-1).transpose(0, 2, 1), expected.logits, atol=1e-5, rtol=1e-5)
    if said.mood is not None:
        for name in said.mood._fields:
            np.testing.assert_allclose(getattr(said.mood, name), getattr(expected.mood, name), atol=1e-5, rtol=1e-5, err_msg=name)


def test_shares_of_the_senses_sum_to_the_valence():
    said = learned(net("level3"))(EXAMPLES.arrays)
    assert said.mood is not None and said.shares is not None
    np.testing.assert_allclose(said.shares.sum(1), said.mood.overall, atol=1e-6)


def test_shapley_values_of_a_game_known_by_heart():
    gloves = {(False, False): 0.0, (True, False): 0.0, (False, True): 0.0, (True, True): 1.0}  # a left and a right one
    assert shapley({who: np.array([value]) for who, value in gloves.items()}).tolist() == [[0.5, 0.5]]


def test_windows_with_gaps_are_read_as_in_training():
    arrays = {name: array.copy() for name, array in EXAMPLES.arrays.items()}
    arrays["vision_mask"][:, 1::2] = False
    arrays["sound_mask"][:, 1::2] = False
    arrays["sound_mask"][:, :9] = False
    arrays["motion"][:4] = 0
    arrays["text_mask"][3:] = False
    sparse = type(EXAMPLES)(**arrays, names=EXAMPLES.names, truth=EXAMPLES.truth)
    asked = net("level3")
    batch = asked.projections.project(sparse, torch.float32).take(torch.arange(len(sparse)))
    with torch.no_grad():
        expected = asked(batch, batch.everything()).logits
    np.testing.assert_allclose(learned(asked)(arrays).parts.sum(-1).transpose(0, 2, 1), expected, atol=1e-5, rtol=1e-5)


def test_the_size_of_the_batch_changes_nothing():
    fusion = learned(net("level3"))
    whole = fusion(EXAMPLES.arrays).parts
    alone = [fusion(EXAMPLES.rows(slice(number, number + 1)).arrays).parts[0] for number in range(len(EXAMPLES))]
    np.testing.assert_allclose(whole, np.stack(alone), atol=1e-5)


def test_a_folder_is_read_back(tmp_path: pathlib.Path):
    asked = net("level3")
    saving.write(tmp_path, asked, saving.About(plan=asked.plan, recipe=Recipe(), windows=16))
    fusion = load_fusion(tmp_path)
    assert fusion.labels == LABELS and fusion.level == 3
    np.testing.assert_array_equal(fusion(EXAMPLES.arrays).parts, learned(asked)(EXAMPLES.arrays).parts)


def test_a_way_to_fuse_that_is_no_sum_is_refused(tmp_path: pathlib.Path):
    asked = Net(Plan(mode="concat", labels=LABELS, declares=DECLARES, dims=dims(EXAMPLES)))
    saving.write(tmp_path, asked, saving.About(plan=asked.plan, recipe=Recipe(), windows=16))
    with pytest.raises(ModelError, match="level3"):
        load_fusion(tmp_path)
    with pytest.raises(ModelError, match="expected"):
        load_fusion(tmp_path / "nothing")
