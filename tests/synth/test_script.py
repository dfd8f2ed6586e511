"""What happens in clips: everything follows from the seed, and the truth holds."""

import msgspec
import pytest

from streamer.errors import ConfigError
from streamer.synth import film, script
from streamer.synth.arrivals import WITHIN_S
from streamer.synth.names import GROUPS, LABELS
from streamer.synth.splits import HELD, SPLITS
from streamer.synth.truth import RELATIONAL

SEEDS = range(800)


@pytest.fixture(scope="module")
def clips() -> list[script.Clip]:
    return [script.write(seed) for seed in SEEDS]


def labels(clip: script.Clip) -> set[str]:
    return {event.label for event in clip.events}


def test_there_are_twenty_labels_in_six_groups():
    assert len(LABELS) == len(set(LABELS)) == 20
    assert list(GROUPS) == ["vision", "sound", "sync", "both", "speech", "async"]


@pytest.mark.parametrize("split", SPLITS)
def test_the_same_seed_gives_the_same_clip_and_each_split_its_own(split):
    first, again, other = script.write(3, split), script.write(3, split), script.write(4, split)
    assert msgspec.json.encode(first) == msgspec.json.encode(again) != msgspec.json.encode(other)
    assert split == "train" or script.write(3).scenes != first.scenes


def test_events_last_a_second_and_lie_within_the_clip(clips):
    for clip in clips:
        assert all(event.start >= 0 and event.end <= clip.length and event.end - event.start >= 0.999 for event in clip.events)
        assert all(0 <= decoy.start < decoy.end <= clip.length for decoy in clip.decoys)


def test_every_label_and_every_kind_of_decoy_happens(clips):
    assert set().union(*map(labels, clips)) == set(LABELS)
    assert len({decoy.kind for clip in clips for decoy in clip.decoys}) == 11


def test_a_third_of_the_scenes_have_a_decoy(clips):
    assert 0.27 < sum(bool(clip.decoys) for clip in clips) / len(clips) < 0.4


@pytest.mark.parametrize(("kind", "group"), [("phase", "sync"), ("wrong kind", "async")])
def test_relational_decoys_are_nearly_a_third_of_what_they_look_like(kind, group, clips):
    false = sum(decoy.kind == kind for clip in clips for decoy in clip.decoys)
    true = sum(event.label in GROUPS[group] for clip in clips for event in clip.events)
    assert kind in RELATIONAL
    assert 0.2 < false / (false + true) < 0.42


def test_held_pairs_meet_in_combo_and_nowhere_else(clips):
    assert not any(labels(clip) >= set(pair) for clip in clips for pair in HELD)
    for seed in range(100):
        clip = script.write(seed, "combo")
        told = labels(clip) | {decoy.label for decoy in clip.decoys}
        assert any(told >= set(pair) for pair in HELD)


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_draws_only_from_its_families(split):
    allowed = SPLITS[split]
    for seed in range(40):
        (scene,) = script.write(seed, split).scenes
        used = {heard.family for heard in scene.heard}
        assert any(
            scene.look.style in families.styles and scene.look.background in families.backgrounds and used <= set(families.sounds)
            and all(spoken.utterance.structure in families.structures for spoken in scene.spoken)
            for families in allowed
        )  # fmt: skip


def test_no_family_of_a_shifted_test_is_in_training_or_validation():
    (style,), (sound,), (text,), (engine,) = (SPLITS[split] for split in ("style", "sound", "text", "engine"))
    for families in (*SPLITS["train"], *SPLITS["val"]):
        assert set(families.styles).isdisjoint(style.styles)
        assert set(families.backgrounds).isdisjoint(style.backgrounds)
        assert set(families.sounds).isdisjoint(sound.sounds)
        assert set(families.structures).isdisjoint(text.structures)
        assert families.voices != engine.voices


def test_an_announced_arrival_follows_a_mention_within_its_time(clips):
    for clip in clips:
        for event in (event for event in clip.events if event.label == "announced arrival"):
            assert any(-0.01 <= event.start - said.end <= WITHIN_S for said in clip.utterances)


def test_what_is_said_does_not_overlap(clips):
    for clip in clips:
        assert all(first.end < second.start for first, second in zip(clip.utterances, clip.utterances[1:], strict=False))
        assert all(said.words[0].start >= 0 and said.end <= clip.length for said in clip.utterances)


def test_a_true_blow_is_heard_where_it_is_seen_and_a_shifted_one_is_not(clips):
    for clip in clips:
        shown = [act.hits for act in clip.scenes[0].acts if hasattr(act, "hits")]
        for event in (event for event in clip.events if event.label in GROUPS["sync"] and event.label != "door slam"):
            blows = [heard.blows for heard in clip.scenes[0].heard if heard.label == event.label]
            assert any(
                max(abs(a - b) for a, b in zip(seen, heard, strict=True)) <= 0.1
                for seen in shown
                for heard in blows
                if len(seen) == len(heard)
            )
        for decoy in (decoy for decoy in clip.decoys if decoy.kind == "phase" and decoy.label != "door slam"):
            (heard,) = (heard.blows for heard in clip.scenes[0].heard if heard.label == decoy.label)
            seen = next(hits for hits in shown if abs(hits[0] - 0.15 - decoy.start) < 0.01)
            assert min(abs(a - b) for a in seen for b in heard) > 0.1


def test_moods_are_in_range_and_a_fifth_conflict(clips):
    moods = [clip.mood[0] for clip in clips if clip.mood[0].overall is not None]
    assert all(-1 <= mood.overall <= 1 for mood in moods)
    felt = [mood for mood in moods if max(abs(value or 0) for value in (mood.text, mood.sound, mood.vision)) > 0.25]
    assert 0.12 < sum(mood.conflict for mood in felt) / len(felt) < 0.3


def test_a_conflict_is_two_senses_of_clearly_different_sign(clips):
    for mood in (clip.mood[0] for clip in clips):
        values = [value for value in (mood.text, mood.sound, mood.vision) if value is not None and abs(value) > 0.25]
        assert mood.conflict == (bool(values) and min(values) < 0 < max(values))


def test_scenes_follow_each_other_in_clip_time():
    clip = script.write(5, scenes=3)
    assert clip.length == 24
    assert len(clip.scenes) == len(clip.mood) == 3
    assert [mood.start for mood in clip.mood] == [0, 8, 16]
    assert len(clip.captions) >= 15
    assert {int(event.start // 8) for event in clip.events} == {0, 1, 2}


def test_the_truth_is_plain_json():
    told = msgspec.json.decode(msgspec.json.encode(film.truth(script.write(7))))
    assert set(told) == {"seed", "split", "length", "fps", "labels", "events", "decoys", "utterances", "writing", "mood", "captions"}
    assert len(told["captions"]) >= 5


@pytest.mark.parametrize(
    ("seed", "split", "scenes", "said"), [(-1, "train", 1, "--seed -1"), (0, "trian", 1, "mean train"), (0, "val", 0, "--scenes 0")]
)
def test_what_cannot_be_is_refused_in_one_line(seed, split, scenes, said):
    with pytest.raises(ConfigError, match=said):
        script.write(seed, split, scenes)
