"""Streaming video understanding: `for message in streamer.watch("clip.mp4"): print(message)`."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamer.config import Config
    from streamer.subscribing import subscribe
    from streamer.wiring import watch

__version__ = "0.1.0"
__all__ = ["Config", "__version__", "subscribe", "watch"]

_HOMES = {"subscribe": "streamer.subscribing", "watch": "streamer.wiring", "Config": "streamer.config"}


def __getattr__(name: str) -> Any:  # importing streamer loads nothing; its door opens when it is used
    if name not in _HOMES:
        raise AttributeError(f"module 'streamer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
