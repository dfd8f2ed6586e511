"""Records on their way to the bus: kept until they are acknowledged, and sent again in order when the broker was away."""

import itertools
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from streamer.bus.protocol import Bus, Outgoing, PendingError, Receipt
from streamer.errors import BusError

log = logging.getLogger(__name__)

PAUSES_S = (0.2, 0.5, 1.0, 2.0)  # before one more try; the last for ever
LANDING_S = 1.0  # seconds of waiting at once


class Landed(NamedTuple):
    """The last Chunk of a stream up to which all are acknowledged."""

    seq: int
    partition: int
    offset: int


class _Flying(NamedTuple):
    record: Outgoing
    seq: int
    receipt: Receipt


class Flight:
    """What is not acknowledged yet; the bus bounds how much that may be."""

    def __init__(self, bus: Bus, away: Callable[[str], None]) -> None:
        """`away` is told why nothing gets through, once an outage."""
        self.bus, self.away = bus, away
        self.flying: deque[_Flying] = deque()
        self.told = False  # of this outage

    def send(self, record: Outgoing, seq: int) -> None:
        """Takes a record; waits while the broker is away."""
        while True:
            try:
                receipt = self.bus.publish(record.topic, record.key, record.value, record.headers)
            except BusError as error:
                self._again(error)
            else:
                self.flying.append(_Flying(record, seq, receipt))
                return

    def landed(self) -> dict[str, Landed]:
        """By stream: how far all is acknowledged, where that has changed since this was asked last."""
        found: dict[str, Landed] = {}
        while self.flying and self.flying[0].receipt.done:
            try:
                place = self.flying[0].receipt.wait(0)
            except BusError as error:
                self._again(error)
                continue
            record, seq, _ = self.flying.popleft()
            found[record.key] = Landed(seq, *place)
            self.told = False
        return found

    def land(self) -> dict[str, Landed]:
        """Waits until everything is acknowledged."""
        found: dict[str, Landed] = {}
        while self.flying:
            settle(self.bus, LANDING_S)
            found |= self.landed()
        return found

    def _again(self, error: BusError) -> None:
        """What failed once more, in order, as often as it takes: a repeat is known by its seq."""
        if not self.told:
            self.away(str(error))
        self.told = True
        for pause_s in itertools.chain(PAUSES_S, itertools.repeat(PAUSES_S[-1])):
            time.sleep(pause_s)
            settle(self.bus, 0)
            if self._resent():
                return

    def _resent(self) -> bool:
        for place, flying in enumerate(self.flying):
            if _failed(flying.receipt):
                record = flying.record
                try:
                    receipt = self.bus.publish(record.topic, record.key, record.value, record.headers)
                except BusError:
                    return False
                self.flying[place] = flying._replace(receipt=receipt)
        return True


def settle(bus: Bus, timeout_s: float) -> bool:
    """Waits until all is acknowledged, at most so long; False: it is not. A failure is told, and the bus takes records again."""
    try:
        bus.settle(timeout_s)
    except PendingError:
        return False
    except BusError as error:
        log.info("%s", error)
        return False
    return True


def _failed(receipt: Receipt) -> bool:
    try:
        receipt.wait(0)
    except PendingError:
        return False
    except BusError:
        return True
    return False
