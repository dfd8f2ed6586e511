"""Consuming from Kafka: one thread polls; offsets are committed with their note, one commit at a time.

hooks   on_assigned, in the poll thread, before any record of the partition
        on_revoked, on the client's network loop while the poll thread waits in `poll`: what it gives back is committed
        on_lost, likewise; then `poll` raises LostError
"""

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Self

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener
from kafka.errors import (
    AuthorizationError,
    CommitFailedError,
    CorruptRecordError,
    FencedInstanceIdError,
    InvalidRequestError,
    KafkaError,
    KafkaTimeoutError,
    RebalanceInProgressError,
    RetriableError,
)

from schemas.topics import full_name, short_name
from streamer.bus.protocol import Assigned, Commit, FencedError, Hooks, LostError, Place, Record
from streamer.bus.rules import check_commit
from streamer.errors import BusError

log = logging.getLogger(__name__)

CORRUPT_TRIES = 3  # a record that cannot be read is fetched so often, then it is an error: never passed over in silence
COMMIT_MS = 5_000


class KafkaBusConsumer:
    """A member of a group, or a reader of its own; see Consumer."""

    def __init__(self, client: KafkaConsumer, prefix: str, hooks: Hooks | None, session_timeout_s: float | None) -> None:
        self._client = client
        self._prefix = prefix
        self._hooks = hooks
        self._session_s = session_timeout_s  # None: no group
        self._fresh: set[TopicPartition] = set()  # assigned, and not yet told to the hooks
        self._stopped: set[TopicPartition] = set()  # paused by our user
        self._kept: dict[TopicPartition, Commit] = {}  # what the group knows of our partitions
        self._committed_at = time.monotonic()
        self._lost: list[Place] = []
        self._corrupt = 0

    def subscribe(self, names: list[str]) -> None:
        """Joins the group for these topics (full names)."""
        self._client.subscribe(names, listener=_Listener(self))

    def poll(self, timeout_s: float, most: int) -> list[Record]:
        """See Consumer.poll."""
        found = self._polled(round(timeout_s * 1000), most)
        if self._lost:
            places, self._lost = self._lost, []
            raise LostError(f"{_named(places)} went to another worker: this one did not poll, or was not heard, for too long")
        if self._fresh:
            self._welcome()
        self._remind()
        return [self._record(record) for batch in found.values() for record in batch]

    def pause(self, places: Iterable[Place]) -> None:
        """See Consumer.pause."""
        ours = self._ours(places)
        self._stopped |= ours
        self._client.pause(*ours)

    def resume(self, places: Iterable[Place]) -> None:
        """See Consumer.resume."""
        ours = self._ours(places)
        self._stopped -= ours
        self._client.resume(*(ours - self._fresh))

    def assignment(self) -> list[Place]:
        """See Consumer.assignment."""
        return sorted(self._place(partition) for partition in self._client.assignment())

    def position(self, place: Place) -> int:
        """See Consumer.position."""
        return int(self._client.position(self._partition(place), timeout_ms=COMMIT_MS))

    def seek(self, place: Place, offset: int) -> None:
        """See Consumer.seek."""
        self._client.seek(self._partition(place), offset)

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """See Consumer.ends."""
        found = self._client.end_offsets([self._partition(place) for place in places])
        return {self._place(partition): offset for partition, offset in found.items()}

    def since(self, places: Iterable[Place], time: float) -> dict[Place, int]:
        """See Consumer.since."""
        places = list(places)
        found = self._client.offsets_for_times({self._partition(place): int(time * 1000) for place in places})
        ends = self.ends(places)  # the broker says nothing where there is nothing so late
        at = {self._place(partition): known.offset for partition, known in found.items() if known}
        return {place: at.get(place, ends[place]) for place in places}

    def commit(self, offsets: Mapping[Place, Commit]) -> bool:
        """See Consumer.commit."""
        wanted = {self._partition(place): Commit(*commit) for place, commit in offsets.items()}
        ours = {partition: wanted[partition] for partition in self._ours(offsets)}
        for partition, commit in ours.items():
            check_commit(self._place(partition), commit, self._client.position(partition, timeout_ms=COMMIT_MS))
        return self._commit(ours)

    def kafka_offsets(self, offsets: Mapping[Place, Commit]) -> dict[Any, Any]:
        """The same in the client's own types, for a transaction."""
        return {self._partition(place): OffsetAndMetadata(*commit, -1) for place, commit in offsets.items()}

    def membership(self) -> Any:
        """Who this is in its group, for a transaction: by it the broker fences a member that has been replaced."""
        return self._client.group_metadata()

    def close(self) -> None:
        """See Consumer.close."""
        try:
            self._client.close(autocommit=False, timeout_ms=COMMIT_MS)
        except KafkaError as error:
            log.warning("leaving the group: %s", error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def revoked(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Commit]:
        """What is to be committed before these go; on the network loop."""
        gone = set(partitions)
        told = gone - self._fresh  # the hooks know nothing of the others
        self._fresh -= gone
        self._stopped -= gone
        if not told or not self._hooks:
            return {}
        found = self._hooks.on_revoked(sorted(self._place(partition) for partition in told))
        for partition in gone:
            self._kept.pop(partition, None)
        return {self._partition(place): commit for place, commit in found.items() if self._partition(place) in told}

    def lost(self, partitions: Iterable[TopicPartition]) -> None:
        """These were taken; on the network loop."""
        gone = set(partitions)
        self._lost = sorted(self._place(partition) for partition in gone)
        told = gone - self._fresh
        self._fresh -= gone
        self._stopped -= gone
        self._kept.clear()
        if self._hooks and told:
            self._hooks.on_lost(sorted(self._place(partition) for partition in told))

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """These have come: they wait until the poll thread has told the hooks; on the network loop."""
        new = set(partitions)
        self._client.pause(*new)
        self._fresh |= new

    def _polled(self, timeout_ms: int, most: int) -> Mapping[TopicPartition, list[Any]]:
        try:
            found = self._client.poll(timeout_ms=timeout_ms, max_records=most)
        except FencedInstanceIdError as error:
            raise FencedError(_FENCED) from error
        except AuthorizationError as error:
            raise BusError(f"not allowed: {error}; expected a grant to read these topics and this group") from error
        except CorruptRecordError as error:
            self._corrupt += 1
            if self._corrupt >= CORRUPT_TRIES:
                raise BusError(f"a record cannot be read, {CORRUPT_TRIES} times over: {error}") from error
            return {}
        except (RetriableError, InvalidRequestError, RebalanceInProgressError) as error:
            log.info("poll again: %r", error)
            time.sleep(min(timeout_ms / 1000, 0.1))
            return {}
        except KafkaError as error:
            if isinstance(error.__cause__, BusError):
                raise error.__cause__ from error
            raise BusError(f"{type(error).__name__}: {error}") from error
        finally:
            self._hold_on()
        self._corrupt = 0
        return found  # type: ignore[no-any-return]

    def _hold_on(self) -> None:
        """Keeps the client at a joining that outlasts a poll.

        It joins again of its own accord where the partitions of its topics have changed; if that is not done by the end of the
        poll in which this member, as the leader, gave the shares out, it forgets that it is joining: it sends no heartbeat any
        more, is evicted, and goes on reading. Private code of the pinned version: test_membership.py shows the fault without it.
        """
        coordinator = self._client._coordinator
        if self._session_s and coordinator.rejoining:
            coordinator.request_rejoin()

    def _welcome(self) -> None:
        """Tells the hooks of the partitions that have come, then lets them flow."""
        new = sorted(self._fresh)
        try:
            known = {partition: self._client.committed(partition, metadata=True, timeout_ms=COMMIT_MS) for partition in new}
            begins = self._client.beginning_offsets(new, COMMIT_MS)
            ends = self._client.end_offsets(new, COMMIT_MS)
        except (RetriableError, KafkaTimeoutError) as error:
            log.info("what is committed is not known yet: %r", error)
            return
        told: dict[Place, Assigned] = {}
        for partition in new:
            kept = Commit(known[partition].offset, known[partition].metadata or "") if known[partition] else None
            start = max(kept.offset if kept else 0, begins[partition])
            self._client.seek(partition, start)
            self._kept[partition] = kept or Commit(start)
            told[self._place(partition)] = Assigned(kept, begins[partition], ends[partition])
        if self._hooks:
            self._hooks.on_assigned(told)
        self._fresh -= set(new)
        self._client.resume(*(set(new) - self._stopped))

    def _remind(self) -> None:
        """Commits the same again when nothing has been committed for half a session: only so a fenced member is told."""
        if self._session_s and self._kept and time.monotonic() - self._committed_at > self._session_s / 2:
            self._commit(dict(self._kept))

    def _commit(self, ours: dict[TopicPartition, Commit]) -> bool:
        if not ours:
            return True
        try:
            self._client.commit({partition: OffsetAndMetadata(*commit, -1) for partition, commit in ours.items()}, timeout_ms=COMMIT_MS)
        except RebalanceInProgressError:
            return False
        except CommitFailedError as error:
            if error.args and isinstance(error.args[0], RebalanceInProgressError):
                return False
            raise LostError("the commit was refused: the partitions are another worker's by now") from error
        except FencedInstanceIdError as error:
            raise FencedError(_FENCED) from error
        except (RetriableError, KafkaTimeoutError) as error:
            log.info("not committed yet: %r", error)
            return False
        except KafkaError as error:
            raise BusError(f"commit: {type(error).__name__}: {error}") from error
        self._kept |= ours
        self._committed_at = time.monotonic()
        return True

    def _ours(self, places: Iterable[Place]) -> set[TopicPartition]:
        return {self._partition(place) for place in places}.intersection(self._client.assignment())

    def _partition(self, place: Place) -> TopicPartition:
        return TopicPartition(full_name(self._prefix, place[0]), place[1])

    def _place(self, partition: TopicPartition) -> Place:
        return short_name(self._prefix, partition.topic), partition.partition

    def _record(self, found: Any) -> Record:
        return Record(
            short_name(self._prefix, found.topic),
            found.partition,
            found.offset,
            found.key.decode(errors="replace") if found.key else "",
            found.value or b"",
            {name: text.decode(errors="replace") for name, text in found.headers if text is not None},
            found.timestamp,
        )


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the client's network loop, where a commit that waits would raise; the poll thread is inside `poll`."""

    def __init__(self, consumer: KafkaBusConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """What is done is committed first."""
        offsets = self._consumer.revoked(revoked)
        if not offsets:
            return
        try:
            await self._consumer._client.commit_async({partition: OffsetAndMetadata(*commit, -1) for partition, commit in offsets.items()})
        except KafkaError as error:  # they go in any case; what is not committed is done again, with the same ids
            log.warning("not committed before %s went: %r", sorted(offsets), error)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """They wait for the poll thread."""
        self._consumer.assigned(assigned)

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Nothing may be committed."""
        self._consumer.lost(lost)


_FENCED = "another worker has joined under the same name; expected a name of its own for each"


def _named(places: Iterable[Place]) -> str:
    return ", ".join(f"{topic}/{partition}" for topic, partition in places)
