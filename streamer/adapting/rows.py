"""Windows that somebody marked, as CSV or JSON lines: which film, from when to when in seconds, and what is there.

    file,start,end,label
    door.mp4,12.0,15.5,doorbell
    door.mp4,15.5,30.0,             looked at, and nothing there

Where rows overlap, all of them are true: a long empty one with others in it says that the rest of it is empty.
"""

import csv
import io
import json
import math
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from streamer.errors import ConfigError
from streamer.files import write_whole

LINE = '{"file": …, "start": …, "end": …, "label": …}'
COLUMNS = ("file", "start", "end", "label")
WINDOW_S = 8.0  # a longer row counts as several windows


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One marked window."""

    file: pathlib.Path
    start: float  # seconds
    end: float
    label: str = ""  # empty: nothing is there
    number: int = 0  # of its row in the file it came from, counted from 1


def read(path: pathlib.Path) -> tuple[Row, ...]:
    """The rows of a file; films are looked for beside it. Errors: ConfigError, in one line, where a row is bad."""
    try:
        text = path.read_text("utf-8-sig")  # spreadsheets begin with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}; expected a CSV or JSON lines file of file, start, end, label") from error
    lines = _json(path, text) if text.lstrip().startswith("{") else _csv(path, text)
    rows: list[Row] = []
    bad: list[str] = []
    for number, line in lines:
        try:
            rows.append(_row(line, path.parent, number))
        except ValueError as error:
            bad.append(f"row {number}: {error}")
    if bad:
        more = f" (and {len(bad) - 1} more bad rows)" if len(bad) > 1 else ""
        raise ConfigError(f"{path}: {bad[0]}{more}")
    return tuple(rows)


def write(path: pathlib.Path, rows: Iterable[Row]) -> None:
    """Writes rows as CSV, whole or not at all; films are named as seen from beside the file. Errors: StoreError."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_beside(row.file, path.parent), f"{row.start:.3f}", f"{row.end:.3f}", row.label])
    write_whole(path, text.getvalue().encode())


def labels(rows: Iterable[Row]) -> tuple[str, ...]:
    """The labels that occur, sorted, so that one more row changes nothing in what is kept of films."""
    return tuple(sorted({row.label for row in rows if row.label}))


def count(rows: Sequence[Row]) -> int:
    """How many windows have been looked at: stretches of rows that touch, a window each 8 s of them."""
    total = 0
    for file in {row.file for row in rows}:
        total += sum(max(1, math.ceil((end - start) / WINDOW_S - 1e-6)) for start, end in stretches(rows, file))
    return total


def stretches(rows: Iterable[Row], file: pathlib.Path) -> list[tuple[float, float]]:
    """Spans of a film that have been looked at, where rows touch as one."""
    found: list[tuple[float, float]] = []
    for start, end in sorted((row.start, row.end) for row in rows if row.file == file):
        if found and start <= found[-1][1] + 1e-6:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _csv(path: pathlib.Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    if not set(COLUMNS) <= set(names):
        raise ConfigError(f"{path}: its first row is {head[:60]!r}; expected the columns {', '.join(COLUMNS)}")
    reader.fieldnames = names
    return ((number, line) for number, line in enumerate(reader, 2))


def _json(path: pathlib.Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}: row {number}: {error}; expected JSON like {LINE}") from error
        if not isinstance(found, dict):
            raise ConfigError(f"{path}: row {number}: {line[:40]}; expected JSON like {LINE}")
        yield number, found


def _row(line: Mapping[str, Any], folder: pathlib.Path, number: int) -> Row:
    """Errors: ValueError."""
    name = str(line.get("file") or "").strip()
    start, end = _seconds(line, "start"), _seconds(line, "end")
    if not name:
        raise ValueError("no file; expected the path of a film, as seen from beside this file")
    if not 0 <= start < end:
        raise ValueError(f"start {start:g} and end {end:g}; expected 0 ≤ start < end, in seconds")
    path = folder / name
    if not path.is_file():
        raise ValueError(f"{path}: no such film; expected a path as seen from beside this file")
    return Row(file=path, start=start, end=end, label=" ".join(str(line.get("label") or "").split()), number=number)


def _seconds(line: Mapping[str, Any], name: str) -> float:
    value = line.get(name)
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}; expected seconds, for example 12.5") from None
    if not math.isfinite(seconds):
        raise ValueError(f"{name} is {value!r}; expected seconds, for example 12.5")
    return seconds


def _beside(path: pathlib.Path, folder: pathlib.Path) -> str:
    """A path as seen from a folder, where there is one; with slashes, so that the file can be carried to other systems."""
    try:
        return pathlib.Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()
