"""Shapes in the world's coordinates, painted in one of several styles.

The world is 4/3 wide and 1 high, (0, 0) its upper left corner; a camera looks at it, so it may be larger than what is seen.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # [height, width, 3], RGB
Colour = tuple[int, int, int]  # RGB
Point = tuple[float, float]  # world

WIDE = 4 / 3  # width of the world
SHIFT = 4  # bits after the point of a pixel's coordinate
BLACK: Colour = (18, 16, 20)
WHITE: Colour = (245, 245, 240)


class Shape(NamedTuple):
    """One point: a disc; more: a line of some width with round ends; width 0: a filled polygon."""

    points: tuple[Point, ...]
    width: float
    colour: Colour
    plain: bool = False  # small parts: painted as they are in every style


class Layer(NamedTuple):
    """How a style paints all shapes of a figure once."""

    grow: float = 0.0  # added to every side; below 0: share of the half width taken away
    colour: Colour | None = None  # None: the shape's own
    tone: float = 1.0  # the colour times this, above 1 towards white
    offset: Point = (0.0, 0.0)


STYLES: dict[str, tuple[Layer, ...]] = {
    "flat": (Layer(),),
    "cartoon": (Layer(0.011, BLACK), Layer(), Layer(-0.55, tone=1.35, offset=(-0.2, -0.25))),
    "shaded": (Layer(tone=0.55), Layer(-0.22, offset=(-0.12, -0.14)), Layer(-0.6, tone=1.3, offset=(-0.25, -0.3))),
    "paper": (Layer(0.004, (60, 60, 66), offset=(0.014, 0.018)), Layer(0.009, WHITE), Layer(tone=1.12)),
    "sketch": (Layer(0.008, BLACK), Layer(-0.08, tone=1.5), Layer(-0.68, tone=0.85)),
    "sticker": (Layer(0.022, WHITE), Layer(0.007, BLACK), Layer()),
}


class Camera(NamedTuple):
    """What the camera sees: world → shares of the picture's height is (point - centre) · zoom + middle."""

    zoom: float = 1.0
    x: float = 0.0  # how far it has moved, world
    y: float = 0.0


class Brush:
    """Paints on one picture."""

    def __init__(self, image: Image, style: str, camera: Camera = Camera()) -> None:  # noqa: B008
        self.image = image
        self.layers = STYLES[style]
        self.inside = [layer for layer in self.layers if not layer.colour]
        height, width = image.shape[:2]
        self.scale = np.array([width / WIDE, height]) * camera.zoom * (1 << SHIFT)
        middle = np.array([WIDE / 2, 0.5])
        self.shift = (middle / camera.zoom - middle - np.array([camera.x, camera.y])) * self.scale - (1 << SHIFT) / 2
        self.line = float(np.sqrt(self.scale[0] * self.scale[1])) / (1 << SHIFT)  # px a unit

    def paint(self, shapes: Iterable[Shape]) -> None:
        """A figure, later shapes before earlier ones; the style's edges lie behind the whole of it."""
        shapes = list(shapes)
        for edge in (layer for layer in self.layers if layer.colour):
            for shape in shapes:
                if not shape.plain:
                    self._lay(shape, edge)
        for shape in shapes:
            for layer in (Layer(),) if shape.plain else self.inside:
                self._lay(shape, layer)

    def fill(self, points: Sequence[Point], colour: Colour) -> None:
        """A polygon without any style."""
        self._polygon(np.array(points), colour, 0.0)

    def _lay(self, shape: Shape, layer: Layer) -> None:
        colour = layer.colour or toned(shape.colour, layer.tone)
        points = np.array(shape.points)
        if shape.width == 0:
            reach = np.abs(points - points.mean(0)).mean()
            moved = points + reach * np.array(layer.offset) if layer.colour is None else points + layer.offset
            if layer.grow < 0:
                centre = moved.mean(0)
                moved = centre + (moved - centre) * (1 + layer.grow)
            self._polygon(moved, colour, max(0.0, layer.grow))
            return
        half = shape.width / 2
        grown = half * (1 + layer.grow) if layer.grow < 0 else half + layer.grow
        moved = points + (half if layer.colour is None else 1) * np.array(layer.offset)
        self._stroke(moved, grown, colour)

    def _polygon(self, points: NDArray[np.float64], colour: Colour, grow: float) -> None:
        at = self._at(points)
        cv2.fillPoly(self.image, [at], colour, cv2.LINE_AA, SHIFT)
        if grow > 0:
            cv2.polylines(self.image, [at], True, colour, max(1, round(2 * grow * self.line)), cv2.LINE_AA, SHIFT)

    def _stroke(self, points: NDArray[np.float64], half: float, colour: Colour) -> None:
        at = self._at(points)
        if len(at) == 1:
            radius = max(round(half * self.line * (1 << SHIFT)), 1 << SHIFT)
            cv2.circle(self.image, at[0].tolist(), radius, colour, -1, cv2.LINE_AA, SHIFT)
        else:
            cv2.polylines(self.image, [at], False, colour, max(1, round(2 * half * self.line)), cv2.LINE_AA, SHIFT)

    def _at(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        return np.asarray(np.round(points * self.scale + self.shift), np.int32)


def toned(colour: Colour, tone: float) -> Colour:
    """The colour darker (tone < 1) or nearer to white (1 < tone ≤ 2)."""
    red, green, blue = (c * tone if tone <= 1 else c + (255 - c) * (tone - 1) for c in colour)
    return (int(red), int(green), int(blue))
