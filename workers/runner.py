"""The loop that all services share: one thread polls, some work, one publishes; what is acknowledged is committed.

    poll ─ route ─> a stream's inbox ─ turn ─> batches ─ teller ─> acknowledged ─ commit
     └── pause, resume, rewind             (threads, one a stream at a time)        └── here, in the poll thread

A stream is begun anew from its newest line by a new owner, and by the old one after a failure: the same way.
"""

import concurrent.futures
import logging
import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence

from schemas.messages import Message
from streamer.bus import records as results
from streamer.bus.protocol import Assigned, Bus, Commit, Consumer, Outgoing, Place, Record
from streamer.errors import BusError
from workers import retold, state
from workers.partition import Partition
from workers.retold import Known
from workers.service import Service
from workers.state import Kept, Line
from workers.stream import Batch, Stream
from workers.teller import Teller

log = logging.getLogger(__name__)

POLL_S, SOON_S = 0.5, 0.1  # how long nothing may come; likewise where something else is waited for
POLL_RECORDS = 10_000  # all that was fetched: kafka-python 3.0.12 never gives what a poll left behind of a partition paused since
COMMIT_S = 0.2  # between two commits
TURN_RECORDS = 16  # of one stream before another has its turn
HAND_OVER_S = 3.0  # for what is under way when partitions go: a hook may take 4 s
STOP_S = 8.0  # for what is under way at the end: 10 s until a supervisor kills
BACK_OFF_S = (0.2, 30.0)  # before a stream goes back to its line after a failure
TRANSIENT = (MemoryError, OSError, BusError)  # what may be over when it is tried again: no fault of the record
TRANSIENT_NAMES = frozenset({"OutOfMemoryError"})  # of the GPU; its class is not imported for this


