"""Files in the part of cameras onto the bus: in real time, whatever becomes of the bus."""

import pathlib
import time
from collections.abc import Sequence

import msgspec

from schemas.messages import Chunk
from streamer.ingest.feeds import camera, together
from streamer.ingest.outbox import Outbox
from streamer.pipeline import aside

BEAT_S = 2.0  # seconds of silence, after which a stream says that it is there
STEP_S = 0.25  # seconds of sleep at once


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """One file as one live stream."""

    path: pathlib.Path
    stream: str
    passes: int = 1


class Heart:
    """Says of streams that are silent that they are there."""

    def __init__(self) -> None:
        self.streams: dict[str, tuple[float, Chunk]] = {}  # when the last record was made, in monotonic seconds; the next heartbeat

    def note(self, chunk: Chunk) -> None:
        """A stream was heard; its end is its last."""
        if chunk.kind == "end":
            self.streams.pop(chunk.stream, None)
            return
        beat = Chunk(stream=chunk.stream, epoch=chunk.epoch, began=chunk.began, seq=chunk.seq + 1, kind="heartbeat")
        self.streams[chunk.stream] = (time.monotonic(), beat)

    def beats(self) -> list[Chunk]:
        """The heartbeats that are due."""
        now = time.monotonic()
        silent = [beat for since, beat in self.streams.values() if now - since >= BEAT_S]
        for beat in silent:
            self.streams[beat.stream] = (now, beat)
        return [msgspec.structs.replace(beat, captured=time.time()) for beat in silent]


def run(cameras: Sequence[Camera], outbox: Outbox) -> None:
    """Sends until all have ended. Errors: SourceError, MediaError, StoreError."""
    now, begun = time.time(), time.monotonic()
    heart = Heart()
    with aside(outbox.run) as check:
        for due, chunk in together(camera(one.path, one.stream, one.passes, now) for one in cameras):
            while (left := begun + due - time.monotonic()) > 0:
                time.sleep(min(left, STEP_S))
                for beat in heart.beats():
                    outbox.put(beat)
                check()
            heart.note(chunk)
            outbox.put(chunk)
