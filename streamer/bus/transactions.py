"""Records and offsets in one step, or neither: exactly once between topics, as an option.

Ids make repeats harmless anyway, and the client lacks KIP-890, so this is not what the promise rests on.
"""

import concurrent.futures
import threading
from collections.abc import Callable, Mapping, Sequence

from kafka import KafkaProducer
from kafka.errors import (
    CommitFailedError,
    FencedInstanceIdError,
    IllegalGenerationError,
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
    UnknownMemberIdError,
)

from schemas.topics import full_name
from streamer.bus.causes import abandon
from streamer.bus.consumer import KafkaBusConsumer
from streamer.bus.protocol import Commit, FencedError, LostError, Outgoing, Place
from streamer.bus.rules import check_record
from streamer.errors import BusError

TIMEOUT_S = 10.0  # of a transaction: so long readers wait for one whose worker has died
FENCED = (ProducerFencedError, InvalidProducerEpochError, FencedInstanceIdError)
WATCH_S = 20.0  # the client waits for ever for the end of a transaction; we do not


class Transactions:
    """One transactional producer at a time."""

    def __init__(self, make: Callable[..., KafkaProducer], name: str) -> None:
        self._make = make
        self._name = name
        self._producer: KafkaProducer | None = None

    def run(self, records: Sequence[Outgoing], prefix: str, consumer: KafkaBusConsumer, offsets: Mapping[Place, Commit]) -> None:
        """Publishes and commits all of it, or nothing. Errors: BusError, LostError, FencedError."""
        try:
            _within(lambda: self._once(records, prefix, consumer, offsets))
        except (CommitFailedError, IllegalGenerationError, UnknownMemberIdError) as error:
            self._abandon()
            raise LostError("the transaction was refused: the partitions are another worker's by now") from error
        except (KafkaError, TimeoutError) as error:
            self._abandon()
            if _fenced(error):
                raise FencedError(f"another worker publishes as {self._name}; expected a name of its own for each") from error
            raise BusError(f"transaction: {type(error).__name__}: {error}".rstrip(": ")) from error

    def close(self) -> None:
        """Lets the producer go; nothing is open between two runs."""
        if self._producer:
            self._producer.close(timeout=1.0)
            self._producer = None

    def _once(self, records: Sequence[Outgoing], prefix: str, consumer: KafkaBusConsumer, offsets: Mapping[Place, Commit]) -> None:
        producer = self._ready()
        producer.begin_transaction()
        futures = []
        for record in records:
            key, headers, _ = check_record(record.topic, record.key, record.value, record.headers)
            name, value = full_name(prefix, record.topic), record.value or None
            futures.append(producer.send(name, value=value, key=key, headers=headers, partition=record.partition))
        producer.send_offsets_to_transaction(consumer.kafka_offsets(offsets), consumer.membership())
        producer.commit_transaction()
        for future in futures:
            future.get(timeout=0)

    def _ready(self) -> KafkaProducer:
        if not self._producer:
            self._producer = self._make(
                transactional_id=self._name, transaction_timeout_ms=round(TIMEOUT_S * 1000), delivery_timeout_ms=round(TIMEOUT_S * 1000)
            )
            self._producer.init_transactions()
        return self._producer

    def _abandon(self) -> None:
        """After any failure the producer is replaced; a new one of the same name aborts what this one left open."""
        producer, self._producer = self._producer, None
        if producer:
            threading.Thread(target=abandon, args=(producer,), daemon=True).start()


def _fenced(error: Exception) -> bool:
    """Whether another producer took the name; what the client learns of it between two calls, the next one tells by name only."""
    return isinstance(error, FENCED) or any(kind.__name__ in str(error) for kind in FENCED)


def _within(work: Callable[[], None]) -> None:
    """Runs the work on a thread that is given up after WATCH_S. Errors: TimeoutError."""
    done: concurrent.futures.Future[None] = concurrent.futures.Future()

    def run() -> None:
        try:
            work()
            done.set_result(None)
        except BaseException as error:  # crosses to the caller
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    done.result(WATCH_S)
