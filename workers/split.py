"""Chunks in; pictures and sound out, on topics of their own."""

import functools

from schemas.messages import Audio, Frame, Gap, Message, StreamStatus, Watermark
from streamer.config import Config
from streamer.wiring import Models, fingerprint, stamped
from workers.service import Service
from workers.understand import MEDIA, splitter


def service(config: Config, models: Models) -> Service:
    """The service."""
    return Service(
        name="split",
        reads=MEDIA,
        steps=lambda: [splitter(config, models)],
        goes=topics,
        stamped=functools.partial(stamped, config=config, models=models),
        pipeline=fingerprint(config, models),
    )


def topics(message: Message) -> tuple[str, ...]:
    """Where a message goes: what speaks of pictures with the pictures, of sound with the sound."""
    match message:
        case Frame() | Watermark(modality="vision") | Gap(modality="vision") | StreamStatus():
            return ("frames",)
        case Audio() | Watermark(modality="sound") | Gap(modality="sound"):
            return ("audio",)
        case Gap():  # neither may overtake it
            return ("frames", "audio")
        case _:
            return ()
