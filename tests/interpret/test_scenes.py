import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import SceneDescription, Utterance
from streamer.interpret.grammar import CHINESE, ENGLISH, GRAMMARS
from tests.interpret.made import STREAM, Film, label, levels, line, run, said_hit, shot, sounding, spoken, stage

ALARM = label("alarm", phrase={"en": "an alarm", "zh": "警报声"}, verb="heard")
DOG = label("dog", sees=True, phrase={"en": "a dog", "zh": "狗"})
MUSIC = label("music", phrase={"en": "music", "zh": "音乐"})
BANANA = label("banana", hears=False, says=("banana",), phrase={"en": "the words “banana”", "zh": "“banana”这句话"}, verb="said")
LABELS = [ALARM, DOG, MUSIC, BANANA]


def scenes(film: Film, language: str = "en") -> list[SceneDescription]:
    return [message for message in run(stage(*film.labels, language=language), film.messages()) if isinstance(message, SceneDescription)]


def film(end: float = 16, **loud: list[tuple[float, float]]) -> Film:
    """With labels seen or heard at these times."""
    made, numbers = Film(end, LABELS), {"alarm": 0, "dog": 1, "music": 2}
    for name, times in loud.items():
        for start, stop in times:
            made.put(numbers[name], "sound", start, stop, 4)
    made.tokens["sound"] = (*sounding({numbers[name]: times for name, times in loud.items()}, 4, end + 4), ())
    return made


def test_a_description_in_english() -> None:
    made = film(alarm=[(12, 16)])
    made.utterances = [spoken("Hello, what is that?", 9, 11)]
    made.perceived = [(10, line("EXIT", 8, 16))]
    assert [scene.text for scene in scenes(made)][1] == (
        "From 12.0 s an alarm can be heard. Someone says: “Hello, what is that?” The screen reads “EXIT”."
    )


def test_a_description_in_chinese() -> None:
    made = film(alarm=[(12, 16)])
    made.utterances = [spoken("那是什么声音？", 9, 11, language="zh")]
    made.perceived = [(10, line("出口", 8, 16))]
    assert [scene.text for scene in scenes(made, "zh")][1] == "从12.0秒起可以听到警报声。有人说：“那是什么声音？”屏幕上写着“出口”。"


def test_time_is_said_as_it_is() -> None:
    texts = [scene.text for scene in scenes(film(24, alarm=[(6, 19)]))]
    assert texts[0] == "From 6.0 s an alarm can be heard."
    assert texts[1] == "An alarm can be heard."
    assert texts[2] == "Until 19.0 s an alarm can be heard."
    assert scenes(film(8, dog=[(2, 3.5)]))[0].text == "At 2.0 s a dog can be heard."
    assert scenes(film(8, dog=[(2, 6)]))[0].text == "From 2.0 s to 6.0 s a dog can be heard."


def test_each_stretch_of_time_is_described_once() -> None:
    spans = [(scene.start, scene.end) for scene in scenes(film(24, alarm=[(6, 19)]))]
    assert spans == [(0, 8), (8, 16), (16, 24)]


def test_things_at_the_same_time_share_a_sentence() -> None:
    assert scenes(film(8, alarm=[(0, 8)], music=[(0, 8)]))[0].text == "An alarm and music can be heard."
    assert scenes(film(8, alarm=[(0, 8)], music=[(0, 8)]), "zh")[0].text == "可以听到警报声和音乐。"


def test_what_is_seen_is_not_said_to_be_heard() -> None:
    made = Film(8, LABELS).put(1, "vision", 0, 8, 4)
    times = np.arange(8.0)
    z = np.zeros((4, 8), np.float32)
    z[1] = 6
    made.tokens["vision"] = (np.stack((times, times + 1), 1), z, ())
    assert scenes(made)[0].text == "A dog can be seen."
    made.put(1, "sound", 0, 8, 4).tokens["sound"] = (*sounding({1: [(0, 8)]}, 4, 8), ())
    assert scenes(made)[0].text == "A dog can be seen and heard."
    assert scenes(made, "zh")[0].text == "可以看到并听到狗。"


