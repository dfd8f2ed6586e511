"""Messages as records, and back."""

from schemas import cloudevents
from schemas.messages import AnyMessage, Message
from schemas.topics import TOPICS, topic_of
from streamer.bus.protocol import Outgoing, Record
from streamer.errors import MessageError


def outgoing(message: Message, pipeline: str, topic: str | None = None) -> Outgoing:
    """The record of a message, on its own topic or the one that is named. Errors: ValueError (a time before 2000)."""
    where = topic or topic_of(message)
    kind = TOPICS[where].kind
    return Outgoing(where, message.stream, cloudevents.encode(message, kind), cloudevents.headers(message, pipeline, kind))


def message(record: Record) -> AnyMessage:
    """The message in a record. Errors: MessageError."""
    try:
        return cloudevents.message(record.value, record.headers)
    except ValueError as error:
        raise MessageError(f"{record.topic}/{record.partition} at {record.offset}: {error}") from error
