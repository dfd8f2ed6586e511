import math
from itertools import zip_longest

import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import Audio, Features, Frame, Utterance, Watermark, identity
from streamer.config import Speech
from streamer.speech.prosody import prosody
from streamer.speech.transcriber import Transcribe, TranscribeState
from streamer.speech.vad import Silero
from tests.speech.clips import BLOCK, RATE, Lengths, Scripted, messages, sentences

VOICE = Silero()


def stage(engine=None, text=None, **options) -> Transcribe:
    return Transcribe(engine, text, Speech(**options), VOICE)


def run(transcribe: Transcribe, items, size: int = 1) -> list:
    items = list(items)
    return [answer for first in range(0, len(items), size) for answer in transcribe(items[first : first + size])]


def of(kind, items) -> list:
    return [item for item in items if isinstance(item, kind)]


def test_without_an_engine_speech_is_told_without_words():
    heard = of(Utterance, run(stage(), messages(sentences("welcome", "fire"))))
    assert len(heard) == 2
    assert all(each.text is None and each.reason and not each.words for each in heard)
    assert heard[0].start == pytest.approx(2.05, abs=0.15) and heard[0].end == pytest.approx(4.8, abs=0.2)


def test_an_utterance_is_named_by_where_its_speech_begins():
    sound = sentences("welcome")
    [plain] = of(Utterance, run(stage(), messages(sound, begins=1.25)))
    [written] = of(Utterance, run(stage(Scripted()), messages(sound, begins=1.25)))
    assert plain.id == written.id == identity("clip", 0, "utterance", round(plain.start * 1e6))
    assert plain.start > 3.2


def test_words_and_phrases_lie_in_the_media_time_of_their_speech():
    answers = run(stage(Scripted(), Lengths()), messages(sentences("garden"), begins=100.0))
    [utterance], [features] = of(Utterance, answers), of(Features, answers)
    assert utterance.text and utterance.language == "en" and utterance.translation is None
    assert all(102.0 <= word.start < word.end <= 106.0 and word.text == word.text.strip() for word in utterance.words)
    assert features.modality == "text" and len(features.texts) == len(features.spans) == len(features.keys)
    assert features.keys.dtype == np.float16 and features.spans.dtype == np.float64
    assert features.reliability == pytest.approx(0.5)
    assert np.all(features.spans[:, 1] - features.spans[:, 0] <= 3) and features.spans.min() >= 102.0


def test_how_a_phrase_is_said_is_told_of_its_own_sound():
    sound = sentences("garden", "welcome")
    for begins in (0.0, 100.0):
        found = of(Features, run(stage(Scripted(), Lengths()), messages(sound, begins=begins)))
        assert len(found) == 2
        for features in found:
            for (start, end), text, manner in zip(features.spans - begins, features.texts, features.vectors, strict=True):
                own = prosody(sound[round(start * RATE) : round(end * RATE)], sum(map(str.isalnum, text)))
                assert manner.dtype == np.float16
                assert manner == pytest.approx(own, abs=0.02)
                assert manner[0] > 0.2


def test_another_language_keeps_its_words_and_is_translated_for_the_text_space():
    answers = run(stage(Scripted({"de": 0.9, "en": 0.1}), Lengths()), messages(sentences("garden")))
    [utterance], [features] = of(Utterance, answers), of(Features, answers)
    assert utterance.language == "de" and "transcribe0" in utterance.text
    assert utterance.translation.startswith("translate0") and features.texts[0].startswith("translate0")


def test_without_translation_another_language_has_no_place_in_the_text_space():
    answers = run(stage(Scripted({"de": 0.9, "en": 0.1}), Lengths(), translate=False), messages(sentences("garden")))
    assert of(Utterance, answers)[0].translation is None and not of(Features, answers)


@pytest.mark.parametrize("engine", [Scripted(no_speech=0.7), Scripted({"cy": 0.2, "en": 0.1})])
def test_words_that_are_not_believed_are_not_printed(engine):
    answers = run(stage(engine, Lengths()), messages(sentences("garden")))
    [utterance] = of(Utterance, answers)
    assert utterance.text is None and utterance.reason and not utterance.words and not of(Features, answers)


