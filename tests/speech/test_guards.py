import pytest

from streamer.config import Speech
from streamer.speech.guards import Tongue, choose, reason
from streamer.speech.whisper import Transcript, compression

OPTIONS = Speech()


def transcript(text: str, no_speech: float = 0.0) -> Transcript:
    return Transcript(text, (), (), -0.1, no_speech, compression(text))


def test_the_likeliest_language_is_believed_from_a_floor_on():
    assert choose(Tongue(), {"en": 0.31, "de": 0.2}, 15, OPTIONS).believed
    assert not choose(Tongue(), {"en": 0.29, "de": 0.2}, 15, OPTIONS).believed
    assert not choose(Tongue(), {"en": 0.39, "de": 0.2}, 30, OPTIONS).believed


def test_a_stream_keeps_its_language_until_another_is_likelier_than_not():
    tongue = Tongue()
    spoken = [{"en": 0.9, "de": 0.1}, {"en": 0.35, "de": 0.5}, {"en": 0.3, "de": 0.51}, {"en": 0.45, "de": 0.4}]
    assert [choose(tongue, probabilities, 15, OPTIONS).language for probabilities in spoken] == ["en", "en", "de", "de"]


def test_a_kept_language_that_is_itself_unlikely_prints_no_words():
    choice = choose(Tongue("en"), {"en": 0.1, "de": 0.45}, 15, OPTIONS)
    assert (choice.language, choice.believed) == ("de", False)


def test_an_unlikely_language_does_not_become_the_streams():
    tongue = Tongue()
    choose(tongue, {"cy": 0.2, "en": 0.1}, 15, OPTIONS)
    assert tongue.language is None


def test_a_language_that_was_asked_for_is_taken():
    choice = choose(Tongue(), {"en": 0.9, "de": 0.1}, 15, Speech(language="de"))
    assert (choice.language, choice.probability, choice.believed) == ("de", 0.1, True)


def test_a_model_that_knows_only_english_hears_english():
    assert choose(Tongue(), {}, 15, OPTIONS).language == "en"


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (transcript("Good morning, everyone."), None),
        (transcript("No, no, no!"), None),
        (transcript("you", no_speech=0.61), "the recogniser hears no speech"),
        (transcript(" . . ."), "the recogniser hears no words"),
        (transcript(""), "the recogniser hears no words"),
        (transcript("I'm going to the shop. " * 12), "the recogniser repeats itself"),
        (transcript("la lo la lo la lo la lo la lo la lo"), "the recogniser repeats itself"),
    ],
)
def test_words_are_believed_or_there_is_a_reason(heard, expected):
    assert reason(heard, OPTIONS) == expected
