"""What comes and goes, announced or not."""

from streamer.synth.brush import WIDE
from streamer.synth.colours import clothes, vivid
from streamer.synth.crossing import Crossing, Kind
from streamer.synth.draft import Draft, Span, length
from streamer.synth.scene import LENGTH_S
from streamer.synth.speech.sentences import Kind as Sentence
from streamer.synth.splits import may_meet

ABOUT = ("person", "car", "dog", "balloon")  # what can be announced
BRINGS = {"person": "person enters", "car": "vehicle"}  # the event that its coming is
TOPICS = {"person enters": "person", "person leaves": "person", "vehicle": "car"}
WITHIN_S = 4.0  # from the announcement to the entry
LABEL = "announced arrival"


def arrive(draft: Draft, about: str, start: float, length_s: float) -> Span:
    """Something comes in from a side; a vehicle goes out at the other one."""
    side = draft.either()
    if about == "car":
        return drive(draft, start, min(LENGTH_S - start, max(length_s, draft.uniform(2.2, 3.2))), heard=draft.chance(0.6), seen=True)
    size, ground, colours = _figure(draft, about)
    outside = -size * 0.6 if side < 0 else WIDE + size * 0.6
    inside = draft.place(0.4 * size, 0.25, WIDE - 0.25)
    kind: Kind = "person" if about == "person" else "dog" if about == "dog" else "balloon"
    draft.acts.append(Crossing(kind, outside, inside, ground, size, colours, start, start + length_s, start, LENGTH_S))
    if about in BRINGS:
        draft.happened(BRINGS[about], start, start + length_s)
    return start, start + length_s


def leave(draft: Draft) -> None:
    """Somebody is there and goes away."""
    length_s = draft.uniform(1.4, 2.4)
    start = draft.start(length_s, 0.8)
    size, ground, colours = _figure(draft, "person")
    outside = WIDE + size * 0.6 if draft.either() > 0 else -size * 0.6
    inside = draft.place(0.4 * size, 0.25, WIDE - 0.25)
    draft.acts.append(Crossing("person", inside, outside, ground, size, colours, start, start + length_s, 0.0, start + length_s))
    draft.happened("person leaves", start, start + length_s)


def drive(draft: Draft, start: float, length_s: float, heard: bool, seen: bool) -> Span:
    """A vehicle passes, seen, heard or both."""
    if seen:
        size, ground = draft.uniform(0.6, 0.9), draft.uniform(0.84, 0.97)
        ends = (-0.55 * size, WIDE + 0.55 * size)
        left, right = ends if draft.either() > 0 else ends[::-1]
        kind: Kind = ("car", "car", "van", "truck")[draft.below(4)]
        colours = (vivid(draft.rng), vivid(draft.rng))
        draft.acts.append(Crossing(kind, left, right, ground, size, colours, start, start + length_s, start, start + length_s))
    if heard:
        draft.sound("vehicle", start + (draft.lag() if seen else 0.0), length_s)
    draft.happened("vehicle", start, start + length_s)
    return start, start + length_s


def _figure(draft: Draft, about: str) -> tuple[float, float, tuple[tuple[int, int, int], ...]]:
    """Size, ground and colours."""
    ground = draft.uniform(0.86, 0.98)
    if about == "person":
        return draft.uniform(0.55, 0.82), ground, clothes(draft.rng)
    size = draft.uniform(0.42, 0.6) if about == "dog" else draft.uniform(0.5, 0.75)
    ground = ground if about == "dog" else draft.uniform(0.7, 0.9)
    return size, ground, (vivid(draft.rng), vivid(draft.rng))


def topics(draft: Draft) -> list[str]:
    """What may come here: nothing that comes or goes anyway, or whose coming may not meet the scene's labels."""
    labels = {*draft.labels, *(event.label for event in draft.events)}
    return [about for about in _idle(draft) if about not in BRINGS or may_meet(draft.split, labels | {BRINGS[about]})]


def _idle(draft: Draft) -> list[str]:
    busy = {TOPICS[label] for label in draft.labels if label in TOPICS}
    return [about for about in ABOUT if about not in busy]


def announced(draft: Draft) -> None:
    """It is mentioned, and then it comes."""
    about = _choice(draft, topics(draft))
    if (span := _told(draft, "mention", about, about)) is not None:
        draft.happened(LABEL, *span)


def wrong_kind(draft: Draft) -> None:
    """It is mentioned, and then something else comes."""
    comes = _choice(draft, topics(draft))
    about = _choice(draft, [about for about in _idle(draft) if about != comes])
    if (span := _told(draft, "mention", about, comes)) is not None:
        draft.deceived("wrong kind", LABEL, *span)


def denied(draft: Draft) -> None:
    """It is said not to come, and then it comes."""
    about = _choice(draft, topics(draft))
    if (span := _told(draft, "denied", about, about)) is not None:
        draft.deceived("denied", LABEL, *span)


def mentioned(draft: Draft) -> None:
    """It is mentioned, and nothing comes."""
    sentence = draft.sentence("mention", _choice(draft, topics(draft)))
    start = draft.pause(length(sentence))
    if start is not None:
        draft.deceived("mention", LABEL, *draft.say(sentence, start))


def reversed_(draft: Draft) -> None:
    """It comes, and is mentioned only then."""
    about = _choice(draft, topics(draft))
    sentence = draft.sentence("mention", about)
    if draft.spoken:
        return
    start, end = arrive(draft, about, draft.uniform(0.2, 2.4), draft.uniform(1.4, 2.0))
    draft.say(sentence, min(end + 0.1, LENGTH_S - length(sentence) - 0.05))
    draft.deceived("order", LABEL, start, end)


def unannounced(draft: Draft) -> None:
    """It comes, and nobody has mentioned it."""
    length_s = draft.uniform(1.4, 2.4)
    draft.deceived("unannounced", LABEL, *arrive(draft, _choice(draft, topics(draft)), draft.start(length_s, 1.5), length_s))


def _told(draft: Draft, kind: Sentence, about: str, comes: str) -> Span | None:
    """A sentence, and the entry that begins within WITHIN_S of its end; None where others speak all the time."""
    sentence, length_s = draft.sentence(kind, about), draft.uniform(1.4, 2.2)
    spare = LENGTH_S - 0.2 - length(sentence) - length_s
    for _ in range(20):
        gap = draft.uniform(0.0, min(WITHIN_S - 0.6, max(0.05, spare)))
        start = draft.uniform(0.1, max(0.11, spare - gap))
        if draft.silent(start, length(sentence)):
            draft.say(sentence, start)
            return arrive(draft, comes, start + length(sentence) + gap, length_s)
    return None


def _choice(draft: Draft, options: list[str]) -> str:
    return options[draft.below(len(options))]
