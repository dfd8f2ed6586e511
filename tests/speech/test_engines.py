"""The three libraries run the same weights: they must say the same."""

import numpy as np
import pytest
import whisper as openai

from streamer.config import Speech
from streamer.models.whisper import openai_checkpoint
from streamer.speech import whisper
from streamer.speech.vad import HOP, Silero, VoiceState
from tests.media_folder import MEDIA, needs_media, needs_models
from tests.speech.clips import RATE, SENTENCES, clip

pytestmark = needs_models
LIBRARIES = ("faster-whisper", "transformers", "openai-whisper")


@pytest.fixture(scope="module")
def engines():
    return [whisper.load(Speech(engine=library, compute="float32", device="cpu")) for library in LIBRARIES]


def same(engines, sound: np.ndarray, window_s: int, task: str) -> None:
    """Asserts one result from all."""
    encoded = [engine.encode(sound, window_s) for engine in engines]
    first, *others = [engine.transcribe(each, "en", task) for engine, each in zip(engines, encoded, strict=True)]
    languages, *other_languages = [engine.languages(each) for engine, each in zip(engines, encoded, strict=True)]
    assert first.tokens and sum(languages.values()) == pytest.approx(1, abs=1e-4)
    for other, spoken in zip(others, other_languages, strict=True):
        assert other.tokens == first.tokens and other.text == first.text
        assert other.log_probability == pytest.approx(first.log_probability, abs=1e-4)
        assert other.no_speech == pytest.approx(first.no_speech, abs=1e-4)
        assert spoken == pytest.approx(languages, abs=1e-4)
        for ours, theirs in zip(first.words, other.words, strict=True):
            assert ours.text == theirs.text
            assert (ours.start, ours.end) == pytest.approx((theirs.start, theirs.end), abs=0.021)  # one position of the encoder
            assert ours.probability == pytest.approx(theirs.probability, abs=1e-3)


@needs_media
@pytest.mark.parametrize(
    ("name", "window_s", "task"),
    [
        ("jfk.flac", 15, "transcribe"),
        ("7902-96591-0000.flac", 15, "translate"),
        ("6930-75918-0000.flac", 20, "transcribe"),
        ("sense_and_sensibility_01_austen_64kb-0880.wav", 30, "transcribe"),
    ],
)
def test_real_clips_give_the_same_tokens_in_float32(engines, name, window_s, task):
    same(engines, clip(MEDIA / name), window_s, task)


@needs_media
def test_greedy_decoding_is_openai_whispers_own(engines):
    sound = clip(MEDIA / "7902-96591-0000.flac")
    model = openai.load_model(str(openai_checkpoint("whisper-base")), "cpu")
    options = openai.DecodingOptions(language="en", without_timestamps=True, fp16=False)
    theirs = openai.decode(model, openai.log_mel_spectrogram(openai.pad_or_trim(sound)), options)
    ours = engines[2].transcribe(engines[2].encode(sound, 30), "en")
    assert list(ours.tokens) == theirs.tokens
    assert (ours.log_probability, ours.no_speech) == pytest.approx((theirs.avg_logprob, theirs.no_speech_prob), abs=1e-3)
    assert ours.compression == pytest.approx(theirs.compression_ratio)


def test_the_last_word_ends_where_the_voice_does(engines):
    sound = clip(SENTENCES / "door.flac")
    likely = Silero()(np.pad(sound, (0, RATE)), VoiceState())
    transcript = engines[0].transcribe(engines[0].encode(sound), "en")
    assert transcript.words[-1].end == pytest.approx((np.flatnonzero(likely > 0.5)[-1] + 1) * HOP / RATE, abs=0.3)
    assert [word.text.strip().strip(".").lower() for word in transcript.words] == ["somebody", "is", "knocking", "at", "the", "door"]
