"""The table of all ways to fuse, the gates that decide which one is the default, and the reliability plot."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.harness import machine, table
from benchmarks.quality.judging import ALL, MIDDLE, SHIFTED, SKEWS, SPLITS, Figures, Measured
from schemas.messages import MODALITIES
from streamer.synth.names import GROUPS, LABELS
from streamer.synth.truth import RELATIONAL
from streamer.training.metrics import OVERLAPS, SPOKEN

MOMENTS, ANNOUNCED = RELATIONAL
SINGLE = ("vision", "sound", "text")
RANKED = ("level3", "level2", "late")
SIDE, EDGE = 320, 40  # pixels of the plot

Value = float | None
Ways = Mapping[str, Sequence[Measured]]  # by name, one for each seed


def page(found: Sequence[Measured], how: str) -> tuple[list[str], bool]:
    """The lines, and whether both gates are passed."""
    ways = {name: [one for one in found if one.name == name] for name in dict.fromkeys(one.name for one in found)}
    verdict, passed = _verdict(ways)
    lines = ["# Ways to fuse", "", f"`python -m benchmarks quality {how}`; {machine()}", ""]
    lines += _about(found)
    lines += verdict
    for title, part in (
        ("Ways", _ways(ways)),
        ("Groups of labels", _groups(ways)),
        ("Labels, and what single senses reach", _labels(ways)),
        ("A modality removed", _missing(ways)),
        ("Sound out of step, and no fine features", _skewed(ways)),
        ("Other overlaps", _overlaps(ways)),
    ):
        lines += ["", f"## {title}", "", *part]
    return lines, passed


def _about(found: Sequence[Measured]) -> list[str]:
    windows = {one.windows for one in found}
    said = (
        f"Trained on {', '.join(map(str, sorted(windows)))} windows of the made world. Average precision of events at an overlap of "
        f"{MIDDLE:g} unless it says otherwise; *shifted*: mean of {', '.join(SHIFTED)}, whose families or pairs training has not seen. "
        "mean ± sd over seeds. AUROC of what is true against decoys in which each sense alone looks right: *moments*: sight and sound "
        "of the same thing at other moments; *announced*: something else comes than was announced. Relations, moods and calibration are "
        "of all shifted windows together. The figures say which fusion is better, not what is seen in real films."
    )
    return [said, ""]


def _verdict(ways: Ways) -> tuple[list[str], bool]:
    """Targets and both gates."""
    if not {"late", "level3"} <= ways.keys():
        return ["*No verdict: it needs late and level3.*"], False
    late, ours = ways["late"], ways["level3"]
    rows, passed = [], True
    for what, kind in (("moments", MOMENTS), ("announced", ANNOUNCED)):
        of = partial(_relation, kind)
        good = _mean(ours, of) > _mean(late, of) + 2 * max(_sd(ours, of), _sd(late, of))
        passed &= good
        rows.append([f"gate (a): AUROC, {what}, above late by more than 2 sd", _told(ours, of), _told(late, of), _word(good)])
        rows.append([f"AUROC, {what}, wanted ≥ .85", _told(ours, of), _told(late, of), _word(_mean(ours, of) >= 0.85)])
    for what, score in (("shifted mAP", _shifted), ("mAP with a modality removed, mean", _without)):
        good = _mean(ours, score) >= _mean(late, score) - max(_sd(ours, score), _sd(late, score))
        passed &= good
        rows.append([f"gate (b): {what}, not below late by more than 1 sd", _told(ours, score), _told(late, score), _word(good)])
    wanted: list[tuple[str, Callable[[Measured], Value], Callable[[float], bool]]] = [
        ("shifted mAP, wanted ≥ .70", _shifted, lambda value: value >= 0.7),
        *((f"{group}, wanted ≥ .50", _group(group), lambda value: value >= 0.5) for group in GROUPS if group != "both"),
        (f"calibration error above {SPOKEN:g}, wanted ≤ .03", partial(_figure, "calibration"), lambda value: value <= 0.03),
        ("valence, mean absolute error, wanted ≤ .25", partial(_figure, "valence"), lambda value: value <= 0.25),
        ("conflict, AUROC, wanted ≥ .80", partial(_figure, "conflict"), lambda value: value >= 0.8),
    ]
    rows += [[what, _told(ours, score), _told(late, score), _word(good(_mean(ours, score)))] for what, score, good in wanted]
    constant = _told(ours, partial(_figure, "constant"))
    lines = table(["", "level3", "late", "level3 has it"], rows)
    return [*lines, "", f"The best constant valence is off by {constant}."], passed


def _ways(ways: Ways) -> list[str]:
    whole = ("half seconds", "moments", "announced", "calibration", "valence", "conflict")
    heads = ["", "seeds", "1,000 numbers", *SPLITS, "**shifted**", *whole]
    rows = []
    for name, seeds in ways.items():
        row = [name, str(len(seeds)), f"{seeds[0].parameters / 1000:.0f}"]
        row += [_told(seeds, partial(_split, split)) for split in SPLITS]
        row += [f"**{_told(seeds, _shifted)}**", _told(seeds, lambda one: _average(list(_all(one).bins.values())))]
        row += [_told(seeds, partial(_relation, kind)) for kind in RELATIONAL]
        row += [_told(seeds, partial(_figure, what)) for what in ("calibration", "valence", "conflict")]
        rows.append(row)
    return table(heads, rows)


def _groups(ways: Ways) -> list[str]:
    rows = [[name, *(_told(seeds, _group(group)) for group in GROUPS)] for name, seeds in ways.items()]
    return table(["", *(f"{group} ({len(labels)})" for group, labels in GROUPS.items())], rows)


def _labels(ways: Ways) -> list[str]:
    """Sync and async labels should show a gap to the best single sense; else the world is too easy."""
    names = [name for name in (*SINGLE, *RANKED) if name in ways]
    rows = []
    for label in LABELS:
        values = {name: _mean(ways[name], _label(label)) for name in names}
        best = max((values[name] for name in SINGLE if name in values), default=None)
        gap = "" if best is None or "level3" not in values else f"{values['level3'] - best:+.2f}"
        rows.append([label, *(f"{values[name]:.2f}" for name in names), gap])
    return table(["shifted", *names, "level3 over the best sense"], rows)


def _missing(ways: Ways) -> list[str]:
    rows = []
    for name, seeds in ways.items():
        if _all(seeds[0]).missing:
            row = [_told(seeds, partial(_figure, "missing", key=modality)) for modality in MODALITIES]
            rows.append([name, _told(seeds, lambda one: _map(_all(one))), *row])
    return table(["mAP of all shifted windows", "nothing", *MODALITIES], rows)


def _skewed(ways: Ways) -> list[str]:
    rows = []
    for name, seeds in ways.items():
        if _all(seeds[0]).skewed:
            row = [_told(seeds, partial(_figure, "skewed", key=str(by))) for by in SKEWS]
            row += [_told(seeds, partial(_figure, "coarse", key=what)) for what in (*RELATIONAL, "events")]
            rows.append([name, *row])
    heads = [f"sync {by:+g} s" for by in SKEWS]
    return table(["", *heads, "coarse: moments", "coarse: announced", "coarse: mAP"], rows)


def _overlaps(ways: Ways) -> list[str]:
    rows = []
    for name, seeds in ways.items():
        rows.append([name, *(_told(seeds, partial(_shifted, least=least)) for least in OVERLAPS)])
    return table(["shifted mAP at", *map(str, OVERLAPS)], rows)


def plot(found: Sequence[Measured]) -> str:
    """Reliability of the first seed of each ranked way: an SVG; on the line, scores mean what they say."""
    size = SIDE + 2 * EDGE
    colours = dict(zip(RANKED, ("#0b6", "#05a", "#c60"), strict=True))
    parts = [f'<path d="M{EDGE} {EDGE + SIDE}L{EDGE + SIDE} {EDGE}" stroke="#999" stroke-dasharray="4"/>']
    for number, name in enumerate(RANKED):
        if not (some := [one for one in found if one.name == name]):
            continue
        at = [(EDGE + SIDE * score, EDGE + SIDE * (1 - true), count) for score, true, count in _all(some[0]).reliability]
        parts.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in at)}" fill="none" stroke="{colours[name]}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{min(6, 1 + count**0.25 / 3):.1f}" fill="{colours[name]}"/>' for x, y, count in at]
        parts.append(f'<text x="{EDGE + 8}" y="{EDGE + 16 + 16 * number}" fill="{colours[name]}">{name}</text>')
    parts.append(f'<text x="{EDGE + SIDE / 2}" y="{size - 10}" text-anchor="middle">score</text>')
    turned = f'x="14" y="{EDGE + SIDE / 2}" text-anchor="middle" transform="rotate(-90 14 {EDGE + SIDE / 2})"'
    parts.append(f"<text {turned}>share that is true</text>")
    frame = f'<rect x="{EDGE}" y="{EDGE}" width="{SIDE}" height="{SIDE}" fill="#fff" stroke="#333"/>'
    style = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" {style}>\n{frame}\n' + "\n".join(parts) + "\n</svg>\n"


def _all(one: Measured) -> Figures:
    return one.splits[ALL]


def _map(figures: Figures, least: float = MIDDLE) -> Value:
    return _average(list(figures.events[str(least)].values()))


def _shifted(one: Measured, least: float = MIDDLE) -> Value:
    return _average([_map(one.splits[split], least) for split in SHIFTED])


def _without(one: Measured) -> Value:
    return _average(list(_all(one).missing.values()))


def _relation(kind: str, one: Measured) -> Value:
    return _all(one).relations[kind]


def _split(name: str, one: Measured) -> Value:
    return _map(one.splits[name])


def _figure(what: str, one: Measured, key: str | None = None) -> Value:
    """One of all shifted windows."""
    found = getattr(_all(one), what)
    value: Value = found if key is None else found[key]
    return value


def _label(label: str) -> Callable[[Measured], Value]:
    return lambda one: _average([one.splits[split].events[str(MIDDLE)][label] for split in SHIFTED])


def _group(group: str) -> Callable[[Measured], Value]:
    return lambda one: _average([_label(label)(one) for label in GROUPS[group]])


def _average(values: Sequence[Value]) -> Value:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _values(seeds: Sequence[Measured], of: Callable[[Measured], Value]) -> list[float]:
    return [value for value in map(of, seeds) if value is not None]


def _mean(seeds: Sequence[Measured], of: Callable[[Measured], Value]) -> float:
    values = _values(seeds, of)
    return statistics.fmean(values) if values else float("nan")


def _sd(seeds: Sequence[Measured], of: Callable[[Measured], Value]) -> float:
    values = _values(seeds, of)
    return statistics.stdev(values) if len(values) > 1 else 0.0


def _told(seeds: Sequence[Measured], of: Callable[[Measured], Value]) -> str:
    values = _values(seeds, of)
    if not values:
        return "–"
    spread = f" ± {_sd(seeds, of):.3f}" if len(values) > 1 else ""
    return f"{_mean(seeds, of):.3f}{spread}"


def _word(good: bool) -> str:
    return "yes" if good else "**no**"
