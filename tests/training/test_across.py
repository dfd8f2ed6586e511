import numpy as np
import pytest
import torch

from schemas.messages import FusedWindow
from streamer import wiring
from streamer.fusion.arrays import arrays
from streamer.synth import film, script
from streamer.training import cache, features, world
from streamer.training.across import LEAST, across, drawn, halves
from streamer.training.cache import BINS
from streamer.training.inputs import Projections, dims
from streamer.training.plan import Plan
from streamer.training.samples import Samples, samples
from tests.media_folder import needs_models
from tests.training.coinciding import DECLARES, NAMES, projected

PLAN = Plan(labels=NAMES, declares=DECLARES, after=NAMES[-1:], dims={})


@pytest.fixture(scope="module")
def split() -> Samples:
    return projected(16, 0)


def test_a_window_begins_with_the_end_of_one_and_ends_with_the_beginning_of_another(split):
    first, second, later = torch.tensor([0, 1]), torch.tensor([5, 6]), torch.tensor([4, 12])
    made, targets = across(split.inputs, split.targets, first, second, later, PLAN)
    for row, (one, other, shift) in enumerate(zip(first, second, later.tolist(), strict=True)):
        for name in ("vision", "evidence"):
            whole = getattr(split.inputs, name).float()
            assert torch.equal(getattr(made, name)[row], torch.cat([whole[one, shift:], whole[other, :shift]]))
        assert torch.equal(
            made.onsets[row], torch.cat([split.inputs.onsets[one, 4 * shift :], split.inputs.onsets[other, : 4 * shift]]).float()
        )
        labels = split.targets.labels.float()
        assert torch.equal(targets.labels[row], torch.cat([labels[one, shift:], labels[other, :shift]]))
    assert targets.mood.isnan().all() and targets.conflict.isnan().all()


def test_what_may_need_the_other_scene_counts_nothing(split):
    everything = torch.arange(len(split))
    _, targets = across(split.inputs, split.targets, everything, everything.flip(0), torch.full_like(everything, 8), PLAN)
    last = targets.weight[:, :8, -1]
    assert not last[targets.labels[:, :8, -1] > 0].any()
    assert (targets.weight[..., :-1] > 0).all()


def test_something_of_both_scenes_is_left():
    first, second, later = drawn(10, 500, torch.Generator().manual_seed(0))
    assert len(first) == len(second) == 500 and max(first.max(), second.max()) == 9
    assert (int(later.min()), int(later.max())) == (LEAST, BINS - LEAST)


@needs_models
def test_halves_of_two_scenes_are_what_the_pipeline_sees_between_them(tmp_path):
    film.write(script.write(3, "train", 2), tmp_path / "clip.mp4")
    watch = wiring.fusing(features.CONFIG, wiring.load_models(features.CONFIG, world.label_set()))
    seen = {one.window.start: arrays(one) for one in watch(tmp_path / "clip.mp4", "clip") if isinstance(one, FusedWindow)}
    names = tuple(label.name for label in world.label_set().labels)
    examples = cache.stacked([seen[start] | cache.unknown(len(names)) for start in (0.0, 8.0, 4.0)], names, [{}] * 3)
    projections = Projections(dims(examples))
    projections.fit(examples)
    whole = samples(examples, projections)
    made, _ = halves(whole, Plan(labels=names, declares=((),) * len(names), dims={}))
    between = whole.inputs.take(torch.tensor([2]))
    for name in ("vision_mask", "sound_mask", "vision", "middle", "motion"):
        np.testing.assert_array_equal(getattr(made, name)[0], getattr(between, name)[0], err_msg=name)
    for name in ("text_mask", "ocr_mask"):
        assert getattr(made, name)[0].sum() == getattr(between, name)[0].sum(), name
    said = made.text_mask[0]
    np.testing.assert_allclose(made.text_spans[0, said].sort(0)[0], between.text_spans[0, between.text_mask[0]].sort(0)[0], atol=0.05)
    near = torch.nn.functional.cosine_similarity(made.sound[0, :33], between.sound[0, :33], dim=-1)
    assert near.median() > 0.9  # some patches are a third of one apart
