"""Packets ⇄ Chunks: runs of compressed packets that travel, at most 512 KiB each, cut the same way each time.

packets   I a P a P P a I a P … I               a: audio, I: video key frame
chunks    └───0───────┘ └──1─…  └─2─┘└─3─┘      a key frame begins one; one too large for a Chunk fills several
"""

import pathlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, Literal

import msgspec
from av.packet import PacketSideData, packet_sidedata_type_from_literal

from schemas.codec import pack
from schemas.messages import Chunk, Container, Packet, Track
from streamer.errors import MediaError, MessageError
from streamer.media.container import HIDDEN, opened
from streamer.media.container import Packet as Compressed
from streamer.media.demuxing import Demuxed, demux

LIMIT = 512 * 1024  # bytes of an encoded Chunk
ENVELOPE = 512  # bytes of a Chunk besides its packets and parameters, at most
ENTRY = 64  # bytes of a packet besides its data and side data, at most
LENGTH_S = 1.0  # seconds of media
LIVE_LENGTH_S = 0.5  # likewise, where somebody waits for it
SIDE: Final = ("palette", "new_extradata", "param_change", "skip_samples", "jp_dual_mono", "display_matrix")
# side data that a decoder asks for
Began = Literal["start", "reconnect", "restart", "takeover", "discontinuity", "parameters"]


def chunks(path: pathlib.Path, stream: str, epoch: int = 0, began: Began = "start", length_s: float = LENGTH_S) -> Iterator[Chunk]:
    """The best tracks of a file, the same Chunks each time, and a last one that says that it has ended.

    Errors: SourceError, MediaError.
    """
    with opened(path) as container:
        demuxed = demux(container, path)
        packer = _Packer(Chunk(stream=stream, epoch=epoch, seq=0, began=began), demuxed, length_s)
        for packet in demuxed.packets:
            yield from packer.push(packet)
        yield from packer.end()


def time_of(packet: Packet, track: Track, container: Container) -> float | None:
    """Seconds of media time at which a packet is decoded; None: it does not say."""
    stamp = packet.dts if packet.dts is not None else packet.pts
    return None if stamp is None else stamp * track.time_base[0] / track.time_base[1] - container.start


def times(chunk: Chunk, tracks: Sequence[Track], container: Container) -> list[float]:
    """The times of a Chunk's packets, in seconds of media time."""
    known = {track.index: track for track in tracks}
    found = (time_of(packet, known[packet.track], container) for packet in chunk.packets if packet.track in known)
    return [time for time in found if time is not None]


class _Packer:
    """One stream on its way into Chunks."""

    def __init__(self, like: Chunk, demuxed: Demuxed, length_s: float) -> None:
        self.like, self.length_s = like, length_s
        self.container, self.tracks = demuxed.container, demuxed.tracks
        self.known = {track.index: track for track in demuxed.tracks}
        self.sight = next((track.index for track in demuxed.tracks if track.kind == "video"), None)
        self.parameters = len(pack((self.container, self.tracks)))  # bytes
        if self.parameters > LIMIT // 4:
            raise MediaError(f"{like.stream}: its codec parameters take {self.parameters} bytes; expected at most {LIMIT // 4}")
        self.seq = 0
        self._open(True)

    def push(self, packet: Compressed) -> Iterator[Chunk]:
        """The Chunks that one more packet completes."""
        whole = _described(packet)
        data = bytes(packet)
        key = packet.is_keyframe and whole.track == self.sight
        if self.packets and (key or not self._fits(whole) or self._late(whole)):
            yield self._cut()
        if not self.packets:
            self._open(key or self.seq == 0 or self.sight is None)
        part = 1
        while not self._fits(whole):
            piece = self.room - _cost(whole)
            self._add(msgspec.structs.replace(whole, size=piece, part=part), data[:piece])
            yield self._cut()
            self._open(self.sight is None)
            data, part = data[piece:], part + 1
            whole = msgspec.structs.replace(whole, size=len(data), part=-part, side={})
        self._add(whole, data)

    def end(self) -> Iterator[Chunk]:
        """What waits, and the record that closes the stream."""
        if self.packets:
            yield self._cut()
        self._open(self.seq == 0)
        yield self._chunk("end")

    def _open(self, parameters: bool) -> None:
        self.packets: list[Packet] = []
        self.data: list[bytes] = []
        self.begun: float | None = None  # seconds: time of the first packet that has one
        self.with_parameters = parameters
        self.room = LIMIT - ENVELOPE - (self.parameters if parameters else 0)  # bytes

    def _fits(self, packet: Packet) -> bool:
        return packet.size + _cost(packet) <= self.room

    def _late(self, packet: Packet) -> bool:
        """The packet is not of the same second; a clock that jumps back is another time too."""
        time = time_of(packet, self.known[packet.track], self.container)
        return time is not None and self.begun is not None and abs(time - self.begun) >= self.length_s

    def _add(self, packet: Packet, data: bytes) -> None:
        if self.begun is None:
            self.begun = time_of(packet, self.known[packet.track], self.container)
        self.packets.append(packet)
        self.data.append(data)
        self.room -= packet.size + _cost(packet)

    def _cut(self) -> Chunk:
        chunk = self._chunk("media")
        self.packets = []
        return chunk

    def _chunk(self, kind: Literal["media", "end"]) -> Chunk:
        self.seq += 1
        known = {"container": self.container, "parameters": self.tracks} if self.with_parameters else {}
        return msgspec.structs.replace(
            self.like, kind=kind, seq=self.seq - 1, packets=tuple(self.packets), data=b"".join(self.data), **known
        )


