"""Every record is a CloudEvent 1.0 in binary mode: attributes in the headers, the message in the value.

Structured mode (one JSON envelope) is understood too.
"""

import datetime as dt
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.codec import from_json, pack, to_json, unpack
from schemas.messages import (
    AnyMessage,
    Audio,
    Chunk,
    DeadLetter,
    Event,
    Features,
    Fine,
    Frame,
    FusedWindow,
    JobProgress,
    Message,
    Result,
    StreamStatus,
    Utterance,
    Watermark,
    identity,
    microseconds,
)
from schemas.topics import VERSION, Kind

CONTENT_TYPES: dict[Kind, str] = {"json": "application/json", "msgpack": "application/msgpack"}
STRUCTURED = "application/cloudevents+json"
HEADERS = {  # what each attribute says
    "ce_specversion": "1.0",
    "ce_type": "streamer.<noun>.<fact>",
    "ce_source": "/streams/<id of the stream>",
    "ce_subject": "the id of the thing: a repeat and a correction have the same",
    "ce_id": "<ce_subject>.<ce_rev>: unique for each distinct event",
    "ce_rev": "a correction is a full replacement with a higher one",
    "ce_partitionkey": "the id of the stream, as the record's key",
    "ce_time": "UTC of the start of the fact; absent where no clock is known, as for most files",
    "ce_recordedtime": "UTC of when it was published",
    "ce_sequence": "<epoch>-<end in ms>-<rev>, filled with zeros: strings in order are facts in order",
    "ce_dataschema": "URI of the JSON Schema of the value: the $id of its file",
    "ce_pipeline": "hash of options and models: results of two pipelines may differ",
    "content-type": "application/json or application/msgpack",
}
EARLIEST = 946_684_800.0  # the year 2000: an older time is a clock that was never set
_FACTS = {
    "Source": "source.wanted",
    "Chunk": "media.chunk",
    "Frame": "media.frame",
    "Audio": "media.audio",
    "Features": "features.made",
    "Fine": "features.refined",
    "Watermark": "features.watermark",
    "FusedWindow": "window.fused",
    "Sound": "sound.heard",
    "ScreenText": "text.seen",
    "Shot": "shot.found",
    "Keyframe": "keyframe.kept",
    "Levels": "levels.measured",
    "WindowClosed": "window.closed",
    "SceneDescription": "scene.described",
    "Sentiment": "sentiment.measured",
    "Gap": "stream.gap",
    "DeadLetter": "record.refused",
}
_JOB_FACTS = {"running": "progress", "done": "completed", "failed": "failed", "skipped": "skipped"}


def kind_of(message: Message) -> Kind:
    """How a message is written on its own topic: results as JSON, everything else as msgpack."""
    return "json" if isinstance(message, Result) else "msgpack"


def encode(message: Message, kind: Kind | None = None) -> bytes:
    """The value of a record."""
    return to_json(message) if (kind or kind_of(message)) == "json" else pack(message)


def event_type(message: Message) -> str:
    """streamer.<noun>.<fact>."""
    match message:
        case Event(phase=phase):
            return f"streamer.event.{phase}"
        case StreamStatus(state=state):
            return f"streamer.stream.{state}"
        case JobProgress(state=state):
            return f"streamer.job.{_JOB_FACTS[state]}"
        case Utterance(final=final):
            return "streamer.transcript.segment" if final else "streamer.transcript.partial"
    return f"streamer.{_FACTS[type(message).__name__]}"


def subject(message: Message) -> str:
    """The id that a repeat of the same thing has too."""
    match message:
        case Result(id=found):
            return found
        case Chunk(stream=stream, epoch=epoch, seq=seq):
            return identity(stream, epoch, seq)
        case FusedWindow(window=window):
            return window.id
        case Features(stream=stream, epoch=epoch, modality=modality, spans=spans):
            return identity(stream, epoch, modality, microseconds(float(spans[0, 0])) if len(spans) else "")
        case Fine(stream=stream, epoch=epoch, kind=kind, start=at):
            return identity(stream, epoch, kind, microseconds(at))
        case Frame(stream=stream, epoch=epoch, time=at) | Audio(stream=stream, epoch=epoch, time=at):
            return identity(stream, epoch, type(message).__name__.lower(), microseconds(at))
        case Watermark(stream=stream, epoch=epoch, modality=modality, time=at):
            return identity(stream, epoch, "watermark", modality, str(at))
    return identity(message.stream, message.epoch, type(message).__name__)


