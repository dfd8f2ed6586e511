"""A stage of your own: says where a film has been silent for two seconds. python examples/own_stage.py FILM"""

import pathlib
import sys
from collections.abc import Iterator, Sequence

import msgspec

from schemas.messages import Event, Levels, Message, identity, microseconds
from streamer.config import Config
from streamer.media.sources import stream_id
from streamer.pipeline import apply, singly
from streamer.wiring import load_models, understand

SILENT_DB, LONG_S = -50.0, 2.0


class State(msgspec.Struct):
    began: float | None = None  # of the silence
    told: bool = False


class Silence:
    name, reads, state_type = "silence", (Levels,), State

    def __init__(self) -> None:
        self.states: dict[str, State] = {}  # of each stream: all that the stage keeps, so that it can be interrupted

    def __call__(self, batch: Sequence[Message]) -> Iterator[Message]:
        for message in batch:
            yield message  # others read it too
            if isinstance(message, Levels) and message.loudness is not None:
                for index, loudness in enumerate(message.loudness):
                    yield from self._heard(message.stream, message.start + index * message.hop, float(loudness))

    def _heard(self, stream: str, time: float, loudness: float) -> Iterator[Event]:
        state = self.states.setdefault(stream, State())
        if loudness > SILENT_DB:
            self.states[stream] = State()
        elif state.began is None:
            state.began = time
        elif time - state.began >= LONG_S and not state.told:
            state.told = True
            name = identity(stream, self.name, microseconds(state.began))
            yield Event(stream=stream, id=name, event_id=name, phase="started", label=self.name,
                        start=state.began, end=time, confidence=1.0, threshold=1.0)  # fmt: skip


film, config = pathlib.Path(sys.argv[1]), Config(profile="none")
for message in apply(singly(understand(film, stream_id(film), config, load_models(config))), Silence()):
    if isinstance(message, Event) and message.label == Silence.name:
        print(f"{message.label} from {message.start:.1f} s on")
