"""Every topic: what is in it, how it is written and how long it is kept.

full name: <prefix>.<name>.v1        key: the stream's id, on every topic
"""

from typing import Literal

import msgspec

from schemas.messages import (
    Audio,
    Chunk,
    DeadLetter,
    Event,
    Features,
    Fine,
    Frame,
    FusedWindow,
    Gap,
    JobProgress,
    Keyframe,
    Levels,
    Message,
    SceneDescription,
    ScreenText,
    Sentiment,
    Shot,
    Sound,
    Source,
    StreamStatus,
    Utterance,
    Watermark,
    WindowClosed,
)

Kind = Literal["json", "msgpack"]
Kept = Literal["media", "results", "hour", "day", "fortnight", "newest"]  # newest: the last record of each key, for ever
HOUR_MS = 3_600_000
KEPT_MS: dict[Kept, int] = {  # unless the operator says otherwise for media and results
    "media": 24 * HOUR_MS,
    "results": 7 * 24 * HOUR_MS,
    "hour": HOUR_MS,
    "day": 24 * HOUR_MS,
    "fortnight": 14 * 24 * HOUR_MS,
}
VERSION = "v1"  # inside it fields are only added, with a default


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic."""

    name: str
    says: str
    kind: Kind
    kept: Kept
    types: tuple[type[Message], ...]  # empty: not a message (see `says`)
    public: bool = False  # for the world; else between the workers


_ALL = (
    Topic(name="sources", says="Streams that should run, by reference.", kind="json", kept="newest", types=(Source,)),
    Topic(name="media.live", says="Compressed packets of cameras.", kind="msgpack", kept="media", types=(Chunk,)),
    Topic(name="media.files", says="Compressed packets of films.", kind="msgpack", kept="media", types=(Chunk,)),
    Topic(name="state", says="The newest Checkpoint of each stream, compressed, in parts.", kind="msgpack", kept="newest", types=()),
    Topic(name="frames", says="Sampled pictures.", kind="msgpack", kept="hour", types=(Frame, Watermark, StreamStatus, Gap)),
    Topic(name="audio", says="Sound in blocks.", kind="msgpack", kept="hour", types=(Audio, Watermark, StreamStatus, Gap)),
    Topic(
        name="features", says="What the senses give to the join.", kind="msgpack", kept="day",
        types=(Features, Fine, Watermark, Utterance, ScreenText, Shot, Keyframe, Levels, StreamStatus, Gap),
    ),
    Topic(
        name="fused", says="Windows with their evidence.", kind="msgpack", kept="day",
        types=(FusedWindow, Utterance, ScreenText, Shot, Keyframe, Levels, StreamStatus, Gap),
    ),
    Topic(name="transcripts", says="What was said.", kind="json", kept="results", types=(Utterance,), public=True),
    Topic(
        name="perceived", says="What was heard, read and seen.", kind="json", kept="results",
        types=(Sound, ScreenText, Shot, Keyframe, Levels), public=True,
    ),
    Topic(name="scenes", says="What happens, in a sentence or two.", kind="json", kept="results", types=(SceneDescription,), public=True),
    Topic(name="sentiment", says="The mood of each window.", kind="json", kept="results", types=(Sentiment,), public=True),
    Topic(name="events", says="What was asked for and happened.", kind="json", kept="results", types=(Event,), public=True),
    Topic(name="windows", says="What each window observed and told.", kind="json", kept="results", types=(WindowClosed,), public=True),
    Topic(
        name="status", says="Streams that come and go, gaps, jobs.", kind="json", kept="results",
        types=(StreamStatus, Gap, JobProgress), public=True,
    ),
    Topic(name="partials", says="Words that may still change; best effort.", kind="json", kept="hour", types=(Utterance,), public=True),
    Topic(name="late", says="What came too late for its window, as it was.", kind="msgpack", kept="day", types=()),
    Topic(name="dlq", says="Records that could not be handled.", kind="json", kept="fortnight", types=(DeadLetter,), public=True),
)  # fmt: skip
TOPICS: dict[str, Topic] = {topic.name: topic for topic in _ALL}
RESULTS: tuple[str, ...] = ("transcripts", "perceived", "scenes", "sentiment", "events", "windows", "status")

_HOMES: dict[type[Message], str] = {
    kind: topic.name for topic in reversed(_ALL) if topic.name != "partials" for kind in topic.types if kind is not Watermark
} | {kind: topic.name for topic in _ALL if topic.public and topic.name != "partials" for kind in topic.types}


def full_name(prefix: str, topic: str) -> str:
    """The name a broker knows."""
    return f"{prefix}.{topic}.{VERSION}"


def short_name(prefix: str, full: str) -> str:
    """The name we use."""
    return full.removeprefix(f"{prefix}.").removesuffix(f".{VERSION}")


def topic_of(message: Message) -> str:
    """Where a message is published.

    Errors: ValueError for what has no topic of its own (a Watermark goes where the messages it speaks of go).
    """
    match message:
        case Chunk(epoch=epoch):
            return "media.live" if epoch else "media.files"
        case Utterance(final=False):
            return "partials"
    if type(message) not in _HOMES:
        raise ValueError(f"{type(message).__name__} has no topic of its own")
    return _HOMES[type(message)]
