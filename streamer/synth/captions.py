"""A scene in words, several ways."""

from collections.abc import Sequence

from numpy.random import Generator

from streamer.synth.truth import Happened

WAYS = 6  # paraphrases of a scene
PHRASES: dict[str, tuple[str, ...]] = {
    "person enters": ("a person enters", "somebody walks in", "a figure comes into view"),
    "person leaves": ("a person leaves", "somebody walks away", "a figure goes out of view"),
    "object falls": ("an object falls", "something tips over and drops", "a thing falls to the floor"),
    "lights out": ("the lights go out", "it gets dark", "the scene turns dark"),
    "text appears": ("a text appears", "writing comes up on the screen", "a title is shown"),
    "alarm": ("an alarm sounds", "an alarm goes off", "a siren is heard"),
    "glass breaking": ("glass breaks", "glass is heard breaking", "something made of glass shatters"),
    "knocking": ("somebody knocks", "there is a knock", "knocking is heard"),
    "phone": ("a phone rings", "a telephone is ringing", "a phone is heard"),
    "dog": ("a dog barks", "barking is heard", "a dog is heard"),
    "music": ("music plays", "a tune is heard", "there is music"),
    "clapping": ("a person claps", "somebody claps their hands", "hands are clapping"),
    "ball bouncing": ("a ball bounces", "a ball is bouncing", "a ball hits the ground again and again"),
    "door slam": ("a door slams", "a door falls shut", "a door bangs"),
    "hammering": ("somebody hammers", "a nail is driven in", "a hammer strikes"),
    "vehicle": ("a vehicle passes", "a vehicle drives by", "traffic goes by"),
    "fire": ("a fire burns", "flames crackle", "something is on fire"),
    "greeting": ("somebody says hello", "a greeting is spoken", "people are greeted"),
    "warning": ("somebody calls out a warning", "a warning is spoken", "people are told to be careful"),
    "announced arrival": ("what was announced arrives", "the one who was mentioned arrives", "an arrival follows its announcement"),
}

QUIET = (
    "nothing happens",
    "there is nothing to report",
    "all stays as it is",
    "no event takes place",
    "time goes by",
    "nobody does anything",
)


def caption(events: Sequence[Happened], rng: Generator) -> tuple[str, ...]:
    """WAYS paraphrases of what happens, in order of time."""
    ordered = sorted(events, key=lambda event: (event.start, event.label))
    return tuple(_paraphrase([_phrase(event.label, way, rng) for event in ordered], way) for way in range(WAYS))


def _phrase(label: str, way: int, rng: Generator) -> str:
    return PHRASES[label][(way + int(rng.integers(2))) % len(PHRASES[label])]


def _paraphrase(phrases: list[str], way: int) -> str:
    first, *rest = phrases or [QUIET[way]]
    told = first[0].upper() + first[1:]
    match way:
        case 0:
            return ". ".join([told, *(f"Then {phrase}" for phrase in rest)]) + "."
        case 1:
            return ", and ".join([told, *rest]) + "."
        case 2:
            return "In this scene " + ", then ".join([first, *rest]) + "."
        case 3:
            return ", after which ".join([told, *rest]) + "."
        case 4:
            return " ".join(phrase[0].upper() + phrase[1:] + "." for phrase in [first, *rest])
        case _:
            return "First " + ", later ".join([first, *rest]) + "." if rest else f"Here {first}."
