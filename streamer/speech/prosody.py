"""How a phrase is said, whatever its words are: pitch, how much it moves, voicing and pace.

Pitch is the best peak of the autocorrelation of short frames, each divided by that of its window: Boersma 1993, "Accurate
short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound". What is told of it
are the functionals that work across speakers and recordings (as in eGeMAPS, Eyben et al. 2016): shares, medians and ranges.
"""

import functools
import math

import numpy as np

from streamer.speech.vad import RATE

WIDTH = 6  # numbers that a phrase has
FRAME, STEP = 1024, 500  # samples: 64 ms hold four periods of the lowest voice; 31 ms
LOWEST_HZ, HIGHEST_HZ = 70.0, 420.0
MIDDLE_HZ = 150.0  # pitch is told in octaves above it
MIDDLE_PACE = 15.0  # letters a second; pace is told in octaves above it
UNVOICED, VOICED = 0.5, 0.8  # autocorrelation at or below which a frame does not count, at or above which it counts fully
OCTAVE_COST = 0.02  # of a peak an octave lower: a period is also one of two periods
SILENCE = 1e-7  # energy of a frame below which there is none
ORDER = (0.25, 0.5, 0.75, 0.1, 0.9)  # quantiles
LEAST_S = 0.05  # that a phrase lasts


def prosody(samples: np.ndarray, letters: int) -> np.ndarray:
    """What is told of a phrase.

    Args:
        samples: float32 [samples] at 16 kHz, from its first to its last word.
        letters: in its words.

    Returns:
        float32 [6]: share of it that is voiced, 0..1; median, standard deviation, range of the middle half and range from the
        first to the last tenth of its pitch, in octaves (the median above 150 Hz); pace, in octaves above 15 letters a second.
    """
    told = np.zeros(WIDTH, np.float32)
    told[5] = math.log2(max(letters, 1) / max(len(samples) / RATE, LEAST_S) / MIDDLE_PACE)
    strength, octaves = pitch(samples)
    weight = np.clip((strength - UNVOICED) / (VOICED - UNVOICED), 0, 1)
    if weight.any():
        share = weight / weight.sum()
        mean = share @ octaves
        first, middle, last, least, most = _quantiles(octaves, share)
        told[:5] = weight.mean(), middle, math.sqrt(share @ np.square(octaves - mean)), last - first, most - least
    return told


def pitch(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every 31 ms: float64 [frames] autocorrelation at the pitch period, 1 at most; float64 [frames] pitch, octaves above 150 Hz."""
    samples = np.pad(samples, (0, max(0, FRAME - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::STEP].astype(np.float64)
    window, own = _window()
    power = np.square(np.abs(np.fft.rfft((frames - frames.mean(1, keepdims=True)) * window, 2 * FRAME)))
    found = np.fft.irfft(power)[:, :FRAME]
    found = found / (found[:, :1] + SILENCE) / own
    lags = np.arange(int(RATE / HIGHEST_HZ), int(RATE / LOWEST_HZ) + 1)
    here = found[:, lags]
    peak = (here >= found[:, lags - 1]) & (here >= found[:, lags + 1])
    best = np.where(peak, here - OCTAVE_COST * np.log2(lags / lags[0]), -1).argmax(1)
    return np.minimum(here[np.arange(len(best)), best], 1), np.log2(RATE / lags[best] / MIDDLE_HZ)


def _quantiles(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Weighed ones of ORDER; `share` sums to 1."""
    rising = values.argsort()
    places = np.searchsorted(share[rising].cumsum(), ORDER)
    return np.asarray(values[rising][np.minimum(places, len(values) - 1)])


@functools.cache
def _window() -> tuple[np.ndarray, np.ndarray]:
    """float64 [FRAME] each: a Hann window, and its autocorrelation, 1 at lag 0."""
    window = np.hanning(FRAME + 1)[:-1]
    own = np.fft.irfft(np.square(np.abs(np.fft.rfft(window, 2 * FRAME))))[:FRAME]
    return window, own / own[0]
