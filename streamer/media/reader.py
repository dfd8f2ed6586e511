"""A media file → its messages in one pass: pictures and sound, what was lost, how far each is, and lines to resume at.

A resumed reading demuxes from the beginning (0.7 ms a second of film) and decodes from where its line says. All it says
after the line is the same.
"""

import math
import pathlib
from collections.abc import Iterator

import msgspec

from schemas.codec import pack, unpack
from schemas.messages import AnyMessage, Checkpoint
from streamer.config import Media
from streamer.errors import ConfigError
from streamer.media.container import Packet, opened
from streamer.media.demuxing import Kind, demux
from streamer.media.reading import Film, Place, Reading, Wanted


def read(
    path: pathlib.Path,
    stream: str,
    options: Media,
    image_size: tuple[int, int] = (224, 224),
    rates: tuple[int, ...] = (16_000,),
    video: bool = True,
    pictures: bool = True,
    resume: bytes | None = None,
) -> Iterator[AnyMessage]:
    """The messages of a file, the same ones each time. Errors: SourceError, MediaError, ConfigError.

    Args:
        path: The file; nothing else is opened, whatever it says.
        stream: Id that the messages carry.
        options: How pictures are sampled and decoded.
        image_size: Height and width in px of `Frame.image`.
        rates: Hz; each gets its own Audio messages.
        video: False leaves the pictures out.
        pictures: False leaves `Frame.picture` out.
        resume: The state `read` of a Checkpoint; only what followed it is given.
    """
    if not 0 < options.frames_per_second < math.inf:
        raise ConfigError(f"media.frames_per_second={options.frames_per_second}: expected more than 0, for example 1")
    kinds: dict[Kind, bool] = {"video": video, "audio": bool(rates)}
    with opened(path) as container:
        demuxed = demux(container, path, [kind for kind, asked in kinds.items() if asked])
        film = Film(stream=stream, name=str(path), container=demuxed.container, tracks=demuxed.tracks)
        wanted = Wanted(options=options, image_size=image_size, rates=rates, pictures=pictures)
        reading = Reading(film, wanted, unpack(resume, Place) if resume else None)
        for message in _messages(reading, demuxed.packets):
            if isinstance(message, Checkpoint):
                message = msgspec.structs.replace(message, states={"read": pack(reading.place())})
            yield message


def _messages(reading: Reading, packets: Iterator[Packet]) -> Iterator[AnyMessage]:
    """Everything, from the beginning."""
    yield from reading.begin()
    for packet in packets:
        yield from reading.push(packet, packet.stream_index)
    yield from reading.end()
