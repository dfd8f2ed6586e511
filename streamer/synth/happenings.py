"""What falls, burns, drifts by, stands in the way or is written. Times in seconds of the scene."""

import functools
import math
from typing import Literal

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from streamer.synth.brush import WIDE, Brush, Colour, Point, Shape, toned

Thing = Literal["box", "vase", "bottle", "pot", "lamp", "books"]
BRITTLE = ("vase", "bottle", "pot")  # they break
TIP_S = 0.35  # from its first move until it falls
PARTS: dict[Thing, tuple[tuple[tuple[Point, ...], int], ...]] = {  # outlines from the middle, y up, with the index of a colour
    "box": ((((-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5)), 0), (((-0.5, -0.1), (-0.5, 0.1), (0.5, 0.1), (0.5, -0.1)), 1)),
    "vase": (
        (
            (
                *((-0.2, -0.5), (-0.38, -0.1), (-0.3, 0.15), (-0.13, 0.3), (-0.2, 0.5)),
                *((0.2, 0.5), (0.13, 0.3), (0.3, 0.15), (0.38, -0.1), (0.2, -0.5)),
            ),
            0,
        ),
        (((-0.37, -0.12), (-0.35, 0.05), (0.35, 0.05), (0.37, -0.12)), 1),
    ),
    "bottle": (
        (((-0.22, -0.5), (-0.22, 0.12), (-0.09, 0.26), (-0.09, 0.5), (0.09, 0.5), (0.09, 0.26), (0.22, 0.12), (0.22, -0.5)), 0),
        (((-0.22, -0.3), (-0.22, 0.0), (0.22, 0.0), (0.22, -0.3)), 1),
    ),
    "pot": (
        (((-0.08, 0.0), (-0.45, 0.35), (-0.2, 0.3), (-0.12, 0.55), (0.04, 0.28), (0.3, 0.5), (0.2, 0.22), (0.48, 0.2), (0.08, 0.0)), 1),
        (((-0.3, -0.5), (-0.42, 0.05), (0.42, 0.05), (0.3, -0.5)), 0),
    ),
    "lamp": (
        (((-0.05, -0.45), (-0.05, 0.1), (0.05, 0.1), (0.05, -0.45)), 1),
        (((-0.3, -0.5), (-0.3, -0.4), (0.3, -0.4), (0.3, -0.5)), 1),
        (((-0.42, 0.02), (-0.22, 0.5), (0.22, 0.5), (0.42, 0.02)), 0),
    ),
    "books": (
        (((-0.5, -0.5), (-0.5, -0.2), (0.45, -0.2), (0.45, -0.5)), 0),
        (((-0.42, -0.2), (-0.42, 0.1), (0.5, 0.1), (0.5, -0.2)), 1),
        (((-0.48, 0.1), (-0.48, 0.36), (0.4, 0.36), (0.4, 0.1)), 0),
    ),
}


