"""How each label happens, which decoys it has, and what else goes on."""

from collections.abc import Callable

from streamer.synth import arrivals, lines, together
from streamer.synth.brush import WIDE, Colour
from streamer.synth.colours import clothes, muted, vivid
from streamer.synth.crossing import Kind as Figure
from streamer.synth.crossing import Standing
from streamer.synth.draft import Draft, length
from streamer.synth.happenings import TIP_S, Falling, Fire, Floater, Occluder, Thing, Title
from streamer.synth.names import GROUPS
from streamer.synth.scene import LENGTH_S, Dark
from streamer.synth.speech.sentences import Kind
from streamer.synth.truth import Written

APPEARS_S = 1.5  # of a text: how long it is new
ALONE = 0.2  # share of vehicles and fires that are only seen, and that are only heard
THINGS: tuple[Thing, ...] = ("box", "vase", "bottle", "pot", "lamp", "books")
SPOKEN: dict[str, tuple[Kind, Kind]] = {"greeting": ("greeting", "greeting quoted"), "warning": ("warning", "warning quoted")}
LETTERS: tuple[tuple[Colour, Colour | None], ...] = (
    ((255, 255, 255), None),
    ((255, 232, 80), None),
    ((255, 255, 255), (24, 24, 28)),
    ((255, 255, 255), (178, 24, 30)),
    ((255, 255, 255), (20, 70, 150)),
    ((20, 20, 24), (244, 244, 240)),
    ((20, 20, 24), (250, 214, 60)),
)


def happen(draft: Draft, label: str) -> None:
    """The event with all that shows it."""
    if label in GROUPS["sync"]:
        together.happen(draft, label)
    elif label in GROUPS["sound"]:
        _sound(draft, label)
    elif label in GROUPS["speech"]:
        _speech(draft, label)
    else:
        _EVENTS[label](draft)


def deceive(draft: Draft) -> None:
    """A plain decoy, of any label that has such ones."""
    share = draft.uniform(0, 1)
    if share < 0.5:
        ways = (together.apart, together.crossed, together.seen_only, together.heard_only)
        label = GROUPS["sync"][draft.below(4)]
        if label not in draft.labels:  # else the event itself lies where its decoy does
            draft.close = True
            ways[draft.below(4)](draft, label)
    elif share < 0.85:
        if arrivals.LABEL not in draft.labels:
            kinds = (arrivals.mentioned, arrivals.reversed_, arrivals.denied, arrivals.unannounced)
            kinds[draft.below(4)](draft)
    else:
        _quoted(draft)


def surround(draft: Draft) -> None:
    """What is there and means nothing."""
    rng = draft.rng
    if draft.chance(0.25):
        size = draft.uniform(0.5, 0.75)
        draft.acts.append(Standing("person", draft.place(0.4 * size), draft.uniform(0.84, 0.96), size, clothes(rng), 0))
    if draft.chance(0.1):
        kind: Figure = ("car", "van", "dog")[draft.below(3)]
        size = draft.uniform(0.4, 0.6)
        place = draft.place(size)
        draft.acts.append(Standing(kind, place, draft.uniform(0.82, 0.96), size, (vivid(rng), vivid(rng)), draft.either()))
    if draft.chance(0.2):
        speed = draft.either() * draft.uniform(0.1, 0.35)
        begin, corners = draft.uniform(0, WIDE), (0, 3, 4, 5)[draft.below(4)]
        draft.acts.append(Floater(draft.uniform(0.08, 0.5), speed, begin, draft.uniform(0.02, 0.05), corners, vivid(rng)))
    if draft.chance(0.12):
        top = draft.uniform(0.05, 0.2) if draft.chance(0.5) else draft.uniform(0.85, 0.95)
        draft.acts.append(Occluder(draft.uniform(0.1, WIDE - 0.1), draft.uniform(0.03, 0.07), top, muted(rng, 0.1, 0.6)))
    if draft.chance(0.15) and "text appears" not in draft.labels:
        _write(draft, 0.0, LENGTH_S)


def _person_enters(draft: Draft) -> None:
    length_s = draft.uniform(1.4, 2.4)
    arrivals.arrive(draft, "person", draft.start(length_s), length_s)


