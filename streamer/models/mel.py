"""Log mel energies of sound, as YAMNet was trained on them: 25 ms frames, every 10 ms, 64 bands."""

import functools

import numpy as np

RATE_HZ = 16_000
FRAME = 400  # samples: 25 ms
STEP = 160  # samples: 10 ms
FFT = 512  # points
BANDS = 64  # mel
LOWEST_HZ, HIGHEST_HZ = 125.0, 7500.0
FLOOR = 0.001  # added to each mel energy before the logarithm


def energies(samples: np.ndarray) -> np.ndarray:
    """float32 [samples] at 16 kHz, at least a frame → float32 [frames, 64]: natural logarithms of band energies."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::STEP] * _window()
    found = np.abs(np.fft.rfft(frames, FFT)).astype(np.float32) @ _filters()
    return np.asarray(np.log(found + np.float32(FLOOR)))


@functools.cache
def _window() -> np.ndarray:
    return np.asarray(np.hanning(FRAME + 1)[:-1], np.float32)  # periodic, as TensorFlow's


@functools.cache
def _filters() -> np.ndarray:
    """float32 [257, 64]: triangles between points that are evenly spaced on HTK's mel scale."""
    bins = _mel(np.linspace(0, RATE_HZ / 2, FFT // 2 + 1))[:, None]
    edges = np.linspace(_mel(np.array(LOWEST_HZ)), _mel(np.array(HIGHEST_HZ)), BANDS + 2)
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rise, fall))
    filters[0] = 0  # no constant part
    return np.asarray(filters, np.float32)


def _mel(hz: np.ndarray) -> np.ndarray:
    return np.asarray(1127.0 * np.log1p(hz / 700.0))
