"""The rows that are marked on the page: each change is in the CSV file before it is on the page."""

import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from streamer.adapting import rows
from streamer.adapting.rows import Row

LONGEST = 200  # letters of a label


class Film(NamedTuple):
    """A film that can be marked."""

    path: pathlib.Path
    plays: pathlib.Path  # itself, or a copy that browsers play
    length_s: float  # 0: unknown
    sound: bool  # there are no pictures


class Sheet:
    """Rows by number, what can be undone, and the file that they are in."""

    def __init__(self, out: pathlib.Path, films: Sequence[Film], labels: Sequence[str]) -> None:
        """Goes on with the rows of the file, if it is there. Errors: ConfigError.

        Args:
            out: the CSV file.
            films: in the order of the page.
            labels: to begin with.
        """
        self.out, self.films, self._labels = out, tuple(films), tuple(labels)
        self.rows = dict(enumerate(rows.read(out))) if out.exists() else {}
        self._next = len(self.rows)
        self._before: list[dict[int, Row]] = []

    def mark(self, film: int, start: float, end: float, label: str) -> None:
        """One more row. Errors: ValueError, StoreError."""
        if not 0 <= film < len(self.films):
            raise ValueError(f"film {film}: expected one of {len(self.films)}")
        if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
            raise ValueError(f"from {start:g} to {end:g} s: expected an end behind the start")
        if len(label) > LONGEST:
            raise ValueError(f"a label of {len(label)} letters; expected {LONGEST} at most")
        row = Row(file=self.films[film].path, start=start, end=end, label=" ".join(label.split()))
        self._change(self.rows | {self._next: row})
        self._next += 1

    def remove(self, number: int) -> None:
        """Takes a row away. Errors: ValueError, StoreError."""
        if number not in self.rows:
            raise ValueError("that row is gone already")
        self._change({other: row for other, row in self.rows.items() if other != number})

    def undo(self) -> None:
        """As it was before the last change of this sitting. Errors: ValueError, StoreError."""
        if not self._before:
            raise ValueError("there is nothing to undo")
        rows.write(self.out, self._before[-1].values())
        self.rows = self._before.pop()

    def told(self) -> dict[str, Any]:
        """All that the page shows."""
        numbers = {film.path.resolve(): number for number, film in enumerate(self.films)}
        every = tuple(self.rows.values())
        return {
            "films": [{"name": film.path.name, "length": film.length_s, "sound": film.sound} for film in self.films],
            "labels": list(dict.fromkeys((*self._labels, *(row.label for row in every if row.label)))),
            "rows": [
                {"number": number, "film": numbers.get(row.file.resolve()), "start": row.start, "end": row.end, "label": row.label}
                for number, row in self.rows.items()
            ],
            "windows": rows.count(every),
            "undo": bool(self._before),
            "out": str(self.out),
        }

    def _change(self, new: dict[int, Row]) -> None:
        rows.write(self.out, new.values())
        self._before.append(self.rows)
        self.rows = new
