"""The folder where what was made of models is kept: joined files, converted weights, vectors of names."""

import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable

import platformdirs

from streamer.errors import ModelError

FORMAT = "1"  # another one whenever something else is made of the same weights


def folder() -> pathlib.Path:
    """`$STREAMER_CACHE`, else the user's cache folder of this platform."""
    chosen = os.environ.get("STREAMER_CACHE")
    return pathlib.Path(chosen) if chosen else platformdirs.user_cache_path("streamer")


def path(name: str) -> pathlib.Path:
    """Where something of this name is kept: in `$STREAMER_SHIPPED`, which is only read, or in the cache."""
    shipped = os.environ.get("STREAMER_SHIPPED")  # container images have converted weights there
    if shipped and (ready := pathlib.Path(shipped) / FORMAT / name).exists():
        return ready
    return folder() / FORMAT / name


def kept(name: str, make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """The file or folder of this name in the cache; `make` writes it at another place first, so that it is whole or not there.

    Two processes may make it at the same time: the first to finish wins, both get the same thing.
    Errors: ModelError if the cache cannot be written.
    """
    place = path(name)
    return place if place.exists() else _made(folder() / FORMAT / name, make)


def put(name: str, data: bytes) -> pathlib.Path:
    """Writes a small file in the cache, in place of one that may be there. Errors: as `kept`."""

    def write(fresh: pathlib.Path) -> None:
        fresh.write_bytes(data)

    return _made(folder() / FORMAT / name, write)


def _made(place: pathlib.Path, make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=place.parent) as scratch:
            made = pathlib.Path(scratch) / place.name
            make(made)
            _publish(made, place)
    except OSError as error:
        raise ModelError(f"{place}: cannot be written ({error.strerror}); set STREAMER_CACHE to a folder with room") from error
    return place


def _publish(made: pathlib.Path, place: pathlib.Path) -> None:
    if made.is_file():
        made.chmod(0o644)  # temporary files and safetensors begin as 0600, which shared caches cannot read
        made.replace(place)
        return
    for file in made.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():  # else another process was faster
            raise
        shutil.rmtree(made)
