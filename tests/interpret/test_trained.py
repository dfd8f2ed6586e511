"""Windows in which a trained fusion spoke: events, the mood and the end of the window say so, and contributions add up."""

import math

import msgspec
import numpy as np
import pytest

from schemas.codec import from_json, to_json
from schemas.messages import MODALITIES, Estimate, Event, Felt, FusedWindow, Sentiment, Trained, WindowClosed
from streamer.config import Interpret as Options
from streamer.interpret.interpret import Interpret
from streamer.interpret.stitching import triangle
from streamer.labels import Known
from tests.interpret.made import BIN_S, HOP_S, PRIOR, Film, label, label_set, run, shot, sounding, spoken, stage

CLAP, ALARM = label("clap", sees=True), label("alarm")
KNOWN = Known(
    model="level3@abc",
    level=3,
    labels=("clap",),
    declares={"clap": ("vision", "sound")},
    thresholds={"clap": (0.5, 0.3)},
    calibration="fitted",
)
MODELS = {"vision": "eyes", "sound": "ears", "text": "words", "speech": "ears too", "fusion": "level3@abc"}


def learnt(windows: list[FusedWindow], together: np.ndarray, spoke: set[int], mood: Felt | None = None) -> list[FusedWindow]:
    """The windows; in those of numbers `spoke` a fusion knows label 0 and has found `together` [bins of the film] for it."""
    made = []
    for number, fused in enumerate(windows):
        if number in spoke:
            extra = np.zeros(fused.evidence.shape[:2], np.float32)
            first = round(fused.window.start / BIN_S)
            extra[0] = together[first : first + len(fused.bins)]
            trained = Trained(labels=np.array([True, False]), together=extra, mood=mood)
            fused = msgspec.structs.replace(fused, level=3, trained=trained)
        made.append(fused)
    return made


def interpret() -> Interpret:
    return Interpret(label_set(CLAP, ALARM), Options(), "offline", MODELS, KNOWN)


def events(windows: list[FusedWindow], label_name: str = "clap") -> list[Event]:
    return [one for one in run(interpret(), windows) if isinstance(one, Event) and one.label == label_name]


def film() -> Film:
    """Clapping that each sense thinks half likely, from 4 to 6 s, and what was looked at."""
    made = Film(16, [CLAP, ALARM]).put(0, "vision", 4, 6, 0.9).put(0, "sound", 4, 6, 0.8)
    for name in ("vision", "sound"):
        spans, score = sounding({0: [(4, 6)]}, 2, 16)
        made.tokens[name] = (spans, score, ())
    return made


TOGETHER = np.zeros(64, np.float32)
TOGETHER[8:12] = 2.5


def test_what_shows_only_together_makes_an_event_that_says_so():
    assert not events(film().windows())
    *_, last = events(learnt(film().windows(), TOGETHER, {0, 1, 2, 3}))
    assert (last.phase, last.start, last.end) == ("ended", 4.0, 6.0)
    assert last.contributions == pytest.approx({"prior": PRIOR, "vision": 0.9, "sound": 0.8, "together": 2.5})
    assert (last.level, last.calibration, last.threshold) == (3, "fitted", 0.5)
    assert last.models == {"vision": "eyes", "sound": "ears", "fusion": "level3@abc"}
    assert {one.modality for one in last.evidence} == {"vision", "sound"}


def test_together_rests_on_the_senses_it_relates_even_where_they_say_nothing_themselves():
    quiet = film()
    quiet.evidence[0] = 0
    *_, last = events(learnt(quiet.windows(), TOGETHER * 2, {0, 1, 2, 3}))
    assert {one.modality for one in last.evidence} == {"vision", "sound"}


def test_what_speaks_against_is_told_too():
    against = TOGETHER * -1
    loud = film().put(0, "sound", 4, 6, 6.0)
    *_, last = events(learnt(loud.windows(), against, {0, 1, 2, 3}))
    assert last.contributions["together"] == pytest.approx(-2.5)


def test_where_it_did_not_speak_thresholds_and_levels_are_those_of_labels():
    loud = film().put(1, "sound", 9, 11, 4.0)
    for spoke, level, calibration in ((set(), 0, "prior"), ({0, 1, 2, 3}, 0, "prior")):
        *_, alarm = events(learnt(loud.windows(), TOGETHER, spoke), "alarm")
        assert (alarm.level, alarm.calibration, alarm.threshold, "fusion" in alarm.models) == (level, calibration, 0.6, False)
    weak = Film(16, [CLAP, ALARM]).put(0, "sound", 4, 6, PRIOR * -1 + 0.2)  # p = .55
    assert not events(learnt(weak.windows(), TOGETHER * 0, set()))
    assert events(learnt(weak.windows(), TOGETHER * 0, {0, 1, 2, 3}))


