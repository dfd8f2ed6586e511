"""The pipeline: what `streamer.watch` does, with the models loaded before the clock starts."""

import argparse
import pathlib
from typing import Any

import numpy as np

from benchmarks.harness import Meter, tell
from schemas.messages import Frame, ScreenText, Utterance
from streamer import config
from streamer.config import Config
from streamer.media import sources
from streamer.media.reader import read
from streamer.wiring import load_models, understand


class Counted:
    """An encoder that counts what it is given."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def encode(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """What the encoder makes of them."""
        keys, vectors = self.encoder.encode(items)
        self.count += len(keys)
        return keys, vectors


def main() -> None:
    """The film and the settings named on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("film", type=pathlib.Path)
    parser.add_argument("settings", nargs="*", help="NAME=VALUE")
    options = parser.parse_args()
    settings = config.load(None, options.settings)
    models = load_models(settings)
    assert models.text and models.engine, "the offline models are there"
    models.text.encode(["Sentences load their network when the first one comes."])
    models.image = image = Counted(models.image)
    models.sound = sound = Counted(models.sound)
    meter, stream = Meter(), sources.stream_id(options.film)
    messages = list(understand(options.film, stream, settings, models))
    words = sum(len(message.words) for message in messages if isinstance(message, Utterance))
    lines = sum(isinstance(message, ScreenText) for message in messages)
    report = meter.report([], image.count, sound.count, words, lines)
    report.times = looked(options.film, stream, settings)
    tell(report)


def looked(film: pathlib.Path, stream: str, settings: Config) -> list[float]:
    """The times of its pictures, in seconds: they depend on nothing but the film, so they are asked for once more."""
    return [round(message.time, 3) for message in read(film, stream, settings.media, rates=()) if isinstance(message, Frame)]


if __name__ == "__main__":
    main()
