"""The sample clip as an ordinary mp4 with its truth beside it: `python -m streamer.demo.clip OUT.mp4`.

The same versions of the libraries give the same bytes.
"""

import heapq
import json
import pathlib
import sys
from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from streamer.demo import pictures, soundtrack, story
from streamer.demo.pictures import Image

GOP_S = 2  # seconds between keyframes at most, as cameras do
CODECS = {"libx264": {"preset": "superfast", "crf": "27"}, "mpeg4": {"qscale": "4"}}  # the first one that is there
AUDIO_BITS = 96_000  # bits/s of AAC, mono
BLOCK = 1024  # samples of an AAC frame
APPEAR_S = 0.4  # a title's way in and out


def compose(path: pathlib.Path) -> dict[str, object]:
    """Writes the clip, 1280 × 720 at 25 frames/s, and gives its truth (see story.truth). Errors: MediaError."""
    for scene in story.SCENES:
        pictures.path(scene.picture)  # before a file is begun
    part = path.with_name(path.name + ".part")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        picture, sound = _picture_stream(file), _sound_stream(file)
        for media in heapq.merge(_frames(), _blocks(), key=lambda media: media.time or 0.0):  # side by side, as players want them
            match media:
                case av.VideoFrame():
                    file.mux(picture.encode(media))
                case av.AudioFrame():
                    file.mux(sound.encode(media))
        file.mux(picture.encode(None))
        file.mux(sound.encode(None))
    part.replace(path)
    return story.truth()


def main() -> None:
    """The command line: the clip, and its truth as JSON beside it."""
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "demo.mp4")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(compose(path), indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{path}: {story.LENGTH_S:.1f} s, {path.stat().st_size / 1e6:.1f} MB; {path.with_suffix('.json').name} says what is in it")


def _picture_stream(file: av.container.OutputContainer) -> av.VideoStream:
    codec = next(name for name in CODECS if name in av.codecs_available)
    stream = file.add_stream(codec, rate=story.RATE_FPS, options=CODECS[codec])
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt = pictures.WIDTH, pictures.HEIGHT, "yuv420p"
    stream.gop_size = GOP_S * story.RATE_FPS
    stream.codec_context.colorspace, stream.codec_context.color_range = Colorspace.ITU601, ColorRange.MPEG
    stream.codec_context.thread_count = 2  # not as many as there are cores: their number changes the bytes
    return stream


def _sound_stream(file: av.container.OutputContainer) -> av.AudioStream:
    stream = file.add_stream("aac", rate=soundtrack.RATE, layout="mono")
    assert isinstance(stream, av.AudioStream)
    stream.bit_rate = AUDIO_BITS
    return stream


def _frames() -> Iterator[av.VideoFrame]:
    for index in range(round(story.LENGTH_S * story.RATE_FPS)):
        planes = cv2.cvtColor(_image(index / story.RATE_FPS), cv2.COLOR_RGB2YUV_I420)  # BT.601, a quarter of swscale's time
        frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), "yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, story.RATE_FPS)
        yield frame


def _image(time: float) -> Image:
    scene = next((scene for scene in story.SCENES if scene.start <= time < scene.end), None)
    if scene is None:
        return np.zeros((pictures.HEIGHT, pictures.WIDTH, 3), np.uint8)
    first, last = np.array(scene.camera)
    zoom, x, y = first + (last - first) * (time - scene.start) / (scene.end - scene.start)
    frame = pictures.view(pictures.canvas(scene.picture, scene.sign), zoom, x, y)
    for title in story.TITLES:
        if title.start <= time < title.end:
            frame = pictures.titled(frame, title.text, min(1, (time - title.start) / APPEAR_S, (title.end - time) / APPEAR_S))
    return pictures.lit(frame, scene.brightness(time), scene.redness(time))


def _blocks() -> Iterator[av.AudioFrame]:
    samples = soundtrack.mix()
    for start in range(0, len(samples), BLOCK):
        block = av.AudioFrame.from_ndarray(samples[None, start : start + BLOCK], "fltp", "mono")
        block.sample_rate, block.pts, block.time_base = soundtrack.RATE, start, Fraction(1, soundtrack.RATE)
        yield block


if __name__ == "__main__":
    main()
