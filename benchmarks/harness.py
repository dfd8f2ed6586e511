"""What benchmarks of whole programs share: processes that tell what they cost, run in turns, and tables of them.

Programs are run A B C A B C …, so that whatever else the machine does meets them all; costs are CPU seconds, which other
work inflates far less than it does time on the clock. Ratios are of neighbours: the median over the turns.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import msgspec

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # threads that wait burn time
PACKAGES = ("av", "opencv-python-headless", "onnxruntime", "ctranslate2", "torch", "faster-whisper", "openai-whisper", "rapidocr", "numpy")
SMAPS, CPUS = Path("/proc/self/smaps_rollup"), Path("/proc/cpuinfo")
RESULTS = Path(__file__).parent / "results"


class Report(msgspec.Struct, kw_only=True):
    """What a program did and what it cost."""

    load_s: float  # CPU seconds up to when its models were there
    cpu_s: float  # CPU seconds from then on, its children included
    wall_s: float  # from then on, on the clock
    pss_mb: float  # at the end: memory, what is shared by share
    times: list[float]  # seconds of media: the pictures it looked at
    pictures: int  # that an encoder was given
    patches: int  # of sound, likewise
    words: int  # that it wrote down
    lines: int = 0  # of text on the screen


class Meter:
    """Starts when the models are there."""

    def __init__(self) -> None:
        self.load_s, self.wall = cpu_s(), time.monotonic()

    def report(self, times: Iterable[float], pictures: int, patches: int, words: int, lines: int = 0) -> Report:
        """What it took since."""
        spent, wall = cpu_s() - self.load_s, time.monotonic() - self.wall
        rounded = [round(time, 3) for time in times]
        return Report(
            load_s=self.load_s, cpu_s=spent, wall_s=wall, pss_mb=memory().pss,
            times=rounded, pictures=pictures, patches=patches, words=words, lines=lines,
        )  # fmt: skip


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended, user and system."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


class Memory(NamedTuple):
    """Of this process, in MB."""

    rss: float  # all that is in memory
    pss: float  # what is shared with other processes by share: it changes with them
    own: float  # without files: what can leak


def memory() -> Memory:
    """What the process takes now; zeros where the system does not tell."""
    lines = [line.split() for line in SMAPS.read_text().splitlines()[1:]] if SMAPS.exists() else []
    sizes = {name: int(value) / 1024 for name, value, *_ in lines}
    return Memory(sizes.get("Rss:", 0.0), sizes.get("Pss:", 0.0), sizes.get("Anonymous:", 0.0))


def tell(report: Report) -> None:
    """Prints the report as the last line, for `run`."""
    print(msgspec.json.encode(report).decode(), flush=True)


def run(program: str, *arguments: str) -> Report:
    """Runs benchmarks.programs.<program>; its report. Errors: SystemExit, with what it said."""
    command = [sys.executable, "-m", f"benchmarks.programs.{program}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | ONE_THREAD, preexec_fn=_one_processor, check=False)
    if done.returncode:
        raise SystemExit(f"{program}: ended with {done.returncode}\n{done.stderr[-2000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Report)


def _one_processor() -> None:
    """Two threads at once slow one another down, and short time slices empty the caches: that is no cost of the program."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def in_turns(programs: Mapping[str, Callable[[], Report]], runs: int) -> dict[str, list[Report]]:
    """Each program so often, in turns."""
    reports: dict[str, list[Report]] = {name: [] for name in programs}
    for turn in range(runs):
        for name, start in programs.items():
            reports[name].append(start())
            print(f"  {turn + 1}/{runs} {name}: {reports[name][-1].cpu_s:.2f} CPU-s", file=sys.stderr, flush=True)
    return reports


def ratio(some: Sequence[Report], others: Sequence[Report]) -> float:
    """CPU of some over that of the others: the median over the turns."""
    return statistics.median(one.cpu_s / other.cpu_s for one, other in zip(some, others, strict=True))


def machine() -> str:
    """The computer and the libraries that matter, on a line."""
    about = CPUS.read_text().splitlines() if CPUS.exists() else []
    names = [line.partition(":")[2].strip() for line in about if line.startswith("model name")]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table: the first column left, the others right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def keep(name: str, lines: Sequence[str]) -> None:
    """Writes what was measured to benchmarks/results/<name>.md."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n", "utf-8")
