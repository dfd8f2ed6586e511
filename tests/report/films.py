"""Small films made for tests: flat pictures that change, a tone that swells."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 10  # pictures a second
SOUND_HZ = 48_000
COLOURS = ((176, 92, 60), (52, 104, 140), (88, 120, 70), (150, 130, 160))


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (180, 320)) -> np.ndarray:
    """A picture of one colour, uint8 [height, width, 3]."""
    return np.full((*size, 3), colour, np.uint8)


def make_film(
    path: Path, length_s: float = 8.0, pictures: Sequence[np.ndarray] = (), codecs: tuple[str, str] = ("libx264", "aac"), sound: bool = True
) -> Path:
    """A film in which the pictures share the time; the container is that of the suffix."""
    pictures = pictures or [flat(colour) for colour in COLOURS]
    with av.open(str(path), "w") as output:
        video = output.add_stream(codecs[0], rate=RATE)
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt = "yuv420p"
        audio = output.add_stream(codecs[1], rate=SOUND_HZ, layout="mono") if sound else None
        for index in range(round(length_s * RATE)):
            frame = av.VideoFrame.from_ndarray(pictures[int(index * len(pictures) / (length_s * RATE))], format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio:
            add_tone(output, audio, length_s)
    return path


def make_tone(path: Path, length_s: float = 4.0, codec: str = "flac") -> Path:
    """A file that has only sound."""
    with av.open(str(path), "w") as output:
        add_tone(output, output.add_stream(codec, rate=SOUND_HZ, layout="mono"), length_s)
    return path


def add_tone(output: av.container.OutputContainer, audio: av.AudioStream, length_s: float) -> None:
    """440 Hz whose loudness comes and goes."""
    time = np.arange(round(length_s * SOUND_HZ)) / SOUND_HZ
    samples = (8000 * np.sin(2 * np.pi * 440 * time) * np.sin(np.pi * time / 4) ** 2).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, 0, Fraction(1, SOUND_HZ)
    resampler = av.AudioResampler(audio.format.name, "mono", SOUND_HZ, frame_size=1024)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        output.mux(audio.encode(part))
    output.mux(audio.encode(None))
