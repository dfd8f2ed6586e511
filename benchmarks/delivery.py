"""What Kafka adds to the pipeline: `python -m benchmarks delivery [--runs 5] [--length 60]`.

in process   `streamer.watch` on a camera's film of 4 Mb/s
worker       the same film as Chunks from a real broker, results to topics; one processor each, in turns
idle         a worker that has nothing to do
latency      cameras of 4 Mb/s each: from the making of a Chunk, and from the broker, which has it, to the decoder's door
"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.harness import ONE_THREAD, Report, cpu_s, in_turns, keep, machine, ratio, run, table
from benchmarks.pipeline import film
from schemas.messages import Chunk, Packet
from streamer.bus import topics
from streamer.bus.address import connect
from streamer.bus.broker.cluster import Cluster, prepare
from streamer.bus.protocol import Bus
from streamer.bus.records import outgoing
from streamer.config import Bus as Options
from streamer.media.chunks import chunks

MOST_CPU, MOST_MS = 1.03, 20.0  # × in process; of 99 in 100 Chunks
CAMERAS, CHUNK_BYTES, EACH_S = 20, 250_000, 0.5  # 4 Mb/s a camera
LATENCY_S, IDLE_S = 30, 15
WARM_S = 3.0  # until partitions are shared out, and then until both sides know their broker
SETTINGS = ("vision.ocr=false",)


def main(arguments: Sequence[str] = ()) -> int:
    """Measures and prints; 1: a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks delivery")
    parser.add_argument("--runs", type=int, default=5, help="of each program, in turns")
    parser.add_argument("--length", type=int, default=60, help="seconds of film")
    options = parser.parse_args(arguments)
    clip, turn = film(options.length), iter(range(options.runs))
    with _broker() as address:

        def worker() -> Report:
            place = f"{address}/run{next(turn)}"
            topics.create(place, Options(partitions=1))
            with connect(place) as bus:
                _publish(bus, chunks(clip, "camera"))
            return run("worker", place, *SETTINGS)

        reports = in_turns({"in process": lambda: run("ours", str(clip), *SETTINGS), "worker": worker}, options.runs)
        topics.create(f"{address}/live", Options(partitions=6))
        idle = _idle(f"{address}/live")
        delays = _delays(f"{address}/live")
    return _tell(reports, options.length, idle, delays)


def _tell(reports: dict[str, list[Report]], length_s: int, idle: float, delays: list[tuple[float, float]]) -> int:
    words = {report.words for runs in reports.values() for report in runs}
    assert len(words) == 1, f"all write down the same; got {words} words"
    added = ratio(reports["worker"], reports["in process"])
    made, logged = (sorted(delay[which] for delay in delays) for which in (0, 1))
    late, later = (each[int(len(each) * 0.99)] for each in (made, logged))
    costs = {name: statistics.median(report.cpu_s for report in runs) for name, runs in reports.items()}
    rows = [[name, f"{cost:.2f}", f"{1000 * cost / length_s:.0f}", f"{cost / costs['in process']:.3f}"] for name, cost in costs.items()]
    met = (added <= MOST_CPU, late <= MOST_MS)
    lines = [
        "# What Kafka adds",
        "",
        f"`python -m benchmarks delivery`, {len(reports['worker'])} runs; {machine()}",
        "",
        *table([f"{length_s} s of 1080p25 at 4 Mb/s", "CPU-s", "CPU-ms a second", "× in process"], rows),
        "",
        f"- worker ÷ in process, median of neighbours: {added:.3f}, target ≤ {MOST_CPU}: **{_word(met[0])}**",
        f"- a worker with nothing to do: {1000 * idle:.0f} CPU-ms a second",
        f"- {CAMERAS} cameras of 4 Mb/s, {len(delays)} Chunks, made → decoder: p50 {statistics.median(made):.1f} ms",
        f"- p99 {late:.1f} ms, target ≤ {MOST_MS:g}: **{_word(met[1])}**",
        f"- of it, in the log → decoder: p50 {statistics.median(logged):.1f} ms, p99 {later:.1f} ms",
        f"- a worker is measured from the first Chunk on, the first {WARM_S:g} s of the cameras are left out",
    ]
    print("\n".join(lines))
    keep("delivery", lines)
    return 0 if all(met) else 1


def _word(met: bool) -> str:
    return "met" if met else "missed"


@contextmanager
def _broker() -> Iterator[str]:
    prepare()
    with tempfile.TemporaryDirectory() as name, Cluster(pathlib.Path(name) / "kafka") as cluster:
        yield cluster.address


def _publish(bus: Bus, messages: Iterator[Chunk]) -> None:
    for message in messages:
        record = outgoing(message, "benchmark")
        bus.publish(record.topic, record.key, record.value, record.headers)
    bus.settle(60)


def _idle(address: str) -> float:
    """CPU seconds a second of a worker without work."""
    before = cpu_s()
    _door(address, WARM_S).communicate()
    started = cpu_s()
    _door(address, WARM_S + IDLE_S).communicate()
    return (cpu_s() - started - (started - before)) / IDLE_S


def _delays(address: str) -> list[tuple[float, float]]:
    """ms from the making of each Chunk, and from when the broker had it, to the decoder's door."""
    door = _door(address, 2 * WARM_S + LATENCY_S + 1)
    time.sleep(WARM_S)
    data = random.Random(0).randbytes(CHUNK_BYTES)
    warm, count = (round(length_s / EACH_S) * CAMERAS for length_s in (WARM_S, LATENCY_S))
    with connect(address) as bus:
        began = time.monotonic()
        for number in range(warm + count):
            time.sleep(max(0.0, began + number * EACH_S / CAMERAS - time.monotonic()))
            now = time.time()
            packet = Packet(track=0, pts=number, dts=number, duration=1, key=True, size=len(data))
            camera = f"camera-{number % CAMERAS}"
            made = Chunk(stream=camera, epoch=round(now * 1000), seq=number, captured=now, packets=(packet,), data=data)
            _publish_one(bus, made)
    said, _ = door.communicate(timeout=60)
    found = {int(number): (float(made), float(logged)) for number, made, logged in map(str.split, said.splitlines())}
    assert found.keys() == set(range(warm + count)), f"{len(found)} of {warm + count} Chunks came"
    return [found[number] for number in range(warm, warm + count)]


def _publish_one(bus: Bus, chunk: Chunk) -> None:
    record = outgoing(chunk, "benchmark")
    bus.publish(record.topic, record.key, record.value, record.headers)


def _door(address: str, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.programs.door", address, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD)