def headers(message: Message, pipeline: str, kind: Kind | None = None) -> dict[str, str]:
    """The headers of a record; `pipeline` is the hash of options and models. Errors: ValueError (a time before 2000)."""
    rev = message.rev if isinstance(message, Result) else 0
    about = subject(message)
    found = {
        "ce_specversion": "1.0",
        "ce_type": event_type(message),
        "ce_source": f"/streams/{message.stream}",
        "ce_subject": about,
        "ce_id": f"{about}.{rev}",
        "ce_rev": str(rev),
        "ce_partitionkey": message.stream,
        "ce_recordedtime": _timestamp(time.time()),
        "ce_sequence": f"{message.epoch:013}-{_end_ms(message):012}-{rev:03}",  # compared as a string, so filled with zeros
        "ce_dataschema": data_schema(type(message)),
        "ce_pipeline": pipeline,
        "content-type": CONTENT_TYPES[kind or kind_of(message)],
    }
    began = _utc(message)
    if began is None:
        return found
    if began < EARLIEST:
        raise ValueError(f"{message.stream}: {found['ce_type']} at {_timestamp(began)}; expected a time after 2000: is its clock set?")
    return found | {"ce_time": _timestamp(began)}


def data_schema(kind: type[Message]) -> str:
    """The URI of a message's schema: the `$id` of its file in schemas/json."""
    return f"urn:streamer:{VERSION}:{kind.__name__}"


def message(value: bytes, found: Mapping[str, str]) -> AnyMessage:
    """The message in a record, by its content type; without one by its first byte. Errors: ValueError."""
    content_type = found.get("content-type", "").partition(";")[0].strip()
    try:
        if content_type == STRUCTURED:
            return _reader(value)
        if content_type == CONTENT_TYPES["json"] or (not content_type and value[:1] in (b"{", b" ", b"\n")):
            return from_json(value)  # type: ignore[no-any-return]
        if content_type in ("", CONTENT_TYPES["msgpack"]):
            return unpack(value)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeDecodeError) as error:  # the last three: an array that lies about itself
        raise ValueError(f"no message of ours: {error}") from error
    raise ValueError(f"content type {content_type[:80]!r}; expected {', '.join(CONTENT_TYPES.values())} or {STRUCTURED}")


def _reader(value: bytes) -> AnyMessage:
    envelope: Any = msgspec.json.decode(value)
    if not isinstance(envelope, dict) or "data" not in envelope:
        raise ValueError("a CloudEvent without data")
    return from_json(msgspec.json.encode(envelope["data"]))  # type: ignore[no-any-return]


def _timestamp(seconds: float) -> str:
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(found: Message) -> float | None:
    """When the fact began, in seconds since 1970, where that is known."""
    match found:
        case Chunk(epoch=epoch, captured=captured):
            return captured if epoch else None
        case Result(utc=float(known)):
            return known
        case DeadLetter() | JobProgress() | StreamStatus():
            return None
    start = getattr(found, "start", getattr(found, "time", None))
    return found.epoch / 1000 + start if found.epoch and isinstance(start, float) and abs(start) < 1e12 else None


def _end_ms(found: Message) -> int:
    match found:
        case Chunk(seq=seq):
            return seq
        case FusedWindow(window=window):
            return round(window.end * 1000)
        case JobProgress(position=position):
            return round(position * 1000)
    end = getattr(found, "end", getattr(found, "time", 0.0))
    return round(min(max(end, 0.0), 999_999_999.0) * 1000)
