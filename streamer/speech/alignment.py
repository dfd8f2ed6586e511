"""From attention to times: the likeliest way through the sound that takes the tokens in order."""

import numpy as np

SMOOTH = 7  # positions: median filter over each row (openai-whisper's value)
TINY = 1e-10  # where no token looks, half precision has nothing but zeros


def onsets(weights: np.ndarray, spoken: slice) -> np.ndarray:
    """Int [spoken tokens], the position where each begins, from attention float32 [heads, tokens, positions]."""
    spread = np.maximum(weights.std(-2, keepdims=True), TINY)
    normal = (weights - weights.mean(-2, keepdims=True)) / spread
    tokens, positions = way(-_smooth(normal).mean(0)[spoken])
    return positions[np.diff(tokens, prepend=-1) > 0]


def _smooth(rows: np.ndarray) -> np.ndarray:
    """The median over SMOOTH positions, ends mirrored."""
    half = SMOOTH // 2
    if rows.shape[-1] <= half:
        return rows
    padded = np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(half, half)], mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(padded, SMOOTH, axis=-1)
    return np.partition(around, half, axis=-1)[..., half]


def way(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the cheapest way from corner to corner of float [rows, columns]: down, right or both at each step."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    steps = np.zeros((rows, columns), np.int8)  # 0: both, 1: down, 2: right
    for diagonal in range(rows + columns - 1):  # cells of one diagonal depend only on those before: all at once
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        column = diagonal - row
        both, down, right = total[row, column], total[row, column + 1], total[row + 1, column]
        step = np.where((both < down) & (both < right), 0, np.where((down < both) & (down < right), 1, 2))  # ties go right (openai-whisper)
        steps[row, column] = step
        total[row + 1, column + 1] = cost[row, column] + np.choose(step, [both, down, right])
    return _back(steps)


def _back(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row, column = (size - 1 for size in steps.shape)
    found = [(row, column)]
    while row or column:
        step = steps[row, column] if row and column else (1 if row else 2)
        row, column = row - (step != 2), column - (step != 1)
        found.append((row, column))
    way_rows, way_columns = np.array(found[::-1]).T
    return way_rows, way_columns
