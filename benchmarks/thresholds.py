"""`python -m benchmarks thresholds`: the start values of the attention, from labels that are true and false of known media.

Features go through the join and the attention as those of a film do. What a label finds in a case at its best bin, in
deviations above the background, is one pair, true or false. One sense alone begins an event where this passes the
crossing z_min + (logit(threshold) − prior) / gain: above what is found where nothing is true, below what is found where it is.
"""

import math
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from benchmarks.labelled import MEDIA, TOLD, Case, Encoders, cases
from schemas.messages import MODALITIES, Modality, Watermark, Window
from streamer.config import Fusion
from streamer.fusion.attention import Item, attend
from streamer.fusion.fuse import prompts, query_table
from streamer.fusion.windows import Join
from streamer.labels import Attention, Label, LabelSet, load
from streamer.models.encoders import Queries, load_image, load_sound, load_text

TABLE = pathlib.Path(__file__).parent / "results" / "thresholds.md"
FITTED: tuple[Modality, ...] = ("vision", "sound", "text")
BETAS = (0.05, 0.1, 0.2, 0.3, 0.5)
SIGMAS_S = (0.25, 0.35, 0.5, 0.75, 1.0)
SHOWN = 8  # pairs of each kind in the table


class Pair(NamedTuple):
    """What a label found in a case."""

    found: float  # at its best bin, deviations above the background
    label: Label
    case: Case
    spill_s: float  # seconds for which it is on outside the time when it is true

    @property
    def true(self) -> bool:
        return self.label.name == self.case.true


class Bench(NamedTuple):
    """What all settings have in common."""

    label_set: LabelSet
    queries: dict[Modality, Queries]
    windows: list[tuple[Case, list[Window]]]


def bench() -> Bench:
    """The default labels and a few that are told, over all cases."""
    text = load_text()
    encoders = Encoders(load_image("efficientnet-lite0", text), load_sound("yamnet", text), text)
    ask = {"vision": encoders.image.queries, "sound": encoders.sound.queries, "text": text.queries, "ocr": text.queries}
    label_set = load(None, TOLD)
    asked = prompts(label_set)
    queries = {m: query_table(label_set, m, ask[m](asked[m])) for m in MODALITIES if m in asked}
    return Bench(label_set, queries, [(case, _windows(case)) for case in cases(encoders)])


def _windows(case: Case) -> list[Window]:
    marks = [Watermark(stream="case", modality=modality, time=math.inf) for modality in MODALITIES]
    return [message for message in Join(Fusion())([case.features, *marks]) if isinstance(message, Window)]


def pairs(bench: Bench, modality: Modality, attention: Attention) -> Iterator[Pair]:
    """Every label that declares the modality, with every case of it that it is true or false of."""
    plain = msgspec.structs.replace(attention, z_min=dict.fromkeys(MODALITIES, 0.0), gain=dict.fromkeys(MODALITIES, 1.0))
    declared = np.array([bool(label.prompts.get(modality)) for label in bench.label_set.labels])
    for case, windows in bench.windows:
        if case.features.modality != modality:
            continue
        items = [_item(window, modality, declared) for window in windows if modality in window.tokens]
        found = [heard.evidence for heard in attend(items, bench.queries[modality], modality, plain)]  # each [labels, bins]
        for number, label in enumerate(bench.label_set.labels):
            if declared[number] and label.name not in case.open:
                best = max(float(window[number].max()) for window in found)
                spill = _spill_s(found[0][number] >= crossing(label, attention, modality, label.off), case.span)
                yield Pair(best, label, case, spill)


def _spill_s(on: np.ndarray, span: tuple[float, float] | None) -> float:
    """Seconds that are on outside a span of the first window. bool [bins]"""
    starts = np.arange(len(on)) * Fusion().bin_s
    return float(on[(starts < span[0]) | (starts >= span[1])].sum() * Fusion().bin_s) if span else 0.0


