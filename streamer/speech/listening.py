"""What one segment of speech says: language first, then words, then whether to believe them."""

from typing import NamedTuple

import numpy as np

from schemas.messages import Word
from streamer.config import Speech
from streamer.speech.guards import Choice, Tongue, choose, reason
from streamer.speech.segments import Segment
from streamer.speech.vad import RATE
from streamer.speech.whisper import WHOLE_S, Encoded, Engine, Transcript, compression
from streamer.speech.words import fit, moved, said

SHORT = 2 * RATE  # samples of speech: a shorter segment is heard together with what was said before
CONTEXT = 4 * RATE  # samples of that


class Heard(NamedTuple):
    """A segment understood, as far as it goes. Times are media seconds."""

    choice: Choice
    reason: str | None  # why the words are not to be believed
    transcript: Transcript | None = None  # None: not even tried
    words: tuple[Word, ...] = ()
    translation: str | None = None
    english: tuple[Word, ...] = ()  # the words, or their translation


class _Sound(NamedTuple):
    """A segment after the encoder."""

    encoded: Encoded  # with what was said before, if it is short
    skip_s: float  # length of that
    alone: Encoded  # without it


def listen(engine: Engine, segment: Segment, origin: float, tongue: Tongue, options: Speech) -> Heard:
    """Encodes the segment, then asks for its language, its words and, where these are not English, their translation."""
    sound = _encode(engine, segment, tongue)
    choice = choose(tongue, engine.languages(sound.encoded), sound.encoded.window_s, options)
    if not choice.believed:
        return Heard(choice, "no language is likely enough")
    transcript = _transcribe(engine, sound, choice.language)
    if reason(transcript, options) and sound.encoded.window_s < WHOLE_S:  # doubts are settled in the window that Whisper was trained on
        sound = _encode(engine, segment, tongue, WHOLE_S)
        transcript = _transcribe(engine, sound, choice.language)
    doubt = reason(transcript, options)
    if doubt:
        return Heard(choice, doubt, transcript)
    tongue.context = np.concatenate([tongue.context, segment.sound])[-CONTEXT:]
    words = _placed(transcript.words, segment, origin)
    if choice.language == "en" or not options.translate:
        return Heard(choice, None, transcript, words, None, words if choice.language == "en" else ())
    translation = _own(engine.transcribe(sound.encoded, choice.language, "translate"), sound.skip_s)
    if reason(translation, options):
        return Heard(choice, None, transcript, words)
    return Heard(choice, None, transcript, words, translation.text, _placed(translation.words, segment, origin))


def _encode(engine: Engine, segment: Segment, tongue: Tongue, window_s: int = 0) -> _Sound:
    alone = engine.encode(segment.sound, window_s)
    if segment.end - segment.start >= SHORT or not len(tongue.context):
        return _Sound(alone, 0.0, alone)
    return _Sound(engine.encode(np.concatenate([tongue.context, segment.sound]), window_s), len(tongue.context) / RATE, alone)


def _transcribe(engine: Engine, sound: _Sound, language: str) -> Transcript:
    transcript = engine.transcribe(sound.encoded, language)
    if not sound.skip_s:
        return transcript
    alone = engine.transcribe(sound.alone, language)  # whether there is speech at all, only the segment itself can tell
    return _own(transcript, sound.skip_s)._replace(no_speech=alone.no_speech)


def _own(transcript: Transcript, skip_s: float) -> Transcript:
    """What the segment itself says."""
    words = tuple(moved(word, -skip_s) for word in transcript.words if (word.start + word.end) / 2 >= skip_s)
    text = said(words) if skip_s else transcript.text
    return transcript._replace(text=text, words=words, compression=compression(text))


def _placed(words: tuple[Word, ...], segment: Segment, origin: float) -> tuple[Word, ...]:
    """Words in media time, held to where there is voice."""
    here = [moved(word, origin + segment.first / RATE) for word in words]
    return fit(here, [(origin + start / RATE, origin + end / RATE) for start, end in segment.quiet])
