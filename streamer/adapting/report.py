"""What was gained and what was kept, for people and for programs."""

import math
from typing import Any

import msgspec

from streamer.adapting.judging import Judged
from streamer.adapting.levels import Level
from streamer.training.thresholds import Threshold

WORDS: dict[Level, str] = {
    "0": "as it comes, nothing fitted",
    "1": "weights of the senses and a prior for each label",
    "1½": "level 1, and what is like an example",
    "2": "a trained net for each sense",
    "3": "level 2, and what only shows together",
}


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A level, whether it was tried, and what came of it."""

    level: Level
    judged: Judged | None = None  # on the held-out recordings; None: not tried
    kept: bool = False
    why: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A label."""

    name: str
    windows: int  # rows that say it
    threshold: Threshold
    precision: float | None  # of bins of the held-out recordings at its threshold
    recall: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    windows: int
    recordings: int
    held_out: tuple[str, ...]  # names of films
    wished: float  # precision
    chosen: Level
    labels: tuple[Row, ...]
    trials: tuple[Trial, ...]
    before: float  # expected calibration error of the held-out recordings at level 0
    after: float  # of what was chosen
    loads: str  # the option that makes a run use it


def page(report: Report) -> str:
    """report.md."""
    kept = report.chosen
    return f"""# What was gained

{report.windows} windows of {report.recordings} recordings. Judged on what no fit has seen: {_names(report.held_out)}.

**Level {kept} was kept**: {WORDS[kept]}. {_reason(report)}

To use it: `--set {report.loads}`

| level | | mAP of bins | mAP of events | cross-entropy | calibration error | |
|---|---|---|---|---|---|---|
{_trials(report)}

mAP of bins: mean over labels of the average precision of half seconds. Of events: of spans that overlap a marked one by half. Level 1
is kept where its cross-entropy is lower and its mAP is not lower by more than .005; each later level where it beats what was kept
before in both. Calibration error: how far a score is from the share of bins that are right, {_number(report.before)} before,
{_number(report.after)} after.

| label | rows | {_heads(report)} | threshold | precision, recall there | on the held-out recordings |
|---|---|{"---|" * len(_tried(report))}---|---|---|
{_labels(report)}

Average precision of bins by level; –: the held-out recordings do not tell it, for it is nowhere or everywhere in them. Thresholds are
the lowest with a precision of {report.wished:g} on the windows they were chosen on; ≈: it was not reached, so the best balanced one was
taken (F½), or where nothing scored high the label's own.
"""


def data(report: Report) -> bytes:
    """report.json; what is not known is null."""
    return msgspec.json.format(msgspec.json.encode(_known(msgspec.to_builtins(report))), indent=1) + b"\n"


def _known(value: Any) -> Any:
    match value:
        case dict():
            return {name: _known(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_known(inner) for inner in value]
        case float() if math.isnan(value):
            return None
        case _:
            return value


def _reason(report: Report) -> str:
    if report.chosen == "0":
        return "No fit was better."
    why = next(trial.why for trial in report.trials if trial.level == report.chosen)
    return f"{why[0].upper()}{why[1:]}."


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _tried(report: Report) -> list[tuple[Level, Judged]]:
    return [(trial.level, trial.judged) for trial in report.trials if trial.judged]


def _heads(report: Report) -> str:
    return " | ".join(f"level {level}" for level, _ in _tried(report))


def _trials(report: Report) -> str:
    lines = []
    for trial in report.trials:
        said = trial.judged
        values = (said.bins_mean, said.events_mean, said.entropy, said.error) if said else (math.nan,) * 4
        mark = "**" if trial.level == report.chosen else ""
        lines.append(f"| {mark}{trial.level}{mark} | {WORDS[trial.level]} | {' | '.join(map(_number, values))} | {trial.why} |")
    return "\n".join(lines)


def _labels(report: Report) -> str:
    lines = []
    for number, row in enumerate(report.labels):
        precisions = " | ".join(_number(said.bins[number]) for _, said in _tried(report))
        at = f"{'' if row.threshold.reached else '≈ '}{row.threshold.on:.2f}"
        told = f"{_number(row.threshold.precision)}, {_number(row.threshold.recall)} | {_number(row.precision)}, {_number(row.recall)}"
        lines.append(f"| {_cell(row.name)} | {row.windows} | {precisions} | {at} | {told} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"
