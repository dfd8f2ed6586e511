"""Word error rate of the stage `transcribe` on real clips with known words, after Whisper's own English normaliser.

python -m benchmarks.wer [FOLDER]      FOLDER: the clips and truth.json; else STREAMER_MEDIA names it
"""

import json
import os
import pathlib
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import jiwer
from whisper.normalizers import EnglishTextNormalizer

from schemas.messages import Audio, Utterance
from streamer.config import Media, Speech
from streamer.media.reader import read
from streamer.speech import whisper
from streamer.speech.transcriber import Transcribe

APART = "autoeditor_example.mp4"  # a film, not read speech: not in the pool


class Score(NamedTuple):
    """What one clip gave."""

    clip: str
    truth: str  # normalised
    words: str  # normalised
    seconds: float  # of sound
    cpu_s: float

    @property
    def error(self) -> float:
        """Word error rate, 0 is perfect."""
        return float(jiwer.wer(self.truth, self.words))


def measure(folder: pathlib.Path, options: Speech) -> list[Score]:
    """The score of every clip of the folder whose words are known."""
    normal = EnglishTextNormalizer()
    stage = Transcribe(whisper.load(options), None, options)
    scores = []
    for clip, about in json.loads((folder / "truth.json").read_text("utf-8")).items():
        if "transcript" in about:
            messages = list(read(folder / clip, clip, Media(), video=False))
            began = time.process_time()
            found = [message for message in stage(messages) if isinstance(message, Utterance)]
            cpu_s = time.process_time() - began
            text = " ".join(utterance.text or "" for utterance in found)
            seconds = sum(len(message.samples) / message.rate for message in messages if isinstance(message, Audio))
            scores.append(Score(clip, normal(about["transcript"]), normal(text), seconds, cpu_s))
    return scores


def pooled(scores: list[Score]) -> float:
    """Word error rate of all read clips together."""
    speech = [score for score in scores if score.clip != APART]
    return float(jiwer.wer([score.truth for score in speech], [score.words for score in speech]))


def main(arguments: Sequence[str] = ()) -> None:
    """Prints a table."""
    place = arguments[0] if arguments else os.environ.get("STREAMER_MEDIA")
    if not place:
        raise SystemExit("wer: expected the folder of the clips and truth.json as argument, or in STREAMER_MEDIA")
    options = Speech()
    scores = measure(pathlib.Path(place), options)
    print(f"{options.model}, {options.engine}, compute {options.compute}\n{'clip':<48}{'words':>6}{'WER':>8}{'s':>7}{'CPU-s/s':>9}")
    for score in scores:
        words = len(score.truth.split())
        print(f"{score.clip:<48}{words:>6}{score.error:>8.1%}{score.seconds:>7.1f}{score.cpu_s / score.seconds:>9.3f}")
    print(f"read clips pooled: {pooled(scores):.1%}")


if __name__ == "__main__":
    main(sys.argv[1:])
