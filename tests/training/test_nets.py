"""What holds for every net before and after training (models.md §3.7)."""

from dataclasses import fields, replace

import pytest
import torch

from schemas.messages import MODALITIES
from streamer.synth.names import LABELS
from streamer.training import world
from streamer.training.inputs import Batch, Projections, dims
from streamer.training.levels import Output, Sum
from streamer.training.nets import Net
from streamer.training.plan import MODES, Mode, Plan
from tests.training import made

EXAMPLES = made.examples(6)
DECLARES = tuple(label.modalities for label in world.label_set().labels)
SUMS: tuple[Mode, ...] = ("level0", "level1", "level2", "level3", "late", "late-null", "late-plain")


@pytest.fixture(scope="module")
def projections() -> Projections:
    fitted = Projections(dims(EXAMPLES))
    fitted.fit(EXAMPLES)
    return fitted


@pytest.fixture(scope="module")
def batch(projections: Projections) -> Batch:
    return projections.project(EXAMPLES).take(torch.arange(len(EXAMPLES)))


def net(mode: Mode, wake: bool = True, seed: int = 0) -> Net:
    """Random weights; awake: what is 0 at first is not."""
    torch.manual_seed(seed)
    made_net = Net(Plan(mode=mode, labels=LABELS, declares=DECLARES, dims=dims(EXAMPLES), width=32)).eval()
    if wake:
        with torch.no_grad():
            for value in made_net.fusion.parameters():
                value.add_(torch.randn_like(value) * 0.1)
    return made_net


@torch.no_grad()
def ask(asked: Net, batch: Batch, keep: torch.Tensor | None = None) -> Output:
    return asked(batch, batch.everything() if keep is None else keep)


def without(batch: Batch, modality: str) -> Batch:
    """The batch as the pipeline gives it where a modality has no tokens, and level 0 no evidence of it."""
    evidence = batch.evidence.clone()
    evidence[..., MODALITIES.index(modality)] = 0
    mask = torch.zeros_like(getattr(batch, f"{modality}_mask"))
    return replace(batch, evidence=evidence, **{f"{modality}_mask": mask})


@pytest.mark.parametrize("mode", MODES)
def test_every_way_to_fuse_scores_every_label_in_every_bin(mode, batch):
    said = ask(net(mode), batch)
    assert said.logits.shape == (6, 16, 20) and said.logits.isfinite().all()


