"""How one scene of a clip is shown and sounds: private instructions for film.py. Times in seconds from the scene's start."""

from typing import Protocol

import msgspec

from streamer.synth.brush import Brush
from streamer.synth.speech.utterances import Utterance

LENGTH_S = 8.0  # of a scene: one window


class Act(Protocol):
    """Something that is drawn; what lies deeper (0 the wall .. 1 before everything) is drawn first."""

    @property
    def depth(self) -> float:
        """0..1."""
        ...

    def draw(self, brush: Brush, time: float) -> None:
        """Draws it as it is at that time, or not at all."""
        ...


class Heard(msgspec.Struct, frozen=True):
    """A sound of `sounds`."""

    label: str
    start: float
    length: float  # s
    family: int
    gain: float  # peak, 0..1
    seed: int
    blows: tuple[float, ...] = ()  # of the same thing; none: it lasts


class Spoken(msgspec.Struct, frozen=True):
    """A sentence of the bank of speech."""

    utterance: Utterance
    start: float
    gain: float  # peak, 0..1


class Dark(msgspec.Struct, frozen=True):
    """The lights are out."""

    start: float
    end: float
    brightness: float  # 0..1


class Look(msgspec.Struct, frozen=True):
    """The place and the camera."""

    background: str  # family
    seed: int
    style: str  # of the drawing
    gamma: float
    blur: float  # standard deviation in thousandths of the picture's height
    noise: float  # standard deviation of grey values
    shake: float  # standard deviation, share of the height
    drift: tuple[float, float]  # pan: share of the height, from start to end
    zoom: tuple[float, float]  # at the start and at the end; ≥ 1


class Mix(msgspec.Struct, frozen=True):
    """What lies on and behind the sounds."""

    seed: int
    room: bool  # they echo
    background: str  # kind
    snr_db: float  # sounds to background
    level: float  # peak of its sounds, 0..1
    cutoff_hz: float  # of a codec; 0: none


class Scene(msgspec.Struct, frozen=True):
    """All instructions for one scene."""

    look: Look
    mix: Mix
    acts: tuple[Act, ...]
    dark: tuple[Dark, ...]
    heard: tuple[Heard, ...]
    spoken: tuple[Spoken, ...]
