"""Whether a picture differs from the last one that was given: reading text and keeping pictures costs more than looking."""

import msgspec
import numpy as np

AFTER_S = 10.0  # seconds after which a picture is given though nothing seems to have changed
LEVELS = 24  # grey levels of 255: what noise does not reach, and a changed letter does
DEVIATIONS = 8.0  # of the noise, by the median difference: what a noisy camera does not reach
POINTS = 2  # of 90 × 160: a digit of 25 px in 720 lines covers six


class Gate(msgspec.Struct, frozen=True):
    """The last picture that was given."""

    time: float  # seconds
    luma: np.ndarray  # uint8 [90, 160]

    def passes(self, time: float, luma: np.ndarray) -> bool:
        """The picture is old, or the new one differs where more than noise does."""
        if time - self.time >= AFTER_S:
            return True
        difference = np.abs(luma.astype(np.int16) - self.luma)
        noise = float(np.median(difference))
        if noise > LEVELS / 2:  # everything has changed
            return True
        return int(np.count_nonzero(difference > max(LEVELS, DEVIATIONS * noise))) >= POINTS
