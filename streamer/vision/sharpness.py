"""How far a picture can be trusted: 1 − blur."""

import cv2
import numpy as np

LENGTH = 11  # px of the filter that blurs once more
LEAST = 1e-4  # reliability is never zero, for its logarithm is used


def reliability(image: np.ndarray) -> float:
    """1 − blur of a picture (uint8 [height, width, 3], RGB), 1e-4..1.

    Blur after Crété-Roffet et al. (2007): the share of the differences between neighbours that is left when the picture is
    blurred once more, the larger of both directions. Sharp photographs keep little of them, blurred ones nearly all; a picture
    without any differences shows nothing and has the least reliability.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    sharp = min(_lost(grey, (LENGTH, 1), 1), _lost(grey, (1, LENGTH), 0))
    return min(1.0, max(LEAST, sharp))


def _lost(grey: np.ndarray, filter_px: tuple[int, int], axis: int) -> float:
    """Share of the differences along an axis that blurring along it takes away, 0..1."""
    before = np.abs(np.diff(grey, axis=axis))
    behind = np.abs(np.diff(cv2.blur(grey, filter_px, borderType=cv2.BORDER_REFLECT), axis=axis))
    total = float(before.sum())
    return float(np.maximum(0, before - behind).sum()) / total if total > 0 else 0.0
