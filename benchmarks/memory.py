"""`python -m benchmarks memory`: memory of `streamer run` over a long film, which must not grow.

The film is the camera film again and again, its packets copied with later times; everything runs as it does for a user:
offline profile, text on screen, results in the store. The memory of a minute of film is the median of what it was twice a
second, for pictures on their way between threads make it go up and down.
"""

import argparse
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

import av

from benchmarks.harness import ONE_THREAD, Memory, keep, machine, table
from benchmarks.pipeline import FULL_S, film

FULL_MIN = 30  # minutes: a run of this size is kept
SETTLED_MIN = 5  # minutes after which all that is loaded late is there
MOST_MB = 8.0  # above that
HEADS = ("minute", "RSS", "PSS", "without files")


def main(arguments: Sequence[str] = ()) -> int:
    """Measures and prints; 1: it grows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks memory")
    parser.add_argument("--minutes", type=int, default=FULL_MIN, help=f"of film, more than {SETTLED_MIN}")
    options = parser.parse_args(arguments)
    if options.minutes <= SETTLED_MIN:
        parser.error(f"--minutes {options.minutes}: expected more than {SETTLED_MIN}")
    with tempfile.TemporaryDirectory() as folder:
        long = pathlib.Path(folder, "long.mp4")
        repeat(film(FULL_S), FULL_S, options.minutes * 60 // FULL_S, long)
        curve = watched(long, pathlib.Path(folder, "out"))
    growth = Memory(*(last - settled for last, settled in zip(curve[max(curve)], curve[SETTLED_MIN], strict=True)))
    met = growth.rss <= MOST_MB
    more = f"RSS {growth.rss:+.1f} MB, PSS {growth.pss:+.1f} MB, without files {growth.own:+.1f} MB"
    lines = [
        "# Memory over a long film",
        "",
        f"`{' '.join(['python -m benchmarks memory', *arguments])}`, {machine()}",
        "",
        f"{options.minutes} minutes of 1080p25 with sound through `streamer run`, offline profile; medians of each minute of film, MB.",
        "PSS also falls and rises with other processes that use the same libraries.",
        "",
        *table(HEADS, ([str(minute), *(f"{size:.1f}" for size in used)] for minute, used in curve.items())),
        "",
        f"- the last minute above minute {SETTLED_MIN}: {more} (wanted RSS ≤ {MOST_MB:g}): **{'met' if met else 'missed'}**",
    ]
    print("\n".join(lines))
    if options.minutes >= FULL_MIN:
        keep("memory", lines)
    return 0 if met else 1


def repeat(clip: pathlib.Path, length_s: int, times: int, out: pathlib.Path) -> None:
    """Writes the film so many times in a row, without coding anything again."""
    with av.open(str(out), "w", format="mp4") as file:
        newest: dict[int, int] = {}  # decoding time of the last packet of each track
        tracks: list[av.VideoStream | av.AudioStream] = []
        for number in range(times):
            with av.open(str(clip)) as source:
                tracks = tracks or [file.add_stream_from_template(stream) for stream in (source.streams.video[0], source.streams.audio[0])]
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None or packet.time_base is None:
                        continue
                    shift = round(number * length_s / packet.time_base)
                    if packet.dts + shift <= newest.get(packet.stream_index, -math.inf):  # sound is a block longer than the pictures
                        continue
                    newest[packet.stream_index] = packet.dts + shift
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = tracks[packet.stream_index]
                    file.mux(packet)


def watched(long: pathlib.Path, out: pathlib.Path) -> dict[int, Memory]:
    """Minute of film, from 1 on → memory. Errors: SystemExit, with what the program said."""
    samples: dict[int, list[Memory]] = {}
    for position, used in _samples(long, out):
        samples.setdefault(int(position // 60) + 1, []).append(used)
    return {minute: Memory(*map(statistics.median, zip(*some, strict=True))) for minute, some in samples.items()}


def _samples(long: pathlib.Path, out: pathlib.Path) -> Iterator[tuple[float, Memory]]:
    command = [sys.executable, "-m", "benchmarks.programs.lasting", str(long), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD) as program:
        assert program.stdout is not None
        for line in program.stdout:
            position, *sizes = map(float, line.split())
            yield position, Memory(*sizes)
    if program.returncode:
        raise SystemExit(f"the program ended with {program.returncode}")
