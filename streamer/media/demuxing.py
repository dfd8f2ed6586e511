"""The packets of a file's best tracks, and what one must know to decode them."""

import itertools
import logging
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import av.stream
import msgspec
from av.container import InputContainer
from av.video.frame import VideoFrame

from schemas.messages import Container, Track
from streamer.media.codecs import ADPCM, describe_track
from streamer.media.container import DAMAGED, Packet, configure
from streamer.media.probe import Probe, TrackInfo, describe

log = logging.getLogger(__name__)

Kind = Literal["video", "audio"]
EXACT = frozenset({"mov", "matroska", "avi", "wav", "flac"})  # containers whose duration is written down, not guessed
RESTARTING = frozenset({"mpegts"})  # containers whose clock may jump in the middle
LOOKED_AT = 256  # packets in which a first picture must show


class Demuxed(msgspec.Struct, frozen=True, kw_only=True):
    """A file, ready to be read."""

    container: Container
    tracks: tuple[Track, ...]
    packets: Iterator[Packet]


def demux(container: InputContainer, path: pathlib.Path, kinds: Sequence[Kind] = ("video", "audio")) -> Demuxed:
    """The best track of each kind. Errors: MediaError."""
    probe = describe(container, path)
    infos = [info for info in (probe.video, probe.audio) if info and info.kind in kinds]
    packets = _packets(container, [info.index for info in infos], path)
    begun, rotation = _begin(container, packets, infos)
    return Demuxed(
        container=_container(probe, infos),
        tracks=tuple(
            describe_track(container.streams[info.index], info, rotation, next((p for p in begun if p.stream_index == info.index), None))
            for info in infos
        ),
        packets=itertools.chain(begun, packets),
    )


def _container(probe: Probe, chosen: Sequence[TrackInfo]) -> Container:
    ends = max((info.end_s - probe.start_s for info in chosen), default=0.0) if probe.container in EXACT else 0.0
    restarts = probe.container in RESTARTING
    return Container(words=probe.words, start=probe.start_s, duration=probe.duration_s, ends=ends, restarts=restarts)


def _packets(container: InputContainer, chosen: Sequence[int], path: pathlib.Path) -> Iterator[Packet]:
    """The packets of the chosen tracks, up to the end or to where the file is cut off."""
    for track in container.streams:
        if track.index not in chosen:
            track.discard = av.stream.Discard.all
    packets = container.demux([container.streams[index] for index in sorted(chosen)]) if chosen else iter(())
    while True:
        try:
            packet = next(packets, None)
        except DAMAGED as error:
            log.warning("%s: cannot be read on: %s", path, error)
            return
        if packet is None:
            return
        if packet.size:  # without bytes: the demuxer's request to drain
            yield packet


def _begin(container: InputContainer, packets: Iterator[Packet], infos: Sequence[TrackInfo]) -> tuple[list[Packet], int]:
    """The first packets, and the degrees to turn the pictures upright: only a decoded frame tells them."""
    begun: list[Packet] = []
    unknown = {info.index for info in infos if info.kind == "video" or info.codec in ADPCM}
    rotation = 0
    while unknown and len(begun) < LOOKED_AT and (packet := next(packets, None)) is not None:
        begun.append(packet)
        track = container.streams[packet.stream_index]
        if track.type == "audio":
            unknown.discard(track.index)
        elif track.index in unknown and (frame := _first(track.codec_context, packet)):
            rotation = frame.rotation % 360
            unknown.discard(track.index)
    return begun, rotation


def _first(context: Any, packet: Packet) -> VideoFrame | None:
    """The picture of a packet, if it needs no other."""
    configure(context)
    try:
        frames = context.decode(packet) or context.decode(None)
    except (*DAMAGED, EOFError):
        frames = []
    context.flush_buffers()
    return frames[0] if frames else None
