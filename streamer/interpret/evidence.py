"""What a statement rests on: the tokens that were looked at, the words that were found, the pictures at that time."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.messages import MODALITIES, Evidence, FusedWindow, Hit, Modality, Tokens, Trained
from streamer.labels import Known

MOST = 5  # of one modality
ANNOUNCED_S = 4.5  # what is said can speak of something that happens so much later
FAINT = 0.1  # of the worthiest of its modality: what is worth less was only near

PictureAt = Callable[[float], str | None]  # media time -> `ref` of the keyframe that shows it


class Teller(NamedTuple):
    """What all results of a run have in common."""

    profile: str
    models: dict[str, str]  # role -> name
    known: Known | None = None  # of a trained fusion


class Attended(msgspec.Struct, frozen=True):
    """A token that spoke for a label, and the bin in which it was attended to most."""

    bin: int
    worth: float  # attention times deviations above the background
    evidence: Evidence


def attended(fused: FusedWindow, label: int, begin: int, stop: int, picture: PictureAt) -> list[Attended]:
    """Tokens that spoke for label number `label` in bins begin..stop of the stream, the worthiest of each modality."""
    window, bins = fused.window, len(fused.bins)
    trained = isinstance(fused.trained, Trained) and bool(fused.trained.labels[label])  # it weighs tokens by more than their scores
    offset = round(window.start / (window.end - window.start) * bins)
    here = slice(max(0, begin - offset), max(0, min(bins, stop - offset)))
    found: list[Attended] = []
    for modality in MODALITIES:
        looked, tokens = fused.looked.get(modality), window.tokens.get(modality)
        if looked is None or tokens is None or looked[label, here].size == 0 or not (trained or modality in fused.scores):
            continue
        attention = looked[label, here]  # float32 [bins, tokens]
        if trained and modality == "text":
            attention = np.maximum(attention, _announced(tokens, fused.bins[here]))
        weight = attention.max(0)
        worth = weight if trained else np.maximum(weight * fused.scores[modality][label], 0.0)
        for i in np.argsort(-worth, kind="stable")[:MOST]:
            if worth[i] > 0 and worth[i] >= FAINT * worth.max():
                start, end = map(float, tokens.spans[i])
                one = Evidence(
                    modality=modality,
                    start=start,
                    end=end,
                    weight=float(weight[i]),
                    quote=tokens.texts[i] if tokens.texts else None,
                    ref=picture((start + end) / 2) if modality == "vision" else None,
                )
                found.append(Attended(offset + here.start + int(attention[:, i].argmax()), float(worth[i]), one))
    return found


def _announced(tokens: Tokens, bins: np.ndarray) -> np.ndarray:
    """What was said shortly before or during bins, by its reliability: float32 [bins, tokens]."""
    starts, ends = tokens.spans.T
    near = (starts <= bins[:, None]) & (ends >= bins[:, None] - ANNOUNCED_S)
    heard: np.ndarray = near * tokens.reliability
    return heard


def worthiest(known: Iterable[Attended]) -> list[Attended]:
    """One for each token, as it was attended to most, and of each modality only the best."""
    best: dict[tuple[str, float, float, str | None], Attended] = {}
    for one in known:
        token = one.evidence.modality, one.evidence.start, one.evidence.end, one.evidence.quote
        if token not in best or one.worth > best[token].worth:
            best[token] = one
    ranked = sorted(best.values(), key=lambda one: (-one.worth, one.evidence.start))
    chosen: list[Attended] = []
    for modality in MODALITIES:
        mine = [one for one in ranked if one.evidence.modality == modality]
        chosen += [one for one in mine[:MOST] if one.worth >= FAINT * mine[0].worth]
    return chosen


def quoted(hit: Hit) -> Evidence:
    """Words that were asked for, where they were said or written."""
    return Evidence(modality=hit.modality, start=hit.start, end=hit.end, weight=hit.probability, quote=hit.quote)


def models_of(models: dict[str, str], modalities: Iterable[Modality]) -> dict[str, str]:
    """Those of the `models` of a run (role -> name) that had a part in what these modalities say."""
    roles = {"vision": ("vision",), "sound": ("sound",), "text": ("speech", "text"), "ocr": ("ocr", "text")}
    wanted = {role for modality in modalities for role in roles[modality]}
    return {role: name for role, name in models.items() if role in wanted}
