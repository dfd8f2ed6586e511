"""What the user named → files that can be read."""

import os
import pathlib
from collections.abc import Iterable
from hashlib import blake2b

from streamer.errors import SourceError

SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".m2ts", ".mts", ".avi", ".flv", ".ogv", ".3gp",
    ".wav", ".mp3", ".flac", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".mka",
})  # fmt: skip
# what is taken from a directory; a file that is named itself is taken whatever it is called
BLOCK = 1 << 20  # bytes


def find(paths: Iterable[str | pathlib.Path]) -> list[pathlib.Path]:
    """The files named, and the media files in the directories named, those sorted by name. Errors: SourceError."""
    found: list[pathlib.Path] = []
    for given in paths:
        path = pathlib.Path(given)
        if path.is_dir():
            found += _inside(path)
        elif path.exists():
            found.append(path)
        else:
            raise SourceError(f"{path}: no such file or directory; expected a media file or a directory of them")
    return found


def stream_id(path: pathlib.Path) -> str:
    """`f-` and the BLAKE2b-128 of the bytes: the same film is the same stream wherever it lies. Errors: SourceError."""
    digest = blake2b(digest_size=16)
    check_file(path)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return f"f-{digest.hexdigest()}"


def check_file(path: pathlib.Path) -> None:
    """Raises SourceError where the path is no file that can be read, or a file that only names others."""
    if path.exists() and not path.is_file():
        raise SourceError(f"{path}: is a {'directory' if path.is_dir() else 'device'}; expected one media file")
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); expected a file that you may read") from error
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"#EXTM3U", b"ffconcat", b"[playlist]")):
        raise SourceError(f"{path}: is a playlist, which opens other files; expected a media file: name the files themselves")


def _inside(folder: pathlib.Path) -> list[pathlib.Path]:
    found = sorted(
        pathlib.Path(parent) / name
        for parent, _, names in os.walk(folder)
        for name in names
        if pathlib.Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
    )
    if not found:
        raise SourceError(f"{folder}: no media file in it; expected files like .mp4, .mkv, .wav (name a file of another suffix itself)")
    return found
