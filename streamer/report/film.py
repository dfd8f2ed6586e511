"""How the film gets into the page.

played by browsers, ≤ 30 MB   inside the page: the page alone is enough, wherever it is sent
played by browsers, larger    a reference to where it lies: no copy of gigabytes, no link that keeps a deleted film alive;
                              if it has moved, the page asks for the file
not played by browsers        a proxy of 360 lines beside the page
"""

import base64
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import quote

from streamer.errors import MediaError
from streamer.report.proxy import make_proxy

EMBEDDED = 30_000_000  # bytes: base64 makes 40 MB of page of it, which browsers still open in about a second
TYPES = {
    ".aac": "audio/aac", ".flac": "audio/flac", ".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".oga": "audio/ogg", ".opus": "audio/ogg",
    ".wav": "audio/wav", ".m4v": "video/mp4", ".mov": "video/mp4", ".mp4": "video/mp4", ".ogg": "video/ogg", ".ogv": "video/ogg",
    ".mkv": "video/webm", ".webm": "video/webm",
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """What the report must know of the media file."""

    path: Path
    plays: bool  # a browser plays it, and the tracks that were looked at are the ones it picks
    duration_s: float | None = None
    video: int | None = None  # index of the track that was looked at; None: only sound
    audio: int | None = None  # index of the track that was listened to; None: no sound

    @property
    def name(self) -> str:
        """The file's name, also where its bytes are no UTF-8."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")


class Shown(NamedTuple):
    """Where the page finds the film."""

    how: Literal["embedded", "beside", "proxy", "none"]
    address: str = ""  # a relative reference, where it is not embedded
    base64: str = ""  # the file, where it is embedded
    type: str = ""  # of media; empty: the browser looks for itself
    note: str = ""  # what the reader should know


def show(film: Film, folder: Path) -> Shown:
    """The film for a page in `folder`; writes a proxy there where one is needed. A film that cannot be shown is said so."""
    kind = TYPES.get(film.path.suffix.lower(), "")
    if not film.plays:
        try:
            proxy = make_proxy(film.path, folder, [track for track in (film.video, film.audio) if track is not None])
        except MediaError as error:
            return Shown("none", note=f"Browsers cannot play this film. {error}")
        return Shown(
            "proxy",
            proxy.name,
            "",
            TYPES[proxy.suffix],
            "A small proxy: browsers cannot play the film itself, or would pick other tracks of it.",
        )
    with contextlib.suppress(OSError):
        if film.path.stat().st_size <= EMBEDDED:
            return Shown("embedded", "", base64.b64encode(film.path.read_bytes()).decode(), kind)
    return Shown("beside", reference(film.path, folder), "", kind, "The film is played from where it lies.")


def reference(path: Path, folder: Path) -> str:
    """A relative URL of a file as seen from a folder; an absolute one where no relative one exists (other drives)."""
    try:
        relative = os.path.relpath(path.resolve(), folder.resolve())
    except ValueError:
        return path.resolve().as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))
