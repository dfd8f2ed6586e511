import shutil
import subprocess

import numpy as np
import pytest

from benchmarks.wer import measure, pooled
from schemas.codec import pack, unpack
from schemas.messages import Utterance
from streamer.config import Speech
from streamer.errors import ConfigError
from streamer.speech import whisper
from streamer.speech.transcriber import Transcribe, TranscribeState
from tests.media_folder import MEDIA, needs_media, needs_models
from tests.speech.clips import RATE, clip, messages, sentences

pytestmark = needs_models

GERMAN = "Guten Morgen, meine Damen und Herren. Heute ist das Wetter sehr schön. Die Sonne scheint, und die Kinder spielen im Garten."


@pytest.fixture(scope="module")
def engine():
    return whisper.load(Speech())


@pytest.fixture
def transcribe(engine):
    return Transcribe(engine, None, Speech())


def heard(transcribe: Transcribe, sound: np.ndarray) -> list[Utterance]:
    return [answer for answer in transcribe(list(messages(sound))) if isinstance(answer, Utterance)]


@needs_media
def test_words_of_real_clips_are_right():
    scores = measure(MEDIA, Speech())
    assert pooled(scores) <= 0.05
    assert next(score.error for score in scores if score.clip == "autoeditor_example.mp4") <= 0.15


@needs_media
def test_a_lone_word_is_heard_and_silence_is_not(transcribe):
    words = [word for utterance in heard(transcribe, clip(MEDIA / "autoeditor_example.mp4")) for word in utterance.words]
    bananas = [word.start for word in words if word.text.lower().strip(".,!") == "banana"]
    assert bananas == pytest.approx([16.6, 40.1], abs=0.3)
    assert not [word for word in words if 18 < word.start < 38 or 18 < word.end < 38]


@pytest.mark.parametrize("after_speech", [False, True])
@pytest.mark.parametrize("kind", ["silence", "white noise", "hum", "chords", "clicks"])
def test_a_minute_of_what_is_no_speech_has_no_words(transcribe, kind, after_speech):
    random, time = np.random.default_rng(0), np.arange(60 * RATE) / RATE
    triads = np.repeat(random.integers(-12, 12, 60), RATE)[: len(time)]
    made = {
        "silence": np.zeros(len(time)),
        "white noise": 0.1 * random.standard_normal(len(time)),
        "hum": 0.2 * sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 8)),
        "chords": 0.1 * np.exp(-2 * (time % 1)) * sum(np.sin(2 * np.pi * note * 2 ** (triads / 12) * time) for note in (262, 330, 392)),
        "clicks": np.where(random.random(len(time)) < 3 / RATE, random.uniform(-1, 1, len(time)), 0),
    }
    before = sentences("welcome") if after_speech else np.zeros(0, np.float32)
    utterances = heard(transcribe, np.concatenate([before, made[kind].astype(np.float32)]))
    assert not [word for utterance in utterances for word in utterance.words if word.end > len(before) / RATE]


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng, which speaks German here, is not installed")
def test_german_stays_german(transcribe, tmp_path):
    subprocess.run(["espeak-ng", "-v", "de", "-s", "120", "-w", tmp_path / "de.wav", GERMAN], check=True)
    utterances = heard(transcribe, clip(tmp_path / "de.wav"))
    assert utterances and {utterance.language for utterance in utterances} == {"de"}
    text = " ".join(utterance.text or "" for utterance in utterances).lower()
    assert "guten morgen" in text and "damen und herren" in text
    assert not {"the", "and", "good", "is"} & set(text.split())
    assert "good morning" in " ".join(utterance.translation or "" for utterance in utterances).lower()


def test_batches_and_restarts_do_not_matter(engine):
    items = list(messages(sentences("welcome", "goodbye", pause_s=1.5)))
    stages = [Transcribe(engine, None, Speech()) for _ in range(4)]
    whole = pack(list(stages[0](items)))
    assert pack([answer for item in items for answer in stages[1]([item])]) == whole
    began = list(stages[2](items[:9]))
    stages[3].states = unpack(pack(stages[2].states), dict[str, TranscribeState])
    assert pack(began + list(stages[3](items[9:]))) == whole


def test_a_wish_that_no_engine_can_fulfil_is_refused():
    with pytest.raises(ConfigError, match=r"speech\.language=xx"):
        whisper.load(Speech(language="xx"))
    with pytest.raises(ConfigError, match=r"speech\.compute=int8"):
        whisper.load(Speech(engine="transformers", compute="int8"))
    with pytest.raises(ConfigError, match=r"speech\.compute=float16"):
        whisper.load(Speech(engine="openai-whisper", compute="float16"))


def test_more_sound_than_whisper_holds_is_refused(engine):
    with pytest.raises(ValueError, match="at most 30 s"):
        engine.encode(np.zeros(31 * RATE, np.float32))


def test_hardly_any_sound_is_no_error(engine):
    transcript = engine.transcribe(engine.encode(np.random.default_rng(0).normal(0, 0.1, RATE // 10).astype(np.float32)), "en")
    assert all(word.start < word.end for word in transcript.words)
