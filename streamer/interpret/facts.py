"""What can be said of a window, each fact with its evidence and how sure it is."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from schemas.messages import MODALITIES, Evidence, FusedWindow, Modality, Trained, Utterance, Window
from streamer.interpret.events import Active
from streamer.interpret.evidence import PictureAt, attended, quoted
from streamer.interpret.grammar import ENDS
from streamer.interpret.memory import Memory
from streamer.interpret.sounds import listening, spans
from streamer.interpret.stitching import bin_length
from streamer.labels import Label

DARK = 0.12  # mean brightness: a lit room is above .2, night and black below .1
BRIGHT = 0.92  # an overexposed or a white picture
STILL = 0.003  # mean share of the picture that changes: below it nothing moves at all
SILENT_DB = -60.0  # below full scale: under the noise of a quiet room as a camera records it
QUOTE = 160  # characters of all quotes: what can be said in eight seconds
LINE = 60  # characters of a line in the picture
LINES = 3
LATE_S = 2.0  # a change of the picture is known this much later: it may be told with the next description
ACTIVITY = 0.5  # how sure speech without words is: the threshold of the voice detector

Way = Literal["seen", "heard", "both", "said", "shown"]
PAUSES = " ,;:，、；："  # not left before an ellipsis
NO_SPACES = frozenset({"zh", "ja", "th", "yue", "lo", "my", "km"})


class Thing(NamedTuple):
    """Something with a label that was noticed."""

    label: Label
    way: Way
    start: float
    end: float
    confidence: float
    evidence: tuple[Evidence, ...]


class Quote(NamedTuple):
    """Words said or written; `text` may be cut, the evidence has the words themselves."""

    text: str | None  # None: somebody speaks, words unknown
    confidence: float
    evidence: Evidence


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one window."""

    start: float
    end: float
    changes: tuple[float, ...] = ()
    movements: tuple[tuple[float, float], ...] = ()  # start, end
    things: tuple[Thing, ...] = ()
    speech: tuple[Quote, ...] = ()
    lines: tuple[Quote, ...] = ()
    picture: bool = True  # whether there is one
    brightness: float | None = None  # mean, 0..1
    motion: float | None = None  # mean, 0..1
    sound: Literal["none", "silent", "some"] = "some"


def gather(
    fused: FusedWindow, labels: Mapping[str, Label], active: Sequence[Active], memory: Memory, end: float, told: float = -math.inf
) -> Facts:
    """The facts of a window whose media end at `end` seconds; changes of the picture up to `told` were told before."""
    window = fused.window
    loudness = memory.level("loudness", window.start, end)
    silent = loudness is not None and loudness < SILENT_DB
    return Facts(
        start=window.start,
        end=end,
        changes=tuple(time for time in memory.changes(window.start - LATE_S, end) if time > told),
        movements=tuple(memory.movements(window.start, end)),
        things=_things(fused, labels, active, memory.picture),
        speech=_speech(window, end),
        lines=_lines(window, memory, end),
        picture=window.status.get("vision") != "no_track",
        brightness=memory.level("brightness", window.start, end),
        motion=memory.level("motion", window.start, end),
        sound="none" if window.status.get("sound") == "no_track" else "silent" if silent else "some",
    )


# --- things with a label -------------------------------------------------------------------------------------------


def _things(fused: FusedWindow, labels: Mapping[str, Label], active: Sequence[Active], picture: PictureAt) -> tuple[Thing, ...]:
    """Events, and sounds that are clear but no events; what was found as exact words is told as a quote instead."""
    things = [_happens(fused, labels[event.label], event, picture) for event in active]
    told = {event.label for event in active}
    better = fused.trained.labels if isinstance(fused.trained, Trained) else np.zeros(len(fused.labels), bool)  # known than by sound alone
    heard = [(number, label) for number, label in listening(fused, labels) if label.name not in told and not better[number]]
    things += [_sounds(fused, label, number) for number, label in heard]
    return tuple(sorted((thing for thing in things if thing), key=lambda thing: (thing.start, thing.label.name)))


def _happens(fused: FusedWindow, label: Label, event: Active, picture: PictureAt) -> Thing | None:
    """What an event looks like in this window; None where only quoted words speak for it."""
    number = fused.labels.index(label.name)
    begin = round(fused.window.start / bin_length(fused))
    here = slice(max(0, event.bins[0] - begin), max(0, event.bins[1] - begin))
    votes = fused.evidence[number, here]
    spoke = {modality for m, modality in enumerate(MODALITIES) if len(votes) and votes[:, m].max() > 0}
    if isinstance(fused.trained, Trained) and (fused.trained.together[number, here] > 0).any():
        spoke = set(MODALITIES)  # that the label looked at
    exact = {hit.modality for hit in fused.hits if hit.label == label.name}
    tokens = [one.evidence for one in attended(fused, number, *event.bins, picture) if one.evidence.modality in spoke]
    way = _way(label, {token.modality for token in tokens} - exact)
    if way is None:
        return None
    words = [quoted(hit) for hit in fused.hits if hit.label == label.name and hit.start < event.end and hit.end > event.start]
    return Thing(label, way, event.start, event.end, event.confidence, (*tokens, *words))


