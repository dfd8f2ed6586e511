"""`streamer calibrate` and `streamer adapt`: from marked windows to a fusion that is kept only where it is better.

rows ─ films ─ features ─ marked ─┬─ most recordings: level 0, 1, 1½, 2, 3 fitted, thresholds chosen
                                  └─ the others: each level judged, and kept if it beats the one kept before
"""

import pathlib
from collections.abc import Iterator

import msgspec
import numpy as np

from streamer import labels, wiring
from streamer.adapting import films, folder, levels, rows
from streamer.adapting.judging import Judged, Timeline, sigmoid
from streamer.adapting.levels import Fit, Level
from streamer.adapting.marked import Marked, held_out, mark
from streamer.adapting.report import Report, Row, Trial
from streamer.config import Config
from streamer.errors import ConfigError
from streamer.fusion.arrays import BIN_S, WINDOW_S
from streamer.labels import Label, LabelSet
from streamer.progress import complain
from streamer.training.inputs import dims
from streamer.training.plan import Plan
from streamer.training.thresholds import choose, measure

LEAST = 20  # windows below which nothing is fitted
NETS: dict[Level, int] = {"2": 200, "3": 1000}  # windows from which a level is tried, for USUAL labels
USUAL, FEW = 15, 5  # labels; fewer than FEW need as many windows as FEW: a net has to learn to see all the same
SAME = 0.005  # mAP: less is no difference


def adapt(windows: pathlib.Path, out: pathlib.Path, config: Config, wished: float, tried: tuple[Level, ...], quiet: bool = False) -> Report:
    """Fits what the windows allow, judges it, writes the folder. Errors: StreamerError.

    Args:
        windows: a CSV or JSON lines file.
        out: the folder; features are kept beside it.
        config: of the run that it is for.
        wished: precision that thresholds are chosen for.
        tried: levels, the lowest first.
        quiet: say nothing.
    """
    marks = rows.read(windows)
    count, names = rows.count(marks), rows.labels(marks)
    _check(windows, count, names, config)
    recordings = films.find(windows, marks)
    if len(recordings) < 2:
        raise ConfigError(
            f"{windows}: all windows are of one recording, {recordings[0].path.name}: what is fitted to it can only be judged "
            "on another one, so nothing is; mark windows of a second film too"
        )
    label_set = _label_set(config, names)
    config = msgspec.structs.replace(config, vision=msgspec.structs.replace(config.vision, keyframes=False))
    models = wiring.load_models(config, label_set)
    for line in models.missing:
        complain(line)
    examples = films.watch(recordings, config, models, out.with_name(f"{out.name}.features"), quiet)
    marked = mark(examples, [recording.rows for recording in recordings])
    held = held_out(marked, np.ones(len(recordings), bool))
    _check_sides(windows, marked, held)
    train, test = marked.of(~held), marked.of(held)
    trials, fit = compare(train, test, label_set, count, tried, quiet)
    told = _told(fit, test, label_set.labels, marks, wished)
    report = Report(
        windows=count,
        recordings=len(recordings),
        held_out=tuple(recording.path.name for recording, out_of in zip(recordings, held, strict=True) if out_of),
        wished=wished,
        chosen=fit.level,
        labels=told,
        trials=trials,
        before=_judged(trials, "0").error,
        after=_judged(trials, fit.level).error,
        loads=_loads(out, fit.level),
    )
    folder.write(out, fit, label_set, report, models.weights)
    return report


