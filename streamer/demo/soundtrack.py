"""The sound of the sample clip: what is heard, softer while somebody speaks, and what is said."""

import numpy as np
from numpy.typing import NDArray

from streamer.demo import speech, story

RATE = 48_000  # Hz, mono
SPEECH_DB = -20.0  # RMS of every sentence
SOFTER_DB = -15.0  # of sounds while somebody speaks: they are still recognised, and so are the words
EDGE_S = 0.02  # sounds begin and end without a click
DIP_S = 0.2  # to soften and come back


def mix() -> NDArray[np.float32]:
    """float32 [samples], the whole clip at 48 kHz, in [-1, 1]."""
    total = np.zeros(_at(story.LENGTH_S), np.float32)
    for place, sound in enumerate(story.SOUNDS):
        made = sound.maker(RATE, sound.end - sound.start, np.random.default_rng(place))
        total[_at(sound.start) :][: len(made)] += _edged(_levelled(made, sound.level_db))
    total *= _softening()
    for line in story.LINES:
        voice = _levelled(_upsampled(speech.load(line.name)), SPEECH_DB)
        total[_at(line.start) :][: len(voice)] += voice
    return total


def _at(time_s: float) -> int:
    return round(time_s * RATE)


def _levelled(wave: NDArray[np.float32], level_db: float) -> NDArray[np.float32]:
    return wave * np.float32(10 ** (level_db / 20) / (float(np.sqrt(np.mean(wave**2))) + 1e-9))


def _edged(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    edge = np.linspace(0, 1, _at(EDGE_S), dtype=np.float32)
    return np.concatenate([wave[: len(edge)] * edge, wave[len(edge) : -len(edge)], wave[-len(edge) :] * edge[::-1]])


def _softening() -> NDArray[np.float32]:
    """The gain of all sounds over time: 1, and lower while somebody speaks."""
    times, gains = [0.0], [1.0]
    for line in story.LINES:
        times += [line.start - DIP_S, line.start, line.end, line.end + DIP_S]
        gains += [1.0, 10 ** (SOFTER_DB / 20), 10 ** (SOFTER_DB / 20), 1.0]
    return np.interp(np.arange(_at(story.LENGTH_S)) / RATE, times, gains).astype(np.float32)


def _upsampled(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """From 16 to 48 kHz: the same spectrum, with nothing above 8 kHz."""
    spectrum = np.fft.rfft(wave)
    return (np.fft.irfft(spectrum, 3 * len(wave)) * 3).astype(np.float32)
