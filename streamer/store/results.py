"""`DIR/streamer.sqlite`: what is known of each film, how far it has come, and its results in order.

Results and the Checkpoint they lead up to are written in one transaction, so a film that is killed goes on from there and
no window is told twice.
"""

import pathlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import msgspec

from schemas.codec import from_json, pack, to_json, unpack
from schemas.messages import Checkpoint, Result
from streamer.errors import StoreError

FILE = "streamer.sqlite"
State = Literal["running", "told", "done", "failed"]  # told: all results are here, the folder's files may not be yet
TABLES = """
CREATE TABLE IF NOT EXISTS films (
  stream TEXT PRIMARY KEY, name TEXT UNIQUE NOT NULL, path TEXT NOT NULL, pipeline TEXT NOT NULL,
  state TEXT NOT NULL, position REAL NOT NULL DEFAULT 0, reason TEXT, checkpoint BLOB
);
CREATE TABLE IF NOT EXISTS results (
  stream TEXT NOT NULL REFERENCES films ON DELETE CASCADE, number INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
  rev INTEGER NOT NULL, line BLOB NOT NULL, PRIMARY KEY (stream, number)
) WITHOUT ROWID;
"""


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """A film as the store knows it."""

    stream: str
    name: str  # of its folder
    path: str
    pipeline: str  # hash of what made the results: options, labels, models
    state: State
    position: float  # seconds of media whose results are here
    reason: str | None
    checkpoint: Checkpoint | None


class Store:
    """The SQLite file of one output folder. Errors: StoreError."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(folder / FILE, isolation_level=None)
            self._sql.execute("PRAGMA journal_mode = WAL")
            self._sql.execute("PRAGMA synchronous = FULL")
            self._sql.execute("PRAGMA foreign_keys = ON")
            self._sql.executescript(TABLES)

    def close(self) -> None:
        """Ends the use of the file."""
        self._sql.close()

    def films(self) -> list[Film]:
        """Every film, in the order in which they were first given."""
        with _told(self.folder):
            rows = self._sql.execute(f"SELECT {', '.join(Film.__struct_fields__)} FROM films ORDER BY rowid").fetchall()
        return [Film(**dict(zip(Film.__struct_fields__, (*row[:-1], unpack(row[-1]) if row[-1] else None), strict=True))) for row in rows]

    def film(self, stream: str) -> Film | None:
        """One film, if it is known."""
        return next((film for film in self.films() if film.stream == stream), None)

    def begin(self, stream: str, path: pathlib.Path, pipeline: str) -> Film:
        """The film as it stands: new, half done, or done by the same pipeline; results of another pipeline are dropped.

        A path whose content has changed keeps its folder; two films of one name get `name` and `name-2`.
        """
        with self._transaction():
            self._sql.execute("DELETE FROM films WHERE path = ? AND stream != ?", (str(path), stream))
            self._sql.execute("DELETE FROM films WHERE stream = ? AND pipeline != ?", (stream, pipeline))
            taken = {FILE, "index.html"} | {name for (name,) in self._sql.execute("SELECT name FROM films WHERE stream != ?", (stream,))}
            self._sql.execute(
                "INSERT INTO films (stream, name, path, pipeline, state) VALUES (?, ?, ?, ?, 'running') "
                "ON CONFLICT (stream) DO UPDATE SET reason = NULL, state = iif(state = 'failed', 'running', state)",
                (stream, _free_name(path.stem or path.name, taken), str(path), pipeline),
            )
        film = self.film(stream)
        assert film is not None
        return film

    def add(self, stream: str, results: Sequence[Result], checkpoint: Checkpoint) -> None:
        """Results and the line they lead up to, all or nothing."""
        with self._transaction():
            self._insert(stream, results)
            self._sql.execute(
                "UPDATE films SET checkpoint = ?, position = ? WHERE stream = ?", (pack(checkpoint), checkpoint.position, stream)
            )

    def finish(self, stream: str, results: Sequence[Result], position: float) -> None:
        """The last results: the film is told."""
        with self._transaction():
            self._insert(stream, results)
            self._sql.execute("UPDATE films SET checkpoint = NULL, position = ?, state = 'told' WHERE stream = ?", (position, stream))

    def mark(self, stream: str, state: State, reason: str | None = None) -> None:
        """Says how a film stands."""
        with self._transaction():
            self._sql.execute("UPDATE films SET state = ?, reason = ? WHERE stream = ?", (state, reason, stream))

    def lines(self, stream: str) -> Iterator[bytes]:
        """The film's results as lines of JSON, in order."""
        with _told(self.folder):
            for (line,) in self._sql.execute("SELECT line FROM results WHERE stream = ? ORDER BY number", (stream,)):
                yield line

    def results(self, stream: str) -> list[Result]:
        """The film's results, in order."""
        return [from_json(line) for line in self.lines(stream)]

    def _insert(self, stream: str, results: Sequence[Result]) -> None:
        (number,) = self._sql.execute("SELECT count(*) FROM results WHERE stream = ?", (stream,)).fetchone()
        self._sql.executemany(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)",
            [(stream, number + i, type(r).__name__, r.id, r.rev, to_json(r)) for i, r in enumerate(results)],
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _told(self.folder):
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sql.execute("COMMIT")
            except BaseException:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise


@contextmanager
def _told(folder: pathlib.Path) -> Iterator[None]:
    """What keeps results from being written, in one line."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{folder}: results cannot be written ({error}); expected a folder with room that you may write to") from error


def _free_name(name: str, taken: set[str]) -> str:
    """`name`, else `name-2`, `name-3` …"""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
