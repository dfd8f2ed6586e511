"""The page of a film: template, style, script and all data in one file that needs no network."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from schemas.codec import to_json
from schemas.messages import Result
from streamer.files import write_whole
from streamer.report import captions
from streamer.report.film import Film, Shown, show
from streamer.report.insights import Thing, insights
from streamer.report.results import Results, collect, curve

HERE = Path(__file__).parent
SCRIPTS = ("dom.js", "player.js", "timeline.js", "panels.js", "search.js", "page.js")  # one program, in this order
POINTS = 1200  # of a curve: about one a pixel of a wide screen
CURVES = ("loudness", "motion")
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
# in JSON these stand only inside strings; escaped, no data can end its script element or open a comment in it


def write_report(folder: Path, film: Film, messages: Iterable[Result]) -> None:
    """Writes captions, chapters, insights and the page of a film into its folder. Errors: StoreError."""
    results = collect(messages, film.duration_s)
    cues = captions.cues(results.utterances)
    chapters = captions.chapters(results)
    known = insights(results, film.name, chapters)
    shown = show(film, folder)
    write_whole(folder / "captions.vtt", captions.webvtt(cues).encode())
    write_whole(folder / "captions.srt", captions.srt(cues).encode())
    write_whole(folder / "chapters.vtt", captions.webvtt(chapters).encode())
    write_whole(folder / "insights.json", to_json(known))
    write_whole(folder / "report.html", page(known, view(results, film, shown, cues), shown.base64).encode())


def view(results: Results, film: Film, shown: Shown, cues: Iterable[captions.Cue]) -> Thing:
    """What the page needs besides the insights."""
    return {
        "player": {
            "how": shown.how,
            "address": shown.address,
            "type": shown.type,
            "note": shown.note,
            "kind": "audio" if film.video is None else "video",
        },
        "captions": [[cue.start, cue.end, captions.escape(cue.text)] for cue in cues],
        "curves": {name: curve(results.levels, name, results.end, POINTS) for name in CURVES},
    }


def page(known: Thing, shown: Thing, film: str = "") -> str:
    """The HTML of a film's page; `film` is the media file in base64, or empty."""
    script = "(() => {\n" + "".join(asset(name) for name in SCRIPTS) + "})();"  # names of ours stay off `window`
    style = asset("page.css")
    parts = {
        "policy": policy(script, style),
        "title": escape(known["film"]["name"]),
        "style": style,
        "script": script,
        "data": inline(known | shown),
        "film": film,
    }
    return fill(asset("page.html"), parts)


def policy(script: str | None, style: str) -> str:
    """A content security policy that runs this script and style alone, and loads nothing from a network."""
    scripts = f"'{_hash(script)}'" if script else "'none'"
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_hash(style)}'; img-src 'self' file: data:; "
        "media-src 'self' file: blob:; base-uri 'none'; form-action 'none'"
    )


def inline(value: object) -> str:
    """A value as JSON that is safe inside a script element."""
    return "".join(UNSAFE.get(character, character) for character in to_json(value).decode())


def fill(template: str, parts: Mapping[str, str]) -> str:
    """The template with each {{name}} replaced in one pass, so that no part is searched for names."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def asset(name: str) -> str:
    """A file of this package."""
    return (HERE / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
