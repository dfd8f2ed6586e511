"""What a worker made goes out here, on one thread: results, acknowledged; then the lines behind them, acknowledged."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence

from streamer.bus.protocol import Bus, FencedError, LostError, Outgoing, PendingError
from streamer.errors import BusError
from streamer.metrics import Meters
from workers import state
from workers.state import Line
from workers.stream import Batch, Stream

log = logging.getLogger(__name__)

QUEUED = 64  # batches that may wait: above it those who make them wait too
TOGETHER = 8  # records from which on no further batch is published before the lines behind them: a worker that dies tells them again
SETTLE_S = 5.0  # after which waiting for the broker is looked at again
AGAIN_S = (0.2, 30.0)  # the first and the longest pause before what failed is published again
LOOK_S = 0.1  # how soon a thread that waits notices the end

Kept = Callable[[Stream, Line | None, int], None]
Transact = Callable[[Sequence[Outgoing]], None]


class Teller:
    """Publishes batches in order."""

    def __init__(self, bus: Bus, group: str, kept: Kept, meters: Meters, transact: Transact | None = None) -> None:
        """Args:
        kept: is told what of a stream is acknowledged: the line, if there is one, and results behind the newest line.
        transact: publishes all of it or nothing, with what is to be committed; None: results, then lines.
        """
        self._transact = transact
        self._meters = meters
        self.failure: BaseException | None = None  # it has ended for this
        self._bus, self._group, self._kept = bus, group, kept
        self._waiting: queue.Queue[Batch] = queue.Queue(QUEUED)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def give(self, batch: Batch, within_s: float = float("inf")) -> bool:
        """Takes a batch, when there is room; False: there was none in time, or it has ended."""
        ends = time.monotonic() + within_s
        while not self._ended.is_set() and time.monotonic() < ends:
            with contextlib.suppress(queue.Full):
                self._waiting.put(batch, timeout=LOOK_S)
                return True
        return False

    def flush(self, within_s: float) -> bool:
        """Whether everything that was given is acknowledged."""
        ends = time.monotonic() + within_s
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and not self._ended.is_set():
                left = ends - time.monotonic()
                if left <= 0:
                    return False
                self._waiting.all_tasks_done.wait(min(left, LOOK_S))
        return self.idle

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not self._waiting.unfinished_tasks

    def end(self) -> None:
        """Publishes nothing more."""
        self._ended.set()

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                if batches := self._ready():
                    self._publish([batch for batch in batches if not batch.stream.gone])
                    for _ in batches:
                        self._waiting.task_done()
        except BaseException as error:  # crosses to the loop, which raises it
            self.failure = error
            self._ended.set()

    def _ready(self) -> list[Batch]:
        """Those that wait, as far as they may go together."""
        batches: list[Batch] = []
        with contextlib.suppress(queue.Empty):
            batches.append(self._waiting.get(timeout=LOOK_S))
            while sum(len(batch.records) for batch in batches) < TOGETHER:
                batches.append(self._waiting.get_nowait())
        return batches

    def _publish(self, batches: Sequence[Batch]) -> None:
        newest = {batch.stream: batch.line for batch in batches if batch.line}
        lines = [record for stream, line in newest.items() for record in state.records(line, self._group, stream.place[1])]
        for stream, line in newest.items():
            stream.keys |= {record.key for record in lines if record.key.startswith(f"{self._group}|{line.stream}|")}
        results = [record for batch in batches for record in batch.records]
        if transact := self._transact:
            self._keep(batches)  # what is committed with these counts on them
            if self._persist(lambda: transact([*results, *lines])):
                self._meters.told(results)
        elif self._persist(lambda: self._send(results)):
            self._meters.told(results)
            if self._persist(lambda: self._send(lines)):
                self._keep(batches)

    def _keep(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            self._kept(batch.stream, batch.line, batch.told)

    def _persist(self, work: Callable[[], None]) -> bool:
        """Does it until it is done; False: there was an end before. A failure costs nothing but time."""
        pause_s, longest_s = AGAIN_S
        while not self._ended.is_set():
            try:
                work()
                return True
            except (LostError, FencedError):
                raise
            except BusError as error:
                log.warning("published again in %g s: %s", pause_s, error)
                self._ended.wait(pause_s)
                pause_s = min(2 * pause_s, longest_s)
        return False

    def _send(self, records: Sequence[Outgoing]) -> None:
        """Publishes records; returns when they are acknowledged, or at the end."""
        try:
            for record in records:
                self._bus.publish(record.topic, record.key, record.value, record.headers, record.partition)
        except BusError:
            with contextlib.suppress(BusError):
                self._bus.settle(0)  # by this the failure is over
            raise
        while records and not self._ended.is_set():
            with contextlib.suppress(PendingError):
                return self._bus.settle(SETTLE_S)
        return None
