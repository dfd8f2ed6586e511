"""When sounds begin: rise and height of energy in bands, eight times a second.

Heights are logarithms, so a rise is the same however loud the recording is.
"""

import numpy as np

from streamer.models.mel import BANDS, FLOOR, FRAME, RATE_HZ, STEP, energies

HOP_S = 0.125  # seconds a row
SPAN = RATE_HZ // 2  # samples of the rows that are told at a time: 50 frames, so that these stay on one grid
ROWS = (0, 12, 25, 37)  # the frame with which each row of a span begins
BEFORE, BEHIND = STEP, FRAME - STEP  # samples before and behind a span that its frames reach
WIDE = 8  # bands, each of so many mel bands of the encoder


def rows(samples: np.ndarray, silent: int) -> np.ndarray:
    """float16 [4, 16]: the largest rise in 8 bands, then their mean height above silence.

    Args:
        samples: float32 [BEFORE + SPAN + BEHIND] at 16 kHz.
        silent: so many of them at the beginning are none: nothing rises from there.
    """
    heights = energies(samples).reshape(-1, WIDE, BANDS // WIDE).mean(2) - np.float32(np.log(FLOOR))  # [51, 8]
    rises = np.maximum(0, np.diff(heights, axis=0))
    rises[: max(0, -(-silent // STEP))] = 0  # those from a frame that begins there
    means = np.add.reduceat(heights[1:], ROWS) / np.diff([*ROWS, len(rises)])[:, None]
    return np.concatenate([np.maximum.reduceat(rises, ROWS), means], axis=1).astype(np.float16)
