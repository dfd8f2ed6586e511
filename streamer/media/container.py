"""A media file, opened with care: only formats and codecs of a short list, and never another file or address."""

import contextlib
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
import av.packet
import av.stream
from av.container import InputContainer

from streamer.errors import MediaError
from streamer.media.sources import check_file

if TYPE_CHECKING:
    Packet = av.packet.Packet[av.stream.Stream]
else:
    Packet = av.packet.Packet  # no generic when it runs

FORMATS = "mov,mp4,matroska,webm,mpegts,avi,flv,ogg,wav,mp3,flac,aac"  # of the demuxers; playlists are not among them
VIDEO_CODECS = frozenset({
    "h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg1video", "mpeg2video", "mjpeg", "theora", "flv1", "prores", "ffv1", "rawvideo",
})  # fmt: skip
AUDIO_CODECS = frozenset({
    "aac", "aac_latm", "mp3", "mp2", "opus", "vorbis", "flac", "alac", "ac3", "eac3", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s32le",
    "pcm_f32le", "pcm_f64le", "pcm_u8", "pcm_alaw", "pcm_mulaw", "adpcm_ima_wav", "adpcm_ms",
})  # fmt: skip
MOST_PIXELS = 33_177_600  # 8K: a picture above it is refused before it is decoded; a bomb of 700 KB would take gigabytes
MOST_TRACKS = 8  # of a kind are looked at; files with a hundred are tests or attacks
EXPECTED = "expected one of mp4, mkv, webm, ts, avi, flv, ogg, wav, mp3, flac, aac"
DAMAGED = (av.error.FFmpegError, ValueError, IndexError, AttributeError, MemoryError)
# what PyAV raises for mutated files; UnicodeDecodeError is a ValueError
HIDDEN = "hidden"  # `opaque` of a packet whose frames are not shown, where libav's own mark cannot be set


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[InputContainer]:
    """The container of a file, closed at the end. Errors: SourceError, MediaError."""
    check_file(path)
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        container = av.open(f"file:{path.resolve()}", options=options, metadata_errors="replace")
    except DAMAGED as error:
        raise MediaError(f"{path}: {_found(path)}; {EXPECTED}, whole and not renamed") from error
    with container:
        yield container


def tracks(container: InputContainer) -> list[av.stream.Stream]:
    """The video and audio tracks that can be decoded, the first eight of each; cover art is no video."""
    known = [stream for stream in container.streams if _decodable(stream)]
    return [stream for kind in ("video", "audio") for stream in [track for track in known if track.type == kind][:MOST_TRACKS]]


def codec_name(context: av.CodecContext) -> str:
    """The name of the codec, whichever decoder stands behind it."""
    return str(context.codec.canonical_name)


def hidden(packet: Packet) -> bool:
    """It is decoded because others need it, and not shown."""
    return packet.is_discard or packet.opaque == HIDDEN


def configure(context: av.CodecContext) -> None:
    """One thread (parallelism comes from streams, and threads cost five times the memory) and a bound on the picture."""
    context.thread_count = 1
    context.thread_type = "NONE"
    if context.type == "video":
        context.options = {"max_pixels": str(MOST_PIXELS)}


def _decodable(stream: av.stream.Stream) -> bool:
    if stream.codec_context is None or stream.disposition & av.stream.Disposition.attached_pic:
        return False
    known = {"video": VIDEO_CODECS, "audio": AUDIO_CODECS}.get(stream.type, frozenset())
    return codec_name(stream.codec_context) in known


def _found(path: pathlib.Path) -> str:
    """What came instead of media, in words."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "has no bytes"
    if start[4:8] == b"ftyp":
        return "is an mp4 without its index (moov): it was cut off while it was written or copied"
    if b"\0" not in start and start.isascii():
        return "is text, no media"
    return "is no media that can be read"
