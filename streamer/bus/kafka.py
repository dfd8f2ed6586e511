"""The bus on Apache Kafka, by kafka-python: its settings, and where they differ from the defaults, why."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError
from kafka.record import util

from schemas.topics import full_name
from streamer.bus.causes import probe
from streamer.bus.consumer import KafkaBusConsumer
from streamer.bus.protocol import Commit, Consumer, Hooks, Outgoing, Place, Waiting
from streamer.bus.publisher import KafkaReceipt, Publisher
from streamer.bus.security import Security, security
from streamer.bus.transactions import Transactions
from streamer.config import Bus as Options
from streamer.errors import BusError, ConfigError

MIB = 1 << 20


def client_settings(servers: Sequence[str], guard: Security) -> dict[str, Any]:
    """What every client is made with."""
    return {
        "bootstrap_servers": list(servers),
        "client_id": "streamer",
        "bootstrap_timeout_ms": 5_000,
        "request_timeout_ms": 5_000,
        "reconnect_backoff_max_ms": 500,  # by default 30 s: that long it would stay away after the broker is back
        "metadata_max_age_ms": 30_000,
        **guard.settings(),
    }


def producer_settings(options: Options) -> dict[str, Any]:
    """Nothing is lost or doubled by a retry; batches of large records."""
    return {
        "metrics_enabled": False,
        "acks": "all",
        "enable_idempotence": True,  # said, so that a setting against it raises instead of switching it off
        "delivery_timeout_ms": round(options.delivery_timeout_s * 1000),
        "max_block_ms": 5_000,
        "linger_ms": 5,
        "batch_size": MIB,
        "max_request_size": 4 * MIB,
        "allow_auto_create_topics": False,
    }


def consumer_settings(options: Options) -> dict[str, Any]:
    """Only what is done is committed, and a silent member is found soon."""
    return {
        "metrics_enabled": False,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": "read_committed",
        "max_poll_records": 32,
        "max_partition_fetch_bytes": 4 * MIB,
        "fetch_max_bytes": 16 * MIB,
        "session_timeout_ms": round(options.session_timeout_s * 1000),
        "heartbeat_interval_ms": 500,  # a rebalance takes one or two of them
        "max_poll_interval_ms": round(options.max_poll_interval_s * 1000),
        "partition_assignment_strategy": [CooperativeStickyAssignor],
        "allow_auto_create_topics": False,
    }


class KafkaBus:
    """A Kafka cluster that answers."""

    def __init__(self, servers: Sequence[str], prefix: str, options: Options, transactional_id: str | None = None) -> None:
        if util.crc32c_c is None:
            raise ConfigError("crc32c is not there, without which Kafka is capped near 10 MB/s: pip install crc32c")
        self.servers = tuple(servers)
        self.prefix = prefix
        self._options = options
        self._security = security(options)
        probe(self.servers, self._security)
        self._publisher = Publisher(self._producer, round(options.in_flight_mb * MIB), options.delivery_timeout_s)
        self._known: set[str] = set()  # topics that are there
        self._transactions = Transactions(self._producer, transactional_id) if transactional_id else None

    def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str], partition: int | None = None) -> KafkaReceipt:
        """See Bus.publish."""
        if topic not in self._known:
            self.partitions(topic)  # an unknown topic would block each `send`
            self._known.add(topic)
        with self._explaining():
            return self._publisher.publish(full_name(self.prefix, topic), key, value, headers, partition)

    def settle(self, timeout_s: float) -> None:
        """See Bus.settle."""
        self._publisher.settle(timeout_s)

    def waiting(self) -> Waiting:
        """See Bus.waiting."""
        return self._publisher.waiting()

    def consume(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        member: str | None = None,
        hooks: Hooks | None = None,
        partitions: Iterable[int] | None = None,
    ) -> Consumer:
        """See Bus.consume."""
        settings = client_settings(self.servers, self._security) | consumer_settings(self._options)
        with self._explaining():
            client = KafkaConsumer(group_id=group, group_instance_id=member, **settings)
            made = KafkaBusConsumer(client, self.prefix, hooks, self._options.session_timeout_s if group else None)
            names = [full_name(self.prefix, topic) for topic in topics]
            if group:  # before the topics are asked for: a member that joins without knowing them joins a second time
                made.subscribe(names)
            missing = [name for name in names if not client.partitions_for_topic(name)]
            if missing:
                client.close(autocommit=False)
                raise BusError(_absent(missing, self.prefix))
            if not group:
                chosen = set(partitions) if partitions is not None else None
                every = [TopicPartition(name, n) for name in names for n in sorted(client.partitions_for_topic(name))]
                client.assign([place for place in every if chosen is None or place.partition in chosen])
        return made

    def transact(self, records: Sequence[Outgoing], consumer: Consumer, offsets: Mapping[Place, Commit]) -> None:
        """See Bus.transact."""
        if not self._transactions or not isinstance(consumer, KafkaBusConsumer):
            raise ConfigError("transact needs a bus that was connected with a transactional_id, and a consumer of Kafka")
        self._transactions.run(records, self.prefix, consumer, offsets)

    def partitions(self, topic: str) -> int:
        """See Bus.partitions."""
        with self._explaining():
            try:
                return self._publisher.partitions(full_name(self.prefix, topic))
            except KafkaError as error:
                probe(self.servers, self._security)
                raise BusError(_absent([full_name(self.prefix, topic)], self.prefix)) from error

    def close(self) -> None:
        """See Bus.close."""
        self._publisher.close()
        if self._transactions:
            self._transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _producer(self, **more: Any) -> KafkaProducer:
        return KafkaProducer(**(client_settings(self.servers, self._security) | producer_settings(self._options) | more))

    @contextlib.contextmanager
    def _explaining(self) -> Any:
        """An error of the client with its true cause."""
        try:
            yield
        except KafkaError as error:
            probe(self.servers, self._security)  # raises if it is the connection
            raise BusError(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}") from error


def _absent(names: Sequence[str], prefix: str) -> str:
    return f"no topic {', '.join(names)}: make the topics with `streamer topics create --bus kafka://…/{prefix}`"
