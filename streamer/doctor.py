"""What is there and what is missing: `streamer doctor`, `streamer models`."""

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata

from rich.console import Console
from rich.table import Table

from streamer.config import Config
from streamer.errors import StreamerError
from streamer.models import cache, places

ROOM_GB = 2  # of free space in the model cache: joined and converted weights

Check = tuple[bool, str, str]  # whether it is well, what was looked at, what was found or what to do


def print_models() -> None:
    """A table of every known model."""
    table = Table("model", "for", "state", "licence", "where it is, or what brings it", box=None, pad_edge=False)
    for status in places.status():
        table.add_row(status.name, status.kind, status.state, status.licence, status.place if status.state == "there" else status.bring)
    Console(soft_wrap=not sys.stdout.isatty()).print(table, markup=False)


def print_checks() -> int:
    """A line a check; 0 if everything that the default profile needs is there, else 1."""
    well = True
    for check in (_python, _packages, _torch, _codecs, _cache, _models):
        for good, what, found in _safely(check):
            well &= good
            print(f"{'ok  ' if good else 'MISS'} {what}: {found}")
    print("everything that the default profile needs is there" if well else "see the lines that begin with MISS")
    return 0 if well else 1


def _safely(check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from check()
    except (ImportError, OSError, StreamerError) as error:
        yield False, check.__name__.strip("_"), " ".join(str(error).split())


def _python() -> Iterator[Check]:
    yield sys.version_info >= (3, 11), "Python", f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} processors"


def _packages() -> Iterator[Check]:
    for name in ("av", "opencv-python-headless", "faster-whisper", "onnxruntime", "rapidocr", "kafka-python"):
        there = _there(name)
        yield there, name, metadata.version(name) if there else f"not installed; expected by streamer: pip install {name}"
    for name in ("openai-whisper", "transformers"):
        yield True, name, metadata.version(name) if _there(name) else "not installed; only other engines and larger models need it"
    others = [name for name in ("opencv-python", "opencv-contrib-python") if _there(name)]
    if others:
        yield False, "OpenCV", f"{others[0]} is installed beside opencv-python-headless and hides it: pip uninstall {others[0]}"


def _there(package: str) -> bool:
    try:
        return bool(metadata.version(package))
    except metadata.PackageNotFoundError:
        return False


def _torch() -> Iterator[Check]:
    if not _there("torch"):
        converted = cache.path(f"graphs/{places.fingerprint(Config().vision.model)}.onnx").exists()
        why = "nothing of the default profile needs it any more" if converted else "expected, to convert weights: pip install torch"
        yield converted, "torch", f"not installed; {why}"
        return
    torch, torchaudio = importlib.import_module("torch"), importlib.import_module("torchaudio")
    yield True, "torch and torchaudio", f"{torch.__version__} and {torchaudio.__version__} work together"
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "none: everything runs on the processor"
    yield True, "GPU", device


def _codecs() -> Iterator[Check]:
    codec = importlib.import_module("av.codec")
    for name in ("h264", "hevc", "vp9", "av1", "aac", "opus", "mp3", "flac"):
        yield name in codec.codecs_available, f"decoder {name}", "there" if name in codec.codecs_available else "not in this build of PyAV"


def _cache() -> Iterator[Check]:
    folder = cache.folder()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    yield free > ROOM_GB, "model cache", f"{folder}, {free:.0f} GB free" + ("" if free > ROOM_GB else f"; expected at least {ROOM_GB} GB")


def _models() -> Iterator[Check]:
    config = Config()
    needed = {config.speech.model, config.vision.model, config.sound.model, config.text.model, "silero-vad", "rapidocr"}
    for status in places.status():
        if status.name in needed:
            there = status.state == "there"
            yield there, f"model {status.name}", "there" if there else f"{status.place}"
