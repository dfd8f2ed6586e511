"""The system's Chromium, driven by Playwright; tests skip where either is missing."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
PATIENCE_S = 10.0


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[object]:
    """A browser of its own, with a fresh user data directory."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'streamer[dev]'")
    chromium = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    if not shutil.which(chromium):
        pytest.skip(f"no Chromium at {chromium} (CHROMIUM names another)")
    with playwright.sync_playwright() as play:
        profile = tmp_path_factory.mktemp("profile")
        context = play.chromium.launch_persistent_context(profile, executable_path=chromium, headless=False, args=ARGUMENTS)
        yield context
        context.close()


class Tab:
    """A page with what it complained of and what it asked a network for."""

    def __init__(self, page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request", lambda request: None if request.url.startswith(("file:", "blob:", "data:")) else self.requests.append(request.url)
        )

    def open(self, path: Path, width: int = 1280, height: int = 900, playable: bool = True):
        """Opens a file, and waits until its film can be played."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.goto(path.as_uri())
        if playable:
            self.until("document.querySelector('video, audio')?.readyState >= 1")
        return self.page

    def until(self, condition: str) -> None:
        """Waits until an expression is true (Playwright's own waiting needs `eval`, which the page forbids)."""
        give_up = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(condition):
            assert time.monotonic() < give_up, f"not within {PATIENCE_S} s: {condition}"
            self.page.wait_for_timeout(20)

    @property
    def time(self) -> float:
        """Where the player stands, in seconds."""
        return self.page.evaluate("document.querySelector('video, audio').currentTime")


@pytest.fixture
def tab(browser) -> Iterator[Tab]:
    """A tab that must neither complain nor reach for a network."""
    made = Tab(browser.new_page())
    yield made
    made.page.close()
    assert made.complaints == []
    assert made.requests == []
