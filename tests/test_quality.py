"""The quality benchmark's own parts: what it measures is what it says."""

import msgspec
import numpy as np
import pytest
import torch

from benchmarks.quality import judging
from benchmarks.quality.judging import ALL, SHIFTED, SPLITS, Measured, skewed
from benchmarks.quality.page import page, plot
from schemas.messages import MODALITIES
from streamer.synth.names import GROUPS, LABELS
from streamer.training import cache, world
from streamer.training.inputs import Projections, dims
from streamer.training.nets import Net
from streamer.training.plan import Mode, Plan
from streamer.training.samples import samples
from tests.training import made

EXAMPLES = made.examples(12)
DECLARES = tuple(label.modalities for label in world.label_set().labels)
TEXT, SOUND = MODALITIES.index("text"), MODALITIES.index("sound")


def projections() -> Projections:
    fixed = Projections(dims(EXAMPLES))
    fixed.fit(EXAMPLES)
    return fixed


def net(mode: Mode) -> Net:
    torch.manual_seed(0)
    return Net(Plan(mode=mode, labels=LABELS, declares=DECLARES, dims=dims(EXAMPLES), same=GROUPS["sync"])).eval()


def test_sound_out_of_step_is_the_same_sound_later():
    inputs = samples(EXAMPLES, projections()).inputs
    late = skewed(inputs, 0.5)
    assert torch.equal(late.sound[:, 2:], inputs.sound[:, :-2]) and not late.sound_mask[:, :2].any()
    assert torch.equal(late.onsets[:, 4:], inputs.onsets[:, :-4]) and torch.equal(late.text_spans, inputs.text_spans + 0.5)
    assert torch.equal(late.evidence[:, 1:, :, SOUND], inputs.evidence[:, :-1, :, SOUND])
    assert torch.equal(late.vision, inputs.vision) and torch.equal(late.evidence[..., 0], inputs.evidence[..., 0])
    back = skewed(late, -0.5)
    assert torch.equal(back.sound[:, :-2], inputs.sound[:, :-2]) and not back.sound_mask[:, -2:].any()


def test_a_page_comes_from_what_was_measured(tmp_path):
    for split in SPLITS:
        cache.write(tmp_path / split, 0, EXAMPLES)
    splits = judging.load(tmp_path, projections())
    assert len(splits[ALL]) == len(SHIFTED) * len(EXAMPLES)
    found = []
    for name in ("late", "level2", "level3"):
        for seed in (0, 1):
            figures = dict(judging.measure(net(name), splits, closely=True))
            made_one = Measured(name=name, seed=seed, windows=12, parameters=1000, splits=figures)
            found.append(msgspec.json.decode(msgspec.json.encode(made_one), type=Measured))
    lines, passed = page(found, "--quick")
    text = "\n".join(lines)
    assert not passed and "level3 has it" in text and "| level2 | 2 | 1 |" in text
    widths = [line.count("|") for line in lines if line.startswith("| ")]
    assert len(widths) > 40 and plot(found).count("<polyline") == 3


def test_what_is_measured_of_a_perfect_fusion_is_perfect():
    perfect = net("level2")
    split = samples(EXAMPLES, projections())
    split.inputs.evidence[:] = 0
    split.inputs.evidence[..., 0] = split.targets.labels.float() * 20 - 6  # all that level 0 would say
    figures = dict(judging.measure(perfect, {ALL: split}, closely=True))[ALL]
    known = [value for value in figures.events["0.5"].values() if value is not None]
    assert np.mean(known) == 1 and figures.brier < 0.01 and figures.missing["sound"] == figures.missing["text"] == pytest.approx(1)
    assert figures.missing["vision"] < 0.5
