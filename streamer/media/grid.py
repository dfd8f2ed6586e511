"""When to look: a pure function of the timestamps, so that a resumed reading looks at the same frames."""

import math

NEAR = 1e-6  # seconds: two times are the same


class Grid:
    """Sample times, anchored where segments begin: there a frame costs one packet, just before it costs a whole segment.

    step 1 s     segment      segment      segment
    │────────────│────────────│────────────│
    ↑     ↑      ↑     ↑      ↑     ↑        in steps from each beginning; none within a quarter step of the next
    """

    def __init__(self, step: float) -> None:
        self.step = step  # seconds
        self.slack = step / 4  # seconds that a sample may move to meet a beginning
        self.goal = -math.inf  # seconds: the next sample, by steps
        self.due = -math.inf  # seconds: the same, or the beginning that is taken instead
        self.anchored = False

    def anchor(self, start: float) -> None:
        """A segment begins: the sample that is due about then is taken there, at the last beginning before it if there are many."""
        if start >= self.goal - self.slack and (not self.anchored or start <= self.goal):
            self.due, self.anchored = start, True

    def before(self, start: float) -> float:
        """Samples up to this time belong to the segment before one that begins at `start`."""
        if not self.anchored:
            return start - self.slack - NEAR
        return self.due if start > self.goal else -math.inf

    def next(self) -> None:
        """The sample that was due is done."""
        self.goal = self.due = self.due + self.step
        self.anchored = False
