"""The mood of a window: each sense that speaks gives a value and how sure it is; the surer counts more.

weight w = importance · coverage · reliability / (sd² + .1), and a neutral prior of weight .5
valence  = Σ w v / (Σ w + .5)
variance = 1 / Σ (coverage · reliability / sd²) + Σ w (v - valence)² / Σ w
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.messages import MODALITIES, Conflict, Estimate, Felt, FusedWindow, Modality, Sentiment, Trained, Utterance, Window, identity
from streamer.interpret.evidence import Teller, models_of
from streamer.interpret.opinion import Opinion
from streamer.interpret.sounds import listening
from streamer.interpret.stitching import bin_length
from streamer.labels import Known, Label

NAMES: dict[Modality, str] = {"text": "words", "sound": "sound", "vision": "picture", "ocr": "writing"}
IMPORTANCE: dict[Modality, float] = {"text": 1.0, "sound": 0.5}
SD: dict[Modality, float] = {"text": 0.2, "sound": 0.3}  # of one phrase, one sound: stated, not fitted
TRANSLATED_SD = 0.3  # of a translated phrase: nuances are lost
SOFTEN = 0.1  # variance added to each weight, so that one sure sense does not silence the others
NEUTRAL = 0.5  # weight of the prior at 0
POLAR = 0.15  # valence beyond which a mood is positive or negative
APART = 2.0  # standard deviations between two senses that disagree
LEAST = 1e-3  # certainty of a sense that speaks at all
LIKELY = 0.5  # from here on a trained fusion finds that two senses disagree
MARKED = 0.25  # a valence below this is no side to be on


class Expert(NamedTuple):
    """What one sense says."""

    modality: Modality
    value: float  # -1..1
    sd: float
    certainty: float  # coverage times reliability, 0..1
    start: float  # seconds: when it spoke
    end: float

    @property
    def weight(self) -> float:
        """How much it counts."""
        return IMPORTANCE[self.modality] * self.certainty / (self.sd**2 + SOFTEN)

    @property
    def precision(self) -> float:
        """Inverse variance, by certainty."""
        return self.certainty / self.sd**2


class Phrase(NamedTuple):
    """A piece of evidence for one expert."""

    value: float  # -1..1
    sd: float
    start: float
    end: float
    reliability: float  # 0..1


def feel(fused: FusedWindow, labels: Mapping[str, Label], opinion: Opinion, teller: Teller, end: float) -> Sentiment:
    """The mood of a window that is published as ending at `end` seconds: as a trained fusion feels it, else by experts."""
    if teller.known and isinstance(fused.trained, Trained) and fused.trained.mood:
        return _felt(fused, fused.trained.mood, teller.known, teller, end)
    window = fused.window
    said, heard = _words(window, opinion), _sounds(fused, labels)
    experts = [expert for expert in (_expert("text", said, window), _expert("sound", heard, window)) if expert is not None]
    mood = Sentiment(
        stream=window.stream,
        epoch=window.epoch,
        id=identity(window.id, "sentiment", 0),
        window=window.id,
        models=models_of(teller.models, [expert.modality for expert in experts]) | ({"sentiment": opinion.name} if said else {}),
        calibration="prior",
        profile=teller.profile,
        start=window.start,
        end=end,
        valence=None,
        reason=None if experts else _reason(window),
    )
    return _joined(mood, experts) if experts else mood


# --- experts -------------------------------------------------------------------------------------------------------


def _words(window: Window, opinion: Opinion) -> list[Phrase]:
    """Sentences said within the window, judged whole; each lasts as long as its words in the window."""
    phrases = []
    for utterance in window.utterances:
        english, sd = (utterance.text, SD["text"]) if utterance.language in (None, "en") else (utterance.translation, TRANSLATED_SD)
        if not english:
            continue
        for sentence, start, end, reliability in _sentences(utterance, english):
            start, end = max(start, window.start), min(end, window.end)
            if end > start:
                phrases.append(Phrase(opinion.valence(sentence), sd, start, end, reliability))
    return phrases


def _sentences(utterance: Utterance, english: str) -> list[tuple[str, float, float, float]]:
    """Text, start, end and mean word probability of each sentence; a translation has no word times and stays whole."""
    if not utterance.words or english != utterance.text:
        reliability = float(np.mean([word.probability for word in utterance.words])) if utterance.words else 1.0
        return [(english, utterance.start, utterance.end, reliability)]
    found, begin = [], 0
    for i, word in enumerate(utterance.words):
        if word.text.rstrip("\"'”’").endswith((".", "!", "?")) or i + 1 == len(utterance.words):
            words, begin = utterance.words[begin : i + 1], i + 1
            text = " ".join(word.text.strip() for word in words)
            found.append((text, words[0].start, words[-1].end, float(np.mean([word.probability for word in words]))))
    return found


def _sounds(fused: FusedWindow, labels: Mapping[str, Label]) -> list[Phrase]:
    """Bins in which a sound that speaks for a mood (laughter, crying) is more likely there than its label's `off`."""
    phrases = []
    size = bin_length(fused)
    for number, label in listening(fused, labels):
        if not label.valence:
            continue
        votes = fused.evidence[number, :, MODALITIES.index("sound")].astype(np.float64)
        likely = 1 / (1 + np.exp(-(votes + float(fused.prior[number]))))
        for i in np.flatnonzero((votes > 0) & (likely >= label.off)):
            start = float(fused.bins[i])
            phrases.append(Phrase(label.valence, SD["sound"], start, start + size, float(likely[i])))
    return phrases


