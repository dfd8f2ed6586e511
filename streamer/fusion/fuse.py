"""The stage `fuse`: a Window becomes, for every label, bin and modality, how much speaks for it.

    logit[label, bin] = prior[label] + Σ evidence[label, bin, modality]      over the modalities the label declares

Exact words need no attention. A phrase that was said or shown with probability p *is* the observation, so in the bins of
its words it takes the place of the prior: its evidence is logit(p) − prior, and the logit becomes logit(p). Printed words
count as at least .5 (what is not good enough is not printed), labels of exact words alone begin at `words_threshold` (.4)
and the prior lies far below `words_off`, so each saying is one event, as long as its words and the bins they touch.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from schemas.messages import MODALITIES, AnyMessage, FusedWindow, Hit, Modality, Tokens, Window
from streamer.config import Fusion
from streamer.fusion import phrases
from streamer.fusion.attention import Heard, Item, attend
from streamer.labels import Label, LabelSet
from streamer.models.protocols import Queries


class FuseState(msgspec.Struct):
    """Nothing: a window says all."""


def prompts(label_set: LabelSet) -> dict[Modality, list[str]]:
    """For each modality the prompts of all labels, in order: what its encoder makes queries of."""
    every = {modality: [prompt for label in label_set.labels for prompt in _asked(label, modality)] for modality in MODALITIES}
    return {modality: found for modality, found in every.items() if found}


def query_table(label_set: LabelSet, modality: Modality, queries: Queries) -> Queries:
    """Queries of `prompts(label_set)[modality]` → one for each label: the mean of its prompts, unit length; 0 without any.

    The mean of the background follows exactly. Its deviation is taken as that of the single prompts, which holds where
    the background varies alike in all directions.
    """
    rows: list[tuple[np.ndarray, float, float]] = []
    first = 0
    for label in label_set.labels:
        stop = first + len(_asked(label, modality))
        rows.append(_joined(queries, first, stop))
        first = stop
    vectors, mean, deviation = zip(*rows, strict=True) if rows else ((), (), ())
    width = queries.vectors.shape[1]
    return Queries(np.array(vectors, np.float32).reshape(-1, width), np.array(mean, np.float32), np.array(deviation, np.float32))


class Fuse:
    """The stage: each Window in, a FusedWindow out.

    Args:
        label_set: what is looked for.
        queries: by modality, one query a label (`query_table`); a modality without an encoder is absent.
        options: length of a bin.
    """

    name = "fuse"
    reads = (Window,)
    state_type = FuseState

    def __init__(self, label_set: LabelSet, queries: dict[Modality, Queries], options: Fusion = Fusion()) -> None:  # noqa: B008 (frozen)
        self.states: dict[str, FuseState] = {}
        self.label_set = label_set
        self.queries = queries
        self.bin_s = options.bin_s
        labels = label_set.labels
        self.declared = {m: np.array([bool(_asked(label, m)) for label in labels], bool) for m in MODALITIES}
        self.counts = {m: np.array([_counts(label, m) for label in labels], bool) for m in MODALITIES}
        self.denying = np.array([any(map(phrases.negated, label.prompts.get("text", ()))) for label in labels], bool)
        self.prior = np.array([label.prior for label in labels], np.float32)

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """What follows from a batch, in order; its windows are looked at together."""
        fused = iter(self._fuse([message for message in batch if isinstance(message, Window)]))
        for message in batch:
            yield next(fused) if isinstance(message, Window) else message

    def _fuse(self, windows: Sequence[Window]) -> list[FusedWindow]:
        heard: list[dict[Modality, Heard]] = [{} for _ in windows]
        for modality, queries in self.queries.items():
            present = [number for number, window in enumerate(windows) if modality in window.tokens]
            items = [self._item(windows[number], modality) for number in present]
            for number, found in zip(present, attend(items, queries, modality, self.label_set.attention), strict=True):
                heard[number][modality] = found
        return [self._fused(window, found) for window, found in zip(windows, heard, strict=True)]

    def _bins(self, window: Window) -> np.ndarray:
        """float64 [bins]: start of each."""
        return window.start + np.arange(round((window.end - window.start) / self.bin_s)) * self.bin_s

    def _item(self, window: Window, modality: Modality) -> Item:
        tokens = window.tokens[modality]
        heed = np.repeat(self.declared[modality][:, None], len(tokens.reliability), axis=1)
        if modality == "text" and tokens.texts:
            denied = np.array([phrases.negated(text) for text in tokens.texts], bool)
            heed &= ~denied | self.denying[:, None]
        return Item(tokens, self._bins(window) + self.bin_s / 2, window.coverage[modality], heed)

    def _fused(self, window: Window, heard: dict[Modality, Heard]) -> FusedWindow:
        bins = self._bins(window)
        evidence = np.zeros((len(self.prior), len(bins), len(MODALITIES)), np.float32)
        for modality, found in heard.items():
            evidence[:, :, MODALITIES.index(modality)] = np.where(self.counts[modality][:, None], found.evidence, 0)
        hits = self._hits(window)
        for hit in hits:
            label = self.label_set.names.index(hit.label)
            here = evidence[label, touched(hit, bins, self.bin_s), MODALITIES.index(hit.modality)]
            np.maximum(here, phrases.logit(hit.probability) - self.prior[label], out=here)
        return FusedWindow(
            stream=window.stream,
            epoch=window.epoch,
            window=window,
            labels=self.label_set.names,
            bins=bins,
            prior=self.prior,
            evidence=evidence,
            looked={str(modality): found.looked for modality, found in heard.items()},
            scores={str(modality): found.scores for modality, found in heard.items()},
            hits=hits,
        )

    def _hits(self, window: Window) -> tuple[Hit, ...]:
        """Those that touch the window."""
        lines: Tokens | None = window.tokens.get("ocr")
        found = [*phrases.spoken(window.utterances, self.label_set.labels), *phrases.written(lines, self.label_set.labels)]
        return tuple(hit for hit in found if hit.start < window.end and hit.end >= window.start)


def touched(hit: Hit, bins: np.ndarray, bin_s: float) -> slice:
    """The bins that a hit lies in; one at least, if it is in the window."""
    first = int(np.searchsorted(bins, hit.start, "right")) - 1
    stop = int(np.searchsorted(bins, hit.end, "left"))
    return slice(max(0, first), max(first + 1, stop, 0))


def _asked(label: Label, modality: Modality) -> tuple[str, ...]:
    """Its prompts for a modality, where they are to be scored."""
    return () if modality == "text" and label.text_mode == "off" else label.prompts.get(modality, ())


def _counts(label: Label, modality: Modality) -> bool:
    """Whether what it finds there is evidence: a mention is not an occurrence."""
    return bool(_asked(label, modality)) and not (modality == "text" and label.text_mode == "mention")


def _joined(queries: Queries, first: int, stop: int) -> tuple[np.ndarray, float, float]:
    if first == stop:
        return np.zeros(queries.vectors.shape[1], np.float32), 0.0, 1.0
    vector = queries.vectors[first:stop].mean(0)
    length = float(np.linalg.norm(vector)) or 1.0
    return vector / length, float(queries.mean[first:stop].mean()) / length, float(queries.deviation[first:stop].mean())
