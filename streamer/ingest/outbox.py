"""Live Chunks on their way to the bus: out of memory while it answers, over the disk while it does not.

    put ──> memory ──> bus                     put ──> spool ──> bus
            older than 2 s: all of it ─────────────────┘  empty again: back to memory

`put` never waits for the bus, so it can be called where a camera is read. Repeats are known by their seq.
"""

import logging
import threading
import time
from collections import deque
from typing import NamedTuple

from schemas.codec import pack, unpack
from schemas.messages import Chunk
from streamer.bus.protocol import Bus, Receipt
from streamer.bus.records import outgoing
from streamer.bus.spool import Spool
from streamer.errors import BusError
from streamer.ingest.flight import settle

log = logging.getLogger(__name__)

OLD_S = 2.0  # seconds without an acknowledgement, after which Chunks go to disk
IDLE_S = 0.05  # between looks where nothing is to be done
PAUSE_S = 0.5  # before one more try
FROM_SPOOL = 16  # records at once: 8 MiB at most
MOST_BYTES = 16 << 20  # that may wait for an acknowledgement before `publish` could block


class _Held(NamedTuple):
    chunk: Chunk
    since: float  # seconds, monotonic
    receipt: Receipt | None  # None: not sent yet


class Outbox:
    """One for all live streams. What the spool holds from before is sent first. Errors: StoreError."""

    def __init__(self, bus: Bus, spool: Spool) -> None:
        self.bus, self.spool = bus, spool
        self.memory: deque[_Held] = deque()
        self.lock = threading.Lock()  # of the memory, and of where Chunks go
        self.spooling = not spool.empty

    def put(self, chunk: Chunk) -> None:
        """One more Chunk; a heartbeat is worth nothing later."""
        with self.lock:
            if not self.spooling:
                self.memory.append(_Held(chunk, time.monotonic(), None))
            elif chunk.kind != "heartbeat":
                self._spool(chunk)

    def run(self, stop: threading.Event) -> None:
        """Sends until it is stopped; then what is left is sent within two seconds, or kept on disk."""
        while not stop.is_set():
            if not (self._send_spooled() if self.spooling else self._send()):
                stop.wait(IDLE_S)
        ends = time.monotonic() + OLD_S
        while time.monotonic() < ends and not self.spooling and self.memory:
            self._send()
            time.sleep(IDLE_S)
        self._spill()

    def _send(self) -> bool:
        """Out of memory; False: there was nothing to do."""
        busy = False
        try:
            while self.memory and (receipt := self.memory[0].receipt) and receipt.done:
                receipt.wait(0)
                with self.lock:
                    self.memory.popleft()
            for place in range(len(self.memory)):
                held = self.memory[place]
                if held.receipt is None and self.bus.waiting().bytes < MOST_BYTES:
                    record = outgoing(held.chunk, "")
                    receipt = self.bus.publish(record.topic, record.key, record.value, record.headers)
                    self.memory[place], busy = held._replace(receipt=receipt), True
        except BusError as error:
            log.warning("the bus: %s", error)
            self._spill()
            return True
        if self.memory and time.monotonic() - self.memory[0].since > OLD_S:
            self._spill()
        return busy

    def _spill(self) -> None:
        """All that is not acknowledged goes to disk, and all that comes."""
        with self.lock:
            for held in self.memory:
                if held.chunk.kind != "heartbeat":
                    self._spool(held.chunk)
            self.memory.clear()
            self.spooling = True

    def _send_spooled(self) -> bool:
        """The oldest records on disk; False: they could not be sent."""
        records = self.spool.head(FROM_SPOOL)
        if not records:
            with self.lock:
                self.spooling = not self.spool.empty
            return True
        if self.bus.waiting().records and not settle(self.bus, PAUSE_S):
            return False
        try:
            receipts = []
            for _, _, value in records:
                record = outgoing(unpack(value), "")
                receipts.append(self.bus.publish(record.topic, record.key, record.value, record.headers))
        except BusError as error:
            log.info("the bus: %s", error)
            time.sleep(PAUSE_S)
            return settle(self.bus, 0)
        if not settle(self.bus, OLD_S):
            return False
        self.spool.done(records)
        return True

    def _spool(self, chunk: Chunk) -> None:
        self.spool.add(chunk.stream, pack(chunk), bool(chunk.parameters and chunk.packets))


def given_up(value: bytes) -> bytes:
    """Of the newest Chunk that the spool gave up, the record that says so."""
    chunk = unpack(value, Chunk)
    return pack(
        Chunk(stream=chunk.stream, epoch=chunk.epoch, seq=chunk.seq, began=chunk.began, captured=chunk.captured, kind="gap", cause="spool")
    )
