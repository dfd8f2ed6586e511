"""What was announced in windows of the made world, and what came after it, where its truth tells."""

import dataclasses
from typing import Any

from streamer.synth.arrivals import BRINGS
from streamer.synth.names import GROUPS
from streamer.synth.speech.sentences import sentences
from streamer.training.cache import Examples

Truth = dict[str, Any]


def topics(examples: Examples) -> Examples:
    """Adds `about` to what was said, and `came` to what was announced, rightly or wrongly, and came."""
    about = {sentence.text: sentence.about for sentence in sentences() if sentence.kind == "mention"}
    return dataclasses.replace(examples, truth=tuple(_told(line, about) for line in examples.truth))


def _told(line: Truth, about: dict[str, str | None]) -> Truth:
    said = [one | {"about": about.get(one["text"])} for one in line.get("said", ())]
    announced = {one["about"] for one in said if one["about"]}
    what = announced.pop() if len(announced) == 1 else None
    events = [one | ({"came": what} if one["label"] in GROUPS["async"] else {}) for one in line["events"]]
    brought = {label: thing for thing, label in BRINGS.items()}
    came = {one["start"]: brought[one["label"]] for one in events if one["label"] in brought}  # what comes begins with its event
    decoys = [one | ({"came": came.get(one["start"])} if one["kind"] == "wrong kind" else {}) for one in line["decoys"]]
    return line | {"said": said, "events": events, "decoys": decoys}
