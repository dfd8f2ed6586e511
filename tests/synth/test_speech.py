"""The bank has what a clip may ask for, and its words are where it says."""

import itertools

import numpy as np
import pytest

from streamer.config import Speech
from streamer.speech import whisper
from streamer.synth.speech import bank
from streamer.synth.speech.casting import PROSODIES, parts
from streamer.synth.speech.sentences import KINDS, sentences
from streamer.synth.speech.takes import RATE, Take, decoded, resampled, trimmed
from streamer.synth.speech.utterances import FOLDER, file_name, row
from streamer.synth.speech.voices import VOICES
from tests.media_folder import needs_models

THINGS = ("person", "car", "dog", "balloon")
OFFERED = (("train", 0), ("train", 1), ("train", 2), ("val", 0), ("val", 1), ("val", 2), ("engine", 0))


@pytest.mark.parametrize(("use", "structure"), OFFERED)
def test_each_kind_is_said_in_each_manner(use, structure):
    for kind, prosody in itertools.product(KINDS, PROSODIES):
        for about in THINGS if kind in ("mention", "denied") else (None,):
            found = bank().find(kind, use, prosody, structure, about)
            if not found:  # a wording that nobody is understood in may be gone, but not in every manner
                assert (use, structure) != ("train", 0) and bank().find(kind, use, None, structure, about), (kind, about)
            assert {one.kind for one in found} <= {kind} and {VOICES[one.voice].use for one in found} <= {use}
            assert {(one.prosody, one.structure, one.about) for one in found} <= {(prosody, structure, about)}


def test_no_wording_and_no_voice_is_in_two_uses():
    texts = [{one.text for one in bank().utterances if one.structure == structure} for structure in (0, 1, 2)]
    assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]
    uses = {
        use: {one.voice for use_, _ in OFFERED if use_ == use for one in bank().find("chat", use)} for use in ("train", "val", "engine")
    }
    assert len(uses["train"]) >= 3 and uses["val"] and len(uses["engine"]) >= 3
    assert {one.engine for one in bank().utterances if one.voice in uses["train"]}.isdisjoint({"espeak-ng"})


def test_the_bank_is_large_enough_and_small_enough():
    assert 900 <= len(bank().utterances) <= 1_500
    assert 300 <= len({one.text for one in bank().utterances}) <= 500
    files = [*FOLDER.glob("*.opus"), FOLDER / "index.json"]
    assert {path.name for path in files[:-1]} == {file_name(voice) for voice in VOICES}
    assert sum(path.stat().st_size for path in files) < 4_000_000


def test_all_that_was_kept_can_be_rendered_again():
    wanted = {(part.sentence.text, part.voice, part.prosody) for part in parts(sentences())}
    assert {(one.text, one.voice, one.prosody) for one in bank().utterances} <= wanted


def test_words_are_those_of_the_text_in_order():
    for one in bank().utterances:
        assert [word.text for word in one.words] == one.text.split()
        assert all(word.start < word.end for word in one.words)
        assert all(before.end <= after.start + 0.011 for before, after in itertools.pairwise(one.words))
        assert one.words[0].start >= -0.02 and one.words[-1].end <= one.end - one.start + 0.02


def test_samples_are_the_utterance_at_one_level():
    for one in bank().utterances[:: len(bank().utterances) // 40]:
        made = bank().samples(one)
        assert made.dtype == np.float32 and len(made) == pytest.approx((one.end - one.start) * RATE, abs=1)
        assert np.abs(made).max() == pytest.approx(0.9, abs=1e-4)
        assert np.array_equal(made, bank().samples(one))
        assert len(bank().samples(one, 48_000)) == pytest.approx(3 * len(made), abs=1)


def test_between_utterances_there_is_silence():
    voice = decoded(str(FOLDER / file_name("slt"))).astype(np.float64)
    mine = [one for one in bank().utterances if one.voice == "slt"]
    for before, after in itertools.pairwise(mine):
        gap = voice[round(before.end * RATE) : round(after.start * RATE)]
        assert len(gap) > 0.1 * RATE and np.sqrt(np.mean(gap**2)) < 300  # of 32,767


@pytest.mark.parametrize("voice", VOICES)
def test_bright_is_higher_and_faster_than_dull(voice):
    pitch, pace = {}, {}
    for prosody in PROSODIES:
        mine = [one for one in bank().utterances if one.voice == voice and one.prosody == prosody and one.kind in ("chat", "mention")]
        assert mine
        pitch[prosody] = float(np.median([_pitch(bank().samples(one)) for one in mine[:12]]))
        pace[prosody] = sum(one.end - one.start for one in mine) / sum(len(one.text) for one in mine)
    assert pitch["dull"] < pitch["neutral"] < pitch["bright"]
    assert pace["dull"] > pace["neutral"] > pace["bright"]


def test_rows_hold_all_but_the_engine():
    one = bank().utterances[0]
    assert row(one)["words"] == [[word.start, word.end] for word in one.words]
    assert "engine" not in row(one) and row(one)["text"] == one.text


def test_a_take_is_cut_to_its_speech():
    tone = np.sin(2 * np.pi * 220 * np.arange(8_000) / 16_000)
    sound = np.concatenate([np.zeros(4_000), tone, np.zeros(3_200), tone, np.zeros(6_000)]).astype(np.float32)
    made = trimmed(Take(sound, 16_000, [(0.2, 0.9), (0.9, 1.8)]), 1.0)
    assert len(made.samples) / RATE == pytest.approx(0.02 + 0.5 + 0.2 + 0.5 + 0.04, abs=0.02)
    assert np.abs(made.samples).max() == pytest.approx(0.9, abs=1e-4)
    assert np.ravel(made.words) == pytest.approx([0.02, 0.52, 0.72, 1.22], abs=0.02)
    quick = trimmed(Take(sound, 16_000, [(0.2, 0.9), (0.9, 1.8)]), 1.25)
    assert len(quick.samples) == pytest.approx(len(made.samples) / 1.25, abs=0.03 * RATE)


def test_resampling_keeps_time():
    click = np.zeros(22_050, np.float32)
    click[11_025] = 1
    assert np.abs(resampled(click, 22_050)).argmax() == pytest.approx(8_000, abs=2)


@needs_models
def test_whisper_hears_the_words_where_they_are():
    engine = whisper.load(Speech())
    around = np.zeros(RATE // 2, np.float32)
    late = []
    for one in [one for one in bank().utterances if len(one.words) >= 6][::70][:16]:
        heard = engine.transcribe(engine.encode(np.concatenate([around, bank().samples(one), around])), "en").words
        if len(heard) == len(one.words):
            late += [abs(word.start - 0.5 - known.start) for word, known in zip(heard, one.words, strict=True)]
    assert len(late) > 40 and np.median(late) < 0.1


def _pitch(samples: np.ndarray) -> float:
    """The median pitch in Hz, by autocorrelation."""
    found = []
    for at in range(0, len(samples) - 800, 400):
        frame = samples[at : at + 800].astype(np.float64)
        lags = np.correlate(frame, frame, "full")[799:]
        lag = int(lags[60:250].argmax()) + 60
        if frame.std() > 0.05 and lags[lag] > 0.5 * lags[0]:
            found.append(RATE / lag)
    return float(np.median(found))
