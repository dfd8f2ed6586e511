"""What a bus is: records are published, settled, consumed and committed; Kafka and the local bus do the same.

bus = connect("kafka://host:9092")
bus.publish("events", stream, value, headers) … bus.settle(30)       # acknowledged, or BusError
with bus.consume(["media.files"], group="understand", member="w1", hooks=hooks) as consumer:
    records = consumer.poll(0.5, 32) … consumer.commit({("media.files", 0): Commit(7, "")})
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, Self

import msgspec

from streamer.errors import BusError

Place = tuple[str, int]  # topic (short name), partition


class LostError(BusError):
    """The partitions are somebody else's by now: drop all state, commit nothing, end the process."""


class FencedError(BusError):
    """Another member with this name has joined: end the process."""


class PendingError(BusError):
    """Not everything is acknowledged yet; nothing is lost: settle again."""


class Record(msgspec.Struct, frozen=True):
    """One record."""

    topic: str  # short name, without prefix and version: media.files
    partition: int
    offset: int
    key: str
    value: bytes  # empty: a tombstone
    headers: dict[str, str]
    timestamp_ms: int  # since 1970; of the broker on media topics, of the publisher elsewhere


class Outgoing(msgspec.Struct, frozen=True):
    """One record that is to be published."""

    topic: str
    key: str
    value: bytes
    headers: dict[str, str] = {}
    partition: int | None = None  # None: it follows from the key


class Commit(NamedTuple):
    """Where to begin after a restart, and a note of at most 4,096 characters that goes with it."""

    offset: int
    metadata: str = ""


class Assigned(NamedTuple):
    """What is known of a partition that has just come."""

    committed: Commit | None
    begin: int  # the oldest offset that is kept; above the committed one: media has expired
    end: int  # the next offset that will be written


class Waiting(NamedTuple):
    """What is published but not acknowledged."""

    records: int
    bytes: int
    oldest_s: float  # age of the oldest; 0 where there is none


class Receipt(Protocol):
    """Of one published record."""

    @property
    def done(self) -> bool:
        """Acknowledged or failed."""
        ...

    def wait(self, timeout_s: float) -> tuple[int, int]:
        """Partition and offset, once it is acknowledged. Errors: PendingError, BusError (it failed)."""
        ...


class Hooks(Protocol):
    """What a member of a group is told."""

    def on_assigned(self, places: Mapping[Place, Assigned]) -> None:
        """These have come, in the poll thread; `seek` in here where reading should not begin at the commit."""
        ...

    def on_revoked(self, places: Sequence[Place]) -> Mapping[Place, Commit]:
        """These go, orderly: drop their state; what is given back is committed first. At most 4 s, no call of the consumer.

        The poll thread waits meanwhile, so nothing runs beside it that it would not stop by itself.
        """
        ...

    def on_lost(self, places: Sequence[Place]) -> None:
        """These were taken: drop their state; a LostError follows."""
        ...


class Consumer(Protocol):
    """Reads records; for one thread."""

    def poll(self, timeout_s: float, most: int) -> list[Record]:
        """What has come, at most `most`, in order within a partition. Call it once a second, paused or not.

        Errors: BusError, LostError, FencedError.
        """
        ...

    def pause(self, places: Iterable[Place]) -> None:
        """Reads no more of these until `resume`; those that are not ours are passed over."""
        ...

    def resume(self, places: Iterable[Place]) -> None:
        """Reads on."""
        ...

    def assignment(self) -> list[Place]:
        """What it reads, sorted."""
        ...

    def position(self, place: Place) -> int:
        """The offset that `poll` gives next."""
        ...

    def seek(self, place: Place, offset: int) -> None:
        """Goes on from there."""
        ...

    def ends(self, places: Iterable[Place]) -> dict[Place, int]:
        """The next offset that will be written."""
        ...

    def since(self, places: Iterable[Place], time: float) -> dict[Place, int]:
        """The first offset of this time (seconds since 1970) or later; the end where there is none."""
        ...

    def commit(self, offsets: Mapping[Place, Commit]) -> bool:
        """Whether it is kept; False: a rebalance is under way, so poll and commit again. Those not ours are passed over.

        Errors: ValueError (an offset that is not there, a note that is too long), LostError, FencedError, BusError.
        """
        ...

    def close(self) -> None:
        """Leaves the group, after `on_revoked`; a member with a name keeps its place until the session time-out."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Bus(Protocol):
    """Publishes from one thread at a time; consumers are independent of it."""

    prefix: str  # topics are called <prefix>.<name>.v1

    def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str], partition: int | None = None) -> Receipt:
        """Takes a record; waits while too many bytes are in flight, so never on a thread that captures.

        An empty value is a tombstone. The partition follows from the key unless it is given. After a failure it raises
        until `settle` has raised too: no record overtakes one that failed.
        Errors: ValueError (too large, no key, a header that is no text), BusError.
        """
        ...

    def settle(self, timeout_s: float) -> None:
        """Returns when every record so far is acknowledged.

        Errors: PendingError (time is up), BusError (one failed: what is not acknowledged must be published again, in order).
        """
        ...

    def waiting(self) -> Waiting:
        """What is not acknowledged yet."""
        ...

    def consume(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        member: str | None = None,
        hooks: Hooks | None = None,
        partitions: Iterable[int] | None = None,
    ) -> Consumer:
        """A consumer that shares the topics with its group, or without a group reads all of them, or the partitions named.

        It begins at what the group has committed, else at the oldest record. `member` is a stable name: a restart gets its
        partitions back, two of one name fence each other.
        """
        ...

    def transact(self, records: Sequence[Outgoing], consumer: Consumer, offsets: Mapping[Place, Commit]) -> None:
        """Publishes and commits all of it or nothing; needs a bus that was connected with a `transactional_id`.

        Errors: BusError, LostError, FencedError; the consumer is then read again from its commit.
        """
        ...

    def partitions(self, topic: str) -> int:
        """How many there are. Errors: BusError (no such topic)."""
        ...

    def close(self) -> None:
        """Publishes what it took, if that goes within 5 s, and lets go."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
