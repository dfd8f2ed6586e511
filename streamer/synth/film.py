"""Clips as pictures, sound and files."""

import contextlib
import heapq
import os
import pathlib
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import msgspec
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from streamer.errors import ConfigError, StoreError
from streamer.files import write_whole
from streamer.synth import backgrounds, mixing
from streamer.synth.brush import WIDE, Brush, Camera, Image
from streamer.synth.names import LABELS
from streamer.synth.scene import LENGTH_S, Scene
from streamer.synth.script import Clip

CODECS = {"libx264": {"preset": "ultrafast"}, "mpeg4": {"qscale": "4"}}  # the first one that is there
AUDIO_BITS = 64_000  # bits/s of AAC, mono
BLOCK = 1024  # samples of an AAC frame


def pictures(clip: Clip, width: int = 320, height: int = 240, fps: int = 8) -> Iterator[Image]:
    """All frames in order, uint8 [height, width, 3] RGB; frame i is at i / fps seconds."""
    for index, scene in enumerate(clip.scenes):
        first, last = (-int(-edge * LENGTH_S * fps // 1) for edge in (index, index + 1))
        stage = _Stage(scene, width, height)
        for frame in range(first, last):
            yield stage.picture(frame / fps - index * LENGTH_S, frame)


def wave(clip: Clip, rate: int = 16000) -> NDArray[np.float32]:
    """The sound, float32 [samples], in [-1, 1]."""
    return np.concatenate([mixing.mixed(scene, rate) for scene in clip.scenes])


def write(clip: Clip, path: pathlib.Path, width: int = 320, height: int = 240, fps: int = 8, rate: int = 16000) -> None:
    """An mp4, and beside it the truth as JSON; neither is there before it is whole. Errors: ConfigError, StoreError."""
    if min(width, height) < 64 or max(width, height) > 1920 or width % 2 or height % 2 or not 1 <= width / height <= 2:
        raise ConfigError(f"{width} x {height}: expected even numbers of 64 to 1920 px, one to two times as wide as high; 4:3 is natural")
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(part), "w", format="mp4") as file:
            picture, sound = _picture_stream(file, clip, (width, height), fps), _sound_stream(file, rate)
            media = heapq.merge(_frames(clip, width, height, fps), _blocks(clip, rate), key=lambda item: item.time or 0.0)
            for item in media:  # side by side, as players want them
                match item:
                    case av.VideoFrame():
                        file.mux(picture.encode(item))
                    case av.AudioFrame():
                        file.mux(sound.encode(item))
            file.mux(picture.encode(None))
            file.mux(sound.encode(None))
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StoreError(f"{path}: cannot be written ({reason}); expected a folder with room that you may write to") from error
    write_whole(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(truth(clip, fps)), indent=1) + b"\n")


def truth(clip: Clip, fps: int = 8) -> dict[str, object]:
    """All that is true of the clip, ready for JSON; times in seconds from its start."""
    told = ("events", "decoys", "utterances", "writing", "mood", "captions")
    about = {"seed": clip.seed, "split": clip.split, "length": clip.length, "fps": fps, "labels": LABELS}
    return about | {name: msgspec.to_builtins(getattr(clip, name)) for name in told}


