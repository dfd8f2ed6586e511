"""The best libraries of the field, each with its own fast path, in a loop without the pipeline.

PyAV decodes every frame on one thread; faster-whisper runs in int8 with its batched pipeline and its own voice activity, and
gives words with times; the text on each picture is read with RapidOCR tuned as the pipeline tunes it.
"""

import argparse

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

from benchmarks.harness import Meter, tell
from benchmarks.programs.models import RATE_HZ, STEP_S, Encoders, load, patches
from streamer.config import Media, Speech
from streamer.models import places
from streamer.vision.ocr import RapidReader, load_reader


def main() -> None:
    """The film named on the command line; `--ocr`: with what is written in it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("film")
    parser.add_argument("--ocr", action="store_true")
    options = parser.parse_args()
    encoders = load()
    engine = BatchedInferencePipeline(WhisperModel(str(places.directory(Speech().model)), "cpu", compute_type="int8", cpu_threads=1))
    reader = load_reader() if options.ocr else None
    meter = Meter()
    times, lines = look(options.film, encoders, reader)
    sound = decode_audio(options.film, RATE_HZ)
    heard = [encoders.sound.encode(patch) for patch in patches(sound, encoders.sound)]
    found = list(engine.transcribe(sound, beam_size=1, word_timestamps=True, vad_filter=True, batch_size=8)[0])
    encoders.text.encode([segment.text for segment in found])
    tell(meter.report(times, len(times), len(heard), sum(len(segment.words or ()) for segment in found), lines))


def look(path: str, encoders: Encoders, reader: RapidReader | None) -> tuple[list[float], int]:
    """When it looked, and how many lines it read."""
    times, lines, due = list[float](), 0, 0.0
    small, large = VideoReformatter(), VideoReformatter()
    with av.open(path) as file:
        file.streams.video[0].thread_type = "NONE"
        for frame in file.decode(video=0):
            if frame.time is None or frame.time < due - 1e-6:
                continue
            due += STEP_S
            times.append(frame.time)
            encoders.image.encode(_pixels(small, frame, *encoders.image.size)[None])
            if reader:
                width = min(frame.width, Media().picture_width_px)
                picture = _pixels(large, frame, round(frame.height * width / frame.width), width)
                lines += len(reader.read(picture, reader.find(picture)))
    return times, lines


def _pixels(scaler: VideoReformatter, frame: VideoFrame, height: int, width: int) -> np.ndarray:
    """uint8 [height, width, 3], RGB."""
    return scaler.reformat(frame, width, height, "rgb24", interpolation=Interpolation.BILINEAR, threads=1).to_ndarray()


if __name__ == "__main__":
    main()