class Falling(msgspec.Struct, frozen=True):
    """Something that tips off a shelf, falls to the floor and lies there."""

    thing: Thing
    x: float
    shelf: float  # world: y of the board
    floor: float
    size: float
    way: int  # over the left (-1) or right (1) end
    colours: tuple[Colour, ...]
    start: float  # it begins to tip
    fall_s: float

    @property
    def depth(self) -> float:
        """Near the wall."""
        return 0.2

    def draw(self, brush: Brush, time: float) -> None:
        """Board and thing."""
        left, right = self.x - 0.62 * self.size, self.x + 0.62 * self.size
        board, foot = self.shelf + 0.02, self.shelf + 0.1
        shelf = [Shape(((left, board), (right, board)), 0.035, (104, 70, 42))]
        shelf += [Shape(((at, board), (at, foot)), 0.018, (84, 56, 34)) for at in (left + 0.02, right - 0.02)]
        brush.paint(shelf)
        across, down, turn = self._moved(time)
        middle = (self.x + self.way * across, self.shelf - 0.5 * self.size + down)
        cos, sin = self.size * math.cos(turn), self.size * math.sin(turn)
        shapes = []
        late = time - self.start - TIP_S - self.fall_s
        if late > 0 and self.thing in BRITTLE:
            return brush.paint(self._shards(late))
        for outline, colour in PARTS[self.thing]:
            turned = tuple((middle[0] + px * cos + py * sin, middle[1] + px * sin - py * cos) for px, py in outline)
            shapes.append(Shape(turned, 0, self.colours[colour]))
        return brush.paint(shapes)

    def _shards(self, late: float) -> list[Shape]:
        """What it breaks into, `late` seconds after it hit the floor."""
        share = min(1.0, late / 0.4)
        landed = self.x + self.way * 1.1 * self.size
        shapes = []
        for shard in range(7):
            far = self.size * (shard - 3) * 0.32 * share
            up = self.size * (0.9 - 0.12 * abs(shard - 3)) * max(0.0, 4 * share * (1 - share)) * (0.5 + shard % 2)
            x, y = landed + far, self.floor - 0.06 * self.size - up
            angle = 1.9 * shard + 6 * share
            corners = ((angle, 0.17), (angle + 2.2, 0.13), (angle + 4.0, 0.16))
            outline = tuple((x + r * self.size * math.cos(a), y + r * self.size * math.sin(a)) for a, r in corners)
            shapes.append(Shape(outline, 0, self.colours[shard % 3 // 2]))
        return shapes

    def _moved(self, time: float) -> tuple[float, float, float]:
        """How far it has come sideways and down, and its angle."""
        drop = self.floor - self.shelf
        tip = min(1.0, max(0.0, (time - self.start) / TIP_S))
        across, turn = 0.75 * self.size * tip**1.5, self.way * 0.9 * tip**2
        late = time - self.start - TIP_S
        if late <= 0:
            return across, 0.0, turn
        share = min(1.0, late / self.fall_s)
        rolled = min(1.0, late / (self.fall_s + 0.7))
        across += 0.35 * self.size * rolled
        turn = self.way * (0.9 + (math.pi * 1.5 - 0.9) * min(1.0, late / (self.fall_s + 0.15)))
        rest = late - self.fall_s
        bounce = 0.0
        if rest > 0:
            bounce = 0.22 * drop * max(0.0, 1 - ((rest - 0.2) / 0.2) ** 2) + 0.07 * drop * max(0.0, 1 - ((rest - 0.52) / 0.12) ** 2)
        lying = 0.12 * self.size * share  # it lies lower than it stood
        return across, share**2 * drop + lying - bounce, turn


class Fire(msgspec.Struct, frozen=True):
    """Flames over logs."""

    x: float
    ground: float
    size: float  # world: height of the flames
    seed: int
    tall: float  # 0.7 broad .. 1.3 slender
    start: float
    end: float

    @property
    def depth(self) -> float:
        """On the ground."""
        return 0.3 + 0.4 * self.ground

    def draw(self, brush: Brush, time: float) -> None:
        """Tongues that lick up, each of three colours."""
        if not self.start <= time < self.end:
            return
        grown = min(1.0, 0.35 + (time - self.start) / 0.5, 0.35 + (self.end - time) / 0.4)
        half = 0.42 * self.size / self.tall
        logs = [
            Shape(((self.x - half, self.ground), (self.x + 0.8 * half, self.ground - 0.06 * self.size)), 0.09 * self.size, (88, 56, 34))
        ]
        logs.append(
            Shape(((self.x + half, self.ground), (self.x - 0.8 * half, self.ground - 0.06 * self.size)), 0.09 * self.size, (110, 70, 42))
        )
        for colour, share in (((226, 58, 14), 1.0), ((255, 148, 20), 0.68), ((255, 232, 96), 0.38)):
            for tongue in range(5):
                brush.fill(self._tongue(tongue, time, half, share * grown), colour)
        brush.paint(logs)

    def _tongue(self, tongue: int, time: float, half: float, share: float) -> list[Point]:
        phase = self.seed % 97 + 2.4 * tongue
        middle = self.x + half * 0.42 * (tongue - 2) * (0.6 + 0.4 * share)
        flicker = 0.72 + 0.2 * math.sin(11 * time + phase) + 0.12 * math.sin(17.3 * time + 2.1 * phase)
        height = self.size * share * flicker * (1 - 0.2 * abs(tongue - 2))
        lean = 0.16 * self.size * math.sin(7.3 * time + 1.7 * phase)
        wide = 0.3 * half * (0.5 + share)
        half_way = [(math.sin(math.pi * (0.25 + 0.75 * k)) * wide, middle + lean * k**2, self.ground - height * k) for k in RISE]
        return [(x - half, y) for half, x, y in half_way] + [(x + half, y) for half, x, y in reversed(half_way)]


RISE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Floater(msgspec.Struct, frozen=True):
    """A small thing that drifts by, again and again."""

    y: float
    speed: float  # world/s
    begin: float  # world: x at 0 s
    radius: float
    corners: int  # 0: round
    colour: Colour

    @property
    def depth(self) -> float:
        """Behind most."""
        return 0.15

    def draw(self, brush: Brush, time: float) -> None:
        """On a wave."""
        x = (self.begin + self.speed * time) % (WIDE + 0.4) - 0.2
        y = self.y + 0.04 * math.sin(2 * time + self.begin)
        if not self.corners:
            return brush.paint([Shape(((x, y),), 2 * self.radius, self.colour)])
        turn = [math.pi * k / self.corners + time for k in range(2 * self.corners)]
        reach = [self.radius * (1 if k % 2 else 0.5) for k in range(2 * self.corners)]
        star = tuple((x + r * math.cos(a), y + r * math.sin(a)) for a, r in zip(turn, reach, strict=True))
        return brush.paint([Shape(star, 0, self.colour)])


class Occluder(msgspec.Struct, frozen=True):
    """A post or a bush before everything."""

    x: float
    width: float
    top: float  # world: y
    colour: Colour

    @property
    def depth(self) -> float:
        """Before all but writing."""
        return 0.95

    def draw(self, brush: Brush, time: float) -> None:
        """It does not move."""
        if self.top < 0.4:
            brush.paint([Shape(((self.x, self.top), (self.x, 1.3)), self.width, self.colour)])
        else:
            tufts = [(self.x + self.width * k, self.top + 0.4 * abs(k)) for k in (-1.0, -0.5, 0.0, 0.5, 1.0)]
            brush.paint([Shape((tuft, (tuft[0], 1.3)), self.width, toned(self.colour, 0.8 + 0.1 * n)) for n, tuft in enumerate(tufts)])


class Title(msgspec.Struct, frozen=True):
    """A line of writing on the picture itself, which no camera moves."""

    text: str
    x: float  # of its middle: share of the width
    y: float  # of its middle: share of the height
    size: float  # height of the letters: share of the picture's
    weight: int  # 400 normal, 800 bold
    colour: Colour
    ground: Colour | None  # of a band behind it; None: a dark rim
    start: float
    end: float
    fade_s: float

    @property
    def depth(self) -> float:
        """Before everything."""
        return 1.0

    def draw(self, brush: Brush, time: float) -> None:
        """As far as it has appeared."""
        if not self.start <= time < self.end:
            return
        strength = 1.0 if self.fade_s == 0 else min(1.0, (time - self.start) / self.fade_s + 0.1, (self.end - time) / self.fade_s + 0.1)
        height, width = brush.image.shape[:2]
        letters, rim = mask(self.text, round(self.size * height), self.weight, width)
        high, wide = letters.shape
        top = int(np.clip(self.y * height - high / 2, 0, height - high))
        left = int(np.clip(self.x * width - wide / 2, 0, width - wide))
        box = brush.image[top : top + high, left : left + wide]
        for alpha, colour in ((np.full_like(rim, 235) if self.ground else rim, self.ground or (8, 8, 10)), (letters, self.colour)):
            box[:] = _laid(box, alpha, colour, strength)


@functools.lru_cache(maxsize=256)
def mask(text: str, size_px: int, weight: int, room_px: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The letters and the letters with a rim as opacity, uint8 [height, width]; smaller where the room is too narrow."""
    font = cv2.FontFace("sans")
    for size in range(max(8, size_px), 7, -1):
        left, top, wide, high = cv2.getTextSize((4096, 4096), text, (0, 0), font, size, weight)
        if wide + size // 2 <= room_px:
            break
    edge = max(3, size // 4)
    letters = np.zeros((high + 2 * edge, min(room_px, wide + 2 * edge)), np.uint8)
    cv2.putText(letters, text, (edge - left, edge - top), (255,), font, size, weight)
    rim = cv2.dilate(letters, np.ones((3 + size // 14, 3 + size // 14), np.uint8))
    return letters, np.asarray(rim, np.uint8)


def _laid(box: NDArray[np.uint8], alpha: NDArray[np.uint8], colour: Colour, strength: float) -> NDArray[np.uint8]:
    share = (alpha * np.float32(strength / 255))[..., None]
    return np.asarray(box + share * (np.array(colour, np.float32) - box), np.uint8)