def _item(window: Window, modality: Modality, declared: np.ndarray) -> Item:
    tokens, bin_s = window.tokens[modality], Fusion().bin_s
    centres = np.arange(window.start + bin_s / 2, window.end, bin_s)
    return Item(tokens, centres, 1.0, np.repeat(declared[:, None], len(tokens.reliability), axis=1))


def crossing(label: Label, attention: Attention, modality: Modality, score: float | None = None) -> float:
    """Deviations above the background from which one sense alone begins an event, or has this score."""
    score = label.threshold if score is None else score
    return attention.z_min[modality] + (math.log(score / (1 - score)) - label.prior) / attention.gain[modality]


def told(found: Iterable[Pair], attention: Attention, modality: Modality) -> list[Pair]:
    """Those that would begin an event."""
    return [pair for pair in found if pair.found >= crossing(pair.label, attention, modality)]


def sweep(bench: Bench, modality: Modality) -> Iterator[str]:
    """What other values of β and σ would tell."""
    yield f"\n### {modality}: true pairs told, false pairs told, mean seconds of spill of the short ones\n"
    yield "| β \\ σ | " + " | ".join(f"{sigma} s" for sigma in SIGMAS_S) + " |"
    yield "|---" * (len(SIGMAS_S) + 1) + "|"
    base = bench.label_set.attention
    for beta in BETAS:
        cells = []
        for sigma in SIGMAS_S:
            setting = msgspec.structs.replace(base, beta={**base.beta, modality: beta}, sigma_s={**base.sigma_s, modality: sigma})
            hits = told(pairs(bench, modality, setting), setting, modality)
            spill = [pair.spill_s for pair in hits if pair.true and pair.case.span]
            true = sum(pair.true for pair in hits)
            cells.append(f"{true}, {len(hits) - true}, {sum(spill) / max(1, len(spill)):.1f}")
        yield f"| {beta} | " + " | ".join(cells) + " |"


def verdict(bench: Bench, modality: Modality) -> Iterator[str]:
    """What the values of labels.yaml make of the pairs: events told, true and false."""
    attention = bench.label_set.attention
    found = sorted(pairs(bench, modality, attention), key=lambda pair: -pair.found)
    events = told(found, attention, modality)
    true = [pair for pair in found if pair.true]
    values = f"z_min {attention.z_min[modality]}, gain {attention.gain[modality]}, β {attention.beta[modality]}"
    yield f"\n### {modality}: {values}, σ {attention.sigma_s[modality]} s\n"
    hits = [pair for pair in events if pair.true]
    yield f"True pairs told: {len(hits)} of {len(true)}; false pairs told: {len(events) - len(hits)} of {len(found) - len(true)}.\n"
    yield "| | found | label (crossing) | case |\n|---|---|---|---|"
    missed = [pair for pair in true if pair not in events]
    rows = [("false, told", pair) for pair in events if not pair.true]
    rows += [("false", pair) for pair in [pair for pair in found if not pair.true and pair not in events][:SHOWN]]
    rows += [("true, missed", pair) for pair in missed] + [("true", pair) for pair in hits[-SHOWN:]]
    for kind, pair in rows:
        name = pair.case.name + (", short" if pair.case.span else "")
        yield f"| {kind} | {pair.found:.1f} | {pair.label.name} ({crossing(pair.label, attention, modality):.1f}) | {name} |"


def report() -> Iterator[str]:
    """The lines of the table."""
    tested = bench()
    clips = "with" if (MEDIA / "truth.json").is_file() else "without"
    yield f"# Start values of level 0\n\n`python -m benchmarks thresholds`, {len(tested.windows)} cases, {clips} the real clips."
    for modality in FITTED:
        yield from verdict(tested, modality)
    for modality in FITTED:
        yield from sweep(tested, modality)


def main(arguments: Sequence[str] = ()) -> None:
    """Prints the table and keeps it in benchmarks/results; there is nothing to choose."""
    lines = []
    for line in report():
        print(line, flush=True)
        lines.append(line)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text("\n".join(lines) + "\n", "utf-8")
