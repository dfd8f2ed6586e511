"""Subtitles and chapters are valid files whatever was said."""

import re
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import Shot, Utterance, Word
from streamer.report.captions import LINE, LONGEST_S, Cue, chapters, columns, cues, srt, webvtt
from streamer.report.results import collect
from tests.report.story import LENGTH_S, SPOKEN, story, utterance

STAMP = r"(\d{2,}):([0-5]\d):([0-5]\d)([.,])(\d{3})"


def seconds(stamp: str, point: str) -> float:
    match = re.fullmatch(STAMP, stamp)
    assert match and match[4] == point, stamp
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3]) + int(match[5]) / 1000


def parse_times(line: str, point: str) -> tuple[float, float]:
    start, arrow, end = line.split(" ")
    assert arrow == "-->"
    assert seconds(start, point) < seconds(end, point)
    return seconds(start, point), seconds(end, point)


def parse_webvtt(text: str) -> list[tuple[float, float, str]]:
    """A strict reader of the part of WebVTT that is written here."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head.rstrip("\n") == "WEBVTT"
    found = []
    for block in blocks:
        times, *lines = block.strip("\n").split("\n")
        assert lines and all(lines) and "-->" not in "".join(lines)
        assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", "".join(lines))
        found.append((*parse_times(times, "."), "\n".join(lines)))
    return found


def parse_srt(text: str) -> list[tuple[float, float, str]]:
    found = []
    for number, block in enumerate(text.removesuffix("\n").split("\n\n") if text else [], 1):
        count, times, *lines = block.split("\n")
        assert count == str(number) and lines and all(lines)
        assert not set("".join(lines)) & set("<>{}")
        found.append((*parse_times(times, ","), "\n".join(lines)))
    return found


def test_both_files_hold_the_same_cues():
    captions = cues(said for said in story() if isinstance(said, Utterance))
    assert len(captions) >= len(SPOKEN)
    assert [cue[:2] for cue in parse_webvtt(webvtt(captions))] == [cue[:2] for cue in parse_srt(srt(captions))]


def test_ffmpeg_reads_both(tmp_path: Path):
    captions = cues(said for said in story() if isinstance(said, Utterance))
    for name, text in (("c.vtt", webvtt(captions)), ("c.srt", srt(captions))):
        (tmp_path / name).write_text(text)
        with av.open(str(tmp_path / name)) as file:
            packets = [packet for packet in file.demux() if packet.size]
        assert [round(float(packet.pts * packet.time_base), 3) for packet in packets] == [round(cue.start, 3) for cue in captions]


def test_a_caption_has_two_lines_of_42_columns_and_ends_within_7_s():
    long = utterance(0.0, "word " * 90 + "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft")
    for cue in cues([long]):
        assert len(cue.text.split("\n")) <= 2
        assert all(columns(line) <= LINE for line in cue.text.split("\n"))
        assert 0 < cue.end - cue.start <= LONGEST_S + 1e-6


def test_words_keep_their_own_times():
    first, second = cues([utterance(0.0, "One two three four five. Six seven eight.")])
    assert first.text == "One two three four five."
    assert second.start == pytest.approx(0.38 * 5)


def test_a_pause_ends_a_caption():
    words = (Word(start=0, end=0.5, text="wait", probability=1), Word(start=3, end=3.5, text="for it", probability=1))
    said = Utterance(stream="s", id="1", start=0, end=3.5, text="wait for it", words=words)
    assert [cue.text for cue in cues([said])] == ["wait", "for it"]


def test_text_without_word_times_is_spread_over_the_utterance():
    captions = cues([Utterance(stream="s", id="1", start=10, end=30, text="a few words that nobody timed " * 6)])
    assert captions[0].start == 10 and captions[-1].end == pytest.approx(30)
    assert all(cue.end - cue.start <= LONGEST_S for cue in captions)


def test_scripts_without_spaces_stay_without():
    text = "今天我们来看看摄像机怎样才能知道有什么东西正在燃烧因为这对每个人都很重要"
    words = tuple(Word(start=index * 0.2, end=index * 0.2 + 0.2, text=character, probability=1) for index, character in enumerate(text))
    (caption, *_) = cues([Utterance(stream="s", id="1", start=0, end=8, text=text, words=words)])
    assert text.startswith(caption.text.replace("\n", ""))
    assert all(columns(line) <= LINE for line in caption.text.split("\n"))


def test_speech_with_unknown_words_is_said_so():
    captions = cues([Utterance(stream="s", id="1", start=0, end=20, text=None, reason="no_words")])
    assert {cue.text for cue in captions} == {"[speech]"}
    assert captions[0].start == 0 and captions[-1].end == 20 and len(captions) == 3


def test_a_short_caption_stays_for_a_second_unless_another_follows():
    alone, followed, last = cues([utterance(0.0, "Yes."), utterance(5.0, "No."), utterance(5.6, "Perhaps.")])
    assert alone.end == 1.0 and followed.end == 5.6 and last.end == 6.6


def test_marks_in_the_text_are_escaped():
    hostile = utterance(0.0, "<script>alert(1)</script> & --> {\\an8}")
    assert "&lt;script&gt;" in parse_webvtt(webvtt(cues([hostile])))[0][2]
    assert "script" in parse_srt(srt(cues([hostile])))[0][2]


WORDS = st.lists(st.text(max_size=60), max_size=12)
SPEECH = st.tuples(st.floats(0, 4000), st.floats(0, 40), st.none() | st.text(max_size=200), WORDS)


@settings(deadline=None, max_examples=60)
@given(st.lists(SPEECH, max_size=6))
def test_any_speech_makes_valid_files(speech):
    said = []
    for number, (start, length, text, words) in enumerate(speech):
        timed = [Word(start=start + index, end=start + index + 0.5, text=word, probability=0.5) for index, word in enumerate(words)]
        said.append(Utterance(stream="s", id=str(number), start=start, end=start + length, text=text, words=tuple(timed)))
    captions = cues(said)
    assert len(parse_webvtt(webvtt(captions))) == len(parse_srt(srt(captions))) == len(captions)


def test_chapters_last_ten_seconds_and_cover_the_film():
    found = chapters(collect(story(), LENGTH_S))
    parsed = parse_webvtt(webvtt(found))
    assert parsed[0][0] == 0 and parsed[-1][1] == LENGTH_S
    assert all(end - start >= 10 for start, end, _ in parsed)
    assert all(one[1] == two[0] for one, two in pairwise(parsed))
    assert parsed[0][2].startswith("Good morning everybody")


def test_a_chapter_without_words_is_named_by_its_time():
    shots = [Shot(stream="s", id=str(start), start=start, end=start + 60, transition="cut") for start in (0.0, 60.0)]
    assert chapters(collect(shots)) == [Cue(0.0, 60.0, "At 0:00"), Cue(60.0, 120.0, "At 1:00")]


def test_a_film_of_no_length_has_no_chapters():
    assert chapters(collect([])) == []
    assert webvtt([]) == "WEBVTT\n"
