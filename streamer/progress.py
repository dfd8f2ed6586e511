"""How far a batch of films has come: bars on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

LINE_EVERY_S = 5.0  # where there is no terminal: often enough to see life, rare enough for a log


class BatchProgress:
    """Progress and time left, per film and in all; everything goes to standard error."""

    def __init__(self, films: int, total_s: float, quiet: bool = False) -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._films, self._total_s, self._quiet = films, total_s, quiet
        self._done_s = 0.0  # seconds of media of finished films
        self._worked_s = 0.0  # seconds of media done in this run: what speed is reckoned from
        self._began = self._spoke = time.monotonic()
        self._number, self._name, self._length_s, self._position_s = 0, "", 0.0, 0.0
        self._bars = self._bar = None
        self._task: TaskID | None = None
        self._all: TaskID | None = None
        if self._console.is_terminal and not quiet:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), TimeRemainingColumn())
            self._bars = Progress(*columns, console=self._console, transient=True)

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
            self._all = self._bars.add_task(f"{self._films} films", total=self._total_s or None)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()

    def begin(self, name: str, length_s: float, position_s: float) -> None:
        """A film starts, or goes on, at a position."""
        self._number += 1
        self._name, self._length_s, self._position_s = name, length_s, position_s
        if self._bars:
            self._task = self._bars.add_task(name, total=length_s or None)
            self._bars.update(self._task, completed=position_s)

    def reach(self, position_s: float) -> None:
        """The film has come this far."""
        position_s = min(position_s, self._length_s or position_s)
        self._worked_s += max(0.0, position_s - self._position_s)
        self._position_s = max(self._position_s, position_s)
        if self._bars and self._task is not None and self._all is not None:
            self._bars.update(self._task, completed=self._position_s)
            self._bars.update(self._all, completed=self._done_s + self._position_s)
        elif not self._quiet and time.monotonic() - self._spoke >= LINE_EVERY_S:
            self._spoke = time.monotonic()
            self.say(self._line())

    def end(self, said: str) -> None:
        """The film is done with; `said` is its one line."""
        self._done_s += self._length_s
        if self._bars and self._task is not None and self._all is not None:
            self._bars.remove_task(self._task)
            self._bars.update(self._all, completed=self._done_s)
        self.say(said)

    def say(self, line: str) -> None:
        """One line above the bars."""
        if line and not self._quiet:
            self._console.print(line, markup=False)

    def complain(self, line: str) -> None:
        """One line that is said even when quiet."""
        self._console.print(line, markup=False)

    def _line(self) -> str:
        speed = self._worked_s / max(1e-9, time.monotonic() - self._began)
        left = _clock((self._length_s - self._position_s) / speed) if speed and self._length_s else "?"
        in_all = _clock((self._total_s - self._done_s - self._position_s) / speed) if speed and self._total_s else "?"
        of = f" of {self._length_s:.0f}" if self._length_s else ""
        return (
            f"film {self._number} of {self._films} {self._name}: {self._position_s:.0f}{of} s, {speed:.1f} × real time, "
            f"{left} left, {in_all} in all"
        )


class Work:
    """Progress, speed and time left of so many equal pieces; a line now and then on standard error."""

    def __init__(self, name: str, total: int, pieces: str, quiet: bool = False) -> None:
        """`pieces`: what they are called, for example windows."""
        self._name, self._total, self._pieces, self._quiet = name, total, pieces, quiet
        self._done = 0
        self._began = self._spoke = time.monotonic()

    def reach(self, more: int, said: str = "") -> None:
        """So many more are done; `said` is added to the line."""
        self._done += more
        now = time.monotonic()
        if self._quiet or (now - self._spoke < LINE_EVERY_S and self._done < self._total):
            return
        self._spoke = now
        speed = self._done / max(1e-9, now - self._began)
        left = f", {_clock((self._total - self._done) / speed)} left" if self._done < self._total else ""
        complain(f"{self._name}: {self._done} of {self._total} {self._pieces}, {speed:.1f}/s{left}{said and ', '}{said}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def complain(line: str) -> None:
    """One line on standard error."""
    print(line, file=sys.stderr)
