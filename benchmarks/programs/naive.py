"""The loop that one writes first: OpenCV reads every frame, every model gets everything, each library as it comes."""

import argparse

import cv2
import whisper
from faster_whisper import decode_audio
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from benchmarks.harness import Meter, tell
from benchmarks.programs.models import RATE_HZ, STEP_S, Encoders, load, patches
from streamer.config import Speech
from streamer.models.whisper import openai_checkpoint


def main() -> None:
    """The film named on the command line; `--ocr`: with what is written in it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("film")
    parser.add_argument("--ocr", action="store_true")
    options = parser.parse_args()
    encoders = load()
    engine = whisper.load_model(str(openai_checkpoint(Speech().model)), "cpu")
    reader = RapidOCR() if options.ocr else None
    meter = Meter()
    times, lines = look(options.film, encoders, reader)
    sound = decode_audio(options.film, RATE_HZ)
    heard = [encoders.sound.encode(patch) for patch in patches(sound, encoders.sound)]
    said = engine.transcribe(sound, fp16=False)
    encoders.text.encode([segment["text"] for segment in said["segments"]])
    tell(meter.report(times, len(times), len(heard), len(said["text"].split()), lines))


def look(path: str, encoders: Encoders, reader: RapidOCR | None) -> tuple[list[float], int]:
    """When it looked, and how many lines it read: every frame is decoded, one a second encoded."""
    film, times, lines, due = cv2.VideoCapture(path), list[float](), 0, 0.0
    rate = film.get(cv2.CAP_PROP_FPS)
    number = 0
    while True:
        there, picture = film.read()
        if not there:
            return times, lines
        time, number = number / rate, number + 1
        if time < due - 1e-6:
            continue
        due += STEP_S
        times.append(time)
        image = cv2.cvtColor(cv2.resize(picture, encoders.image.size[::-1]), cv2.COLOR_BGR2RGB)
        encoders.image.encode(image[None])
        if reader:
            found = reader(picture)
            lines += len(found.txts or ()) if isinstance(found, RapidOCROutput) else 0


if __name__ == "__main__":
    main()
