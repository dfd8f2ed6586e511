"""What is seen of a blow at the moment it is heard: hands, balls, doors, hammers. Times in seconds of the scene."""

import math
from bisect import bisect_right

import msgspec

from streamer.synth import people
from streamer.synth.brush import Brush, Colour, Shape, toned

SLAM_S = 0.22  # a door's way from open to shut
STEEL: Colour = (150, 154, 162)
WOOD: Colour = (146, 98, 54)
TURN = tuple(2 * math.pi * k / 18 for k in range(18))


class Clapping(msgspec.Struct, frozen=True):
    """Somebody who faces us and claps."""

    x: float
    ground: float
    size: float  # world: height
    colours: tuple[Colour, ...]
    hits: tuple[float, ...]
    reach: float  # how far the hands part, in heights
    stays: bool  # is there before and after

    @property
    def depth(self) -> float:
        """Among those who stand."""
        return 0.3 + 0.4 * min(1.0, self.ground)

    def draw(self, brush: Brush, time: float) -> None:
        """The hands part slowly and meet fast."""
        near = self.hits[0] - 0.8 <= time < self.hits[-1] + 0.6
        if not near and not self.stays:
            return
        apart = opened(time, self.hits, 0.15, 0.24) if near else 1.0
        if not near:
            hands = ((-0.17, 0.36), (0.17, 0.36))
        else:
            hands = ((-0.035 - self.reach * apart, 0.13 - 0.05 * apart), (0.035 + self.reach * apart, 0.13 - 0.05 * apart))
        brush.paint(people.person((self.x, self.ground), self.size, self.colours, people.Pose(hands=hands)))


class Bouncing(msgspec.Struct, frozen=True):
    """A ball that meets the ground at each hit; it falls in before the first and lies still after the last."""

    x: float
    drift: float  # world/s to the right
    ground: float
    radius: float
    colours: tuple[Colour, ...]
    hits: tuple[float, ...]

    @property
    def depth(self) -> float:
        """On the ground."""
        return 0.3 + 0.4 * self.ground

    def draw(self, brush: Brush, time: float) -> None:
        """With its shadow, flat where it meets the ground."""
        height = self._height(time)
        if height is None:
            return
        x = self.x + self.drift * (min(time, self.hits[-1]) - self.hits[0])
        flat = 1 - 0.3 * math.exp(-(((min(abs(time - hit) for hit in self.hits)) / 0.05) ** 2))
        wide, high = self.radius * (2 - flat), self.radius * flat
        spot = self.radius * (1.1 - 0.6 * min(1.0, height / 0.5))
        brush.fill([(x + spot * math.cos(a), self.ground + 0.25 * spot * math.sin(a)) for a in TURN], (40, 40, 44))
        middle = self.ground - high - height
        round_ = tuple((x + wide * math.cos(a), middle + high * math.sin(a)) for a in TURN)
        spin = 3 * time
        stripe = tuple((x + k * 0.8 * wide * math.cos(spin), middle + k * 0.8 * high * math.sin(spin)) for k in (-1, 1))
        brush.paint([Shape(round_, 0, self.colours[0]), Shape(stripe, 0.35 * self.radius, self.colours[1], True)])

    def _height(self, time: float) -> float | None:
        hits = self.hits
        if time < hits[0]:
            left = (hits[0] - time) / 0.45
            return 0.75 * left**2 if left < 1 else None
        if time >= hits[-1]:
            return 0.0
        index = bisect_right(hits, time) - 1
        length = hits[index + 1] - hits[index]
        share = (time - hits[index]) / length
        return 4 * share * (1 - share) * min(0.62, 1.1 * length**2 + 0.12)