def limit(level: Level, labels: int) -> int:
    """Windows from which a level is tried."""
    if level not in NETS:
        return max(LEAST, -(-LEAST * labels // USUAL))
    return -(-NETS[level] * max(labels, FEW) // USUAL)


def better(new: Judged, old: Judged, level: Level) -> bool:
    """Whether a fit is kept."""
    sharper = new.bins_mean >= old.bins_mean - SAME if level == "1" else new.bins_mean > old.bins_mean + SAME
    return sharper and new.entropy < old.entropy


def _check(windows: pathlib.Path, count: int, names: tuple[str, ...], config: Config) -> None:
    if not names:
        raise ConfigError(f"{windows}: no row has a label; expected some that say what is there")
    if count < limit("1", len(names)):
        raise ConfigError(
            f"{windows}: {count} windows for {len(names)} labels; expected {limit('1', len(names))} at least: "
            "what is fitted to fewer is worse than nothing"
        )
    if (config.fusion.window_s, config.fusion.bin_s) != (WINDOW_S, BIN_S):
        raise ConfigError(f"fusion.window_s and fusion.bin_s: expected {WINDOW_S:g} and {BIN_S:g}, nothing else can be fitted")
    if config.profile == "none":
        raise ConfigError("profile=none: has no encoders, so there is nothing to fit; expected offline")


def _check_sides(windows: pathlib.Path, marked: Marked, held: np.ndarray) -> None:
    """Errors: ConfigError, where no label can be judged."""
    tells = marked.tells(len(held))
    if not (tells[held].any(0).all(0) & tells[~held].any(0).all(0)).any():
        raise ConfigError(
            f"{windows}: no label is marked as there and as not there in two recordings each, so nothing can be judged; "
            "mark the same labels in more films, and spans without them with an empty label"
        )


def _label_set(config: Config, names: tuple[str, ...]) -> LabelSet:
    """The labels of the rows: as the labels file or `--tell` has them, else looked for under their own names."""
    known = labels.load(config.fusion.labels or None, config.tell)
    every = labels.load(config.fusion.labels or None, (*config.tell, *(name for name in names if name not in known.names)))
    found = {label.name: label for label in every.labels}
    return LabelSet(labels=tuple(found[name] for name in names), attention=every.attention)


def compare(
    train: Marked, test: Marked, label_set: LabelSet, count: int, tried: tuple[Level, ...], quiet: bool
) -> tuple[tuple[Trial, ...], Fit]:
    """What came of each level, and the one that is kept."""
    line = Timeline(test)
    trials: list[Trial] = []
    kept: tuple[Fit, Judged] | None = None
    for level, fit, why in _fits(train, label_set, count, tried, quiet):
        judged = line.judge(fit.logits(test)) if fit else None
        good = judged is not None and (kept is None or better(judged, kept[1], level))
        if fit and judged:
            why = _why(kept and (kept[0].level, kept[1]), judged, good)
            if good:
                kept = fit, judged
        trials.append(Trial(level=level, judged=judged, kept=good, why=why))
        if not quiet:
            complain(f"level {level}: " + (f"mAP {judged.bins_mean:.3f}, calibration error {judged.error:.3f}, {why}" if judged else why))
    assert kept is not None  # level 0 is always tried
    return tuple(trials), kept[0]


def _fits(train: Marked, label_set: LabelSet, count: int, tried: tuple[Level, ...], quiet: bool) -> Iterator[tuple[Level, Fit | None, str]]:
    """Each level with its fit, or without one and why."""
    names = tuple(label.name for label in label_set.labels)
    plan = Plan(
        labels=names,
        declares=tuple(label.modalities for label in label_set.labels),
        dims=dims(train.examples),
        prior=label_set.attention.prior,
    )
    begun = levels.unfitted(train, plan, label_set.labels)
    yield "0", begun, ""
    scaled = levels.scaled(train, begun)
    yield "1", scaled, ""
    if "1½" in tried:
        recalled = levels.recalling(train, begun) if len(np.unique(train.recording)) > 1 else None
        yield "1½", recalled, "" if recalled else "examples can only be judged on another recording than their own, which needs three"
    for level in ("2", "3"):
        if level in tried:
            yield level, *_net(train, scaled, level, count, quiet)


def _net(train: Marked, below: Fit, level: Level, count: int, quiet: bool) -> tuple[Fit | None, str]:
    least = limit(level, len(below.plan.labels))
    if count < least:
        return None, f"not tried: {count} windows, expected {least} for {len(below.plan.labels)} labels"
    if level == "3" and not train.examples.motion.any():
        return None, "not tried: it reads movement and rhythm, which are there with --set fusion.level=3, here and in runs"
    inside = np.zeros(train.recording.max() + 1, bool)
    inside[train.recording] = True
    if inside.sum() < 4:
        return None, "not tried: a net is chosen on recordings of their own, expected five or more in all"
    from streamer.adapting.networks import trained

    val = held_out(train, inside, 1)
    return trained(train.of(inside & ~val), train.of(val), below, "level2" if level == "2" else "level3", quiet), ""


def _why(below: tuple[Level, Judged] | None, judged: Judged, good: bool) -> str:
    if below is None:
        return "what everything is measured against"
    gain, told = judged.bins_mean - below[1].bins_mean, judged.entropy - below[1].entropy
    against = f"against level {below[0]}: mAP {gain:+.3f}, cross-entropy {told:+.4f}"
    return f"{'kept' if good else 'not kept'}, {against}"


def _told(fit: Fit, test: Marked, known: tuple[Label, ...], marks: tuple[rows.Row, ...], wished: float) -> tuple[Row, ...]:
    """Every label with its threshold."""
    own, held = Timeline(fit.own), Timeline(test)
    scores, tests = sigmoid(own.join(fit.shown)), sigmoid(held.join(fit.logits(test)))
    told = []
    for number, label in enumerate(known):
        threshold = choose(scores[:, number], own.labels[:, number], wished, label)
        precision, recall = measure(tests[:, number], held.labels[:, number], threshold.on)
        windows = sum(row.label == label.name for row in marks)
        told.append(Row(name=label.name, windows=windows, threshold=threshold, precision=precision, recall=recall))
    return tuple(told)


def _judged(trials: tuple[Trial, ...], level: Level) -> Judged:
    return next(trial.judged for trial in trials if trial.level == level and trial.judged)


def _loads(out: pathlib.Path, level: Level) -> str:
    if level == "0":
        return f"fusion.labels={out / folder.LABELS}"
    return f"fusion.model={out}" + (" --set fusion.level=3" if level == "3" else "")
