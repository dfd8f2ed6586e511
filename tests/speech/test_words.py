import pytest

from schemas.messages import Word
from streamer.speech.words import PHRASE_S, fit, phrases, said


def word(start: float, end: float, text: str = " word") -> Word:
    return Word(start=start, end=end, text=text, probability=0.9)


def span(words) -> tuple[float, float]:
    return words[0].start, words[-1].end


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1.0, 2.5, (2.0, 2.5)),  # the pause before the word was given to it
        (1.5, 2.5, (2.0, 2.5)),
        (0.5, 1.5, (0.5, 1.0)),  # the pause after it
        (0.0, 0.9, (0.0, 0.9)),
        (1.2, 1.8, (1.2, 1.8)),  # voice that the detector missed
    ],
)
def test_words_leave_the_pauses_that_they_were_given(start, end, expected):
    [fitted] = fit([word(start, end)], [(1.0, 2.0)])
    assert (fitted.start, fitted.end) == expected


def test_a_phrase_ends_with_its_sentence_or_a_breath():
    words = [word(0, 0.5, " Hello."), word(0.5, 1, " How"), word(1, 1.5, " are"), word(2.2, 2.5, " you")]
    assert [said(run) for run in phrases(words)] == ["Hello.", "How are", "you"]


def test_a_title_ends_no_phrase():
    words = [word(0, 0.3, " Mr."), word(0.3, 0.8, " Dashwood")]
    assert [said(run) for run in phrases(words)] == ["Mr. Dashwood"]


def test_long_phrases_are_parted_at_a_comma_near_their_middle():
    texts = [" a", " b", " c", " d,", " e", " f", " g", " h", " i"]
    words = [word(n / 2, n / 2 + 0.5, text) for n, text in enumerate(texts)]
    assert [said(run) for run in phrases(words)] == ["a b c d,", "e f g h i"]


def test_no_phrase_is_longer_than_one_vector_holds_and_none_loses_a_word():
    words = [word(n * 0.4, n * 0.4 + 0.4, f" {n}") for n in range(60)]
    runs = phrases(words)
    assert all(span(run)[1] - span(run)[0] <= PHRASE_S for run in runs)
    assert [one for run in runs for one in run] == words


def test_nothing_has_no_phrases():
    assert phrases([]) == []
