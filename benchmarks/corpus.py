"""The films that are measured, made once into the cache: what a camera sends, from a real clip or a test pattern."""

import os
import pathlib
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from typing import Any, cast

import av
import numpy as np
import platformdirs
from av.filter import Graph
from av.video.frame import PictureType

REAL = pathlib.Path(os.environ.get("STREAMER_MEDIA", pathlib.Path(__file__).parents[2] / "shared" / "media"))
WALKERS = "one-by-one-person-detection.mp4"  # a fixed camera in a corridor, people walking by
WIDTH, HEIGHT, RATE = 1920, 1080, 25  # px, px, frames/s
SOUND_RATE = 48_000  # Hz
PATTERN = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}"  # where the clip is not there
NOISE = "noise=alls=8:allf=t"  # of a sensor in the evening; without it x264 spends next to nothing
ENCODER = {
    "preset": "veryfast", "bf": "0", "sc_threshold": "0", "b": "4M", "maxrate": "5M", "bufsize": "8M", "threads": "1",
}  # fmt: skip


def folder() -> pathlib.Path:
    """Where the films are kept."""
    cache = os.environ.get("STREAMER_CACHE") or platformdirs.user_cache_dir("streamer")
    place = pathlib.Path(cache) / "corpus"
    place.mkdir(parents=True, exist_ok=True)
    return place


def camera(seconds: int = 60, speech: pathlib.Path | None = None, share: float = 0.2) -> pathlib.Path:
    """A 1080p25 film of 4 Mb/s with a key frame every 2 s; with `speech`, that is heard for a share of the time."""
    source = REAL / WALKERS
    kind = "walkers" if source.exists() else "pattern"
    spoken = f"-{speech.stem}-{share:g}" if speech else ""
    path = folder() / f"camera-{kind}-{seconds}s{spoken}.mp4"
    if not path.exists():
        part = path.with_suffix(".part")
        _write(part, _pictures(source if source.exists() else None, seconds), _sound(speech, seconds, share) if speech else None)
        part.rename(path)
    return path


def _write(path: pathlib.Path, pictures: Iterator[av.VideoFrame], sound: Iterator[av.AudioFrame] | None) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=RATE, options=ENCODER)
        video.width, video.height, video.pix_fmt, video.codec_context.gop_size = WIDTH, HEIGHT, "yuv420p", 2 * RATE
        audio = container.add_stream("aac", rate=SOUND_RATE, layout="stereo", options={"b": "128k"}) if sound else None
        for number, frame in enumerate(pictures):
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            frame.pict_type = PictureType.NONE  # else a key frame of the source becomes one here
            container.mux(video.encode(frame))
            if sound and audio:
                container.mux(audio.encode(next(sound)))
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))


def _pictures(source: pathlib.Path | None, seconds: int) -> Iterator[av.VideoFrame]:
    """That many seconds of noisy 1080p pictures."""
    graph: Any = None
    left = seconds * RATE
    for start in count():
        with av.open(str(source)) if source else av.open(PATTERN, format="lavfi") as container:
            stream = container.streams.video[0]
            pace, base = Fraction(stream.average_rate or RATE), Fraction(stream.time_base or 1)
            graph = graph or _graph(stream)
            for number, frame in enumerate(container.decode(stream)):
                frame.pts = round((number + start * stream.frames) / pace / base)
                graph.push(frame)
                for noisy in _pulled(graph):
                    yield noisy
                    left -= 1
                    if not left:
                        return


def _graph(stream: av.VideoStream) -> Graph:
    graph = Graph()
    steps = [graph.add_buffer(template=stream, time_base=stream.time_base)]
    for text in (f"scale={WIDTH}:{HEIGHT}", f"fps={RATE}", NOISE, "format=yuv420p"):
        name, _, arguments = text.partition("=")
        steps.append(graph.add(name, arguments))
    graph.link_nodes(*steps, graph.add("buffersink")).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield cast(av.VideoFrame, graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _sound(speech: pathlib.Path, seconds: int, share: float) -> Iterator[av.AudioFrame]:
    """A block of stereo sound for each picture: the speech, then silence until the share is kept, again and again."""
    resampler = av.AudioResampler("flt", "mono", SOUND_RATE)
    with av.open(str(speech)) as container:
        said = np.concatenate([out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)])
    period = np.zeros(round(len(said) / share), np.float32)
    period[: len(said)] = said
    size = SOUND_RATE // RATE
    for number in range(seconds * RATE):
        block = np.take(period, np.arange(number * size, (number + 1) * size), mode="wrap")
        frame = av.AudioFrame.from_ndarray(np.tile(block, (2, 1)), "fltp", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = SOUND_RATE, Fraction(1, SOUND_RATE), number * size
        yield frame
