"""When words may be printed, and in which language: words that are not known are not printed."""

from collections.abc import Mapping

import msgspec
import numpy as np

from streamer.config import Speech
from streamer.speech.whisper import Transcript

SWITCH = 0.5  # probability above which another language takes over
FLOORS = ((15, 0.3), (30, 0.4))  # window in seconds, least probability of a language that is believed: shorter windows are less sure
WORDS = 10  # fewer words may well be said again and again
VARIETY = 0.4  # least share of different words
NO_SPEECH = "the recogniser hears no speech"


class Tongue(msgspec.Struct):
    """What a stream has said so far."""

    language: str | None = None
    context: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(0, np.float32))
    # float32 [samples]: the last seconds whose words were believed


class Choice(msgspec.Struct, frozen=True):
    """A language, and how likely it is."""

    language: str
    probability: float | None  # None: the model cannot tell
    believed: bool


def choose(tongue: Tongue, probabilities: Mapping[str, float], window_s: int, options: Speech) -> Choice:
    """The language of a segment: the stream keeps its own until another is likelier than not."""
    if options.language != "auto":
        return Choice(options.language, probabilities.get(options.language), True)
    if not probabilities:
        return Choice("en", None, True)
    likeliest = max(probabilities, key=lambda language: probabilities[language])
    language = tongue.language if tongue.language and probabilities[likeliest] <= SWITCH else likeliest
    if probabilities[language] < _floor(window_s):  # neither the stream's own nor surely another
        return Choice(likeliest, probabilities[likeliest], False)
    tongue.language = language
    return Choice(language, probabilities[language], True)


def _floor(window_s: int) -> float:
    (short, low), (long, high) = FLOORS
    return low + (high - low) * (window_s - short) / (long - short)


def repeats(transcript: Transcript, options: Speech) -> bool:
    """Whether the decoder went round in circles."""
    words = transcript.text.lower().split()
    return transcript.compression > options.compression_threshold or (len(words) >= WORDS and len(set(words)) < VARIETY * len(words))


def reason(transcript: Transcript, options: Speech) -> str | None:
    """Why the words of this transcript are not to be believed; None where they are."""
    if transcript.no_speech > options.no_speech_threshold:  # on its own: with the usual log-probability condition noise gets words
        return NO_SPEECH
    if not any(letter.isalnum() for letter in transcript.text):
        return "the recogniser hears no words"
    if repeats(transcript, options):
        return "the recogniser repeats itself"
    return None
