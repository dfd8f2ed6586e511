"""What was told of a made film beside what is true of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.messages import Event, Result, Sentiment
from streamer.training.proposals import overlap

SAME = 0.3  # overlap, intersection over union, from which an event is the true one: the shortest are as long as two bins


class Checked(NamedTuple):
    """Every list is in order of time."""

    right: list[Event]
    wrong: list[Event]
    missed: list[dict[str, Any]]  # of the truth: label, start, end
    conflicts: list[tuple[float, bool]]  # start of each scene with a conflict, and whether it was told
    quarrels: list[float]  # starts of scenes of which a conflict was told that is none


def check(results: Sequence[Result], truth: dict[str, Any]) -> Checked:
    """Events that are over, each with at most one true one; conflicts in the windows that lie on the scenes.

    Args:
        results: of the whole film.
        truth: as `streamer.synth.film.truth` gives it; events of labels that it does not know are left out.
    """
    missed = [dict(event) for event in truth["events"]]
    right: list[Event] = []
    wrong: list[Event] = []
    told = [one for one in results if isinstance(one, Event) and one.phase == "ended" and one.label in truth["labels"]]
    for event in sorted(told, key=lambda event: event.start):
        same = [true for true in missed if true["label"] == event.label and _overlap(true, event) >= SAME]
        if same:
            missed.remove(max(same, key=lambda true: _overlap(true, event)))
        (right if same else wrong).append(event)
    quarrels = [one.start for one in results if isinstance(one, Sentiment) and one.conflicts]
    true = [mood["start"] for mood in truth["mood"] if mood["conflict"]]
    false = [mood["start"] for mood in truth["mood"] if not mood["conflict"] and mood["start"] in quarrels]
    return Checked(right, wrong, missed, [(start, start in quarrels) for start in true], false)


def _overlap(true: dict[str, Any], event: Event) -> float:
    return overlap((true["start"], true["end"]), (event.start, event.end))
