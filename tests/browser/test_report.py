"""The page of a film in a real browser, opened from a folder."""

import shutil
from pathlib import Path

import pytest

from schemas.messages import ScreenText
from streamer.report.film import EMBEDDED, Film
from streamer.report.index import Entry, write_index
from streamer.report.page import write_report
from tests.report.films import COLOURS, flat, make_film, make_tone
from tests.report.story import LENGTH_S, event, story, utterance, write_keyframes

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "</script><script>alert(3)</script>",
    "<!--<script>alert(4)//",
    "\"'><svg onload=alert(5)>",
    "javascript:alert(6)",
    "{{script}} ${alert(7)}",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The report of the story, its film inside the page."""
    folder = tmp_path_factory.mktemp("a batch") / "a film #1"
    write_keyframes(folder, [flat(colour) for colour in COLOURS])
    film = make_film(folder.parent / "a film #1.mp4", LENGTH_S)
    write_report(folder, Film(film, True, LENGTH_S, 0, 1), story())
    film.unlink()  # the page is enough
    return folder


@pytest.fixture
def page(tab, folder):
    return tab.open(folder / "report.html")


def test_a_click_on_an_event_seeks_the_player(page, tab):
    page.locator("button.event", has_text="alarm").click()
    assert tab.time == pytest.approx(24.0, abs=0.05)
    page.locator(".bar.item", has_text="rocket launch").click()
    assert tab.time == pytest.approx(60.5, abs=0.05)


def test_a_click_anywhere_on_the_timeline_seeks_there(page, tab):
    box = page.locator(".lane.curve").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    assert tab.time == pytest.approx(LENGTH_S / 2, abs=0.2)
    box = page.locator(".ruler").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 4, box["y"] + 5)
    assert tab.time == pytest.approx(LENGTH_S / 4, abs=0.2)


def test_a_word_seeks_and_is_marked(page, tab):
    page.locator(".word", has_text="amused").click()
    assert tab.time == pytest.approx(46.5 + 0.38 * 4, abs=0.05)
    assert page.locator(".word.current").inner_text() == "amused,"
    assert page.locator(".word.unsure").all_text_contents() == ["amused,"]


def test_the_transcript_follows_the_film(page):
    page.evaluate("document.querySelector('video').currentTime = 73")
    page.wait_for_selector(".speech.current:has-text('Thank you for watching')")
    assert page.locator("#now p").first.inner_text() == "Someone says: “Thank you for watching.” Laughter is heard."


def test_the_film_plays_and_the_playhead_moves(page, tab):
    page.evaluate("document.querySelector('video').muted = true")
    page.locator("h1").click()
    page.keyboard.press("Space")
    tab.until("document.querySelector('video').currentTime > 0.5")
    assert float(page.locator(".ruler").get_attribute("aria-valuenow")) > 0.2
    page.keyboard.press("Space")
    assert page.evaluate("document.querySelector('video').paused")


def test_keys_alone_reach_everything(page, tab):
    page.locator(".ruler").focus()
    for key in ("End", "Home", "PageUp", "ArrowRight"):
        page.keyboard.press(key)
    assert tab.time == pytest.approx(11, abs=0.05)
    page.keyboard.press("Tab")  # to the shots
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert tab.time == pytest.approx(10.4, abs=0.05)
    page.keyboard.press("]")
    assert tab.time == pytest.approx(24.0, abs=0.05)
    page.keyboard.press("[")
    assert tab.time == pytest.approx(1.2, abs=0.05)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"


def test_every_control_has_a_name(page):
    nameless = (
        "[...document.querySelectorAll('button, input, [role=slider], summary, a')].filter((e) => !(e.ariaLabel || e.textContent.trim()))"
    )
    assert page.evaluate(f"{nameless}.map((e) => e.outerHTML)") == []


def test_the_search_keeps_what_matches_and_goes_from_hit_to_hit(page, tab):
    page.locator("#search").fill("ALÁRM")
    assert page.locator(".speech:visible").count() == 2
    assert page.locator("button.event:visible .what").all_text_contents() == ["alarm", "talk of fire"]
    assert page.locator(".word.found").all_text_contents() == ["alarm", "alarm."]
    page.keyboard.press("Enter")
    assert tab.time == pytest.approx(19.0, abs=0.05)
    page.keyboard.press("Escape")
    assert page.locator(".speech:visible").count() == 9


def test_an_event_says_why(page, tab):
    row = page.locator(".events li", has=page.locator(".what", has_text="alarm")).first
    row.locator("summary").click()
    assert row.locator(".pushes").inner_text().split() == ["prior", "−2.00", "heard", "+5.10", "said", "+0.90", "seen", "−0.40"]
    assert row.locator("q").inner_text() == "The alarm will be very loud"
    row.locator(".evidence img").scroll_into_view_if_needed()
    tab.until("document.querySelector('.evidence img').naturalWidth > 0")


def test_what_could_not_be_observed_is_told(page):
    told = page.locator(".coverage").text_content()
    assert "lost: damaged (seen)" in told and "only 80 %" in told
    assert "yamnet" in page.locator(".models").text_content()


def test_the_player_stays_in_sight(page):
    page.locator("button.event", has_text="cat").click()
    page.locator(".files").scroll_into_view_if_needed()
    page.wait_for_selector(".screen.away")
    box = page.locator("video").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= 900


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 760, 1600])
def test_nothing_sticks_out_at_any_width(tab, folder, width, scheme):
    tab.page.emulate_media(color_scheme=scheme)
    page = tab.open(folder / "report.html", width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    blocks = "[...document.querySelectorAll('main > *, .card, .screen, header > *')]"
    assert page.evaluate(f"{blocks}.filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.className)") == []
    page.locator("#wider").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_text_does_not_run(tab, tmp_path):
    film = make_tone(tmp_path / "<img src=x onerror=alert(0)>.flac", 2.0)
    messages = [utterance(index, payload, translation=payload, language=payload) for index, payload in enumerate(PAYLOADS)]
    messages += [event(payload, 0, 1, 0.9, {payload: 1.0}, models={payload: payload}) for payload in PAYLOADS]
    for payload in PAYLOADS:
        messages.append(ScreenText(stream="s", id=payload, start=0, end=1, text=payload, box=(0, 0, 1, 1), confidence=1))
    write_report(tmp_path, Film(film, True, 8.0, None, 0), messages)
    page = tab.open(tmp_path / "report.html")
    page.locator("summary").first.click()
    assert page.locator("h1").inner_text() == film.name
    assert set(page.locator(".written .line p").all_text_contents()) == set(PAYLOADS)
    page.wait_for_timeout(200)  # alerts would have come


def test_a_film_of_only_sound_has_an_audio_player(tab, tmp_path):
    film = make_tone(tmp_path / "tone.flac", 9.0)
    write_report(tmp_path, Film(film, True, 9.0, None, 0), [event("alarm", 5.0, 7.0, 0.9, {"sound": 3.0})])
    page = tab.open(tmp_path / "report.html", 400)
    page.locator("button.event").click()
    assert page.locator("audio").count() == 1 and tab.time == pytest.approx(5.0, abs=0.05)


def test_a_proxy_plays(tab, tmp_path):
    film = make_film(tmp_path / "old.avi", 4.0, codecs=("mpeg4", "mp3"))
    write_report(tmp_path, Film(film, False, 4.0, 0, 1), [event("alarm", 2.0, 3.0, 0.9, {"sound": 3.0})])
    page = tab.open(tmp_path / "report.html")
    assert "proxy" in page.locator("#note").inner_text()
    page.locator("button.event").click()
    assert tab.time == pytest.approx(2.0, abs=0.05)
    page.evaluate("document.querySelector('video').play()")
    tab.until("document.querySelector('video').currentTime > 2.3")


def test_a_film_beside_the_page_that_has_moved_can_be_chosen(tab, tmp_path):
    film = make_film(tmp_path / "a film.mp4", 4.0)
    with film.open("ab") as file:  # a box that holds nothing makes the file too large for the page
        file.write((EMBEDDED + 8).to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + EMBEDDED)
    (tmp_path / "out").mkdir()
    write_report(tmp_path / "out", Film(film, True, 4.0, 0, 1), [event("alarm", 2.0, 3.0, 0.9, {"sound": 3.0})])
    tab.open(tmp_path / "out" / "report.html")
    shutil.move(film, tmp_path / "moved.mp4")
    page = tab.open(tmp_path / "out" / "report.html", playable=False)
    page.wait_for_selector(".ask")
    page.locator("button.event").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "moved.mp4")
    tab.until("document.querySelector('video').currentTime === 2 && !document.querySelector('.ask')")
    tab.complaints.clear()  # the browser says that the file is missing


def test_nothing_known_still_makes_a_page(tab, tmp_path):
    write_report(tmp_path, Film(make_tone(tmp_path / "tone.flac", 1.0), True, 1.0, None, 0), [])
    page = tab.open(tmp_path / "report.html", 400)
    assert "None of the things that were asked for was found." in page.inner_text("main")
    assert "Nobody speaks" in page.inner_text("main")


def test_the_index_leads_to_the_page(tab, folder):
    write_index(folder.parent, [Entry(folder.name, "a film #1.mp4"), Entry("b", "<script>alert(1)</script>.mp4", "no media")])
    page = tab.open(folder.parent / "index.html", 400, playable=False)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("a.film").click()
    tab.until("document.querySelector('video')?.readyState >= 1")
