"""A soundtrack of which a known share is speech, under the pictures of a film, whose packets are copied as they are."""

import pathlib
from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle

import av
import numpy as np

from streamer.demo import speech

SENTENCES = ("garden", "terrible", "welcome", "door", "fire", "banana", "goodbye")  # the first four take a fifth of a minute
RATE_HZ = 48_000
SPEECH_DB, ROOM_DB = -22.0, -60.0  # RMS: somebody near the camera, and the room
BITS = 128_000  # bits/s of AAC, stereo
BLOCK = 1024  # samples of an AAC frame


def mix(length_s: float, share: float) -> np.ndarray:
    """float32 [samples] at 48 kHz: sentences spread evenly over the noise of a room, so that `share` of the time somebody speaks."""
    sound = np.random.default_rng(0).normal(size=round(length_s * RATE_HZ)).astype(np.float32) * np.float32(10 ** (ROOM_DB / 20))
    for start, name in _places(length_s, share):
        voice = np.repeat(speech.load(name), 3)  # from 16 kHz; what that adds lies above 8 kHz, where no model listens
        voice *= np.float32(10 ** (SPEECH_DB / 20) / np.sqrt(np.mean(voice**2)))
        first = round(start * RATE_HZ)
        sound[first : first + len(voice)] += voice
    return sound


def spoken_share(length_s: float, share: float) -> float:
    """The share that `mix` comes to with whole sentences."""
    return sum(speech.length_s(name) for _, name in _places(length_s, share)) / length_s


def _places(length_s: float, share: float) -> Iterator[tuple[float, str]]:
    """When each sentence begins, in seconds: in the middle of its part of the time."""
    part = 0.0
    for name in cycle(SENTENCES):
        length = speech.length_s(name)
        start = part + (length / share - length) / 2
        if start + length > length_s:
            return
        yield start, name
        part += length / share


def under(film: pathlib.Path, sound: np.ndarray, out: pathlib.Path) -> None:
    """Writes an mp4 with the pictures of the film and this sound (float32 [samples] at 48 kHz), interleaved."""
    length_s = len(sound) / RATE_HZ
    with av.open(str(film)) as source, av.open(str(out), "w", format="mp4") as file:
        pictures = source.streams.video[0]
        video = file.add_stream_from_template(pictures)
        audio = file.add_stream("aac", rate=RATE_HZ, layout="stereo", bit_rate=BITS)
        blocks = _blocks(sound)
        for packet in source.demux(pictures):
            if packet.dts is None or packet.pts is None or packet.time_base is None or packet.pts * packet.time_base >= length_s:
                continue
            for block in blocks:
                file.mux(audio.encode(block))
                if (block.time or 0.0) >= packet.dts * packet.time_base:
                    break
            packet.stream = video
            file.mux(packet)
        for block in blocks:
            file.mux(audio.encode(block))
        file.mux(audio.encode(None))


def _blocks(sound: np.ndarray) -> Iterator[av.AudioFrame]:
    for start in range(0, len(sound), BLOCK):
        both = np.stack([sound[start : start + BLOCK]] * 2)
        block = av.AudioFrame.from_ndarray(both, "fltp", "stereo")
        block.sample_rate, block.pts, block.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
        yield block