@pytest.mark.parametrize("mode", MODES)
def test_what_is_padding_changes_nothing(mode, batch):
    mask = batch.text_mask.clone()
    mask[:, 3:] = False
    asked, padded = net(mode), replace(batch, text_mask=mask)
    names = [field.name for field in fields(Batch) if field.name == "voice" or field.name.startswith("text")]
    cut = {name: getattr(padded, name)[:, :3] for name in names}
    torch.testing.assert_close(ask(asked, padded).logits, ask(asked, replace(padded, **cut)).logits, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", MODES)
def test_the_size_of_the_batch_changes_nothing(mode, batch):
    asked = net(mode)
    alone = torch.cat([ask(asked, batch.take(torch.tensor([number]))).logits for number in range(len(batch))])
    torch.testing.assert_close(ask(asked, batch).logits, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("modality", MODALITIES)
def test_a_modality_forced_off_is_one_without_tokens(mode, modality, batch):
    asked = net(mode)
    keep = torch.tensor([name != modality for name in MODALITIES]).expand(len(batch), -1)
    assert torch.equal(ask(asked, batch, keep).logits, ask(asked, without(batch, modality)).logits)


@pytest.mark.parametrize("mode", MODES)
def test_without_any_modality_scores_stay_finite(mode, batch):
    said = ask(net(mode), batch, torch.zeros(len(batch), 4, dtype=torch.bool))
    assert said.logits.isfinite().all()
    if said.mood is not None:
        assert all(value.isfinite().all() for value in said.mood)


@pytest.mark.parametrize("mode", SUMS)
def test_parts_sum_to_the_logit(mode, batch):
    said = ask(net(mode), batch)
    assert said.parts is not None
    assert torch.equal(said.parts.sum(-1), said.logits)


def test_parts_sum_to_the_logit_after_calibration_too(batch):
    asked = net("level3")
    asked.sharpness.fill_(1.7)
    asked.shift.uniform_(-1, 1)
    said, plain = ask(asked, batch), net("level3")
    assert said.parts is not None
    assert torch.equal(said.parts.sum(-1), said.logits)
    torch.testing.assert_close(said.logits, ask(plain, batch).logits * 1.7 + asked.shift, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mode", [mode for mode in SUMS if mode not in ("late-null", "late-plain")])  # these know of no declarations
def test_modalities_that_a_label_does_not_declare_say_nothing(mode, batch):
    evidence = batch.evidence * torch.tensor([[m in names for m in MODALITIES] for names in DECLARES])  # as level 0 gives it
    said = ask(net(mode), replace(batch, evidence=evidence))
    assert said.parts is not None
    for number, names in enumerate(DECLARES):
        others = [1 + i for i, modality in enumerate(MODALITIES) if modality not in names]
        assert not said.parts[:, :, number, others].any()


@pytest.mark.parametrize(("above", "below"), [("level1", "level0"), ("level2", "level1"), ("level3", "level2")])
def test_a_level_begins_bit_for_bit_as_the_one_below(above, below, batch):
    lower, higher = net(below, wake=True, seed=1), net(above, wake=False, seed=2)
    assert isinstance(lower.fusion, Sum) and isinstance(higher.fusion, Sum)
    higher.fusion.start_from(lower.fusion)
    one, other = ask(lower, batch), ask(higher, batch)
    assert torch.equal(one.logits, other.logits)
    assert one.parts is not None and other.parts is not None and torch.equal(one.parts, other.parts)
    if one.mood is not None:
        assert other.mood is not None and torch.equal(one.mood.overall, other.mood.overall)


def test_what_shows_only_together_needs_two_senses_that_the_label_declares(batch):
    said = ask(net("level3"), batch, torch.tensor([[False, True, True, True]]).expand(len(batch), -1))
    every = ask(net("level3"), batch)
    assert said.parts is not None and every.parts is not None
    clapping, alarm = LABELS.index("clapping"), LABELS.index("alarm")
    assert every.parts[:, :, clapping, 5].any() and not said.parts[:, :, clapping, 5].any()
    assert not every.parts[:, :, alarm, 5].any()


def test_level_3_works_without_fine_features(projections):
    arrays = {name: array.copy() for name, array in EXAMPLES.arrays.items()}
    for name in ("middle", "motion", "onsets"):
        arrays[name][:] = 0
    coarse = projections.project(type(EXAMPLES)(**arrays, names=EXAMPLES.names, truth=EXAMPLES.truth)).take(torch.arange(6))
    assert not coarse.fine.any() and not coarse.motion.any()
    assert ask(net("level3"), coarse).logits.isfinite().all()


def test_experts_sum_to_the_anchor(batch):
    mood = ask(net("level3"), batch).mood
    assert mood is not None
    torch.testing.assert_close(mood.contribution.sum(1), mood.anchor)
    assert (mood.overall.abs() <= 1).all() and (mood.value.abs() <= 1).all()


def test_gradients_reach_everything_at_level_3_within_two_steps(batch):
    asked = net("level3", wake=False).train()
    for _ in range(2):  # gates are 0 at first, so what is behind them learns from the second step on
        asked.zero_grad()
        said = asked(batch, batch.everything())
        assert said.mood is not None
        loss = said.logits.square().mean() + said.mood.overall.square().mean() + said.mood.conflict.square().mean()
        (loss + said.logits.sum() + said.mood.overall.sum()).backward()
        with torch.no_grad():
            for value in asked.fusion.parameters():
                if value.grad is not None:
                    value -= 0.01 * value.grad
    still = [name for name, value in asked.fusion.named_parameters() if value.grad is None or not value.grad.any()]
    assert still == ["mood.spread"]  # it is learned from the likelihood alone
