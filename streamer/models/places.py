"""Finds the files of a model, as data, and checks them before they are used."""

import contextlib
import difflib
import functools
import hashlib
import pathlib
from importlib import metadata
from typing import Literal, NamedTuple

from streamer.errors import ModelError
from streamer.models import cache
from streamer.models.table import TABLE, File, Hub, Model, Part

BLOCK = 1 << 20  # bytes read at a time


class Status(NamedTuple):
    """What a user wants to know about a model of the table."""

    name: str
    kind: str
    licence: str
    state: Literal["there", "missing", "wrong"]
    place: str  # folder, or why it is missing or wrong
    bring: str  # command that installs it
    bytes: int  # 0: not measured


def directory(name: str) -> pathlib.Path:
    """The folder that holds the verified files of a model of the table, or of a local directory with a config.json.

    Errors: ModelError, one line that says what to install.
    """
    if name in TABLE:
        return locate(TABLE[name])
    path = pathlib.Path(name).expanduser()
    if (path / "config.json").is_file():
        return path
    if path.is_dir():
        raise ModelError(f"model {name}: a folder without config.json; expected a model as save_pretrained writes it")
    near = difflib.get_close_matches(name, TABLE, 3, 0.4) or list(TABLE)[:3]
    raise ModelError(f"model {name}: unknown, and no such folder; nearest: {', '.join(near)} (`streamer models` lists all)")


def fingerprint(name: str) -> str:
    """Hexadecimal name of the weights: of their hashes, or for a local directory of its files' names, sizes and times."""
    if name in TABLE and TABLE[name].files:
        return _fingerprint(TABLE[name])
    about = [(path.name, path.stat()) for path in sorted(directory(name).iterdir()) if path.is_file()]
    text = "\n".join(f"{file} {stat.st_size} {stat.st_mtime_ns}" for file, stat in about)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def status() -> list[Status]:
    """Every model of the table: there, missing or wrong, and what brings it. Downloads nothing."""
    return [_status(model) for model in TABLE.values()]


def bring(model: Model) -> str:
    """The command that installs a model."""
    if model.hub:
        return f"hf download {model.hub.id} --revision {model.hub.revision}"
    return f"pip install '{model.install}'"


def _status(model: Model) -> Status:
    state: Literal["there", "missing", "wrong"] = "there"
    try:
        place = str(locate(model))
    except ModelError as error:
        place = str(error)
        state = "missing" if isinstance(error, MissingError) else "wrong"
    return Status(model.name, model.kind, model.licence, state, place, bring(model), sum(file.bytes for file in model.files))


def _fingerprint(model: Model) -> str:
    return hashlib.blake2b("".join(file.sha256 for file in model.files).encode(), digest_size=8).hexdigest()


class MissingError(ModelError):
    """Not installed; as opposed to damaged."""

    def __init__(self, message: str, bring: str) -> None:
        super().__init__(f"{message}; {bring}")
        self.bring = bring  # the command that installs it


def locate(model: Model) -> pathlib.Path:
    """The folder that holds the verified files of this model. Errors: ModelError."""
    if model.hub:
        return _hub(model, model.hub)
    split = any(len(file.parts) > 1 for file in model.files)
    return _joined(model) if split else _installed(model)


def _installed(model: Model) -> pathlib.Path:
    paths = [_located(model, file.parts[0]) for file in model.files]
    for path, file in zip(paths, model.files, strict=True):
        if not verified(path, file.sha256):
            raise _wrong(model, path, file)
    return paths[0].parent


def _joined(model: Model) -> pathlib.Path:
    """A folder in the cache with every file whole; a file there that is damaged is made again."""
    folder = f"{model.name}-{_fingerprint(model)}"
    for file in model.files:
        path = cache.path(f"{folder}/{file.name}")
        if path.exists() and not verified(path, file.sha256):
            path.unlink(missing_ok=True)
        cache.kept(f"{folder}/{file.name}", functools.partial(_join, model, file))
    return cache.path(folder)


def _join(model: Model, file: File, path: pathlib.Path) -> None:
    digest = hashlib.sha256()
    with path.open("wb") as whole:
        for part in file.parts:
            with _located(model, part).open("rb") as piece:
                while block := piece.read(BLOCK):
                    digest.update(block)
                    whole.write(block)
    if digest.hexdigest() != file.sha256:
        raise _wrong(model, _located(model, file.parts[0]), file, digest.hexdigest())


def _located(model: Model, part: Part) -> pathlib.Path:
    try:
        path = pathlib.Path(str(metadata.distribution(part.package).locate_file(part.path)))
    except metadata.PackageNotFoundError:
        raise MissingError(f"model {model.name}: package {part.package} is not installed", bring(model)) from None
    if not path.is_file():
        expected = ", ".join(model.packages)
        raise MissingError(f"model {model.name}: {path} is not there; expected {expected}", bring(model))
    return path


def _wrong(model: Model, path: pathlib.Path, file: File, got: str = "") -> ModelError:
    expected = f"expected {file.sha256} of {', '.join(model.packages)}"
    return ModelError(f"model {model.name}: {path} has the sha256 {got or sha256(path)}, {expected}; reinstall: {bring(model)}")


def _hub(model: Model, hub: Hub) -> pathlib.Path:
    from huggingface_hub import snapshot_download  # here: half a second, and only hub models need it
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        path = pathlib.Path(snapshot_download(hub.id, revision=hub.revision, local_files_only=True))
    except LocalEntryNotFoundError:
        raise MissingError(f"model {model.name}: {hub.id} is not on this machine and is never fetched unasked", bring(model)) from None
    if not (path / "config.json").is_file():
        raise MissingError(f"model {model.name}: {path} is incomplete", bring(model))
    return path


def sha256(path: pathlib.Path) -> str:
    """Hexadecimal hash of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified(path: pathlib.Path, expected: str) -> bool:
    """Whether the file has this sha256; a yes is remembered as long as its size and time stay the same."""
    about = path.stat()
    seen = f"{about.st_size} {about.st_mtime_ns} {expected}"
    name = hashlib.blake2b(str(path.resolve()).encode(), digest_size=16).hexdigest()
    note = cache.path(f"verified/{name}")
    if note.is_file() and note.read_text() == seen:
        return True
    if sha256(path) != expected:
        return False
    with contextlib.suppress(ModelError):  # a cache that cannot be written costs a second at every start, nothing else
        cache.put(f"verified/{name}", seen.encode())
    return True
