"""Results on a bus, made in the test."""

from schemas.messages import Event, Message, SceneDescription, WindowClosed
from streamer.bus.protocol import Bus
from streamer.bus.records import outgoing


def event(number: int, stream: str = "cam-1", rev: int = 0) -> Event:
    return Event(
        stream=stream, id=f"e{number}", rev=rev, event_id=f"{stream}:0:dog:{number}",
        phase="started" if rev == 0 else "updated", label="dog",
        start=float(number), end=number + 1.0, confidence=0.5, threshold=0.5,
    )  # fmt: skip


def scene(number: int, stream: str = "cam-1") -> SceneDescription:
    return SceneDescription(
        stream=stream, id=f"s{number}", start=0.0, end=8.0, text="A dog barks.", language="en", source="realiser", confidence=0.5
    )


def window(complete: bool, rev: int = 0) -> WindowClosed:
    return WindowClosed(stream="cam-1", id="w", rev=rev, start=0.0, end=8.0, status={}, coverage={}, complete=complete)


def publish(bus: Bus, *results: Message) -> None:
    for result in results:
        record = outgoing(result, "pipeline")
        bus.publish(record.topic, record.key, record.value, record.headers)
    bus.settle(20)