def test_the_watermark_is_held_by_speech_that_is_still_open():
    transcribe, told, behind, utterances = stage(), 0.0, [], 0
    for message in messages(sentences("welcome", "fire")):
        for answer in transcribe([message]):
            if isinstance(answer, Utterance):
                assert answer.start >= told  # nothing begins before what was promised
                utterances += 1
            else:
                assert answer.modality == "text" and answer.time >= told
                told = answer.time
                behind.append(message.time - told)
    assert math.isinf(told) and utterances == 2
    assert max(behind[:-1]) > 2.5 and min(behind[2:-1]) < 0.5


def test_a_film_without_sound_has_no_words():
    transcribe = stage(Scripted())
    [answer] = run(transcribe, [Watermark(stream="clip", modality="sound", time=math.inf, status="no_track")])
    assert (answer.modality, answer.time, answer.status) == ("text", math.inf, "no_track")
    assert not transcribe.states


def test_what_is_not_read_passes_and_what_is_read_does_not():
    grey = np.zeros((1, 1, 3), np.uint8)
    frame = Frame(stream="clip", time=0.0, image=grey, width=1, height=1, luma=np.zeros((1, 90, 160), np.uint8), luma_times=np.zeros(1))
    other = Audio(stream="clip", time=0.0, rate=48_000, samples=np.zeros(24_000, np.float32))
    seen = Watermark(stream="clip", modality="vision", time=1.0)
    sound = Audio(stream="clip", time=0.0, rate=RATE, samples=np.zeros(BLOCK, np.float32))
    assert run(stage(), [frame, other, sound, seen]) == [frame, other, seen]


def test_streams_do_not_mix_and_are_forgotten():
    sounds = {"one": sentences("welcome", "door"), "two": sentences("door", "fire")}
    transcribe = stage(Scripted(), Lengths())
    pairs = zip_longest(*(messages(sound, stream) for stream, sound in sounds.items()))
    mixed = run(transcribe, [message for pair in pairs for message in pair if message], 5)
    for stream, sound in sounds.items():
        alone = run(stage(Scripted(), Lengths()), messages(sound, stream))
        assert pack([answer for answer in mixed if answer.stream == stream]) == pack(alone)
    assert not transcribe.states


def test_a_short_segment_is_heard_with_what_was_said_before():
    """The scripted engine counts seconds: the 1.8 s of `goodbye` come after the 4 s that it is given before them."""
    welcome, goodbye = of(Utterance, run(stage(Scripted()), messages(sentences("garden", "goodbye"))))
    assert welcome.text.startswith("transcribe0")
    assert goodbye.text.startswith("transcribe4") and goodbye.words[0].start == pytest.approx(goodbye.start, abs=0.5)
    [alone] = of(Utterance, run(stage(Scripted()), messages(sentences("goodbye"))))
    assert alone.text.startswith("transcribe0") and alone.id != goodbye.id


def test_a_new_epoch_ends_what_was_open():
    first, *_ = messages(sentences("welcome")[: 4 * RATE])
    began = [message for message in messages(sentences("welcome")[: 4 * RATE]) if isinstance(message, Audio)]
    again = Audio(stream="clip", epoch=5, time=0.0, rate=RATE, samples=first.samples)
    [utterance] = of(Utterance, run(stage(), [*began, again]))
    assert utterance.epoch == 0


@pytest.mark.parametrize("size", [2, 7, 1000])
def test_batches_do_not_matter(size):
    sound = sentences("welcome", "goodbye", "fire", pause_s=1.3)
    parts = [run(stage(Scripted(), Lengths()), messages(sound), each) for each in (1, size)]
    assert pack(parts[0]) == pack(parts[1])
    assert len(of(Utterance, parts[0])) == 3


def test_a_stage_that_was_restored_goes_on_as_if_never_interrupted():
    items = list(messages(sentences("welcome", "goodbye", "fire", pause_s=1.3)))
    whole = pack(run(stage(Scripted(), Lengths()), items))
    for cut in range(1, len(items), 5):
        first, second = stage(Scripted(), Lengths()), stage(Scripted(), Lengths())
        began = run(first, items[:cut])
        saved = pack(first.states)
        assert len(saved) < 2_000_000
        second.states = unpack(saved, dict[str, TranscribeState])
        assert pack(began + run(second, items[cut:])) == whole