class Runner:
    """A member of a service's group."""

    def __init__(self, bus: Bus, service: Service, member: str | None = None, threads: int = 2, exactly_once: bool = False) -> None:
        """Args:
        member: a stable name: a restart gets its partitions back.
        threads: so many streams are worked on at the same time.
        exactly_once: results, lines and commits in transactions; the bus must be connected with a transactional id.
        """
        self._bus, self._service, self._member = bus, service, member
        self._lock = threading.RLock()
        self._partitions: dict[Place, Partition] = {}
        self._loads: list[tuple[concurrent.futures.Future[tuple[dict[int, list[Kept]], Known]], list[Partition]]] = []
        self._loader = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="loader")
        self._ready: queue.SimpleQueue[Stream | None] = queue.SimpleQueue()
        self._turned = threading.Condition(self._lock)  # a turn is over
        self._exactly_once = exactly_once
        self._teller = Teller(bus, service.name, self._acknowledged, service.meters, self._transact if exactly_once else None)
        self._threads = [threading.Thread(target=self._turns, name=f"turn {number}", daemon=True) for number in range(threads)]
        self._committed_at = 0.0
        self._consumer: Consumer | None = None

    def run(self, stop: threading.Event) -> None:
        """Works until it shall stop. Errors: BusError; LostError and FencedError where another worker took over."""
        for thread in self._threads:
            thread.start()
        group = f"{self._bus.prefix}.{self._service.name}"  # two sets of topics on one broker have nothing to do with each other
        consumer = self._bus.consume(self._service.reads, group=group, member=self._member, hooks=self)
        self._consumer = consumer
        try:
            while not stop.is_set():
                self._step(consumer)
            self._finish(consumer)
            consumer.close()
        finally:
            self._end()

    def _step(self, consumer: Consumer) -> None:
        if self._teller.failure:
            raise self._teller.failure
        self._admit(consumer)
        records = consumer.poll(SOON_S if self._loads or self._waits() else POLL_S, POLL_RECORDS)
        with self._lock:
            for record in records:
                self._route(record)
            for partition in self._partitions.values():
                self._steer(consumer, partition)
            waiting = sum(partition.records for partition in self._partitions.values())
            self._service.meters.polled(len(self._partitions), waiting)
        self._commit(consumer)

    # --- what the bus tells ----------------------------------------------------------------------------------------

    def on_assigned(self, places: Mapping[Place, Assigned]) -> None:
        """They are not read before their lines are there; reading those waits on another thread."""
        assert self._consumer is not None
        self._consumer.pause(places)
        made = [Partition(place, known, self._service) for place, known in places.items()]
        with self._lock:
            self._partitions |= {partition.place: partition for partition in made}
        self._load(made)

    def on_revoked(self, places: Sequence[Place]) -> Mapping[Place, Commit]:
        """What is under way has a little time; the rest is the next owner's."""
        return self._hand_over(places, HAND_OVER_S)

    def on_lost(self, places: Sequence[Place]) -> None:
        """Nothing of them is ours."""
        with self._lock:
            self._drop(places)

    def _load(self, partitions: list[Partition]) -> None:
        numbers = {partition.place[1] for partition in partitions}
        self._loads.append((self._loader.submit(self._before, numbers), partitions))

    def _before(self, numbers: set[int]) -> tuple[dict[int, list[Kept]], Known]:
        """What is kept and told of these partitions."""
        told = () if self._exactly_once else self._service.results
        return state.read(self._bus, self._service.name, numbers), retold.read(self._bus, told, numbers)

    def _admit(self, consumer: Consumer) -> None:
        """Begins to read the partitions whose lines have come."""
        waiting, self._loads = self._loads, []
        for load in waiting:
            future, partitions = load
            ours = [partition for partition in partitions if self._partitions.get(partition.place) is partition]
            if not future.done():
                self._loads.append(load)
                continue
            try:
                kept, known = future.result()
            except BusError as error:
                log.warning("the lines of %s are not there yet: %s", [partition.place for partition in ours], error)
                time.sleep(SOON_S)
                self._load(ours)
                continue
            for partition in ours:
                self._begin(consumer, partition, kept.get(partition.place[1], []), known)

    def _begin(self, consumer: Consumer, partition: Partition, kept: list[Kept], known: Known) -> None:
        with self._lock:
            gaps = partition.load(kept, dict(known))
        consumer.seek(partition.place, partition.next)
        consumer.resume([partition.place])
        for gap in gaps:
            stream = partition.streams[gap.stream]
            self._teller.give(Batch(stream, [results.outgoing(self._stamped(gap), self._service.pipeline)], None, stream.told))

    def _stamped(self, message: Message) -> Message:
        return self._service.stamped(message)

    # --- reading ---------------------------------------------------------------------------------------------------

    def _route(self, record: Record) -> None:
        partition = self._partitions.get((record.topic, record.partition))
        if partition and not partition.loading and (stream := partition.route(record)) and not stream.busy:
            stream.busy = True
            self._ready.put(stream)

    def _steer(self, consumer: Consumer, partition: Partition) -> None:
        """Goes back for streams that failed; pauses where too much waits; forgets what is over."""
        if partition.loading:
            return
        back = partition.wake()
        if back is not None:
            consumer.seek(partition.place, back)
        if partition.full() != partition.paused:
            partition.paused = not partition.paused
            (consumer.pause if partition.paused else consumer.resume)([partition.place])
        for stream in partition.forgettable():
            if self._teller.give(Batch(stream, state.tombstones(stream.keys, partition.place[1]), None, 0), SOON_S):
                del partition.streams[stream.name]

    def _committed(self, commits: Mapping[Place, Commit]) -> None:
        with self._lock:
            for place, commit in commits.items():
                if place in self._partitions:
                    self._partitions[place].committed = commit

    def _waits(self) -> bool:
        """Something will have to be read again or on soon."""
        with self._lock:
            return any(partition.paused or partition.sleeping() for partition in self._partitions.values())

    def _commit(self, consumer: Consumer) -> None:
        if time.monotonic() - self._committed_at < COMMIT_S:
            return
        with self._lock:
            changed = self._commits(self._partitions)
        if changed and consumer.commit(changed):
            self._committed(changed)
        self._committed_at = time.monotonic()

    def _transact(self, records: Sequence[Outgoing]) -> None:
        """Publishes these and commits all of it or nothing."""
        assert self._consumer is not None
        with self._lock:
            changed = self._due(self._partitions)
        self._bus.transact(records, self._consumer, changed)
        self._committed(changed)

    def _commits(self, places: Iterable[Place]) -> dict[Place, Commit]:
        """What may be committed of these without a transaction: while one is under way, nothing."""
        return {} if self._exactly_once and not self._teller.idle else self._due(places)

    def _due(self, places: Iterable[Place]) -> dict[Place, Commit]:
        ours = [self._partitions[place] for place in places if place in self._partitions]
        due = {partition.place: partition.commit() for partition in ours if not partition.loading}
        return {place: commit for place, commit in due.items() if commit != self._partitions[place].committed}

    # --- working ---------------------------------------------------------------------------------------------------

    def _turns(self) -> None:
        while (stream := self._ready.get()) is not None:
            with self._lock:
                stream.working = not stream.leaving
                if not stream.working:
                    continue
                records = [stream.inbox.popleft() for _ in range(min(TURN_RECORDS, len(stream.inbox)))]
            self._turn(stream, records)
            with self._lock:
                if partition := self._partitions.get(stream.place):
                    partition.release(records)
                stream.working = False
                stream.busy = bool(stream.inbox) and not stream.leaving
                if stream.busy:
                    self._ready.put(stream)
                self._turned.notify_all()

    def _turn(self, stream: Stream, records: Sequence[Record]) -> None:
        """Some records of one stream; an error is that of the record at hand and no other stream's."""
        record = None
        try:
            for record in records:
                if stream.leaving:
                    return
                self._service.meters.took(record)
                for batch in stream.work(record):
                    self._teller.give(batch)
            for batch in stream.breathe():
                self._teller.give(batch)
        except Exception as error:
            assert record is not None, "without records nothing is worked on"
            self._again(stream, record, error)

    def _again(self, stream: Stream, record: Record, error: Exception) -> None:
        """The stream goes back to its line and tries again, soon or, if it may not be the record's fault, later."""
        transient = isinstance(error, TRANSIENT) or type(error).__name__ in TRANSIENT_NAMES
        with self._lock:
            if partition := self._partitions.get(stream.place):
                partition.release(stream.inbox)
            stream.go_back(record, error, counted=not transient)
            first_s, longest_s = BACK_OFF_S
            stream.failures = stream.failures + 1 if transient else 0
            pause_s = min(first_s * 2**stream.failures, longest_s) if transient else 0.0
            stream.asleep_until = time.monotonic() + pause_s

    def _acknowledged(self, stream: Stream, line: Line | None, told: int) -> None:
        with self._lock:
            stream.kept = line or stream.kept
            stream.told = told

    # --- leaving ---------------------------------------------------------------------------------------------------

    def _hand_over(self, places: Sequence[Place], within_s: float) -> dict[Place, Commit]:
        """Ends the work on these; what may be committed of them."""
        ends = time.monotonic() + within_s
        with self._turned:
            streams = [stream for place in places if place in self._partitions for stream in self._partitions[place].streams.values()]
            for stream in streams:
                stream.leaving = True
            self._turned.wait_for(lambda: not any(stream.working for stream in streams), within_s)
            last = [stream.draw() for stream in streams if not stream.working and stream.can_draw]
        for batch in last:
            self._teller.give(batch, ends - time.monotonic())
        if not self._teller.flush(ends - time.monotonic()):
            log.warning("%d partitions go while something of them is still being told: it may be told twice", len(places))
        with self._lock:
            commits = self._commits(places)
            self._drop(places)
        return commits

    def _drop(self, places: Iterable[Place]) -> None:
        for place in places:
            if partition := self._partitions.pop(place, None):
                for stream in partition.streams.values():
                    stream.leaving = stream.gone = True

    def _finish(self, consumer: Consumer) -> None:
        """Ends in time, with what is done committed."""
        ends = time.monotonic() + STOP_S
        commits = self._hand_over(list(self._partitions), STOP_S - 1)
        while commits and not consumer.commit(commits) and time.monotonic() < ends:
            consumer.poll(SOON_S, 1)

    def _end(self) -> None:
        self._teller.end()
        for _ in self._threads:
            self._ready.put(None)
        self._loader.shutdown(wait=False, cancel_futures=True)
