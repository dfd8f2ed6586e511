"""Records of live streams on disk while the broker is away: in order, each stream bounded, the oldest runs given up first.

oldest   K . . . . K . . . K . . . . newest        K: a record where reading can begin
         └─given up┘ and a record in its place that says so
"""

import pathlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from streamer.errors import StoreError

SYNC_S = 1.0  # seconds between writes to disk: so much a power cut may take
LOCK_S = 1.0  # seconds to wait for another process that ends
GOES_ON, BEGINS, GAP = 0, 1, 2  # kinds of records
TABLE = """
CREATE TABLE IF NOT EXISTS spool (
  number INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, kind INTEGER NOT NULL, size INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS by_stream ON spool (stream, number);
"""


class Spooled(NamedTuple):
    """One record that waits."""

    number: int
    stream: str
    value: bytes


class Spool:
    """An SQLite file; any thread may use it. Errors: StoreError."""

    def __init__(self, path: pathlib.Path, most_bytes: int, given_up: Callable[[bytes], bytes]) -> None:
        """Args:
        most_bytes: of a stream.
        given_up: of the newest record that is given up, the one that says so.
        """
        self.path, self.most_bytes, self.given_up = path, most_bytes, given_up
        self.dropped = 0  # records that were given up
        self._lock = threading.Lock()
        self._synced = time.monotonic()
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(path, timeout=LOCK_S, isolation_level=None, check_same_thread=False)
            self._sql.execute("PRAGMA locking_mode = EXCLUSIVE")  # a second process of the same streams is refused
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = FULL")
            self._sql.executescript(TABLE)
            self._sql.execute("BEGIN")
            rows = self._sql.execute("SELECT stream, sum(size) FROM spool GROUP BY stream").fetchall()
        self._bytes: dict[str, int] = dict(rows)

    def add(self, stream: str, value: bytes, begins: bool) -> None:
        """One more record; `begins` says that reading can begin at it."""
        with self._told():
            row = (stream, BEGINS if begins else GOES_ON, len(value), value)
            self._sql.execute("INSERT INTO spool (stream, kind, size, value) VALUES (?, ?, ?, ?)", row)
            self._bytes[stream] = self._bytes.get(stream, 0) + len(value)
            while self._bytes[stream] > self.most_bytes and self._give_up(stream):
                pass
            if time.monotonic() - self._synced >= SYNC_S:
                self._sync()

    def head(self, most: int) -> list[Spooled]:
        """The oldest records."""
        with self._told():
            rows = self._sql.execute("SELECT number, stream, value FROM spool ORDER BY number LIMIT ?", (most,)).fetchall()
        return [Spooled(*row) for row in rows]

    def done(self, records: list[Spooled]) -> None:
        """These are acknowledged."""
        with self._told():
            for record in records:
                if self._sql.execute("DELETE FROM spool WHERE number = ?", (record.number,)).rowcount:
                    self._bytes[record.stream] -= len(record.value)
            self._sync()

    @property
    def empty(self) -> bool:
        """Nothing waits."""
        with self._told():
            return self._sql.execute("SELECT 1 FROM spool LIMIT 1").fetchone() is None

    def close(self) -> None:
        """Everything is on disk."""
        with self._told():
            self._sql.execute("COMMIT")
            self._sql.close()

    def _give_up(self, stream: str) -> bool:
        """Drops the oldest run, and what stands before it; False: there is no other."""
        wanted = "SELECT number FROM spool WHERE stream = ? AND kind = ? ORDER BY number LIMIT 2"
        begins = self._sql.execute(wanted, (stream, BEGINS)).fetchall()
        if len(begins) < 2:
            return False
        run = "FROM spool WHERE stream = ? AND number < ?", (stream, begins[1][0])
        size, records = self._sql.execute(f"SELECT sum(size), sum(kind != {GAP}) {run[0]}", run[1]).fetchone()
        last, value = self._sql.execute(f"SELECT number, value {run[0]} ORDER BY number DESC LIMIT 1", run[1]).fetchone()
        gap = self.given_up(value)
        self._sql.execute(f"DELETE {run[0]}", run[1])
        self._sql.execute("INSERT INTO spool VALUES (?, ?, ?, ?, ?)", (last, stream, GAP, len(gap), gap))
        self._bytes[stream] -= size - len(gap)
        self.dropped += records
        return True

    def _sync(self) -> None:
        self._sql.execute("COMMIT")
        self._sql.execute("BEGIN")
        self._synced = time.monotonic()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """One thread at a time; what keeps records from being kept, in one line."""
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{self.path}: cannot be written ({error}); expected a folder with room that you may write to") from error
