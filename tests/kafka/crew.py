"""Workers as processes of their own, to be started, killed and told to stop."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from schemas.codec import from_json, to_json
from schemas.messages import Chunk, Result
from schemas.topics import RESULTS, TOPICS
from streamer.bus.address import connect
from streamer.bus.protocol import Bus, Record
from streamer.bus.records import outgoing
from streamer.config import Config, load
from streamer.errors import BusError
from streamer.wiring import Models, load_models, understand

ROOT = pathlib.Path(__file__).parents[2]
STEPS = ("split", "see", "transcribe", "fuse", "interpret")
QUICK = ("bus.session_timeout_s=6",)  # a worker that died is missed sooner
SMALL = ("profile=none", "vision.ocr=false", "fusion.window_s=2", "fusion.hop_s=1", *QUICK)
ALL = tuple(TOPICS)


class Crew:
    """Workers on one bus."""

    def __init__(self, address: str, log: pathlib.Path, settings: tuple[str, ...] = SMALL, more: tuple[str, ...] = ()) -> None:
        self.address, self.settings, self.log, self.more = address, settings, log, more
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, service: str = "understand") -> None:
        options = [part for setting in self.settings for part in ("--set", setting)]
        command = [sys.executable, "-m", "workers", service, "--bus", self.address, "--name", name, *options, *self.more]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        with self.log.open("ab") as log:
            self.processes[name] = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def stop(self, name: str) -> tuple[int, float]:
        """SIGTERM; how it ended, and after how many seconds."""
        began = time.monotonic()
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(30), time.monotonic() - began

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGKILL)
            process.wait()


def in_process(films: dict[str, pathlib.Path], config: Config, models: Models) -> dict[str, dict[str, bytes]]:
    """Stream → id → value: what comes of the files without a bus."""
    found = {}
    for stream, path in films.items():
        results = (message for message in understand(path, stream, config, models) if isinstance(message, Result))
        found[stream] = {f"{message.id}.{message.rev}": to_json(message) for message in results}
    return found


def config_of(settings: tuple[str, ...]) -> tuple[Config, Models]:
    config = load(None, settings)
    return config, load_models(config)


def publish(bus: Bus, chunks: Iterator[Chunk] | list[Chunk]) -> None:
    """As `ingest` does it: in order, and from what was not acknowledged on when the broker was away."""
    waiting = []
    for chunk in chunks:
        record = outgoing(chunk, "ingest")
        waiting.append(record)
        if len(waiting) == 16:
            _settled(bus, waiting)
            waiting = []
    _settled(bus, waiting)


def _settled(bus: Bus, records: list) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            for record in records:
                bus.publish(record.topic, record.key, record.value, record.headers)
            return bus.settle(30)
        except BusError:
            assert time.monotonic() < ends
            with contextlib.suppress(BusError):
                bus.settle(0)
            time.sleep(0.2)


class Told:
    """All results so far, and how many of them were told more than once."""

    def __init__(self, address: str, topics: tuple[str, ...] = RESULTS) -> None:
        self.bus = connect(address)
        self.consumer = self.bus.consume(topics)
        self.records: list[Record] = []
        self.found: dict[str, dict[str, bytes]] = {}
        self.conflicts: list[tuple[bytes, bytes]] = []

    def look(self, timeout_s: float = 0.1) -> int:
        """Reads on; the number of different results."""
        for record in self.consumer.poll(timeout_s, 500):
            self.records.append(record)
            message = from_json(record.value)
            known = self.found.setdefault(message.stream, {}).setdefault(f"{message.id}.{message.rev}", record.value)
            if known != record.value:
                self.conflicts.append((known, record.value))
        return sum(map(len, self.found.values()))

    def wait(self, count: int, within_s: float = 60.0) -> None:
        """Until there are so many different ones."""
        ends = time.monotonic() + within_s
        while self.look() < count:
            assert time.monotonic() < ends, f"{self.look()} of {count} after {within_s:g} s"

    def drain(self, quiet_s: float = 1.0) -> None:
        """Until nothing comes any more."""
        ends = time.monotonic() + quiet_s
        while time.monotonic() < ends:
            before = len(self.records)
            self.look()
            if len(self.records) > before:
                ends = time.monotonic() + quiet_s

    @property
    def repeats(self) -> float:
        """Share of the records that say what another one said."""
        return 1 - sum(map(len, self.found.values())) / max(1, len(self.records))

    def __enter__(self) -> "Told":
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.close()
        self.bus.close()
