"""`python -m benchmarks decode`: CPU seconds of decoding the camera film and looking at one picture a second.

    floor            ffmpeg decodes everything and throws it away (PyAV, where ffmpeg is not installed)
    ours             packets in, Frames out: decoding, glimpses, the encoder's image and the pictures that changed
    cv2.read         the usual loop: every frame decoded and converted, one a second scaled

Every program is its own process and uses one thread. Interpreter start and imports are not counted.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

from benchmarks import corpus
from benchmarks.harness import ONE_THREAD, cpu_s, machine, table

FLOOR, NAIVE = "floor", "cv2.read of every frame"
OURS = {"lazy": "ours, lazy", "bare": "ours, lazy, no pictures", "full": "ours, full", "keyframes": "ours, key frames only"}
STREAMS = 4  # open at once, for the memory of one more
LOOKED_AT = 10  # pictures: with them the decoders are warm
SIZE = 224  # px: of the encoder's image


def main(arguments: Sequence[str] = ()) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks decode")
    parser.add_argument("--runs", type=int, default=5, help="of each program, interleaved")
    parser.add_argument("--seconds", type=int, default=60, help="of the camera film")
    parser.add_argument("--clip", type=pathlib.Path, help="measure this film instead")
    options = parser.parse_args(arguments)
    clip = options.clip or corpus.camera(options.seconds)
    programs: dict[str, Callable[[], float]] = {FLOOR: partial(_floor, clip)}
    programs |= {name: partial(_child, what, clip) for what, name in OURS.items()}
    programs[NAIVE] = partial(_child, "cv2", clip)
    found: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(options.runs):  # in turns, so that a slow minute of the machine meets all of them
        for name, program in programs.items():
            found[name].append(program())
    print(f"{machine()}\nfloor: {_ffmpeg() or 'PyAV decodes every frame, for the ffmpeg program is not installed'}")
    print(f"film: {clip.name}, {clip.stat().st_size / 1e6:.1f} MB\ncommand: python -m benchmarks decode {' '.join(arguments)}\n")
    print("\n".join(table(("CPU", "min s", "median s", "ms per s of film", "× floor"), _rows(found, options.seconds))))
    print(f"\n{NAIVE} / {OURS['lazy']}: {min(found[NAIVE]) / min(found[OURS['lazy']]):.2f}")
    print(f"memory of one more film: {_child('memory', clip):.1f} MB; of a plain decoder: {_child('plain memory', clip):.1f} MB")


def _rows(found: dict[str, list[float]], seconds: int) -> Iterator[list[str]]:
    floor = min(found[FLOOR])
    for name, runs in found.items():
        figures = (min(runs), statistics.median(runs), 1000 * min(runs) / seconds, min(runs) / floor)
        yield [name, *(f"{figure:.{digits}f}" for figure, digits in zip(figures, (3, 3, 1, 2), strict=True))]


def _ffmpeg() -> str | None:
    """The ffmpeg program's name and version; None: there is none."""
    if not shutil.which("ffmpeg"):
        return None
    return subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.partition(" Copyright")[0]


def _floor(clip: pathlib.Path) -> float:
    if not shutil.which("ffmpeg"):
        return _child("everything", clip)
    before = cpu_s()
    subprocess.run(["ffmpeg", "-v", "error", "-threads", "1", "-i", str(clip), "-f", "null", "-"], check=True)
    return cpu_s() - before


def _child(what: str, clip: pathlib.Path) -> float:
    """The figure that a process of its own measures."""
    command = [sys.executable, "-m", "benchmarks.decode", what, str(clip)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | ONE_THREAD).stdout)


def _ours(clip: pathlib.Path, mode: Literal["lazy", "full", "keyframes"], pictures: bool = True) -> float:
    from schemas.messages import Frame
    from streamer.config import Media
    from streamer.media.reader import read

    before = cpu_s()
    messages = read(clip, "f-1", Media(decode=mode), (SIZE, SIZE), (), pictures=pictures)
    assert sum(isinstance(message, Frame) for message in messages)
    return cpu_s() - before


def _everything(clip: pathlib.Path) -> float:
    import av

    before = cpu_s()
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "NONE", 1
        for packet in container.demux(stream):
            packet.decode()
    return cpu_s() - before


def _cv2(clip: pathlib.Path) -> float:
    import cv2

    before = cpu_s()
    cv2.setNumThreads(1)
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    rate = round(capture.get(cv2.CAP_PROP_FPS))
    images, number = [], 0
    while (got := capture.read())[0]:
        if number % rate == 0:
            images.append(cv2.cvtColor(cv2.resize(got[1], (SIZE, SIZE)), cv2.COLOR_BGR2RGB))
        number += 1
    assert images
    return cpu_s() - before


def _memory(opened: Callable[[pathlib.Path], Iterator[object]], clip: pathlib.Path) -> float:
    """MB of private memory that one more open film takes, while its first seconds are looked at."""
    sizes, open_ones = [], []
    for _ in range(STREAMS + 1):
        open_ones.append(opened(clip))
        sizes.append(max(_private_mb() for _ in zip(range(LOOKED_AT), open_ones[-1], strict=False)))
    return (sizes[-1] - sizes[0]) / STREAMS


def _frames(clip: pathlib.Path) -> Iterator[object]:
    from schemas.messages import Frame
    from streamer.config import Media
    from streamer.media.reader import read

    return (message for message in read(clip, "f-1", Media(), (SIZE, SIZE), ()) if isinstance(message, Frame))


def _plain(clip: pathlib.Path) -> Iterator[object]:
    import av

    container = av.open(str(clip))
    stream = container.streams.video[0]
    stream.thread_type, stream.thread_count = "NONE", 1
    return (frame for number, frame in enumerate(container.decode(stream)) if number % 25 == 0)


def _private_mb() -> float:
    rollup = pathlib.Path("/proc/self/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private")) / 1024


MEASURED: dict[str, Callable[[pathlib.Path], float]] = {
    "lazy": partial(_ours, mode="lazy"),
    "bare": partial(_ours, mode="lazy", pictures=False),
    "full": partial(_ours, mode="full"),
    "keyframes": partial(_ours, mode="keyframes"),
    "everything": _everything,
    "cv2": _cv2,
    "memory": partial(_memory, _frames),
    "plain memory": partial(_memory, _plain),
}

if __name__ == "__main__":
    print(MEASURED[sys.argv[1]](pathlib.Path(sys.argv[2])))
