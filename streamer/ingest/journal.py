"""How far each film has come onto a bus, so that one that was interrupted goes on and one that is there stays as it is."""

import json
import pathlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from streamer.errors import StoreError

TABLE = """
CREATE TABLE IF NOT EXISTS films (
  bus TEXT NOT NULL, stream TEXT NOT NULL, due INTEGER NOT NULL, places TEXT NOT NULL, done INTEGER NOT NULL,
  PRIMARY KEY (bus, stream)
) WITHOUT ROWID;
"""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a film on a bus."""

    due: int = 0  # seq of the first Chunk that may be missing
    places: dict[int, int]  # partition → offset: nothing of it that is not counted lies before
    done: bool = False


class Journal:
    """An SQLite file; of one bus. Errors: StoreError."""

    def __init__(self, path: pathlib.Path, bus: str) -> None:
        self.path, self.bus = path, bus
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(path, isolation_level=None)
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.executescript(TABLE)

    def film(self, stream: str) -> Known | None:
        """What is known of one."""
        with self._told():
            wanted = "SELECT due, places, done FROM films WHERE bus = ? AND stream = ?"
            row = self._sql.execute(wanted, (self.bus, stream)).fetchone()
        return Known(due=row[0], places={int(p): at for p, at in json.loads(row[1]).items()}, done=bool(row[2])) if row else None

    def note(self, stream: str, known: Known) -> None:
        """This is known now."""
        with self._told():
            row = (self.bus, stream, known.due, json.dumps(known.places), known.done)
            self._sql.execute("INSERT OR REPLACE INTO films VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        """Ends the use of the file."""
        self._sql.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path}: cannot be written ({error}); expected a folder with room that you may write to") from error