def _described(packet: Compressed) -> Packet:
    side = {kind: bytes(packet.get_sidedata(kind)) for kind in SIDE if packet.has_sidedata(kind)}
    return Packet(
        track=packet.stream_index,
        pts=packet.pts,
        dts=packet.dts,
        duration=packet.duration or 0,
        key=packet.is_keyframe,
        size=packet.size,
        corrupt=packet.is_corrupt,
        discard=packet.is_discard,
        side=side,
    )


def _cost(packet: Packet) -> int:
    """Bytes of a packet besides its data, at most."""
    return ENTRY + sum(len(kind) + len(data) + 8 for kind, data in packet.side.items())


class Joiner:
    """Chunks → packets; a packet too large for one Chunk comes when its last fragment has come."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self.known = {track.index: Fraction(*track.time_base) for track in tracks}
        self.fragments: list[tuple[Packet, bytes]] = []

    def packets(self, chunk: Chunk) -> Iterator[tuple[int, Compressed]]:
        """Track and packet. Errors: MessageError (a Chunk that lies about itself)."""
        if sum(packet.size for packet in chunk.packets) != len(chunk.data) or any(packet.size < 0 for packet in chunk.packets):
            raise MessageError(f"chunk {chunk.seq} of {chunk.stream}: {len(chunk.data)} bytes are not the sum of its packets")
        place = 0
        for packet in chunk.packets:
            data = chunk.data[place : place + packet.size]
            place += packet.size
            if packet.track in self.known and (whole := self._joined(packet, data)):
                yield packet.track, whole

    def lose(self) -> None:
        """Chunks are missing: the fragments of a packet will never be whole."""
        self.fragments = []

    def _joined(self, packet: Packet, data: bytes) -> Compressed | None:
        if packet.part == 0:
            return self._packet(packet, data)
        if abs(packet.part) != len(self.fragments) + 1:  # one is missing
            self.fragments = []
            return None
        self.fragments.append((packet, data))
        if packet.part > 0:
            return None
        first = self.fragments[0][0]
        data = b"".join(data for _, data in self.fragments)
        self.fragments = []
        return self._packet(first, data)

    def _packet(self, packet: Packet, data: bytes) -> Compressed:
        made: Compressed = Compressed(len(data))  # which pads it with zeros, as decoders need it
        made.update(data)
        made.time_base = self.known[packet.track]
        made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
        made.is_keyframe, made.is_corrupt = packet.key, packet.corrupt
        made.opaque = HIDDEN if packet.discard else None
        for kind in SIDE:
            if kind in packet.side:
                side = PacketSideData(packet_sidedata_type_from_literal(kind), len(packet.side[kind]))  # type: ignore[call-arg]
                side.update(packet.side[kind])
                made.set_sidedata(side)
        return made
