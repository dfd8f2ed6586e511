"""What a synthesiser gives, and what is made of it: mono at 16 kHz, without the silence around it, with a time for each word."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000  # Hz
FRAME = RATE // 200  # samples: 5 ms, of which the loudness is looked at
QUIET_DB = -40.0  # below the loudest frame: no speech
BEFORE_S, AFTER_S = 0.02, 0.04  # kept around the speech
PEAK = 0.9


class Take(NamedTuple):
    """A sentence as it was spoken."""

    samples: NDArray[np.float32]  # [samples]
    rate: int  # Hz
    words: Sequence[tuple[float, float]]  # start and end of each word of the text, in s


def trimmed(take: Take, speed: float) -> Take:
    """The take at RATE, played at `speed`, from the first sound to the last, peak .9; no word is longer than it is heard."""
    samples = resampled(take.samples, round(take.rate * speed))
    loud = np.flatnonzero(_levels(samples) > QUIET_DB) * FRAME / RATE  # s
    first = max(0.0, float(loud[0]) - BEFORE_S)
    last = min(len(samples) / RATE, float(loud[-1]) + FRAME / RATE + AFTER_S)
    kept = samples[round(first * RATE) : round(last * RATE)]
    words = [_heard(start / speed, end / speed, loud) for start, end in take.words]
    return Take(kept * np.float32(PEAK / np.abs(kept).max()), RATE, [(start - first, end - first) for start, end in words])


def resampled(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Samples of that rate at RATE."""
    frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="flt", layout="mono")
    frame.sample_rate = rate
    return np.concatenate([*_blocks([frame]), np.zeros(0, np.float32)])


def decoded(path: str) -> NDArray[np.int16]:
    """The sound of a file at RATE, mono: int16 [samples], 1 is 32,767."""
    with av.open(path) as file:
        blocks = [np.clip(np.rint(block * 32_767), -32_768, 32_767).astype(np.int16) for block in _blocks(file.decode(audio=0))]
    return np.concatenate(blocks)


def _blocks(frames: Sequence[av.AudioFrame] | Iterator[av.AudioFrame]) -> Iterator[NDArray[np.float32]]:
    resampler = av.AudioResampler("flt", "mono", RATE)
    for frame in (*frames, None):
        for block in resampler.resample(frame):
            yield block.to_ndarray()[0]


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """dB of each frame below the loudest."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    power = (frames**2).mean(1)
    return np.asarray(10 * np.log10(power / power.max() + 1e-12))


def _heard(start: float, end: float, loud: NDArray[np.float64]) -> tuple[float, float]:
    """The word without the pauses that were given to it."""
    within = loud[(loud >= start - FRAME / RATE) & (loud < end)]
    return (max(start, float(within[0])), min(end, float(within[-1]) + FRAME / RATE)) if len(within) else (start, end)