def _way(label: Label, spoke: set[Modality]) -> Way | None:
    """How it was noticed: by the senses that spoke for it, or as the label says."""
    senses = spoke & {"vision", "sound"}
    if (label.verb == "seen" and "vision" in senses) or (label.verb == "heard" and "sound" in senses):
        return label.verb
    if senses == {"vision", "sound"}:
        return "both"
    if senses:
        return "seen" if "vision" in senses else "heard"
    return "said" if "text" in spoke else "shown" if "ocr" in spoke else None


def _sounds(fused: FusedWindow, label: Label, number: int) -> Thing | None:
    """A label that is clearly heard in this window, from the first to the last time."""
    window, tokens, score = fused.window, fused.window.tokens.get("sound"), fused.scores.get("sound")
    if tokens is None or score is None:
        return None
    inside = (tokens.spans[:, 1] > window.start) & (tokens.spans[:, 0] < window.end)
    heard = spans(tokens.spans[inside], score[number, inside])
    if not heard or label.verb not in (None, "heard"):
        return None
    looked = fused.looked["sound"][number].max(0) if "sound" in fused.looked else np.zeros(len(tokens.spans))
    weight = float(looked[inside].max())
    logit = float(fused.prior[number]) + float(fused.evidence[number, :, MODALITIES.index("sound")].max())
    evidence = tuple(Evidence(modality="sound", start=one.start, end=one.end, weight=weight) for one in heard)
    return Thing(label, "heard", heard[0].start, heard[-1].end, 1 / (1 + float(np.exp(-logit))), evidence)


# --- words ---------------------------------------------------------------------------------------------------------


def _speech(window: Window, end: float) -> tuple[Quote, ...]:
    """What is said in the window, each utterance a quote, together at most QUOTE characters."""
    quotes: list[Quote] = []
    room = QUOTE
    for utterance in window.utterances:
        if room <= 0:
            break
        if quote := _quote(utterance, window.start, end, room):
            quotes.append(quote)
            room -= len(quote.text or "")
    return tuple(quotes)


def _quote(utterance: Utterance, start: float, end: float, room: int) -> Quote | None:
    begin, stop = max(utterance.start, start), min(utterance.end, end)
    if begin >= stop:
        return None
    if not utterance.text:
        return Quote(None, ACTIVITY, Evidence(modality="text", start=begin, end=stop, weight=1.0))
    inside = [word for word in utterance.words if start <= (word.start + word.end) / 2 < end]
    if not utterance.words:
        whole = Evidence(modality="text", start=begin, end=stop, weight=1.0, quote=utterance.text)
        return Quote(_cut(utterance.text, room), ACTIVITY, whole)
    if not inside:
        return None
    between = "" if utterance.language in NO_SPACES else " "
    words = utterance.text if len(inside) == len(utterance.words) else between.join(word.text.strip() for word in inside)
    probability = float(np.mean([word.probability for word in inside]))
    first = utterance.words.index(inside[0])
    begun = first == 0 or utterance.words[first - 1].text.rstrip().endswith(ENDS)
    ended = inside[-1] is utterance.words[-1] or words.endswith(ENDS)
    text = ("" if begun else "…") + _cut(words if ended else words.rstrip(PAUSES) + "…", room)
    said = Evidence(modality="text", start=inside[0].start, end=inside[-1].end, weight=probability, quote=words)
    return Quote(text, probability, said)


def _cut(text: str, room: int) -> str:
    """At most `room` characters and an ellipsis, between words where there are spaces."""
    text = text.strip()
    if len(text) <= room:
        return text
    whole, space, _ = text[:room].rpartition(" ")
    return (whole if space else text[:room]).rstrip(PAUSES) + "…"


def _lines(window: Window, memory: Memory, end: float) -> tuple[Quote, ...]:
    """Writing in the picture: each line once, as its surest reading says."""
    found: dict[str, Quote] = {}
    tokens = window.tokens.get("ocr")
    every = [(line.text, line.start, line.end, line.confidence) for line in memory.lines]
    if tokens is not None and tokens.texts:
        for text, (start, stop), sure in zip(tokens.texts, tokens.spans.tolist(), tokens.reliability.tolist(), strict=True):
            every.append((text, start, stop, sure))
    for text, start, stop, sure in every:
        begin, stop, plain = max(start, window.start), min(stop, end), " ".join(text.split())
        if begin >= stop or not plain or (plain in found and found[plain].confidence >= sure):
            continue
        found[plain] = Quote(_cut(plain, LINE), sure, Evidence(modality="ocr", start=begin, end=stop, weight=sure, quote=plain))
    return tuple(sorted(found.values(), key=lambda line: (-line.confidence, line.evidence.start)))
