"""The bus inside one process, for tests and demos: partitions, offsets, keys, groups and commits as on Kafka.

Topics come into being when they are used, and nothing is ever deleted.
"""

import threading
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from schemas.topics import full_name
from streamer.bus.protocol import Assigned, Commit, Consumer, FencedError, Hooks, Outgoing, Place, Record, Waiting
from streamer.bus.rules import check_commit, check_record

PARTITIONS = 4


class _Broker:
    """All topics and groups of one name."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.logs: dict[Place, list[Record]] = {}  # by full name
        self.members: dict[str, list[LocalConsumer]] = {}  # by group, in order of joining
        self.commits: dict[tuple[str, Place], Commit] = {}

    def append(self, name: str, record: Outgoing, partition: int | None) -> tuple[int, int]:
        """Where the record went."""
        with self.changed:
            number = zlib.crc32(record.key.encode()) % PARTITIONS if partition is None else partition
            log = self.logs.setdefault((name, number), [])
            now = int(time.time() * 1000)
            log.append(Record(record.topic, number, len(log), record.key, record.value, dict(record.headers), now))
            self.changed.notify_all()
            return number, len(log) - 1


_BROKERS: dict[str, _Broker] = {}  # two buses of one name in a process meet here
_LOCK = threading.Lock()


class LocalReceipt:
    """Of a record that is there already."""

    done = True

    def __init__(self, place: tuple[int, int]) -> None:
        self._place = place

    def wait(self, timeout_s: float) -> tuple[int, int]:
        """Partition and offset."""
        return self._place


class LocalBus:
    """See Bus."""

    def __init__(self, name: str, prefix: str = "streamer") -> None:
        with _LOCK:
            self._broker = _BROKERS.setdefault(name, _Broker())
        self.prefix = prefix

    def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str], partition: int | None = None) -> LocalReceipt:
        """See Bus.publish."""
        check_record(topic, key, value, headers)
        record = Outgoing(topic, key, bytes(value), dict(headers))
        return LocalReceipt(self._broker.append(full_name(self.prefix, topic), record, partition))

    def settle(self, timeout_s: float) -> None:
        """See Bus.settle."""

    def waiting(self) -> Waiting:
        """See Bus.waiting."""
        return Waiting(0, 0, 0.0)

    def consume(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        member: str | None = None,
        hooks: Hooks | None = None,
        partitions: Iterable[int] | None = None,
    ) -> "LocalConsumer":
        """See Bus.consume."""
        numbers = range(PARTITIONS) if partitions is None else sorted(set(partitions))
        places = [(topic, number) for topic in topics for number in numbers]
        return LocalConsumer(self._broker, self.prefix, places, group, member, hooks)

    def transact(self, records: Sequence[Outgoing], consumer: Consumer, offsets: Mapping[Place, Commit]) -> None:
        """See Bus.transact."""
        with self._broker.changed:
            consumer.commit(offsets)
            for record in records:
                self.publish(record.topic, record.key, record.value, record.headers, record.partition)

    def partitions(self, topic: str) -> int:
        """See Bus.partitions."""
        return PARTITIONS

    def close(self) -> None:
        """See Bus.close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LocalConsumer:
    """See Consumer. A member that is dropped without `close` keeps its partitions until one of its name joins."""

    def __init__(
        self, broker: _Broker, prefix: str, places: Sequence[Place], group: str | None, member: str | None, hooks: Hooks | None
    ) -> None:
        self.name = member
        self.fenced = False
        self.owned: dict[Place, int] = {}  # and the offset that comes next
        self._broker, self._prefix, self._places = broker, prefix, places
        self._group, self._hooks = group, hooks
        self._paused: set[Place] = set()
        if group is None:
            self.owned = dict.fromkeys(places, 0)
        else:
            self._join(group)

    def poll(self, timeout_s: float, most: int) -> list[Record]:
        """See Consumer.poll."""
        ends = time.monotonic() + timeout_s
        while True:
            self._settle_in()
            with self._broker.changed:
                found = self._fetch(most)
                left = ends - time.monotonic()
                if found or left <= 0:
                    return found
                self._broker.changed.wait(min(left, 0.05))

    def pause(self, places: Iterable[Place]) -> None:
        """See Consumer.pause."""
        self._paused |= set(places) & set(self.owned)

    def resume(self, places: Iterable[Place]) -> None:
        """See Consumer.resume."""
        self._paused -= set(places)

    def assignment(self) -> list[Place]:
        """See Consumer.assignment."""
        return sorted(self.owned)

    def position(self, place: Place) -> int:
        """See Consumer.position."""
        return self.owned[place]

    def seek(self, place: Place, offset: int) -> None:
        """See Consumer.seek."""
        self.owned[place] = offset

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """See Consumer.ends."""
        return {place: len(self._log(place)) for place in places}

    def since(self, places: Iterable[Place], time: float) -> dict[Place, int]:
        """See Consumer.since."""
        at_ms = int(time * 1000)
        logs = {place: self._log(place) for place in places}
        return {place: next((record.offset for record in log if record.timestamp_ms >= at_ms), len(log)) for place, log in logs.items()}

    def commit(self, offsets: Mapping[Place, Commit]) -> bool:
        """See Consumer.commit."""
        self._refuse_if_fenced()
        ours = {place: Commit(*commit) for place, commit in offsets.items() if place in self.owned}
        for place, commit in ours.items():
            check_commit(place, commit, self.owned[place])
        self._keep(ours)
        return True

    def close(self) -> None:
        """See Consumer.close."""
        if self._group is not None and not self.fenced:
            self._give_up(set(self.owned))
            with self._broker.changed:
                self._broker.members[self._group].remove(self)
                self.fenced = True
                self._broker.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _join(self, group: str) -> None:
        with self._broker.changed:
            members = self._broker.members.setdefault(group, [])
            twin = next((other for other in members if self.name and other.name == self.name), None)
            if twin:
                twin.fenced = True
                twin.owned = {}
                members[members.index(twin)] = self
            else:
                members.append(self)

    def _settle_in(self) -> None:
        """Gives up and takes partitions until this member has its share: each in turn of all members."""
        if self._group is None:
            return
        self._refuse_if_fenced()
        with self._broker.changed:
            members = self._broker.members[self._group]
            share = set(self._places[members.index(self) :: len(members)])
        self._give_up(set(self.owned) - share)
        with self._broker.changed:
            free = share - {place for member in members for place in member.owned}
            told = {place: self._known(place) for place in sorted(free)}
            self.owned |= {place: known.committed.offset if known.committed else 0 for place, known in told.items()}
        if told and self._hooks:
            self._hooks.on_assigned(told)

    def _give_up(self, places: set[Place]) -> None:
        if not places:
            return
        if self._hooks:
            last = self._hooks.on_revoked(sorted(places))
            self._keep({place: commit for place, commit in last.items() if place in places})
        with self._broker.changed:
            self.owned = {place: at for place, at in self.owned.items() if place not in places}
            self._paused -= places
            self._broker.changed.notify_all()

    def _known(self, place: Place) -> Assigned:
        return Assigned(self._broker.commits.get((f"{self._prefix}/{self._group}", place)), 0, len(self._log(place)))

    def _keep(self, offsets: Mapping[Place, Commit]) -> None:
        with self._broker.changed:
            self._broker.commits |= {(f"{self._prefix}/{self._group}", place): commit for place, commit in offsets.items()}

    def _fetch(self, most: int) -> list[Record]:
        found: list[Record] = []
        for place in sorted(set(self.owned) - self._paused):
            records = self._log(place)[self.owned[place] : self.owned[place] + most - len(found)]
            self.owned[place] += len(records)
            found += records
        return found

    def _log(self, place: Place) -> list[Record]:
        return self._broker.logs.get((full_name(self._prefix, place[0]), place[1]), [])

    def _refuse_if_fenced(self) -> None:
        if self.fenced:
            raise FencedError("this member has left, or another has joined under the same name; expected a name of its own for each")
