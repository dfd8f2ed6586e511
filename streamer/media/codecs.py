"""The codec parameters of a track: out of a container, and into as many decoders as are wanted.

Files and Chunks are decoded by the same decoders, made from nothing but a Track: so both show and sound the same.
"""

from fractions import Fraction
from typing import Any, cast

import av
import av.stream
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from schemas.messages import Track
from streamer.errors import MediaError
from streamer.media.container import AUDIO_CODECS, DAMAGED, VIDEO_CODECS, Packet, codec_name, configure
from streamer.media.probe import TrackInfo

PACE_S = 0.02  # seconds that a packet lasts where nothing says so
ADPCM = {"adpcm_ms": 12, "adpcm_ima_wav": 7}  # samples a channel that a block lacks to two in every byte a channel
ADPCM_BITS = 4  # of a sample; nothing else is in use


def describe_track(stream: av.stream.Stream, info: TrackInfo, rotation: int = 0, first: Packet | None = None) -> Track:
    """The parameters of a track of an open container; the blocks of ADPCM show in its first packet."""
    context: Any = stream.codec_context
    time_base = stream.time_base or Fraction(1, av.time_base)
    common: Any = {
        "index": info.index,
        "kind": info.kind,
        "codec": context.codec.name,
        "time_base": (time_base.numerator, time_base.denominator),
        "extradata": context.extradata or b"",
        "tag": _tag(context),
        "pace": 1 / info.frames_per_second if info.frames_per_second else PACE_S,
    }
    if isinstance(stream, AudioStream):
        return Track(rate=context.sample_rate, layout=context.layout.name, block=_block(info, first), **common)
    ratio = cast(VideoStream, stream).sample_aspect_ratio or Fraction(1)
    return Track(
        width=context.width,
        height=context.height,
        rotation=rotation,
        format=context.pix_fmt or "",
        ratio=(ratio.numerator, ratio.denominator),
        colour=(context.color_range, context.colorspace, context.color_primaries, context.color_trc),
        reorder=context.reorder_depth,
        bits=context.bits_per_coded_sample,
        **common,
    )


def video_decoder(track: Track, extradata: bytes = b"") -> VideoCodecContext:
    """A fresh decoder; making one costs 0.04 ms. Errors: MediaError (a codec that we do not take)."""
    context = _created(track, extradata, VIDEO_CODECS)
    context.width, context.height = track.width, track.height
    if track.format:
        context.pix_fmt = track.format
    context.color_range, context.colorspace, context.color_primaries, context.color_trc = track.colour
    context.reorder_depth = track.reorder
    context.bits_per_coded_sample = track.bits
    return cast(VideoCodecContext, context)


def audio_decoder(track: Track) -> AudioCodecContext:
    """A fresh decoder. Errors: MediaError (a codec that we do not take)."""
    context = _created(track, b"", AUDIO_CODECS)
    if track.rate:
        context.sample_rate, context.layout = track.rate, track.layout
    if track.block:
        context.options |= {"block_align": str(track.block), "bits_per_coded_sample": str(ADPCM_BITS)}
    return cast(AudioCodecContext, context)


def _created(track: Track, extradata: bytes, known: frozenset[str]) -> Any:
    try:
        context: Any = av.CodecContext.create(track.codec, "r")
        if codec_name(context) not in known:
            raise ValueError(f"{track.codec} is none of {', '.join(sorted(known))}")
        context.extradata = extradata or track.extradata or None
        if track.tag:
            context.codec_tag = track.tag
        context.copy_opaque = True  # a packet that is decoded but not shown is known by its frame again
        configure(context)
        context.options |= {"pkt_timebase": f"{track.time_base[0]}/{track.time_base[1]}"}  # else skipped samples shift the times
    except DAMAGED as error:
        raise MediaError(f"track {track.index} ({track.codec}) cannot be decoded: {error}") from error
    return context


def _tag(context: Any) -> str:
    try:
        return str(context.codec_tag).rstrip("\0") and str(context.codec_tag)
    except UnicodeDecodeError:  # a number, and no decoder asks for it
        return ""


def _block(info: TrackInfo, first: Packet | None) -> int:
    """Bytes of a block of ADPCM, which a decoder must know: solved from the bytes and samples of a packet; 0: no ADPCM."""
    if info.codec not in ADPCM or first is None or not first.duration:
        return 0
    return round(ADPCM[info.codec] * first.size / (2 * first.size / info.channels - first.duration))