def _expert(modality: Modality, phrases: Sequence[Phrase], window: Window) -> Expert | None:
    """Phrases weighed by time and reliability; where they disagree it is less sure."""
    if not phrases:
        return None
    value = np.array([phrase.value for phrase in phrases])
    reliability = np.clip([phrase.reliability for phrase in phrases], LEAST, 1.0)
    length = np.array([phrase.end - phrase.start for phrase in phrases])
    share = length * reliability / (length @ reliability)
    mean = float(share @ value)
    spread = np.array([phrase.sd**2 for phrase in phrases]) + (value - mean) ** 2
    certainty = max(LEAST, window.coverage.get(modality, 1.0)) * float(length @ reliability / length.sum())
    start, end = min(phrase.start for phrase in phrases), max(phrase.end for phrase in phrases)
    return Expert(modality, mean, math.sqrt(float(share @ spread)), certainty, start, end)


# --- what they say together ----------------------------------------------------------------------------------------
def _joined(mood: Sentiment, experts: Sequence[Expert]) -> Sentiment:
    total = sum(expert.weight for expert in experts)
    contributions = {str(expert.modality): expert.weight * expert.value / (total + NEUTRAL) for expert in experts}
    valence = sum(contributions.values())
    between = sum(expert.weight * (expert.value - valence) ** 2 for expert in experts) / total
    sd = math.sqrt(1 / sum(expert.precision for expert in experts) + between)
    return msgspec.structs.replace(
        mood,
        valence=valence,
        sd=sd,
        scores=_scores(valence, sd),
        unimodal={expert.modality: Estimate(value=expert.value, sd=expert.sd) for expert in experts},
        contributions=contributions,
        conflicts=tuple(conflict for pair in combinations(experts, 2) for conflict in _conflict(*pair)),
    )


def _felt(fused: FusedWindow, mood: Felt, known: Known, teller: Teller, end: float) -> Sentiment:
    """What a trained fusion feels."""
    window = fused.window
    experts = [Expert(modality, one.value, one.sd, 1.0, *_when(modality, window, end)) for modality, one in mood.unimodal.items()]
    return Sentiment(
        stream=window.stream,
        epoch=window.epoch,
        id=identity(window.id, "sentiment", 0),
        window=window.id,
        models=models_of(teller.models, mood.unimodal) | {"fusion": known.model},
        calibration=known.calibration,
        profile=teller.profile,
        start=window.start,
        end=end,
        valence=mood.valence,
        sd=mood.sd,
        scores=_scores(mood.valence, mood.sd),
        unimodal={str(modality): one for modality, one in mood.unimodal.items()},
        contributions={str(modality): part for modality, part in mood.contributions.items()},
        method="shapley",
        conflicts=tuple(one for pair in combinations(experts, 2) for one in _conflict(*pair, likely=mood.conflict >= LIKELY)),
        level=fused.level,
    )


def _when(modality: Modality, window: Window, end: float) -> tuple[float, float]:
    """When a sense spoke, in seconds: words as long as they were said, the others all the time."""
    if modality != "text":
        return window.start, end
    spans = [(max(said.start, window.start), min(said.end, end)) for said in window.utterances]
    return min(start for start, _ in spans), max(stop for _, stop in spans)


def _scores(valence: float, sd: float) -> dict[str, float]:
    """Probabilities of the three moods, of a normal distribution about the valence."""
    negative, upper = (0.5 * (1 + math.erf((border - valence) / (sd * math.sqrt(2)))) for border in (-POLAR, POLAR))
    return {"negative": negative, "neutral": upper - negative, "positive": 1 - upper}


def _conflict(one: Expert, other: Expert, likely: bool | None = None) -> list[Conflict]:
    """The disagreement of two senses, if it is one: `likely` (where nobody knows, far apart), on two sides, both marked."""
    distance = abs(one.value - other.value) / math.hypot(one.sd, other.sd)
    if (
        not (distance > APART if likely is None else likely)
        or one.value * other.value >= 0
        or min(abs(one.value), abs(other.value)) <= MARKED
    ):
        return []
    start, end = max(one.start, other.start), min(one.end, other.end)
    if start >= end:  # one after the other
        start, end = min(one.start, other.start), max(one.end, other.end)
    wording = ", ".join(f"{NAMES[expert.modality]} {'positive' if expert.value > 0 else 'negative'}" for expert in (one, other))
    return [Conflict(pair=(one.modality, other.modality), distance=distance, start=start, end=end, wording=wording)]


def _reason(window: Window) -> str:
    """Why nothing can be said of the mood."""
    if window.status.get("sound") == "no_track":
        return "no sound: nobody can be heard"
    for modality in ("text", "sound"):
        status = window.status.get(modality)
        if status in ("failed", "late", "dropped", "stale"):
            return f"{'words' if modality == 'text' else 'sound'} {status}: it is not known what was said"
    if not window.utterances:
        return "nobody speaks, and no sound tells a mood"
    foreign = sorted({utterance.language for utterance in window.utterances if utterance.text and utterance.language})
    if foreign:
        return f"speech in {', '.join(foreign)} without a translation"
    return "somebody speaks, but the words are not known"