def test_a_word_that_was_asked_for_is_told_as_a_quote_only() -> None:
    made = Film(8, LABELS)
    said_hit(made, 3, 2.0, 2.5, "banana")
    made.utterances = [spoken("I say banana", 1, 2.5)]
    assert scenes(made)[0].text == "Someone says: “I say banana”."


def test_the_picture_is_told_by_what_was_measured() -> None:
    made = Film(8, LABELS)
    made.perceived = [(1, shot(0, 2.5)), (8, levels(0, 8, brightness=0.05, motion=0.2))]
    assert scenes(made)[0].text == "At 2.5 s the picture changes. The picture is dark. Something moves in the picture."
    made.perceived = [(8, levels(0, 8, motion=0.005)), *((time, shot(time - 2, time)) for time in (2.0, 4.0, 6.0))]
    assert scenes(made)[0].text == "At 2.0 s, 4.0 s and 6.0 s the picture changes."
    assert scenes(made, "zh")[0].text == "2.0秒、4.0秒和6.0秒时画面切换。"
    made.perceived = [(8, levels(0, 8, motion=0.005)), *((time, shot(time - 1, time)) for time in (2.0, 3.0, 4.0, 5.0, 6.0))]
    assert scenes(made)[0].text == "The picture changes 6 times."
    assert scenes(made, "zh")[0].text == "画面切换了6次。"


def test_it_says_when_something_moves() -> None:
    made = Film(8, LABELS)
    made.perceived = [(8, levels(0, 3, motion=0.0)), (8, levels(3, 1, motion=0.2)), (8, levels(4, 4, motion=0.2))]
    assert scenes(made)[0].text == "From 3.0 s something moves in the picture."
    made.perceived[2] = (8, levels(4, 4, motion=0.0))
    assert scenes(made)[0].text == "At 3.0 s something moves in the picture."
    made.perceived.append((8, levels(7, 1, motion=0.2)))
    assert scenes(made)[0].text == "Now and then something moves in the picture."
    assert scenes(made, "zh")[0].text == "画面中不时有东西在动。"


def test_the_end_of_the_film_is_no_change_of_picture() -> None:
    made = Film(4, LABELS)
    made.perceived = [(4, shot(0, 3.9)), (4, levels(0, 4, motion=0.005))]
    assert scenes(made)[0].text == "Nothing in particular is heard or seen."


def test_where_nothing_happens_it_says_so() -> None:
    made = Film(4, LABELS)
    assert scenes(made)[0].text == "Nothing in particular is heard or seen."
    made.perceived = [(4, levels(0, 4, brightness=0.05, motion=0.0))]
    made.status = made.status | {"sound": "no_track"}
    assert scenes(made)[0].text == "A still, dark picture; no sound."
    assert scenes(made, "zh")[0].text == "画面昏暗静止，没有声音。"
    made.status = made.status | {"sound": "present", "vision": "no_track"}
    made.perceived = [(4, levels(0, 4, loudness=-80.0))]
    assert scenes(made)[0].text == "Silence."
    assert scenes(made, "zh")[0].text == "一片寂静。"


def test_speech_without_words_is_speech() -> None:
    made = Film(4, LABELS)
    made.utterances = [Utterance(stream=STREAM, id="u", start=0, end=3, text=None, reason="unsure")]
    assert scenes(made)[0].text == "Someone speaks, but the words are not clear."
    assert scenes(made, "zh")[0].text == "有人在说话，但听不清内容。"


def test_words_outside_the_window_are_not_quoted() -> None:
    made = Film(12, LABELS)
    made.utterances = [spoken("one two three four five six seven eight nine ten eleven twelve", 0, 12)]
    assert [scene.text for scene in scenes(made)] == [
        "Someone says: “one two three four five six seven eight…”",
        "Someone says: “…nine ten eleven twelve”.",
    ]


