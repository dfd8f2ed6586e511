from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

from streamer.synth.speech.sentences import sentences
from streamer.training.alignment import alignment
from streamer.training.inputs import Projections, dims
from streamer.training.matching import Shared
from streamer.training.plan import Plan
from streamer.training.rewording import Announced, Announcements
from streamer.training.samples import DECOY, Samples, samples
from streamer.training.topics import topics
from tests.training import made

NAMES = ("announced arrival", "person enters")
PLAN = Plan(labels=NAMES, declares=(("vision", "text"), ("vision",)), after=("announced arrival",), dims={})
THINGS = ("person", "dog")


@pytest.fixture(scope="module")
def split() -> Samples:
    """Windows in which a person or a dog is announced at 1 to 2.5 s and something comes at 4 to 6 s, by turns what was announced."""
    examples = made.examples(8, names=NAMES)
    arrays = {name: array.copy() for name, array in examples.arrays.items()}
    arrays["labels"][:] = 0
    arrays["text_mask"][:, 1:] = False
    arrays["text_spans"][:, 0] = (1, 2.5)
    truth = []
    for number in range(8):
        said, right = THINGS[number % 2], number < 4
        arrays["text"][number, 0] = THINGS.index(said)
        arrays["labels"][number, 8:12, 0] = right
        span = {"label": NAMES[0], "start": 4.0, "end": 6.0}
        other = THINGS[1 - number % 2]
        truth.append({
            "said": [{"text": "", "about": said, "start": 1.0, "end": 2.5}],
            "events": [span | {"came": said}] if right else [],
            "decoys": [] if right else [span | {"kind": "wrong kind", "came": other}],
        })  # fmt: skip
    made_examples = replace(examples, **arrays, truth=tuple(truth))
    projections = Projections(dims(made_examples))
    projections.fit(made_examples)
    return samples(made_examples, projections)


def test_a_label_is_true_where_what_is_announced_is_what_came(split):
    numbers = torch.arange(8)
    announcements, random = Announcements(split, PLAN), np.random.default_rng(0)
    seen = set()
    for _ in range(10):
        batch, targets, told = announcements.reword(split.inputs.take(numbers), split.targets.take(numbers), numbers, random)
        assert [one.row for one in told] == list(range(8)) and all(one.bins == slice(8, 12) for one in told)
        for number in range(8):
            line = split.truth[number]
            came = (line["events"] or line["decoys"])[0]["came"]
            right = THINGS[int(batch.text[number, 0, 0])] == came
            assert (told[number].about == told[number].came) == right and told[number].came == came
            assert targets.labels[number, 8:12, 0].eq(float(right)).all() and not targets.labels[number, :8].any()
            assert targets.weight[number, 8:12, 0].eq(1.0 if right else DECOY).all()
            seen.add((number, right))
    assert len(seen) == 16  # each of them rightly and wrongly


def test_windows_that_are_not_chosen_stay_as_they_are(split):
    numbers = torch.arange(8)
    batch, targets = split.inputs.take(numbers), split.targets.take(numbers)
    same = Announcements(split, PLAN).reword(batch, targets, torch.full((8,), -1), np.random.default_rng(0))
    assert same == (batch, targets, [])


def test_what_was_announced_and_what_came_is_found_in_the_truth_of_the_made_world():
    mention = next(one for one in sentences() if one.kind == "mention" and one.about == "dog")
    said = [{"text": mention.text, "start": 1.0, "end": 2.0}]
    coming = {"label": "announced arrival", "start": 3.0, "end": 5.0}
    person = {"label": "person enters", "start": 3.0, "end": 5.0}
    wrong = {"said": said, "events": [person], "decoys": [coming | {"kind": "wrong kind"}]}
    right = {"said": said, "events": [coming], "decoys": []}
    told = topics(replace(made.examples(2), truth=(right, wrong))).truth
    assert told[0]["said"][0]["about"] == "dog" and told[0]["events"][0]["came"] == "dog"
    assert told[1]["decoys"][0]["came"] == "person"


def test_windows_are_drawn_from_those_with_an_announcement(split):
    announcements = Announcements(split, PLAN)
    assert sorted(announcements.draw(3, np.random.default_rng(0)).unique().tolist())[-1] < 8
    assert sorted(announcements.draw(99, np.random.default_rng(0)).tolist()) == list(range(8))
    assert len(Announcements(split, msgspec.structs.replace(PLAN, after=())).draw(3, np.random.default_rng(0))) == 0


def test_sights_are_drawn_to_the_words_that_announce_them():
    torch.manual_seed(0)
    told = [Announced(row, [0], THINGS[row % 2], THINGS[row // 2 % 2], slice(8, 12)) for row in range(4)]
    words, things = torch.eye(2)[[row % 2 for row in range(4)]], torch.eye(2)[[row // 2 % 2 for row in range(4)]]
    seen = torch.zeros(4, 16, 2)
    seen[:, 8:12] = things[:, None]
    right = alignment(Shared(seen, words[:, None]), told)
    wrong = alignment(Shared(seen, words.flip(1)[:, None]), told)
    assert right < 0.2 and wrong > 2
    assert alignment(Shared(seen, words[:, None]), []) == 0
