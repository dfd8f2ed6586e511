"""Those who come, go, stand about and talk. Times in seconds of the scene."""

import math
from typing import Literal

import msgspec

from streamer.synth import people, things
from streamer.synth.brush import Brush, Colour

Kind = Literal["person", "dog", "balloon", "car", "van", "truck"]
Colours = tuple[Colour, ...]
PACE = {"person": 0.42, "dog": 0.8}  # of its size: how far it comes in half a walk's cycle


class Crossing(msgspec.Struct, frozen=True):
    """Something that moves from one place to another; it is there from `since` to `until`."""

    kind: Kind
    left: float  # world: x at `start`
    right: float  # world: x at `end`
    ground: float  # world: y it stands on
    size: float  # world: height of a person or balloon, length of others
    colours: Colours
    start: float
    end: float
    since: float
    until: float

    @property
    def depth(self) -> float:
        """Nearer ones stand lower."""
        return 0.3 + 0.4 * self.ground

    def draw(self, brush: Brush, time: float) -> None:
        """As far as it has come."""
        if not self.since <= time < self.until:
            return
        share = min(1.0, max(0.0, (time - self.start) / (self.end - self.start)))
        at = (self.left + share * (self.right - self.left), self.ground)
        come = abs(at[0] - self.left)
        way = 1 if self.right > self.left else -1
        step = math.pi * come / (self.size * PACE.get(self.kind, 1.0)) if 0 < share < 1 else None
        match self.kind:
            case "person":
                pose = people.Pose(step, way) if step is not None else people.Pose()
                brush.paint(people.person(at, self.size, self.colours, pose))
            case "dog":
                brush.paint(things.dog(at, self.size, self.colours, way, step))
            case "balloon":
                bob = 0.02 * math.sin(2.5 * time)
                brush.paint(things.balloon((at[0], at[1] + bob), self.size, self.colours, 0.06 * math.sin(1.7 * time)))
            case vehicle:
                brush.paint(things.vehicle(at, self.size, self.colours, vehicle, way, come))


class Standing(msgspec.Struct, frozen=True):
    """Somebody, or something, that is there all the time and does nothing."""

    kind: Kind
    x: float
    ground: float
    size: float
    colours: Colours
    way: int

    @property
    def depth(self) -> float:
        """Nearer ones stand lower."""
        return 0.3 + 0.4 * self.ground

    def draw(self, brush: Brush, time: float) -> None:
        """With a little life in it."""
        sway = 0.004 * math.sin(1.3 * time + self.x)
        at = (self.x + sway, self.ground)
        if self.kind == "person":
            brush.paint(people.person(at, self.size, self.colours))
        elif self.kind == "dog":
            brush.paint(things.dog(at, self.size, self.colours, self.way, None))
        else:
            brush.paint(things.vehicle((self.x, self.ground), self.size, self.colours, self.kind, self.way, 0.0))


class Portrait(msgspec.Struct, frozen=True):
    """A large face, which may speak."""

    x: float
    y: float
    radius: float
    colours: Colours
    valence: float  # -1 frowns .. 1 smiles
    start: float
    end: float
    words: tuple[tuple[float, float], ...]  # when its mouth moves

    @property
    def depth(self) -> float:
        """Behind whoever stands on the ground."""
        return 0.25

    def draw(self, brush: Brush, time: float) -> None:
        """Nodding a little."""
        if not self.start <= time < self.end:
            return
        speaks = any(start <= time < end for start, end in self.words)
        opened = 0.5 + 0.5 * math.sin(22 * time) if speaks else 0.0
        at = (self.x + 0.01 * math.sin(1.9 * time), self.y + 0.008 * math.sin(2.7 * time))
        brush.paint(people.face(at, self.radius, self.colours, self.valence, opened))