def test_whole_sentences_need_no_ellipsis() -> None:
    made = Film(12, LABELS)
    made.utterances = [spoken("One two three. Four five, six seven.", 0, 14)]
    assert [scene.text for scene in scenes(made)] == [
        "Someone says: “One two three. Four…”",
        "Someone says: “…five, six…”",
    ]
    made = Film(16, LABELS)
    made.utterances = [spoken("One two three. Four five, six seven.", 1, 15)]
    assert scenes(made)[1].text == "Someone says: “Four five, six seven.”"


def test_quotes_are_bounded() -> None:
    made = Film(8, LABELS)
    made.utterances = [spoken("word " * 100, 0, 8)]
    made.perceived = [(1, line("letters " * 40, 0, 8))]
    [text] = {scene.text for scene in scenes(made)[:1]}
    assert max(len(quote) for quote in re.findall("“(.*?)”", text)) <= 161 and text.count("…") == 2


def test_many_lines_are_not_all_read() -> None:
    made = Film(4, LABELS)
    made.perceived = [(1, line(f"line {name}", i / 2, 4, 0.9 - i / 10)) for i, name in enumerate("abcde")]
    assert scenes(made)[0].text == "The screen reads, among other things, “line a”, “line b” and “line c”."


def test_of_a_clock_the_first_and_the_last_reading_are_told() -> None:
    made = Film(4, LABELS)
    made.perceived = [(1, line(f"01:00:0{i}", i, i + 1.0)) for i in range(4)]
    assert scenes(made)[0].text == "The screen reads “01:00:00” to “01:00:03”."
    assert scenes(made, "zh")[0].text == "屏幕上写着“01:00:00”至“01:00:03”。"


def test_it_is_as_sure_as_its_least_sure_fact() -> None:
    made = film(8, alarm=[(0, 8)])
    made.utterances = [spoken("hello there", 1, 2, 0.55)]
    assert scenes(made)[0].confidence == pytest.approx(0.55)


CLOCKS = [(12, "12.0 s", "12.0秒"), (62.4, "1:02", "1分02秒"), (3725, "1:02:05", "1小时02分05秒")]


@pytest.mark.parametrize(("seconds", "english", "chinese"), CLOCKS)
def test_clocks(seconds: float, english: str, chinese: str) -> None:
    assert ENGLISH.clock(seconds) == english and CHINESE.clock(seconds) == chinese


times = st.lists(st.tuples(st.integers(0, 14), st.integers(1, 8)).map(lambda t: (t[0] / 1.0, float(t[0] + t[1]))), max_size=2)
words = st.lists(st.sampled_from(["fire", "please", "come", "Gate", "no.", "火"]), min_size=1, max_size=6).map(" ".join)

sayings = st.lists(st.tuples(words, st.integers(0, 12)), max_size=3)


@settings(max_examples=100, deadline=None)
@given(times, times, times, sayings, st.lists(words, max_size=3), st.sampled_from(["en", "zh"]))
def test_every_statement_has_its_evidence(
    alarm: list[tuple[float, float]],
    dog: list[tuple[float, float]],
    music: list[tuple[float, float]],
    speech: list[tuple[str, int]],
    lines: list[str],
    language: str,
) -> None:
    made = film(16, alarm=alarm, dog=dog, music=music)
    made.utterances = [spoken(text, start, start + 3) for text, start in speech]
    made.perceived = [(1, line(text, 0, 16)) for text in lines]
    heard = {"alarm": alarm, "dog": dog, "music": music}
    for scene in scenes(made, language):
        quotes = [one.quote for one in scene.evidence if one.quote]
        for quote in re.findall("“(.*?)”", scene.text):
            assert any(quote.strip("…") in known for known in quotes)
        for one in LABELS[:3]:
            if one.phrase[language] in re.sub("“.*?”", "", scene.text):
                assert any(start < scene.end and stop > scene.start for start, stop in heard[one.name])
                assert any(proof.modality == "sound" for proof in scene.evidence)
        assert all(proof.end > scene.start - 1.5 and proof.start < scene.end for proof in scene.evidence)
        assert scene.text.endswith((".", "”", "…", "。")) and "  " not in scene.text and GRAMMARS[language].name == scene.language
        assert 0 <= scene.confidence <= 1
