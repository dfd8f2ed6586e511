"""Publishing to Kafka so that nothing is lost in silence: every future is watched, bytes in flight are bounded.

An idempotent producer of kafka-python 3.0.12 can hang for ever without a word, and one record that the broker refuses makes it
useless for all that follow. So the age of the oldest record that is not acknowledged is watched, and after any failure
everything in flight counts as failed and the next record is sent by a new producer.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from streamer.bus.causes import abandon
from streamer.bus.protocol import PendingError, Waiting
from streamer.bus.rules import check_record
from streamer.errors import BusError

log = logging.getLogger(__name__)

HURRY_S = 1.0  # of a wait for the broker, after which silence and failures are looked for
GRACE_S = 5.0  # beyond the delivery time-out, after which a producer that says nothing is given up


class KafkaReceipt:
    """Of one published record."""

    __slots__ = ("_changed", "bytes", "error", "place", "since")

    def __init__(self, size: int, changed: threading.Condition) -> None:
        self.bytes = size
        self.since = time.monotonic()
        self.place: tuple[int, int] | None = None  # partition, offset
        self.error: BusError | None = None
        self._changed = changed

    @property
    def done(self) -> bool:
        """Acknowledged or failed."""
        return self.place is not None or self.error is not None

    def wait(self, timeout_s: float) -> tuple[int, int]:
        """Partition and offset, once it is acknowledged. Errors: PendingError, BusError (it failed)."""
        with self._changed:
            self._changed.wait_for(lambda: self.done, timeout_s)
        if self.error:
            raise self.error
        if self.place is None:
            raise PendingError(f"not acknowledged after {timeout_s:g} s")
        return self.place


class Publisher:
    """One producer at a time, and what is in flight through it."""

    def __init__(self, make: Callable[[], KafkaProducer], most_bytes: int, delivery_timeout_s: float) -> None:
        self._make = make
        self._most_bytes = most_bytes
        self._limit_s = delivery_timeout_s + GRACE_S
        self._producer: KafkaProducer | None = None
        self._changed = threading.Condition()
        self._flying: dict[int, KafkaReceipt] = {}  # by number, so the first is the oldest
        self._bytes = 0
        self._number = 0
        self._failure: BusError | None = None  # told by `settle`, which clears it

    def publish(self, topic: str, key: str, value: bytes, headers: Mapping[str, str], partition: int | None = None) -> KafkaReceipt:
        """Takes a record; see Bus.publish. `topic` is the full name."""
        key_bytes, encoded, size = check_record(topic, key, value, headers)
        self._make_room(size)
        receipt = KafkaReceipt(size, self._changed)
        with self._changed:
            self._number += 1
            number = self._number
            self._flying[number] = receipt
            self._bytes += size
        try:
            future = self._current().send(topic, value=value or None, key=key_bytes, headers=encoded, partition=partition)
        except (KafkaError, ValueError, AssertionError) as error:
            self._forget(number)
            raise BusError(f"{topic}: {_said(error)}") from error
        future.add_callback(self._acknowledged, number)
        future.add_errback(self._failed, number, topic)
        return receipt

    def settle(self, timeout_s: float) -> None:
        """Returns when every record so far is acknowledged; see Bus.settle."""
        ends = time.monotonic() + timeout_s
        self._hurry(min(timeout_s, HURRY_S))
        with self._changed:
            while self._flying and not self._failure:
                self._give_up_on_silence()
                left = ends - time.monotonic()
                if left <= 0:
                    raise PendingError(f"{len(self._flying)} records are not acknowledged after {timeout_s:g} s")
                self._changed.wait(min(left, 1.0))
            failure = self._failure
        if failure:
            self._begin_anew()
            raise failure

    def _hurry(self, timeout_s: float) -> None:
        """Sends what lingers for company: somebody waits for it."""
        if self._producer and self._flying and timeout_s > 0:
            with contextlib.suppress(KafkaError):  # what failed is told by its receipt
                self._producer.flush(timeout=timeout_s)

    def waiting(self) -> Waiting:
        """What is not acknowledged yet."""
        with self._changed:
            self._give_up_on_silence()
            oldest = next(iter(self._flying.values()), None)
            return Waiting(len(self._flying), self._bytes, time.monotonic() - oldest.since if oldest else 0.0)

    def partitions(self, topic: str) -> int:
        """How many there are. Errors: KafkaTimeoutError (no such topic, or nobody answers)."""
        return len(self._current().partitions_for(topic))

    def close(self) -> None:
        """Sends what it took, if that goes within 5 s."""
        if self._producer:
            try:
                self._producer.close(timeout=GRACE_S)
            except KafkaError:
                log.warning("%d records were not acknowledged at the end", len(self._flying))
                abandon(self._producer)
        self._producer = None

    def _current(self) -> KafkaProducer:
        if not self._producer:
            self._producer = self._make()
        return self._producer

    def _make_room(self, size: int) -> None:
        with self._changed:
            while not self._failure and self._flying and self._bytes + size > self._most_bytes:
                self._give_up_on_silence()
                self._changed.wait(1.0)
            if self._failure:
                raise self._failure

    def _give_up_on_silence(self) -> None:
        """Called with the lock held."""
        oldest = next(iter(self._flying.values()), None)
        if oldest and not self._failure and time.monotonic() - oldest.since > self._limit_s:
            self._fail(BusError(f"no acknowledgement and no error for {self._limit_s:.0f} s: the producer is given up"))

    def _acknowledged(self, number: int, sent: Any) -> None:
        with self._changed:
            receipt = self._flying.pop(number, None)
            if receipt:
                self._bytes -= receipt.bytes
                receipt.place = (sent.partition, sent.offset)
            self._changed.notify_all()

    def _failed(self, number: int, topic: str, error: Exception) -> None:
        with self._changed:
            if number in self._flying:  # else it is of a producer that was given up
                self._fail(BusError(f"{topic}: {_said(error)}"))

    def _forget(self, number: int) -> None:
        with self._changed:
            receipt = self._flying.pop(number, None)
            self._bytes -= receipt.bytes if receipt else 0

    def _fail(self, failure: BusError) -> None:
        """All that is in flight has failed. Called with the lock held."""
        self._failure = failure
        for receipt in self._flying.values():
            receipt.error = failure
        self._flying.clear()
        self._bytes = 0
        self._changed.notify_all()

    def _begin_anew(self) -> None:
        """Lets the producer go, without waiting for it: it may never answer."""
        producer, self._producer = self._producer, None
        if producer:
            threading.Thread(target=abandon, args=(producer,), daemon=True).start()
        with self._changed:
            self._failure = None


def _said(error: BaseException) -> str:
    if isinstance(error, KafkaTimeoutError):
        return "the broker did not answer in time"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
