"""Made films: fused windows whose truth is known, cut out of evidence for each bin."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from schemas.messages import (
    MODALITIES,
    AnyMessage,
    FusedWindow,
    Hit,
    Keyframe,
    Levels,
    Modality,
    ScreenText,
    Shot,
    Status,
    Tokens,
    Utterance,
    Window,
    Word,
    identity,
)
from streamer.config import Interpret as Options
from streamer.interpret.interpret import Interpret
from streamer.labels import Attention, Label, LabelSet

STREAM, BIN_S, LENGTH_S, HOP_S, PRIOR = "film", 0.5, 8.0, 4.0, -2.0
OFF = dict.fromkeys(MODALITIES, 0.0)


def label(name: str, hears: bool = True, sees: bool = False, **more: object) -> Label:
    prompts: dict[Modality, tuple[str, ...]] = {}
    prompts |= {"sound": (name,)} if hears else {}
    prompts |= {"vision": (name,)} if sees else {}
    phrase = {"en": f"a {name}", "zh": f"{name}声"}
    return Label(**({"name": name, "prompts": prompts, "prior": PRIOR, "threshold": 0.6, "off": 0.35, "phrase": phrase} | more))  # type: ignore[arg-type]


def label_set(*labels: Label) -> LabelSet:
    zeros = dict(OFF)
    attention = Attention(
        beta=0.2,
        null=-2.0,
        z_min=zeros,
        gain=zeros,
        floor=zeros,
        sigma_s=zeros,
        reach_s=zeros,
        prior=PRIOR,
        threshold=0.6,
        off=0.35,
        words_threshold=0.4,
        words_off=0.2,
    )
    return LabelSet(labels=labels, attention=attention)


def stage(*labels: Label, models: dict[str, str] | None = None, **options: object) -> Interpret:
    return Interpret(label_set(*labels), Options(**options), "offline", models or {})  # type: ignore[arg-type]


def spoken(text: str, start: float, end: float, probability: float = 0.9, **more: object) -> Utterance:
    """An utterance whose words share its time equally."""
    words = text.split()
    step = (end - start) / len(words)
    made = tuple(
        Word(start=start + i * step, end=start + (i + 1) * step, text=word, probability=probability) for i, word in enumerate(words)
    )
    fields = {"language": "en", "words": made} | more
    name = identity(STREAM, 0, "utterance", text, round(start * 1e6))
    return Utterance(stream=STREAM, id=name, start=float(start), end=float(end), text=text, **fields)  # type: ignore[arg-type]


def sounding(z: Mapping[int, Sequence[tuple[float, float]]], labels: int, end: float) -> tuple[np.ndarray, np.ndarray]:
    """Spans [tokens, 2] of .96 s every .48 s, and z [labels, tokens]: 6 where a label sounds, else 0."""
    starts = np.arange(0.0, max(end - 0.96, 0) + 1e-9, 0.48)
    spans = np.stack((starts, starts + 0.96), 1)
    score = np.zeros((labels, len(spans)), np.float32)
    for number, times in z.items():
        for begin, stop in times:
            score[number, (spans[:, 0] >= begin - 0.01) & (spans[:, 1] <= stop + 0.01)] = 6.0
    return spans, score


class Film:
    """What happens in a made film, and its windows."""

    def __init__(self, end: float, labels: Sequence[Label], hop_s: float = HOP_S) -> None:
        self.end, self.labels, self.hop_s = end, tuple(labels), hop_s
        self.bins = math.ceil((end + LENGTH_S) / BIN_S)
        self.evidence = np.zeros((len(labels), self.bins, len(MODALITIES)), np.float32)
        self.only: dict[tuple[int, int], np.ndarray] = {}  # (window, label) -> evidence that only this window has
        self.tokens: dict[str, tuple[np.ndarray, np.ndarray, tuple[str, ...]]] = {}  # spans, z [labels, tokens], texts
        self.hits: list[Hit] = []
        self.utterances: list[Utterance] = []
        self.perceived: list[tuple[float, AnyMessage]] = []  # media time by which it is known
        self.status: dict[str, Status] = dict.fromkeys(MODALITIES, "present")

    def put(self, number: int, modality: Modality, start: float, end: float, logit: float) -> "Film":
        """Evidence of a modality for a label, from `start` to `end` seconds."""
        self.evidence[number, round(start / BIN_S) : round(end / BIN_S), MODALITIES.index(modality)] = logit
        return self

    def windows(self) -> list[FusedWindow]:
        count = max(1, math.ceil(self.end / self.hop_s))
        return [self._window(index, index == count - 1) for index in range(count)]

    def messages(self) -> list[AnyMessage]:
        """The windows, and before each what was perceived until then."""
        made: list[AnyMessage] = []
        waiting = sorted(self.perceived, key=lambda item: item[0])
        for fused in self.windows():
            while waiting and (fused.window.last or waiting[0][0] <= fused.window.end):
                made.append(waiting.pop(0)[1])
            made.append(fused)
        return made

    def _window(self, index: int, last: bool) -> FusedWindow:
        start = index * self.hop_s
        stop = start + LENGTH_S
        first, bins = round(start / BIN_S), round(LENGTH_S / BIN_S)
        evidence = self.evidence[:, first : first + bins].copy()
        evidence = np.pad(evidence, ((0, 0), (0, bins - evidence.shape[1]), (0, 0)))
        for (window, number), own in self.only.items():
            if window == index:
                evidence[number] = own
        tokens, scores, looked = {}, {}, {}
        for modality, (spans, score, texts) in self.tokens.items():
            inside = np.flatnonzero((spans[:, 0] < stop) & (spans[:, 1] > start - 1.5))
            if len(inside):
                some = tuple(texts[i] for i in inside) if texts else ()
                keys, sure = np.zeros((len(inside), 2), np.float32), np.ones(len(inside), np.float32)
                tokens[modality] = Tokens(spans=spans[inside], keys=keys, reliability=sure, texts=some)
                scores[modality] = score[:, inside]
                looked[modality] = self._looked(spans[inside], score[:, inside], start + BIN_S * (np.arange(bins) + 0.5))
        window = Window(
            stream=STREAM,
            id=identity(STREAM, 0, "window", round(start * 1e6), round(LENGTH_S * 1e6)),
            index=index,
            start=start,
            end=stop,
            tokens=tokens,
            status=self.status,
            coverage=dict.fromkeys(MODALITIES, 1.0),
            complete=True,
            last=last,
            media_end=self.end if last else None,
            utterances=tuple(one for one in self.utterances if one.start < stop and one.end > start),
            told=tuple(message.id for time, message in self.perceived if start < time <= stop),  # type: ignore[union-attr]
        )
        return FusedWindow(
            stream=STREAM,
            window=window,
            labels=tuple(one.name for one in self.labels),
            bins=start + BIN_S * np.arange(bins),
            prior=np.full(len(self.labels), PRIOR, np.float32),
            evidence=evidence,
            looked=looked,
            scores=scores,
            hits=tuple(hit for hit in self.hits if hit.start < stop and hit.end > start),
        )

    @staticmethod
    def _looked(spans: np.ndarray, score: np.ndarray, centres: np.ndarray) -> np.ndarray:
        """Attention shared by the tokens that hold a bin and speak for the label."""
        holds = (spans[None, :, 0] <= centres[:, None]) & (spans[None, :, 1] > centres[:, None])  # [bins, tokens]
        worth = holds[None] * np.maximum(score, 0)[:, None, :]
        return (worth / np.maximum(worth.sum(2, keepdims=True), 1.0)).astype(np.float32)


def said_hit(film: Film, number: int, start: float, end: float, words: str, logit: float = 4.0) -> None:
    """A phrase that was asked for, and its evidence in every bin that its words touch."""
    first, last = math.floor(start / BIN_S), math.ceil(end / BIN_S)
    film.evidence[number, first:last, MODALITIES.index("text")] = logit
    film.hits.append(
        Hit(label=film.labels[number].name, modality="text", start=start, end=end, probability=0.9, quote=words, id=identity(start, words))
    )


def shot(start: float, end: float, keyframe: str | None = None) -> Shot:
    name, start, end = identity("shot", round(start * 1e6)), float(start), float(end)
    return Shot(stream=STREAM, id=name, start=start, end=end, transition="cut", keyframe=keyframe)


def keyframe(time: float) -> Keyframe:
    ref = f"keyframes/{round(time * 1000)}.jpg"
    return Keyframe(stream=STREAM, id=identity("keyframe", ref), time=float(time), ref=ref, width=64, height=36)


def levels(start: float, seconds: float, **means: float) -> Levels:
    arrays = {name: np.full(round(seconds * 2), value, np.float16) for name, value in means.items()}
    return Levels(stream=STREAM, id=identity("levels", round(start * 1e6), *means), start=float(start), hop=0.5, **arrays)


def line(text: str, start: float, end: float, confidence: float = 0.9) -> ScreenText:
    return ScreenText(
        stream=STREAM,
        id=identity("line", text),
        start=float(start),
        end=float(end),
        text=text,
        box=(0.1, 0.1, 0.2, 0.2),
        confidence=confidence,
    )


def run(interpret: Interpret, messages: Iterable[AnyMessage]) -> list[AnyMessage]:
    return list(interpret(list(messages)))
