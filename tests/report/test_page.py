"""The page and the index: one file, no network, nothing hostile becomes markup."""

import base64
import hashlib
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from streamer.errors import StoreError
from streamer.report.film import EMBEDDED, Film, reference, show
from streamer.report.index import Entry, write_index
from streamer.report.page import fill, inline, write_report
from tests.report.films import make_film, make_tone
from tests.report.story import LENGTH_S, event, story, utterance

FILES = {"captions.vtt", "captions.srt", "chapters.vtt", "insights.json", "report.html"}


class Reader(HTMLParser):
    """What a browser would see: elements, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.inside = dict(attributes).get("id") or tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, text):
        self.texts[self.inside] = self.texts.get(self.inside, "") + text


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_report(folder, Film(make_film(folder.parent / "film.mp4", 2.0), True, LENGTH_S, 0, 1), story())
    return folder


def test_a_report_is_five_files(written):
    assert {path.name for path in written.iterdir()} == FILES


def test_the_page_names_nothing_outside_its_folder(written):
    for tag, attributes in Reader((written / "report.html").read_text()).elements:
        for name in ("src", "href"):
            assert attributes.get(name, "data:,").startswith("data:,"), tag
    assert not re.search(r"https?://(?!www\.w3\.org/)", (written / "report.html").read_text())


def test_only_our_script_and_style_may_run(written):
    read = Reader((written / "report.html").read_text())
    policy = next(attributes["content"] for tag, attributes in read.elements if attributes.get("http-equiv") == "Content-Security-Policy")
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(read.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy


def test_data_cannot_leave_its_element():
    hostile = {"a": "</script><!--<script>", "b": "\u2028&"}
    assert not set(inline(hostile)) & set("<>&\u2028")
    assert json.loads(inline(hostile)) == hostile


def test_a_part_is_not_searched_for_names():
    assert fill("{{one}} {{two}}", {"one": "{{two}}", "two": "2"}) == "{{two}} 2"


def test_hostile_names_stay_text(tmp_path):
    payload = "<img src=x onerror=alert(1)>"
    film = make_tone(tmp_path / f"{payload}.flac", 0.5)
    write_report(tmp_path, Film(film, True, 1.0, None, 0), [utterance(0.0, f"</script>{payload}"), event(payload, 0, 1, 0.9, {})])
    read = Reader((tmp_path / "report.html").read_text())
    assert not [tag for tag, _ in read.elements if tag == "img"]
    assert read.texts["title"] == f"{payload}.flac"


def test_a_name_that_is_no_utf8_is_shown_as_well_as_it_can_be(tmp_path):
    film = make_tone(tmp_path / "tone.flac", 0.5).rename(os.fsdecode(bytes(tmp_path) + b"/b\xe4r.flac"))
    write_report(tmp_path, Film(film, True, 0.5, None, 0), [])
    assert "<title>b\ufffdr.flac</title>" in (tmp_path / "report.html").read_text()


def test_a_small_film_is_inside_the_page(tmp_path):
    film = make_film(tmp_path / "film.mp4", 1.0)
    shown = show(Film(film, True, 1.0, 0, 1), tmp_path)
    assert shown.how == "embedded" and shown.type == "video/mp4"
    assert base64.b64decode(shown.base64) == film.read_bytes()


def test_a_large_film_is_played_from_where_it_lies(tmp_path):
    film = tmp_path / "a film? #1.mp4"
    with film.open("wb") as file:
        file.truncate(EMBEDDED + 1)
    (tmp_path / "out").mkdir()
    shown = show(Film(film, True, 1.0, 0, 1), tmp_path / "out")
    assert (shown.how, shown.address, shown.base64) == ("beside", "../a%20film%3F%20%231.mp4", "")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reference_names_no_place_of_the_machine(tmp_path):
    assert reference(tmp_path / "x.mp4", tmp_path / "a" / "b") == "../../x.mp4"


def test_a_film_that_browsers_cannot_play_gets_a_proxy_and_says_so(tmp_path):
    shown = show(Film(make_film(tmp_path / "old.avi", 1.0, codecs=("mpeg4", "mp3")), False, 1.0, 0, 1), tmp_path)
    assert (shown.how, shown.address, shown.type) == ("proxy", "proxy.mp4", "video/mp4")
    assert "proxy" in shown.note


def test_a_film_that_cannot_be_shown_is_said_so(tmp_path):
    film = tmp_path / "noise.avi"
    film.write_bytes(b"noise" * 100)
    shown = show(Film(film, False, 1.0, 0, 1), tmp_path)
    assert shown.how == "none" and "noise.avi" in shown.note


def test_a_folder_that_cannot_be_written_is_said_in_a_line(tmp_path):
    (tmp_path / "film").write_text("in the way")
    with pytest.raises(StoreError, match=r"captions\.vtt: cannot be written"):
        write_report(tmp_path / "film", Film(make_tone(tmp_path / "tone.flac", 0.5), True, 0.5, None, 0), [])


def test_the_index_links_films_and_says_why_others_failed(tmp_path, written):
    (tmp_path / "my film #1").symlink_to(written)
    write_index(
        tmp_path, [Entry("my film #1", "my film.mp4"), Entry("bad", "<b>bad</b>.mp4", "no media & nothing else"), Entry("x", "x.mp4")]
    )
    page = (tmp_path / "index.html").read_text()
    assert 'href="my%20film%20%231/report.html"' in page
    assert "8 events · 9 utterances · 5 sounds · 4 lines of text · 12 shots" in page
    assert "&lt;b&gt;bad&lt;/b&gt;.mp4" in page and "no media &amp; nothing else" in page and "not finished" in page
    assert "3 films · 1:24 · 1 refused" in page
    assert "script-src 'none'" in page
