import math

import pytest

from schemas.messages import Sentiment, Status, Utterance
from streamer.interpret.opinion import Opinion
from tests.interpret.made import STREAM, Film, label, run, spoken, stage

LAUGHTER, CRYING = label("laughter", valence=0.8), label("crying", valence=-0.8)
GLAD, ANGRY = "This is a wonderful day, I love it.", "This is a terrible, horrible mess."


def moods(film: Film) -> list[Sentiment]:
    return [message for message in run(stage(*film.labels), film.messages()) if isinstance(message, Sentiment)]


def mood(*utterances: Utterance, laughter: float = 0, crying: float = 0, **status: Status) -> Sentiment:
    """Of one window in which sounds last two seconds."""
    film = Film(4, [LAUGHTER, CRYING])
    film.put(0, "sound", 1, 3, laughter).put(1, "sound", 1, 3, crying)
    film.utterances = list(utterances)
    film.status = film.status | status
    [only] = moods(film)
    return only


def test_kind_words_are_positive_and_unkind_ones_negative() -> None:
    glad, angry = mood(spoken(GLAD, 0, 3)), mood(spoken(ANGRY, 0, 3))
    assert glad.valence is not None and angry.valence is not None
    assert glad.valence > 0.5 and angry.valence < -0.5
    assert max(glad.scores, key=glad.scores.__getitem__) == "positive"
    assert max(angry.scores, key=angry.scores.__getitem__) == "negative"


def test_plain_words_are_neutral() -> None:
    plain = mood(spoken("The train leaves at five.", 0, 3))
    assert plain.valence == 0 and max(plain.scores, key=plain.scores.__getitem__) == "neutral"
    assert math.isclose(sum(plain.scores.values()), 1)


def test_contributions_sum_to_the_valence() -> None:
    both = mood(spoken(GLAD, 0, 3), laughter=5, crying=3)
    assert both.contributions.keys() == both.unimodal.keys() == {"text", "sound"}
    assert math.isclose(sum(both.contributions.values()), both.valence or 0, abs_tol=1e-9)


def test_values_are_those_of_the_formula() -> None:
    only = mood(laughter=4)
    likely = 1 / (1 + math.exp(-2))
    weight = 0.5 * likely / (0.3**2 + 0.1)
    assert math.isclose(only.valence or 0, weight * 0.8 / (weight + 0.5), rel_tol=1e-6)
    assert only.unimodal["sound"].value == pytest.approx(0.8) and only.unimodal["sound"].sd == pytest.approx(0.3)


def test_kind_words_in_tears_are_a_conflict_and_never_called_sarcasm() -> None:
    both = mood(spoken(GLAD, 0, 2), crying=6)
    [conflict] = both.conflicts
    assert conflict.pair == ("text", "sound") and conflict.wording == "words positive, sound negative"
    assert conflict.distance > 2 and (conflict.start, conflict.end) == (1, 2)
    assert not mood(spoken(GLAD, 0, 2), laughter=6).conflicts


def test_words_count_by_their_time_in_the_window() -> None:
    mixed = spoken(f"{GLAD} {ANGRY}", 0, 8)
    film = Film(12, [LAUGHTER])
    film.utterances = [mixed]
    values = [one.valence or 0 for one in moods(film)]
    assert values[1] < -0.4 < values[0]  # the second window, from 4 s on, hears only the second sentence


def test_sentences_that_disagree_make_it_less_sure() -> None:
    sure, unsure = mood(spoken(GLAD, 0, 4)), mood(spoken(GLAD, 0, 2), spoken(ANGRY, 2, 4))
    assert (unsure.sd or 0) > 2 * (sure.sd or 0) and abs(unsure.valence or 0) < 0.3


def test_foreign_words_are_judged_by_their_translation() -> None:
    german = spoken("Das ist ein herrlicher Tag", 0, 3, language="de", translation="This is a wonderful day")
    assert (mood(german).valence or 0) > 0.4
    unknown = mood(spoken("Das ist ein herrlicher Tag", 0, 3, language="de"))
    assert unknown.valence is None and unknown.reason == "speech in de without a translation"


def test_where_nothing_speaks_there_is_a_reason_and_no_zero() -> None:
    silent: dict[str, Status] = {"sound": "no_track", "text": "no_track"}
    assert mood(**silent).reason == "no sound: nobody can be heard"
    assert mood().reason == "nobody speaks, and no sound tells a mood"
    assert mood(text="failed").reason == "words failed: it is not known what was said"
    wordless = Utterance(stream=STREAM, id="u", start=0, end=3, text=None, reason="no speech model")
    nothing = mood(wordless)
    assert nothing.reason == "somebody speaks, but the words are not known"
    assert nothing.valence is None and not nothing.scores and not nothing.contributions


def test_faint_laughter_says_nothing() -> None:
    assert mood(laughter=0.5).valence is None


def test_the_lexicon_knows_negation() -> None:
    opinion = Opinion()
    assert opinion.valence("good") > 0 > opinion.valence("not good")