class Slamming(msgspec.Struct, frozen=True):
    """A door that stands open and falls shut at its hit."""

    x: float
    ground: float
    width: float
    height: float
    hinge: int  # -1 at its left, 1 at its right
    colours: tuple[Colour, ...]
    hit: float

    @property
    def depth(self) -> float:
        """In the wall."""
        return 0.1

    def draw(self, brush: Brush, time: float) -> None:
        """Frame, dark room behind, and the leaf in perspective."""
        before = self.hit - time
        open_ = 1.0 if before > SLAM_S else max(0.0, before / SLAM_S) ** 0.7
        shiver = 0.006 * math.exp(before * 9) * math.sin(60 * before) if before <= 0 else 0.0
        left, right = self.x - self.width / 2 + shiver, self.x + self.width / 2 + shiver
        top = self.ground - self.height
        rim = 0.05 * self.height
        frame = ((left - rim, self.ground), (left - rim, top - rim), (right + rim, top - rim), (right + rim, self.ground))
        inside = ((left, self.ground), (left, top), (right, top), (right, self.ground))
        brush.paint([Shape(frame, 0, self.colours[1]), Shape(inside, 0, (26, 24, 30), True)])
        hung, way = (left, 1) if self.hinge < 0 else (right, -1)
        edge = hung + way * self.width * (1 - 1.35 * open_)
        tilt = 0.14 * self.height * math.sin(math.pi / 2 * open_)
        leaf = ((hung, self.ground), (hung, top), (edge, top - 0.5 * tilt), (edge, self.ground + tilt))
        knob = (edge - 0.12 * (edge - hung), self.ground - 0.48 * self.height + 0.3 * tilt)
        brush.paint([Shape(leaf, 0, self.colours[0]), *self._boards(leaf), Shape((knob,), 0.07 * self.width + 0.02, (230, 200, 90), True)])

    def _boards(self, leaf: tuple[tuple[float, float], ...]) -> list[Shape]:
        """Two panels of the leaf."""
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = leaf
        dark = toned(self.colours[0], 0.75)
        shapes = []
        for low, high in ((0.1, 0.45), (0.55, 0.9)):
            corners = []
            for across, up in ((0.2, low), (0.2, high), (0.8, high), (0.8, low)):
                foot = (ax + across * (dx - ax), ay + across * (dy - ay))
                head = (bx + across * (cx - bx), by + across * (cy - by))
                corners.append((foot[0] + up * (head[0] - foot[0]), foot[1] + up * (head[1] - foot[1])))
            shapes.append(Shape(tuple(corners), 0, dark, True))
        return shapes


class Hammering(msgspec.Struct, frozen=True):
    """An arm with a hammer that drives a nail into a block."""

    x: float  # of the nail
    ground: float  # below the block
    size: float  # world: length of hammer and arm
    way: int  # the arm comes from the left (-1) or the right (1)
    colours: tuple[Colour, ...]
    hits: tuple[float, ...]

    @property
    def depth(self) -> float:
        """Near."""
        return 0.75

    def draw(self, brush: Brush, time: float) -> None:
        """Slowly up, fast down; each blow drives the nail deeper."""
        if not self.hits[0] - 0.9 <= time < self.hits[-1] + 0.9:
            return
        struck = bisect_right(self.hits, time)
        top = self.ground - 0.26 * self.size
        nail = 0.2 * self.size * (1 - 0.8 * struck / len(self.hits))
        half = 0.45 * self.size
        block = ((self.x - half, self.ground), (self.x - half, top), (self.x + half, top), (self.x + half, self.ground))
        shapes = [Shape(block, 0, WOOD), Shape(((self.x, top), (self.x, top - nail)), 0.035 * self.size, (205, 205, 212), True)]
        raised = 1.25 * opened(time, self.hits, 0.12, 0.26)
        brush.paint([*shapes, *self._arm((self.x, top - nail), raised)])

    def _arm(self, nail: tuple[float, float], raised: float) -> list[Shape]:
        size, way = self.size, self.way
        pivot = (nail[0] + way * size, nail[1] - 0.1 * size)
        along, up = (-way * math.cos(raised), -math.sin(raised)), (-way * math.sin(raised), math.cos(raised))

        def at(far: float, off: float) -> tuple[float, float]:
            return (pivot[0] + size * (far * along[0] + off * up[0]), pivot[1] + size * (far * along[1] + off * up[1]))

        skin, shirt = self.colours[0], self.colours[2]
        return [
            Shape((at(0.3, 0), at(1.0, 0)), 0.07 * size, (176, 120, 60)),
            Shape((at(1.0, -0.14), at(1.0, 0.06)), 0.17 * size, STEEL),
            Shape((at(-0.75, 0.3), at(-0.1, 0.02)), 0.2 * size, shirt),
            Shape((at(-0.1, 0.02), at(0.3, 0)), 0.13 * size, skin),
            Shape((at(0.34, 0),), 0.2 * size, skin),
        ]


def opened(time: float, hits: tuple[float, ...], close_s: float, open_s: float) -> float:
    """How far apart two things are that meet at every hit: 0 together .. 1; they stay together for a moment."""
    index = bisect_right(hits, time)
    after = (time - hits[index - 1] - 0.04) / open_s if index else 1.0
    before = (hits[index] - time) / close_s if index < len(hits) else 1.0
    return min(1.0, max(0.0, after), max(0.0, before))
