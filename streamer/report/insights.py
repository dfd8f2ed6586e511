"""Everything known of a film by concept, for programs: `insights.json`.

{
  "version": 1,
  "film": {"name", "stream", "duration", "profile", "media": {what was chosen, in words}},
  "models": [{"role", "name", "results": {type: how many rest on it}}],
  "observed": [{"modality", "status", "coverage", "start", "end"}],      how well each sense could look
  "lost": [{"cause", "modality", "start", "end"}],                       media that was damaged or dropped
  "trained": {"windows", "in_reach"},                                    where a trained fusion ran: windows, and those it spoke in
  "concepts": {concept: [thing]}
}

A thing has the fields of its concept and `instances`: [{"start", "end", "confidence", …}], in order of time.

concept       a thing                                                an instance has besides
transcript    id, text | null, reason, language, translation, words
languages     language
events        label                                                  id, phase, threshold, calibration, severity, contributions,
                                                                     evidence, modalities, models
sounds        label                                                  score
screen_text   text                                                   box
shots         transition, keyframe
chapters      title
descriptions  text, language, source, evidence
sentiment     mood (positive, neutral, negative, unknown)            valence | null, sd, reason, contributions, unimodal, conflicts

Times are seconds of the film as numbers, confidence is 0..1 or null where none was given.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from schemas.messages import Event, Evidence, ScreenText, Sentiment, Sound, Utterance
from streamer.report.captions import Cue
from streamer.report.results import Results, models, observed

VERSION = 1
PICTURE = re.compile(r"keyframes/[\w.-]+\.jpg", re.ASCII)  # nothing else becomes an address in the page
MOOD = 0.25  # valence below which a mood is neutral: the same as of a conflict

Thing = dict[str, Any]
Item = TypeVar("Item")


def insights(results: Results, name: str, chapters: Sequence[Cue]) -> Thing:
    """The document above; its values are what `schemas.codec.to_json` takes."""
    every = results.every
    return {
        "version": VERSION,
        "film": {
            "name": name,
            "stream": every[0].stream if every else None,
            "duration": results.end,
            "profile": every[0].profile if every else None,
            "media": next((status.media for status in results.statuses if status.media), {}),
        },
        "models": [{"role": said.role, "name": said.name, "results": said.counts} for said in models(results)],
        "observed": [stretch._asdict() for stretch in observed(results)],
        "lost": [{"cause": gap.cause, "modality": gap.modality, "start": gap.start, "end": gap.end} for gap in results.gaps],
        **_trained(results),
        "concepts": concepts(results, chapters),
    }


def _trained(results: Results) -> Thing:
    levels = [window.level for window in results.windows if isinstance(window.level, int)]
    return {"trained": {"windows": len(levels), "in_reach": sum(level > 0 for level in levels)}} if levels else {}


def concepts(results: Results, chapters: Sequence[Cue]) -> dict[str, list[Thing]]:
    """Concept → things → instances."""
    return {
        "transcript": [_said(utterance) for utterance in results.utterances],
        "languages": _grouped("language", (said for said in results.utterances if said.language), _language),
        "events": _grouped("label", results.events, _event),
        "sounds": _grouped("label", results.sounds, _sound),
        "screen_text": _grouped("text", results.texts, _text),
        "shots": [
            {"transition": shot.transition, "keyframe": picture(shot.keyframe), "instances": [_instance(shot.start, shot.end)]}
            for shot in results.shots
        ],
        "chapters": [{"title": chapter.text, "instances": [_instance(chapter.start, chapter.end)]} for chapter in chapters],
        "descriptions": [
            {
                "text": scene.text,
                "language": scene.language,
                "source": scene.source,
                "evidence": _evidence(scene.evidence),
                "instances": [_instance(scene.start, scene.end, scene.confidence)],
            }
            for scene in results.scenes
        ],
        "sentiment": _moods(results.sentiments),
    }


def picture(reference: str | None) -> str | None:
    """A keyframe's reference, if it is one that a store writes."""
    return reference if reference and PICTURE.fullmatch(reference) else None


def _instance(start: float, end: float, confidence: float | None = None) -> Thing:
    return {"start": start, "end": end, "confidence": confidence}


def _grouped(field: str, items: Iterable[Item], instance: Callable[[Item], Thing]) -> list[Thing]:
    """Items that agree in a field as one thing, in the order in which they first come."""
    groups: dict[str, list[Thing]] = {}
    for item in items:
        groups.setdefault(str(getattr(item, field)), []).append(instance(item))
    return [{field: value, "instances": instances} for value, instances in groups.items()]


def _said(said: Utterance) -> Thing:
    words = [{"start": word.start, "end": word.end, "text": word.text, "confidence": word.probability} for word in said.words]
    confidence = None if said.log_probability is None else math.exp(min(0.0, said.log_probability))
    if words:
        confidence = sum(word.probability for word in said.words) / len(words)
    return {
        "id": said.id,
        "text": said.text,
        "reason": said.reason,
        "language": said.language,
        "translation": said.translation,
        "words": words,
        "instances": [_instance(said.start, said.end, confidence)],
    }


def _language(said: Utterance) -> Thing:
    return _instance(said.start, said.end, said.language_probability)


def _event(event: Event) -> Thing:
    return _instance(event.start, event.end, event.confidence) | {
        "id": event.event_id,
        "phase": event.phase,
        "threshold": event.threshold,
        "calibration": event.calibration,
        "severity": event.severity,
        "contributions": event.contributions,
        "evidence": _evidence(event.evidence),
        "modalities": event.modalities,
        "models": event.models,
    }


def _evidence(evidence: Sequence[Evidence]) -> list[Evidence]:
    return [msgspec.structs.replace(piece, ref=picture(piece.ref)) for piece in evidence]


def _sound(sound: Sound) -> Thing:
    return _instance(sound.start, sound.end) | {"score": sound.score}


def _text(text: ScreenText) -> Thing:
    return _instance(text.start, text.end, text.confidence) | {"box": text.box}


def _moods(sentiments: Sequence[Sentiment]) -> list[Thing]:
    moods: dict[str, list[Thing]] = {}
    for sentiment in sentiments:
        mood = _mood(sentiment)
        confidence = sentiment.scores.get(mood)
        moods.setdefault(mood, []).append(
            _instance(sentiment.start, sentiment.end, confidence)
            | {
                "valence": sentiment.valence,
                "sd": sentiment.sd,
                "reason": sentiment.reason,
                "contributions": sentiment.contributions,
                "unimodal": sentiment.unimodal,
                "conflicts": sentiment.conflicts,
            }
        )
    return [{"mood": mood, "instances": instances} for mood, instances in moods.items()]


def _mood(sentiment: Sentiment) -> str:
    if sentiment.valence is None:
        return "unknown"
    if sentiment.scores:
        return max(sentiment.scores, key=sentiment.scores.__getitem__)
    return "neutral" if abs(sentiment.valence) < MOOD else "positive" if sentiment.valence > 0 else "negative"
