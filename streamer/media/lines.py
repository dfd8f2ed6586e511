"""When a line is drawn through a stream, behind which it can be read again."""

import msgspec

CHECKPOINT_S = 8.0  # seconds between lines


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The last line."""

    number: int = 0  # from 1; 0: none yet
    marked: float = 0.0  # seconds: where

    def due(self, time: float) -> bool:
        """Another one is wanted."""
        return time - self.marked >= CHECKPOINT_S

    def next(self, time: float) -> "Line":
        """Another one, here."""
        return Line(number=self.number + 1, marked=time)
