"""Small films with known truth, made in the test: pictures that show their number, a tone with a known onset."""

import math
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np

BITS = 16  # of a frame's number: four rows of four blocks, the highest bit first


def numbered(number: int, width: int = 320, height: int = 180) -> np.ndarray:
    """uint8 [height, width, 3]: the number in small black and white blocks over a grey that moves a little."""
    bits = np.array([number >> bit & 1 for bit in reversed(range(BITS))], np.uint8).reshape(4, 4)
    rows, columns = np.arange(height) * 16 // height, np.arange(width) * 16 // width
    shade = ((np.arange(width)[None] + np.arange(height)[:, None] + 3 * number) // 8 % 4 + 126).astype(np.uint8)
    blocks = bits[rows // 4][:, columns // 4] * 255
    inside = (rows % 4 == 1)[:, None] & (columns % 4 == 1)[None]
    return np.repeat(np.where(inside, blocks, shade)[..., None], 3, axis=2).astype(np.uint8)


def shown(image: np.ndarray) -> int:
    """The number that a picture of any size shows: uint8 [height, width] or [height, width, 3]."""
    grey = image if image.ndim == 2 else image[..., 1]
    middles = (np.arange(4) * 4 + 1.5) / 16
    bits = (grey[np.ix_((middles * grey.shape[0]).astype(int), (middles * grey.shape[1]).astype(int))] > 127).reshape(-1)
    return int("".join("1" if bit else "0" for bit in bits), 2)


def coloured(colours: Sequence[tuple[int, int, int]], each: int) -> Callable[[int, int, int], np.ndarray]:
    """A drawing of plain colours (RGB), `each` frames long: cuts at every multiple of it."""
    return lambda number, width, height: np.full((height, width, 3), colours[number // each % len(colours)], np.uint8)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """A video track."""

    size: tuple[int, int] = (320, 180)  # px: width, height
    rate: int = 25  # frames/s
    codec: str = "libx264"
    format: str = "yuv420p"
    gop: int = 50  # frames
    b_frames: int = 0
    open_gop: bool = False
    start: float = 0.0  # seconds
    times: Sequence[float] = ()  # seconds of each frame: a variable frame rate; empty: a constant one
    rotation: int = 0  # degrees counter-clockwise that a player must turn it
    ratio: Fraction = Fraction(1)  # width of a pixel by its height
    draw: Callable[[int, int, int], np.ndarray] = numbered  # number, width, height → uint8 [height, width, 3] RGB
    options: dict[str, str] = field(default_factory=dict)  # of the encoder


@dataclass(frozen=True, kw_only=True)
class Tone:
    """An audio track: silence, then a sine."""

    rate: int = 48_000  # Hz
    layout: str = "stereo"
    codec: str = "aac"
    start: float = 0.0  # seconds
    onset: float = 0.0  # seconds after its start: the sine begins
    hz: float = 440.0
    amplitude: float = 0.5


PICTURES, TONE = Pictures(), Tone()


def make(
    path: pathlib.Path,
    seconds: float = 2.0,
    pictures: Pictures | Sequence[Pictures] | None = PICTURES,
    sound: Tone | Sequence[Tone] | None = TONE,
) -> pathlib.Path:
    """A film of these tracks, in the container that the path's suffix names; None: no such track."""
    videos = [pictures] if isinstance(pictures, Pictures) else pictures or []
    tones = [sound] if isinstance(sound, Tone) else sound or []
    with av.open(str(path), "w") as container:
        writers = [*(_video(container, track, seconds) for track in videos), *(_audio(container, track, seconds) for track in tones)]
        packets = [packet for writer in writers for packet in writer()]
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            container.mux(packet)
    return path


def damage(path: pathlib.Path, place: float = 0.5, size: int = 150, seed: int = 0) -> pathlib.Path:
    """A copy beside the film with random bytes at a share of its length."""
    data = bytearray(path.read_bytes())
    start = int(len(data) * place)
    data[start : start + size] = np.random.default_rng(seed).bytes(size)
    damaged = path.with_name(f"damaged-{path.name}")
    damaged.write_bytes(data)
    return damaged


def _video(container: av.container.OutputContainer, track: Pictures, seconds: float) -> Callable[[], list[av.Packet]]:
    width, height = track.size
    options = dict(track.options)
    if track.codec == "libx264":
        more = f"open-gop={int(track.open_gop)}:scenecut=0:threads=1"
        options = {"preset": "veryfast", "bf": str(track.b_frames), "x264-params": more} | options
    stream = container.add_stream(track.codec, rate=track.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, track.format
    stream.codec_context.gop_size = track.gop
    stream.codec_context.sample_aspect_ratio = track.ratio
    if track.times:
        stream.codec_context.time_base = Fraction(1, 1000)
    if track.rotation:
        stream.set_display_rotation(track.rotation)
    clock = stream.codec_context.time_base or Fraction(1, track.rate)
    times = track.times or [number / track.rate for number in range(max(1, round(seconds * track.rate)))]

    def write() -> list[av.Packet]:
        packets = []
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(track.draw(number, width, height), "rgb24")
            frame.time_base, frame.pts = clock, round(time / clock) + round(track.start / clock)
            packets += stream.encode(frame)
        return packets + stream.encode(None)

    return write


def _audio(container: av.container.OutputContainer, track: Tone, seconds: float) -> Callable[[], list[av.Packet]]:
    stream = container.add_stream(track.codec, rate=track.rate, layout=track.layout)
    time = np.arange(round(seconds * track.rate)) / track.rate
    wave = track.amplitude * np.sin(2 * math.pi * track.hz * time) * (time >= track.onset)
    channels = stream.codec_context.layout.nb_channels
    samples = (np.tile(wave, (channels, 1)) * 32767).astype(np.int16)

    def write() -> list[av.Packet]:
        packets = []
        for place in range(0, samples.shape[1], 1024):
            piece = np.ascontiguousarray(samples[:, place : place + 1024].T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(piece, "s16", track.layout)
            frame.sample_rate, frame.time_base = track.rate, Fraction(1, track.rate)
            frame.pts = place + round(track.start * track.rate)
            packets += stream.encode(frame)
        return packets + stream.encode(None)

    return write