class _Stage:
    """A scene being shown."""

    def __init__(self, scene: Scene, width: int, height: int) -> None:
        self.scene, self.size = scene, (width, height)
        look = scene.look
        self.acts = sorted(scene.acts, key=lambda act: act.depth)
        tall, wide = height * (1 + 2 * backgrounds.MARGIN), width * (1 + 2 * backgrounds.MARGIN / WIDE)
        self.place = backgrounds.make(look.background, look.seed, round(tall), round(wide))
        rng = np.random.default_rng([look.seed, 12])
        grain = np.round(rng.normal(0, look.noise, (height + 64, width + 64, 3)))
        self.more, self.less = np.clip(grain, 0, 255).astype(np.uint8), np.clip(-grain, 0, 255).astype(np.uint8)
        self.slips = rng.integers(0, 64, (512, 2))
        self.shakes = _smooth(rng.normal(0, look.shake, (int(LENGTH_S * 64), 2)))

    def picture(self, time: float, frame: int) -> Image:
        look = self.scene.look
        camera = self._camera(time)
        image = self._behind(camera)
        brush = Brush(image, look.style, camera)
        for act in self.acts:
            act.draw(brush, time)
        image = np.asarray(cv2.LUT(image, _table(look.gamma, self._brightness(time))), np.uint8)
        if look.blur:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), look.blur * self.size[1] / 1000), np.uint8)
        top, left = self.slips[frame % len(self.slips)]
        cut = (slice(top, top + self.size[1]), slice(left, left + self.size[0]))
        return np.asarray(cv2.subtract(cv2.add(image, self.more[cut]), self.less[cut]), np.uint8)

    def _camera(self, time: float) -> Camera:
        look, share = self.scene.look, time / LENGTH_S
        zoom = look.zoom[0] + (look.zoom[1] - look.zoom[0]) * share
        shake_x, shake_y = self.shakes[min(int(time * 64), len(self.shakes) - 1)]
        return Camera(zoom, float(look.drift[0] * (share - 0.5) + shake_x), float(look.drift[1] * (share - 0.5) + shake_y))

    def _behind(self, camera: Camera) -> Image:
        """The part of the place that the camera sees."""
        width, height = self.size
        unit = np.array([width / WIDE, height])  # px of the place a world unit
        middle = np.array([WIDE / 2, 0.5])
        corner = (middle - middle / camera.zoom + np.array([camera.x, camera.y]) + backgrounds.MARGIN) * unit
        move = np.array([[1 / camera.zoom, 0, corner[0]], [0, 1 / camera.zoom, corner[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(self.place, move, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    def _brightness(self, time: float) -> float:
        dark = [spell.brightness for spell in self.scene.dark if spell.start <= time < spell.end]
        return min(dark, default=1.0)


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A hand's tremble: noise below about 4 Hz, of the same deviation."""
    kernel = np.ones(16) / 4
    return np.stack([np.convolve(column, kernel, "same") for column in values.T], 1)


def _table(gamma: float, brightness: float) -> NDArray[np.uint8]:
    return np.asarray(255 * brightness * (np.arange(256) / 255) ** gamma, np.uint8)


def _picture_stream(file: av.container.OutputContainer, clip: Clip, size: tuple[int, int], fps: int) -> av.VideoStream:
    codec = next(name for name in CODECS if name in av.codecs_available)
    quality = {"crf": str(24 + clip.seed % 10)} if codec == "libx264" else {}
    stream = file.add_stream(codec, rate=fps, options=CODECS[codec] | quality)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
    stream.gop_size = 2 * fps
    stream.codec_context.colorspace, stream.codec_context.color_range = Colorspace.ITU601, ColorRange.MPEG
    stream.codec_context.thread_count = 1  # not as many as there are cores: their number changes the bytes
    return stream


def _sound_stream(file: av.container.OutputContainer, rate: int) -> av.AudioStream:
    stream = file.add_stream("aac", rate=rate, layout="mono")
    assert isinstance(stream, av.AudioStream)
    stream.bit_rate = AUDIO_BITS
    return stream


def _frames(clip: Clip, width: int, height: int, fps: int) -> Iterator[av.VideoFrame]:
    for index, picture in enumerate(pictures(clip, width, height, fps)):
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)  # BT.601, a quarter of swscale's time
        frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), "yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, fps)
        yield frame


def _blocks(clip: Clip, rate: int) -> Iterator[av.AudioFrame]:
    done = 0
    for scene in clip.scenes:
        samples = mixing.mixed(scene, rate)
        for start in range(0, len(samples), BLOCK):
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, start : start + BLOCK]), "fltp", "mono")
            block.sample_rate, block.pts, block.time_base = rate, done + start, Fraction(1, rate)
            yield block
        done += len(samples)
