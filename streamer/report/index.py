"""The index over a batch: every film with what was found in it, and why some were refused."""

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from streamer.files import write_whole
from streamer.report.captions import clock
from streamer.report.insights import Thing
from streamer.report.page import asset, fill, policy

COUNTED = (("events", "event"), ("transcript", "utterance"), ("sounds", "sound"), ("screen_text", "line of text"), ("shots", "shot"))
PLURALS = {"line of text": "lines of text"}
LABELS = 6  # events named in a line


class Entry(NamedTuple):
    """A film of the batch."""

    folder: str  # name of its folder beside the index
    name: str  # of the media file
    reason: str | None = None  # why it was refused


def write_index(folder: Path, entries: Sequence[Entry]) -> None:
    """Writes `index.html` over the films whose folders lie in `folder`. Errors: StoreError."""
    known = [None if entry.reason else _insights(folder / entry.folder) for entry in entries]
    refused = sum(entry.reason is not None for entry in entries)
    length = sum(film["film"]["duration"] for film in known if film)
    summary = [_many(len(entries), "film"), clock(length), f"{refused} refused" if refused else ""]
    style = asset("page.css")
    parts = {
        "policy": policy(None, style),
        "title": escape(_shown(folder.resolve().name)),
        "style": style,
        "summary": " · ".join(filter(None, summary)),
        "films": "\n".join(_row(entry, film) for entry, film in zip(entries, known, strict=True)),
    }
    write_whole(folder / "index.html", fill(asset("index.html"), parts).encode())


def _insights(folder: Path) -> Thing | None:
    try:
        found: Thing = msgspec.json.decode((folder / "insights.json").read_bytes(), type=dict)
    except FileNotFoundError:  # not finished yet
        return None
    return found


def _row(entry: Entry, film: Thing | None) -> str:
    name = f'<strong dir="auto">{escape(_shown(entry.name))}</strong>'
    if film is None:
        return f'<div class="card film failed">{name}<p class="details quiet">{escape(entry.reason or "not finished")}</p></div>'
    concepts = film["concepts"]
    counts = [_many(sum(len(thing["instances"]) for thing in concepts[concept]), one) for concept, one in COUNTED if concepts[concept]]
    labels = ", ".join(event["label"].replace("_", " ") for event in concepts["events"][:LABELS])
    still = next((shot["keyframe"] for shot in concepts["shots"] if shot["keyframe"]), None)
    address = quote(os.fsencode(entry.folder))
    picture = f'<img class="still" src="{address}/{escape(still)}" alt="" loading="lazy">' if still else '<span class="still"></span>'
    details = "<br>".join(filter(None, (" · ".join(counts), escape(labels))))
    return (
        f'<a class="card film" href="{address}/report.html">{picture}{name}<span>{clock(film["film"]["duration"])}</span>'
        f'<p class="details quiet">{details}</p></a>'
    )


def _shown(name: str) -> str:
    """A file's name, also where its bytes are no UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def _many(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else PLURALS.get(one, one + 's')}"
