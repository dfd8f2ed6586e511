"""The page of `streamer label` in a real browser: a film is marked with the keyboard alone."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from streamer.adapting import rows
from streamer.labelling.server import app, films
from streamer.labelling.sheet import Sheet
from tests.report.films import make_film, make_tone

LENGTH_S = 12.0


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "windows.csv"


@pytest.fixture
def page(browser, tmp_path, out) -> Iterator[object]:
    """The page of two films, in a browser that must not complain."""
    paths = [make_film(tmp_path / "a film #1.mp4", LENGTH_S), make_tone(tmp_path / "<b>tone.flac", 6.0)]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app(Sheet(out, films(paths, tmp_path), ["dog"])), log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        made = browser.new_page()
        complaints: list[str] = []
        made.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        made.on("pageerror", lambda error: complaints.append(str(error)))
        made.goto(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        ready(made)
        yield made
        made.close()
        server.should_exit = True
        thread.join()
    assert complaints == []


def ready(page, seconds: float = LENGTH_S) -> None:
    """Waits until the film can be played."""
    wait(page, f"Math.abs((document.querySelector('video').duration || 0) - {seconds}) < .3")


def wait(page, condition: str) -> None:
    for _ in range(500):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"not within 10 s: {condition}")


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
        wait(page, "!document.querySelector('video').seeking")


def marked(out: Path) -> list[tuple[str, float, float, str]]:
    return [(row.file.name, row.start, row.end, row.label) for row in rows.read(out)]


def rows_are(page, count: int) -> None:
    wait(page, f"document.querySelectorAll('#rows li').length === {count}")


def test_windows_are_marked_with_keys_and_are_in_the_file_at_once(page, out):
    press(page, "ArrowRight", "ArrowRight", "s", "ArrowRight", "e", "1")
    rows_are(page, 1)
    assert marked(out) == [("a film #1.mp4", 2.0, 3.0, "dog")]
    press(page, "ArrowRight", "ArrowRight", ".", "0")
    rows_are(page, 2)
    assert marked(out)[1] == ("a film #1.mp4", 3.0, pytest.approx(5.1), "")
    assert page.locator("#rows li").all_inner_texts() == ["2.00 – 3.00\ndog\n×", "3.00 – 5.10\nnothing there\n×"]


def test_another_label_is_typed_and_gets_a_key(page, out):
    press(page, "ArrowRight", "l")
    page.keyboard.type("my own 门铃 s1")
    press(page, "Enter")
    rows_are(page, 1)
    assert marked(out) == [("a film #1.mp4", 0.0, 1.0, "my own 门铃 s1")]
    press(page, "ArrowRight", "2")
    rows_are(page, 2)
    assert marked(out)[1] == ("a film #1.mp4", 1.0, 2.0, "my own 门铃 s1")


def test_what_was_done_is_undone(page, out):
    press(page, "ArrowRight", "1", "ArrowRight", "1")
    rows_are(page, 2)
    page.locator("#rows li").first.get_by_label("Remove dog at 0.00 s").click()
    rows_are(page, 1)
    press(page, "u")
    rows_are(page, 2)
    press(page, "u", "u")
    rows_are(page, 0)
    assert marked(out) == []


def test_keys_may_come_faster_than_answers(page, out):
    held = []
    page.route("**/rows", lambda route: held.append(route) if not held else route.continue_())
    press(page, "ArrowRight", "1", "ArrowRight", "1", "ArrowRight", "1", "u")
    page.wait_for_timeout(200)
    held[0].continue_()
    wait(page, "document.querySelector('#told').textContent.startsWith('2.00 to 3.00')")
    rows_are(page, 2)
    assert marked(out) == [("a film #1.mp4", 0.0, 1.0, "dog"), ("a film #1.mp4", 1.0, 2.0, "dog")]


def test_an_end_before_the_start_is_told_and_not_marked(page, out):
    press(page, "ArrowRight", "s", "ArrowLeft", "1")
    wait(page, "document.querySelector('#told.bad')?.textContent.includes('not behind the start')")
    assert not out.exists()


def test_the_next_film_is_reached_and_its_name_is_text(page, out):
    press(page, "n")
    ready(page, 6.0)
    assert page.locator("#film option").all_text_contents() == ["a film #1.mp4", "<b>tone.flac"]
    press(page, "ArrowRight", "1")
    rows_are(page, 1)
    assert marked(out) == [("<b>tone.flac", 0.0, 1.0, "dog")]


def test_a_click_on_a_row_and_on_the_lane_seeks(page):
    press(page, "ArrowRight", "ArrowRight", "s", "ArrowRight", "1")
    rows_are(page, 1)
    page.locator("#rows .go").click()
    wait(page, "Math.abs(document.querySelector('video').currentTime - 2) < .05")
    box = page.locator("#lane").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    wait(page, f"Math.abs(document.querySelector('video').currentTime - {LENGTH_S / 2}) < .2")


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_sticks_out(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
