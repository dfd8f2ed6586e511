"""The stage `interpret`: fused windows become sounds, descriptions, the mood and events."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from schemas.messages import (
    AnyMessage,
    Event,
    FusedWindow,
    Keyframe,
    Levels,
    Result,
    SceneDescription,
    ScreenText,
    Sentiment,
    Shot,
    Sound,
    WindowClosed,
    identity,
)  # fmt: skip
from streamer import config
from streamer.interpret.events import Active, EventState, follow
from streamer.interpret.evidence import Teller
from streamer.interpret.facts import LATE_S, gather
from streamer.interpret.grammar import GRAMMARS
from streamer.interpret.memory import Memory
from streamer.interpret.opinion import Opinion
from streamer.interpret.scenes import describe
from streamer.interpret.sentiment import feel
from streamer.interpret.sounds import SoundState, hear
from streamer.labels import Known, LabelSet


class InterpretState(msgspec.Struct):
    """All that is kept of one stream."""

    events: EventState = msgspec.field(default_factory=EventState)
    sounds: SoundState = msgspec.field(default_factory=SoundState)
    memory: Memory = msgspec.field(default_factory=Memory)
    described: float = 0.0  # seconds: how far descriptions have come
    changed: float = 0.0  # seconds: the last change of the picture that was told


class Interpret:
    """FusedWindows in; Sound, SceneDescription, Sentiment, Event and, as the last of each window, WindowClosed out.

    What was perceived passes by before the window with which it is told: it is passed on, and remembered for it.
    """

    name = "interpret"
    reads = (FusedWindow,)
    state_type = InterpretState

    def __init__(
        self, labels: LabelSet, options: config.Interpret, profile: str, models: dict[str, str], known: Known | None = None
    ) -> None:
        """Args:
        labels: what is worth telling; those of the fused windows.
        options: the language of descriptions, and what is left out.
        profile: name of the profile, for the results.
        models: role (vision, sound, speech, text, ocr) -> name of the model.
        known: what is known of the trained fusion, where one runs.
        """
        self.states: dict[str, InterpretState] = {}
        self.labels = {label.name: label for label in labels.labels}
        self.options = options
        self.profile = profile
        self.models = models
        self.teller = Teller(profile, models, known)
        self.opinion = Opinion()

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """What follows from a batch, in order."""
        for message in batch:
            match message:
                case FusedWindow():
                    yield from self._interpret(message)
                case Shot() | Keyframe() | Levels() | ScreenText():
                    self._state(message).memory.add(message)
                    yield message
                case _:
                    yield message

    def _state(self, message: AnyMessage) -> InterpretState:
        return self.states.setdefault(f"{message.stream}|{message.epoch}", InterpretState())

    def _interpret(self, fused: FusedWindow) -> Iterator[AnyMessage]:
        window, state = fused.window, self._state(fused)
        end = window.end if window.media_end is None else max(window.start, min(window.end, window.media_end))
        heard = self._sounds(state, fused)
        told, active = follow(state.events, fused, self.labels, self.teller, state.memory.picture)
        described = self._scenes(state, fused, active, end)
        mood = self._sentiment(fused, end)
        state.memory.forget(window.start - LATE_S)
        if window.last:
            del self.states[f"{window.stream}|{window.epoch}"]
        results: list[Sound | SceneDescription | Sentiment | Event] = [*heard, *described, *mood, *told]
        yield from results
        yield self._closed(fused, results, end)

    def _sounds(self, state: InterpretState, fused: FusedWindow) -> list[Sound]:
        models = {role: name for role, name in self.models.items() if role == "sound"}
        return hear(state.sounds, fused, self.labels, models, self.profile)

    def _scenes(self, state: InterpretState, fused: FusedWindow, active: Sequence[Active], end: float) -> list[SceneDescription]:
        """One for each stretch of time: windows overlap, and what was said of one need not be said again of the next."""
        if not self.options.describe or not (fused.window.start >= state.described or (fused.window.last and end > state.described)):
            return []
        found = gather(fused, self.labels, active, state.memory, end, state.changed)
        state.described, state.changed = end, max([state.changed, *found.changes])
        return [describe(fused.window, found, GRAMMARS[self.options.language], self.models, self.profile)]

    def _sentiment(self, fused: FusedWindow, end: float) -> list[Sentiment]:
        if not self.options.sentiment:
            return []
        return [feel(fused, self.labels, self.opinion, self.teller, end)]

    def _closed(self, fused: FusedWindow, results: Sequence[Result], end: float) -> WindowClosed:
        """The list of all that was told with a window; an event that started and ended in it stands there once."""
        window = fused.window
        ids = dict.fromkeys(chain(window.told, (result.id for result in results)))
        return WindowClosed(
            stream=window.stream,
            epoch=window.epoch,
            id=identity(window.id, "closed", 0),
            window=window.id,
            profile=self.profile,
            start=window.start,
            end=end,
            status=window.status,
            coverage=window.coverage,
            complete=window.complete,
            results=tuple(ids),
            level=fused.level if self.teller.known else msgspec.UNSET,
        )