def _falls(draft: Draft) -> None:
    size, fall_s = draft.uniform(0.2, 0.3), draft.uniform(0.45, 0.65)
    start = draft.start(TIP_S + fall_s + 0.6, 0.8)
    thing, colours = THINGS[draft.below(len(THINGS))], (vivid(draft.rng), vivid(draft.rng))
    place, shelf, floor = draft.place(2 * size), draft.uniform(0.36, 0.48), draft.uniform(0.86, 0.94)
    way = 1 if place < WIDE / 2 else -1  # to where there is room
    draft.acts.append(Falling(thing, place, shelf, floor, size, way, colours, start, fall_s))
    draft.happened("object falls", start, start + TIP_S + fall_s + 0.4)


def _lights_out(draft: Draft) -> None:
    length_s = draft.uniform(1.2, 3.5)
    start = draft.start(length_s, 0.5)
    draft.dark.append(Dark(start, start + length_s, draft.uniform(0.1, 0.3)))
    draft.happened("lights out", start, start + length_s)


def _text_appears(draft: Draft) -> None:
    start = draft.uniform(0.8, LENGTH_S - 2)
    _write(draft, start, min(LENGTH_S, start + draft.uniform(2, 4.5)))
    draft.happened("text appears", start, start + APPEARS_S)


def _write(draft: Draft, start: float, end: float) -> None:
    structure = draft.families.structures[draft.below(len(draft.families.structures))]
    text, (colour, ground) = lines.line(structure, draft.rng), LETTERS[draft.below(len(LETTERS))]
    x, y = draft.uniform(0.3, 0.7), draft.uniform(0.1, 0.25) if draft.chance(0.5) else draft.uniform(0.75, 0.9)
    fade_s = 0.0 if draft.chance(0.5) or start == 0 else 0.3
    weight = 800 if draft.chance(0.6) else 500
    draft.acts.append(Title(text, x, y, draft.uniform(0.09, 0.15), weight, colour, ground, start, end, fade_s))
    draft.writing.append(Written(text, start, end))


def _sound(draft: Draft, label: str) -> None:
    length_s = draft.uniform(1.0, 1.5) if label == "glass breaking" else draft.uniform(1.0, 3.5)
    start = draft.start(length_s)
    draft.sound(label, start, length_s)
    draft.happened(label, start, start + length_s)


def _vehicle(draft: Draft) -> None:
    length_s, share = draft.uniform(2.2, 3.6), draft.uniform(0, 1)
    arrivals.drive(draft, draft.start(length_s), length_s, heard=share > ALONE, seen=share < 1 - ALONE)


def _fire(draft: Draft) -> None:
    length_s, share = draft.uniform(1.5, 4), draft.uniform(0, 1)
    start = draft.start(length_s)
    if share < 1 - ALONE:
        size = draft.uniform(0.35, 0.6)
        tall, seed = draft.uniform(0.75, 1.25), draft.seed()
        draft.acts.append(Fire(draft.place(size), draft.uniform(0.82, 0.97), size, seed, tall, start, start + length_s))
    if share > ALONE:
        draft.sound("fire", start + (draft.lag() if share < 1 - ALONE else 0.0), length_s)
    draft.happened("fire", start, start + length_s)


def _speech(draft: Draft, label: str) -> None:
    sentence = draft.sentence(SPOKEN[label][0])
    start = draft.pause(length(sentence))
    if start is not None:
        draft.happened(label, *draft.say(sentence, start))


def _quoted(draft: Draft) -> None:
    label = GROUPS["speech"][draft.below(2)]
    sentence = draft.sentence(SPOKEN[label][1])
    start = draft.pause(length(sentence))
    if start is not None and label not in draft.labels:
        draft.deceived("quoted", label, *draft.say(sentence, start))


_EVENTS: dict[str, Callable[[Draft], None]] = {
    "person enters": _person_enters,
    "person leaves": arrivals.leave,
    "object falls": _falls,
    "lights out": _lights_out,
    "text appears": _text_appears,
    "vehicle": _vehicle,
    "fire": _fire,
    arrivals.LABEL: arrivals.announced,
}
