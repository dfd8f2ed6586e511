"""Files that appear whole or not at all."""

import contextlib
import os
import pathlib
from collections.abc import Iterable

from streamer.errors import StoreError


def write_whole(path: pathlib.Path, content: bytes | Iterable[bytes]) -> None:
    """Writes a file beside its name and renames, so a reader never sees half a file. Errors: StoreError."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            for piece in (content,) if isinstance(content, bytes) else content:
                file.write(piece)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StoreError(f"{path}: cannot be written ({reason}); expected a folder with room that you may write to") from error
