"""Runs of packets that can be decoded from their first one alone.

    packets   I P P P P P P P P P I P P P …
    segment   └────────────────┘ └─────────
    decoded   ████████                        up to the last frame that somebody wants, if nobody asks for the tail

A segment begins where the decoder can forget everything before: at an IDR picture. A film with open GOPs has none: the
pictures before a key frame still need those before it. So that reading can begin in the middle of such a film too, it is cut
at a key frame now and then, and the decoder gets the packets since the key frame before as well, whose pictures are hidden.
"""

import bisect
import math
from collections import deque
from collections.abc import Iterator
from typing import Final, Protocol, TypeVar

from av.frame import Frame
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from schemas.messages import Track
from streamer.media.codecs import video_decoder
from streamer.media.container import DAMAGED, HIDDEN, Packet, codec_name

FORGETFUL = frozenset({"vp8", "vp9", "av1", "mjpeg", "prores", "rawvideo", "ffv1", "flv1"})  # any key frame resets these codecs
PARAMETERS: Final = "new_extradata"  # side data of a packet: what the decoders from here on must know
Decoded = TypeVar("Decoded", bound=Frame)


class Segment:
    """Packets in decode order with the decoder that knows them so far."""

    def __init__(self, decoder: VideoCodecContext) -> None:
        self.decoder = decoder
        self.ended = False  # no packet will be added
        self.newest = -math.inf  # seconds: time of the newest frame that came out
        self.times: list[float] = []  # seconds, sorted: of the pictures in it, those forgotten that nobody will ask for
        self.packets: deque[Packet] = deque()  # not yet decoded
        self.drained = False
        self.hidden = -math.inf  # seconds: pictures up to this time are decoded for the sake of later ones

    def add(self, time: float) -> None:
        """One more picture, shown at `time`."""
        bisect.insort(self.times, time)

    def latest(self, time: float) -> float:
        """When the picture begins that is on show at `time`, or the first one does; minus infinity: there is none."""
        place = bisect.bisect_right(self.times, time)
        del self.times[: max(0, place - 1)]
        return self.times[0] if self.times else -math.inf

    def step(self) -> list[VideoFrame] | None:
        """The frames that the next packet brings out; None: there is none, more must be added. Errors: DamagedError."""
        if self.packets:
            return decode(self.decoder, self.packets.popleft())
        if self.ended and not self.drained:
            self.drained = True
            return decode(self.decoder, None)
        return None


class DamagedError(Exception):
    """A packet that the decoder refuses."""

    def __init__(self, packet: Packet | None) -> None:
        super().__init__()
        self.packet = packet


class Decoder(Protocol[Decoded]):
    """What turns packets into frames."""

    def decode(self, packet: Packet | None = None, /) -> list[Decoded]: ...


def decode(decoder: Decoder[Decoded], packet: Packet | None) -> list[Decoded]:
    """The frames of one packet that are to be shown; None drains the decoder. Errors: DamagedError."""
    try:
        return [frame for frame in decoder.decode(packet) if frame.opaque != HIDDEN]
    except EOFError:  # drained before
        return []
    except DAMAGED as error:
        raise DamagedError(packet) from error


class Cutter:
    """Cuts the packets of a track into segments."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.codec = codec_name(video_decoder(track))
        self.extradata = track.extradata
        self.segments = 0

    def begins(self, packet: Packet) -> bool:
        """A decoder that starts at this packet shows the same frames as one that started at the beginning."""
        if packet.has_sidedata(PARAMETERS):
            self.extradata = bytes(packet.get_sidedata(PARAMETERS))
        if self.segments == 0:
            return True
        if not self.may_begin(packet):
            return False
        if self.codec in ("h264", "hevc"):
            instant = range(5, 6) if self.codec == "h264" else range(19, 21)  # IDR
            return any(kind in instant for kind in unit_types(packet, self.codec, self.extradata))
        return self.codec in FORGETFUL

    def may_begin(self, packet: Packet) -> bool:
        """A decoder that starts at the key frame before shows from this one on the same frames as one that started earlier."""
        if "444" in self.track.format:  # that of old x264 is decoded by a version that only the first packet names
            return False
        return packet.is_keyframe and packet.pts is not None

    def cut(self) -> Segment:
        """An empty segment with a decoder of its own."""
        self.segments += 1
        return Segment(video_decoder(self.track, self.extradata))


def unit_types(packet: Packet, codec: str, extradata: bytes) -> Iterator[int]:
    """The types of the NAL units in a packet of H.264 or HEVC, with lengths before them (mp4) or start codes (ts)."""
    data = memoryview(packet)
    place = 0
    if extradata[:1] != b"\1":  # start codes
        raw = bytes(data)
        while (place := raw.find(b"\0\0\1", place) + 3) >= 3 and place < len(raw):
            yield _unit_type(raw[place], codec)
        return
    width = (extradata[21 if codec == "hevc" else 4] & 3) + 1  # bytes of a length
    while place + width < len(data):
        yield _unit_type(data[place + width], codec)
        place += width + int.from_bytes(data[place : place + width], "big")


def _unit_type(byte: int, codec: str) -> int:
    return byte >> 1 & 63 if codec == "hevc" else byte & 31
