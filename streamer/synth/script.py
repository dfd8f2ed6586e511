"""What happens in a clip, drawn from a seed."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np
from numpy.random import Generator

from streamer.errors import ConfigError
from streamer.synth import arrivals, captions, events, moods, sounds, splits, together
from streamer.synth.draft import Draft, length
from streamer.synth.names import GROUPS, LABELS
from streamer.synth.scene import LENGTH_S, Look, Mix, Scene, Spoken
from streamer.synth.splits import HELD, SPLITS, Families
from streamer.synth.truth import Decoy, Happened, Mood, Said, Word, Written

__all__ = ["Clip", "Decoy", "Happened", "Mood", "Said", "Word", "Written", "write"]

WEIGHTS = {"vision": 1.0, "sound": 0.8, "sync": 1.6, "both": 1.0, "speech": 0.8, "async": 2.4}  # rare groups more often
COUNTS = (0.05, 0.33, 0.43, 0.19)  # share of scenes with no label, one, two, three
RELATIONAL = 0.3  # share of sync and async labels that come as their relational decoy
PLAIN = 0.19  # share of the other scenes with a plain decoy: with the relational ones a third has one
CHAT = 0.35  # share of scenes with a sentence that means nothing
MOST = 450  # scenes of a clip: an hour, whose sound fits into memory
Timed = TypeVar("Timed", Happened, Decoy, Written, Mood)


class Clip(msgspec.Struct, frozen=True):
    """A clip's truth, and how it is drawn and mixed."""

    seed: int
    split: str
    length: float  # s
    events: tuple[Happened, ...]
    decoys: tuple[Decoy, ...]
    utterances: tuple[Said, ...]
    writing: tuple[Written, ...]
    mood: tuple[Mood, ...]  # one a scene
    captions: tuple[str, ...]  # captions.WAYS for each scene, in order
    scenes: tuple[Scene, ...]


def write(seed: int, split: str = "train", scenes: int = 1) -> Clip:
    """What happens in that many scenes of 8 s; the same seed and split give the same clip. Errors: ConfigError."""
    if seed < 0:
        raise ConfigError(f"--seed {seed}: expected 0 or more")
    if not 1 <= scenes <= MOST:
        raise ConfigError(f"--scenes {scenes}: expected 1 to {MOST}")
    rng = np.random.default_rng([seed, splits.number(split)])
    clip = Clip(seed, split, LENGTH_S * scenes, (), (), (), (), (), (), ())
    for index in range(scenes):
        clip = _with(clip, index * LENGTH_S, *_scene(rng, split))
    return clip


def _scene(rng: Generator, split: str) -> tuple[Draft, Scene]:
    families = SPLITS[split][rng.integers(len(SPLITS[split]))]
    draft = Draft(rng, families, split, _labels(rng, split))
    draft.close = bool(set(draft.labels) & set(GROUPS["sync"]))
    tricked = False
    for label in draft.labels:
        related = label in (*GROUPS["sync"], arrivals.LABEL)
        if related and draft.chance(RELATIONAL):
            tricked = True
            arrivals.wrong_kind(draft) if label == arrivals.LABEL else together.shifted(draft, label)
        else:
            events.happen(draft, label)
    if not tricked and draft.chance(PLAIN):
        events.deceive(draft)
    events.surround(draft)
    moods.feel(draft)
    _chat(draft)
    look, mix = _look(draft, families), _mix(draft)
    return draft, Scene(look, mix, tuple(draft.acts), tuple(draft.dark), tuple(draft.heard), tuple(draft.spoken))


def _labels(rng: Generator, split: str) -> tuple[str, ...]:
    """What is to happen; what is said comes last but announcements, which need the room, first."""
    weights = np.array([WEIGHTS[group] for group, labels in GROUPS.items() for _ in labels])
    weights /= weights.sum()
    while True:
        count = int(rng.choice(4, p=COUNTS))
        chosen = {LABELS[index] for index in rng.choice(len(LABELS), count, replace=False, p=weights)}
        if split == "combo":
            chosen = {*HELD[rng.integers(len(HELD))], *sorted(chosen)[:1]}
        if splits.may_meet(split, chosen) and chosen.isdisjoint({"person enters"} if arrivals.LABEL in chosen else ()):
            return tuple(sorted(chosen, key=lambda label: (label != arrivals.LABEL, LABELS.index(label))))


def _chat(draft: Draft) -> None:
    if draft.chance(CHAT) and len(draft.spoken) < 2:
        sentence = draft.sentence("chat")
        start = draft.pause(length(sentence))
        if start is not None:
            draft.say(sentence, start)


def _look(draft: Draft, families: Families) -> Look:
    uniform, chance = draft.uniform, draft.chance
    background = families.backgrounds[draft.below(len(families.backgrounds))]
    style = families.styles[draft.below(len(families.styles))]
    zoom = (1.0, 1.0) if chance(0.6) else (uniform(1, 1.15), uniform(1, 1.15))
    drift = (uniform(-0.12, 0.12), uniform(-0.05, 0.05)) if chance(0.3) else (0.0, 0.0)
    shake = uniform(0.001, 0.006) if chance(0.35) else 0.0
    blur = uniform(2, 4) if chance(0.25) else 0.0
    return Look(background, draft.seed(), style, uniform(0.75, 1.3), blur, uniform(0.5, 7), shake, drift, zoom)


def _mix(draft: Draft) -> Mix:
    uniform, chance = draft.uniform, draft.chance
    background = sounds.BACKGROUNDS[draft.below(len(sounds.BACKGROUNDS))]
    cutoff_hz = uniform(3000, 6500) if chance(0.25) else 0.0
    return Mix(draft.seed(), chance(0.5), background, uniform(3, 28), uniform(0.2, 0.9), cutoff_hz)


def _with(clip: Clip, at: float, draft: Draft, scene: Scene) -> Clip:
    """The clip with one more scene that begins at `at`."""
    said = [_said(spoken, at) for spoken in sorted(draft.spoken, key=lambda spoken: spoken.start)]
    return msgspec.structs.replace(
        clip,
        events=clip.events + _moved(sorted(draft.events, key=lambda event: (event.start, event.label)), at),
        decoys=clip.decoys + _moved(draft.decoys, at),
        utterances=clip.utterances + tuple(said),
        writing=clip.writing + _moved(draft.writing, at),
        mood=clip.mood + _moved([moods.mood(draft)], at),
        captions=clip.captions + captions.caption(draft.events, draft.rng),
        scenes=(*clip.scenes, scene),
    )


def _said(spoken: Spoken, at: float) -> Said:
    start = at + spoken.start
    utterance = spoken.utterance
    words = tuple(Word(word.text, _ms(start + word.start), _ms(start + word.end)) for word in utterance.words)
    return Said(utterance.text, _ms(start), words[-1].end, words, utterance.voice, utterance.prosody)


def _moved(items: Sequence[Timed], at: float) -> tuple[Timed, ...]:
    return tuple(msgspec.structs.replace(item, start=_ms(item.start + at), end=_ms(item.end + at)) for item in items)


def _ms(time: float) -> float:
    return round(time, 3)