@pytest.mark.parametrize("seed", range(4))
def test_contributions_sum_to_the_logit_of_every_event(seed):
    random = np.random.default_rng(seed)
    made = Film(40, [CLAP, ALARM])
    for number in range(2):
        for m in range(len(MODALITIES)):
            made.evidence[number, :, m] = np.repeat(random.normal(0, 2, len(made.evidence[number]) // 4 + 1), 4)[: made.bins]
    windows = learnt(made.windows(), np.repeat(random.normal(0, 2, 40), 4).astype(np.float32), {0, 1, 2, 5, 6, 9})
    told, total, weight, found = interpret(), np.zeros((2, 128)), np.zeros(128), 0
    for fused in windows:
        logits = fused.prior[:, None] + fused.evidence.astype(float).sum(2)
        logits += fused.trained.together if isinstance(fused.trained, Trained) else 0
        here = slice(round(fused.window.start / BIN_S), round(fused.window.start / BIN_S) + len(fused.bins))
        total[:, here] += logits * triangle(len(fused.bins))
        weight[here] += triangle(len(fused.bins))
        mean = total / np.maximum(weight, 1e-9)
        for event in (from_json(to_json(one)) for one in told([fused])):
            if isinstance(event, Event) and event.phase != "retracted":
                number = ("clap", "alarm").index(event.label)
                apart = np.abs(mean[number][weight > 0] - sum(event.contributions.values()))
                assert apart.min() <= 1e-5
                found += 1
    assert found > 4


def test_a_window_says_whether_it_was_in_reach_and_nothing_where_no_trained_fusion_runs():
    closed = [one for one in run(interpret(), learnt(film().windows(), TOGETHER, {1})) if isinstance(one, WindowClosed)]
    assert [one.level for one in closed] == [0, 3, 0, 0]
    plain = [one for one in run(stage(CLAP, ALARM), film().windows()) if isinstance(one, WindowClosed)]
    assert all(b"level" not in to_json(one) for one in plain)
    assert b'"level":3' in to_json(closed[1])
    assert from_json(to_json(closed[1])) == closed[1] and from_json(to_json(plain[0])) == plain[0]


def test_an_announcement_is_evidence_for_what_comes_after_it():
    made = film()
    made.tokens["text"] = (np.array([[1.0, 2.5]]), np.zeros((2, 1), np.float32), ("here it comes",))
    made.put(0, "text", 4, 6, 1.0)
    *_, last = events(learnt(made.windows(), TOGETHER, {0, 1, 2, 3}))
    assert [one.quote for one in last.evidence if one.modality == "text"] == ["here it comes"]


def test_descriptions_tell_what_shows_only_together():
    quiet = film()
    quiet.evidence[0] = 0
    told = run(interpret(), [shot(0, 16), *learnt(quiet.windows(), TOGETHER * 2, {0, 1, 2, 3})])
    assert any("clap" in one.text for one in told if type(one).__name__ == "SceneDescription")


# --- mood ----------------------------------------------------------------------------------------------------------

MOOD = Felt(
    valence=-0.3,
    sd=0.2,
    unimodal={"text": Estimate(value=0.6, sd=0.3), "sound": Estimate(value=-0.7, sd=0.4)},
    contributions={"text": 0.2, "sound": -0.5},
    conflict=0.9,
)


def moods(mood: Felt | None) -> list[Sentiment]:
    said = film()
    said.utterances.append(spoken("well done", 5, 7))
    windows = learnt(said.windows(), TOGETHER, {0}, mood)
    return [one for one in run(interpret(), windows) if isinstance(one, Sentiment)]


def test_the_mood_is_that_of_the_fusion_where_it_felt_one():
    first, second, *_ = moods(MOOD)
    assert (first.valence, first.sd, first.method, first.level, first.calibration) == (-0.3, 0.2, "shapley", 3, "fitted")
    assert sum(first.contributions.values()) == pytest.approx(-0.3)
    assert first.scores["negative"] > 0.7 and math.isclose(sum(first.scores.values()), 1)
    assert first.models["fusion"] == "level3@abc"
    [conflict] = first.conflicts
    assert (conflict.pair, conflict.wording) == (("text", "sound"), "words positive, sound negative")
    assert (conflict.start, conflict.end) == (5.0, 7.0)
    assert (second.method, second.level) == ("additive", 0)
    assert second.start == HOP_S


def test_a_conflict_needs_two_sides_and_to_be_likely():
    assert moods(msgspec.structs.replace(MOOD, unimodal=MOOD.unimodal | {"sound": Estimate(value=-0.4, sd=0.9)}))[0].conflicts
    assert not moods(msgspec.structs.replace(MOOD, conflict=0.1))[0].conflicts  # 2.6 deviations apart, but the fusion finds none
    assert not moods(msgspec.structs.replace(MOOD, unimodal=MOOD.unimodal | {"sound": Estimate(value=0.7, sd=0.1)}))[0].conflicts


def test_without_a_mood_of_the_fusion_experts_speak():
    assert [(one.method, one.level) for one in moods(None)][:2] == [("additive", 0)] * 2
