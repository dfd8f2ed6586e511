"""`python -m benchmarks pipeline`: what the whole pipeline costs, beside what it must cost and what others spend.

    floor      ffmpeg decodes everything; the models run once on each of their inputs
    bare       the pipeline's own way through the film as one loop, without the pipeline
    ours       what `streamer.watch` does
    best       PyAV, faster-whisper's batched pipeline in int8 with its voice activity, the same encoders
    naive      cv2.read of every frame, openai-whisper in float32 on all sound, the same encoders

All look at the same pictures, which is checked, and use the same weights; each is a process of its own on one processor,
and the clock starts when its models are there.
"""

import argparse
import pathlib
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from benchmarks import corpus, soundtrack
from benchmarks.harness import Report, in_turns, keep, machine, ratio, run, table

SHARE = 0.2  # of the time somebody speaks
FULL_S, FULL_RUNS = 60, 5  # a run of this size is kept

FLOOR, BARE, BEST, NAIVE = "floor", "bare loop", "best of breed", "naive"
OURS, OURS_FULL, OURS_KEYS = "ours", "ours, every frame decoded", "ours, key frames only"
READ = ", with text on screen"
PROGRAMS: dict[str, tuple[str, ...]] = {  # program of benchmarks.programs, and its arguments behind the film
    FLOOR: ("floor",),
    BARE: ("bare",),
    OURS: ("ours", "vision.ocr=false"),
    OURS_FULL: ("ours", "vision.ocr=false", "media.decode=full"),
    OURS_KEYS: ("ours", "vision.ocr=false", "media.decode=keyframes"),
    BEST: ("best",),
    NAIVE: ("naive",),
    OURS + READ: ("ours",),
    BEST + READ: ("best", "--ocr"),
    NAIVE + READ: ("naive", "--ocr"),
}


def main(arguments: Sequence[str] = ()) -> int:
    """Measures and prints; 1: a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pipeline")
    parser.add_argument("--runs", type=int, default=FULL_RUNS, help="of each program, in turns")
    parser.add_argument("--length", type=int, default=FULL_S, help="seconds of film")
    parser.add_argument("--only", nargs="*", choices=PROGRAMS, default=PROGRAMS, help="some of the programs")
    options = parser.parse_args(arguments)
    clip = film(options.length)
    programs: dict[str, Callable[[], Report]] = {
        name: partial(run, program, str(clip), *rest) for name, (program, *rest) in PROGRAMS.items() if name in options.only
    }
    reports = in_turns(programs, options.runs)
    check(reports)
    lines = [*head(clip, options.length, arguments), *table(HEADS, rows(reports, options.length))]
    found = list(targets(reports))
    lines += ["", *(f"- {line}: **{'met' if met else 'missed'}**" for line, met in found)]
    print("\n".join(lines))
    if options.length >= FULL_S and options.runs >= FULL_RUNS and len(programs) == len(PROGRAMS):
        keep("pipeline", lines)
    return 0 if all(met for _, met in found) else 1


def film(length_s: int) -> pathlib.Path:
    """The camera film with speech for a fifth of the time, made once."""
    pictures = corpus.camera(length_s)
    path = pictures.with_name(f"{pictures.stem}-speech.mp4")
    if not path.exists():
        part = path.with_suffix(".part")
        soundtrack.under(pictures, soundtrack.mix(length_s, SHARE), part)
        part.rename(path)
    return path


def check(reports: Mapping[str, Sequence[Report]]) -> None:
    """All looked at the same pictures, but those that saw key frames only. Errors: SystemExit."""
    times = {tuple(report.times) for name, runs in reports.items() if name != OURS_KEYS for report in runs}
    if len(times) > 1:
        raise SystemExit(f"the programs looked at different pictures: {sorted(times)}")


def head(clip: pathlib.Path, length_s: int, arguments: Sequence[str]) -> list[str]:
    """What was measured where."""
    speech = f"{soundtrack.spoken_share(length_s, SHARE):.0%}"
    floor = "ffmpeg -threads 1" if shutil.which("ffmpeg") else "PyAV, for the ffmpeg program is not installed"
    return [
        "# The whole pipeline, offline profile: CPU seconds",
        "",
        f"`{' '.join(['python -m benchmarks pipeline', *arguments])}`, {machine()}",
        "",
        f"{clip.name}: {length_s} s of 1080p25 (H.264, 4 Mb/s, a key frame every 2 s) with AAC, speech {speech}; one picture a second.",
        "All but the one of key frames looked at the same pictures (checked). Each program runs on one processor;",
        f"loading is not in the other figures; ratios are medians over the turns. The floor decodes with {floor}.",
        "",
    ]


HEADS = (
    *("program", "min s", "median s", "ms per s of film", "× floor", "loading s", "memory MB"),
    *("pictures encoded", "patches of sound", "words", "lines read"),
)


def rows(reports: Mapping[str, Sequence[Report]], length_s: int) -> Iterator[list[str]]:
    """One for each program."""
    for name, runs in reports.items():
        spent, last = [report.cpu_s for report in runs], runs[-1]
        middle, loading, memory = (statistics.median(some) for some in zip(*((r.cpu_s, r.load_s, r.pss_mb) for r in runs), strict=True))
        floor = f"{ratio(runs, reports[FLOOR]):.2f}" if FLOOR in reports else "–"
        counts = map(str, (last.pictures, last.patches, last.words, last.lines))
        costs = (f"{min(spent):.2f}", f"{middle:.2f}", f"{1000 * middle / length_s:.1f}", floor, f"{loading:.1f}", f"{memory:.0f}")
        yield [name, *costs, *counts]


def targets(reports: Mapping[str, Sequence[Report]]) -> Iterator[tuple[str, bool]]:
    """What was wanted, what was found, and whether that is enough."""
    for other, ours, wanted in ((NAIVE, OURS, 2.0), (NAIVE + READ, OURS + READ, 6.0), (BEST, OURS, 1.0), (BEST + READ, OURS + READ, 1.0)):
        if other in reports and ours in reports:
            found = ratio(reports[other], reports[ours])
            yield f"{other} / {ours}: {found:.2f} (wanted ≥ {wanted:g})", found >= wanted
    if BARE in reports and OURS in reports:
        found = 1 - ratio(reports[BARE], reports[OURS])
        yield f"share of ours that is neither decoding nor models, (ours − bare) / ours: {found:.1%} (wanted ≤ 15 %)", found <= 0.15
