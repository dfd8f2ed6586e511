"""Descriptions: a sentence for each fact of a window, and nothing else."""

import re
from typing import NamedTuple

from schemas.messages import Evidence, Modality, SceneDescription, Window, identity
from streamer.interpret.evidence import models_of
from streamer.interpret.facts import BRIGHT, DARK, LINES, STILL, Facts, Quote, Thing
from streamer.interpret.grammar import Grammar, quote

EDGE_S = 0.5  # what begins or ends this near to a border of the window does so with it
CUTS = 3  # more are counted, not listed
BRIEF_S = 2.0  # shorter things happen at a time, longer ones from one time to another


class Clause(NamedTuple):
    """One sentence and what it rests on."""

    text: str
    confidence: float
    evidence: tuple[Evidence, ...]


def describe(window: Window, facts: Facts, grammar: Grammar, models: dict[str, str], profile: str) -> SceneDescription:
    """The description of a window; as sure as its least sure fact."""
    clauses = [*_picture(facts, grammar), *_things(facts, grammar), *_speech(facts, grammar), *_lines(facts, grammar)]
    clauses = clauses or [_little(facts, grammar)]
    evidence = tuple(one for clause in clauses for one in clause.evidence)
    return SceneDescription(
        stream=window.stream,
        epoch=window.epoch,
        id=identity(window.id, "scene", 0),
        window=window.id,
        models=models_of(models, {one.modality for one in evidence}),
        calibration="prior",
        profile=profile,
        start=facts.start,
        end=facts.end,
        text=grammar.space.join(grammar.sentence(clause.text) for clause in clauses),
        language=grammar.name,
        source="realiser",
        confidence=min(clause.confidence for clause in clauses),
        evidence=evidence,
    )


def _measured(facts: Facts, modality: Modality) -> Evidence:
    return Evidence(modality=modality, start=facts.start, end=facts.end, weight=1.0)


def _picture(facts: Facts, grammar: Grammar) -> list[Clause]:
    told = (_changes(facts, grammar), _light(facts, grammar), _movement(facts, grammar))
    return [Clause(text, 1.0, evidence) for text, evidence in told if text]


def _changes(facts: Facts, grammar: Grammar) -> tuple[str, tuple[Evidence, ...]]:
    times = facts.changes
    if not times:
        return "", ()
    few = grammar.change.format(times=grammar.several([grammar.clock(time) for time in times[:CUTS]]))
    at = tuple(Evidence(modality="vision", start=time, end=time, weight=1.0) for time in times)
    return few if len(times) <= CUTS else grammar.changes.format(count=len(times)), at


def _light(facts: Facts, grammar: Grammar) -> tuple[str, tuple[Evidence, ...]]:
    """Where there is more to tell; else it is told with the little there is."""
    look = _look(facts)
    if not look or not (facts.changes or facts.movements or facts.things or facts.speech or facts.lines):
        return "", ()
    return grammar.dark if look == "dark" else grammar.bright, (_measured(facts, "vision"),)


def _movement(facts: Facts, grammar: Grammar) -> tuple[str, tuple[Evidence, ...]]:
    if not facts.movements:
        return "", ()
    seen = tuple(Evidence(modality="vision", start=start, end=end, weight=1.0) for start, end in facts.movements)
    if len(seen) > 1:
        return grammar.moves_often, seen
    return grammar.moves.format(when=_when(*facts.movements[0], facts, grammar)), seen


def _look(facts: Facts) -> str | None:
    if facts.brightness is None:
        return None
    return "dark" if facts.brightness < DARK else "bright" if facts.brightness > BRIGHT else None


def _things(facts: Facts, grammar: Grammar) -> list[Clause]:
    """One sentence for all that happens in the same way at the same time."""
    groups: dict[tuple[str, str], list[Thing]] = {}
    for thing in facts.things:
        groups.setdefault((thing.way, _when(thing.start, thing.end, facts, grammar)), []).append(thing)
    clauses = []
    for (way, when), things in groups.items():
        phrases = list(dict.fromkeys(thing.label.phrase[grammar.name] for thing in things))
        text = grammar.verbs[way].format(when=when, things=grammar.several(phrases))
        clauses.append(Clause(text, min(thing.confidence for thing in things), tuple(one for thing in things for one in thing.evidence)))
    return clauses


def _when(start: float, end: float, facts: Facts, grammar: Grammar) -> str:
    begins, ends = start > facts.start + EDGE_S, end < facts.end - EDGE_S
    template = {
        (True, True): grammar.at if end - start <= BRIEF_S else grammar.during,
        (True, False): grammar.since,
        (False, True): grammar.until,
        (False, False): "",
    }[begins, ends]
    return template.format(start=grammar.clock(start), end=grammar.clock(end))


def _speech(facts: Facts, grammar: Grammar) -> list[Clause]:
    """What is said; only where no words are known, that somebody speaks."""
    said = [one for one in facts.speech if one.text is not None] or list(facts.speech)
    if not said:
        return []
    text = grammar.says.format(quotes=grammar.then.join(quote(one.text) for one in said if one.text)) if said[0].text else grammar.speaks
    return [_quoting(text, said)]


def _lines(facts: Facts, grammar: Grammar) -> list[Clause]:
    """The surest lines, in the order in which they appear; of one whose figures count, the first and the last."""
    alike: dict[str, list[Quote]] = {}
    for line in facts.lines:
        alike.setdefault(re.sub(r"\d", "0", line.text or ""), []).append(line)
    if not alike:
        return []
    shown = [sorted(lines, key=lambda line: line.evidence.start) for lines in list(alike.values())[:LINES]]
    shown = sorted(([lines[0], lines[-1]] if len(lines) > 1 else lines for lines in shown), key=lambda lines: lines[0].evidence.start)
    quotes = [grammar.counts.join(quote(line.text or "") for line in lines) for lines in shown]
    template = grammar.reads if len(alike) <= LINES else grammar.reads_more
    return [_quoting(template.format(lines=grammar.several(quotes)), [line for lines in shown for line in lines])]


def _quoting(text: str, quotes: list[Quote]) -> Clause:
    return Clause(text, min(one.confidence for one in quotes), tuple(one.evidence for one in quotes))


def _little(facts: Facts, grammar: Grammar) -> Clause:
    """Where there is no fact to tell: how picture and sound are."""
    still = facts.motion is not None and facts.motion < STILL
    looks = {look for look in (_look(facts), "still" if still else None) if look}
    evidence = [_measured(facts, "vision")] if looks else []
    evidence += [_measured(facts, "sound")] if facts.sound == "silent" else []
    if not facts.picture:
        return Clause(grammar.alone[facts.sound], 1.0, tuple(evidence))
    if not looks:
        return Clause(grammar.nothing[facts.sound], 1.0, tuple(evidence))
    joined = grammar.between.join(word for look, word in grammar.looks.items() if look in looks)
    return Clause(grammar.plain.format(looks=joined, sound=grammar.hush[facts.sound]), 1.0, tuple(evidence))
