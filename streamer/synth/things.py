"""Figures of vehicles, dogs and balloons, as shapes."""

import math

from streamer.synth.brush import BLACK, Colour, Point, Shape, toned

GLASS: Colour = (176, 216, 236)
TYRE: Colour = (34, 34, 38)


def vehicle(ground: Point, length: float, colours: tuple[Colour, ...], kind: str, way: int, rolled: float) -> list[Shape]:
    """A car, a van or a truck from its side.

    Args:
        ground: below its middle.
        kind: "car", "van" or "truck".
        way: -1 to the left, 1 to the right.
        rolled: how far it has come, world.
    """
    x, y = ground

    def at(*points: Point) -> tuple[Point, ...]:
        return tuple((x + way * length * px, y - length * py) for px, py in points)

    paint, second = colours[0], colours[1]
    wheel = 0.16 * length
    shapes = [Shape(at(*outline), 0, second if index else paint) for index, outline in enumerate(BODIES[kind])]
    shapes += [Shape(at(*pane), 0, GLASS) for pane in PANES[kind]]
    lamps = ((0.49, (255, 240, 150)), (-0.49, (210, 30, 30)))
    shapes += [Shape(at((px, 0.17), (px, 0.21)), 0.035 * length, colour, True) for px, colour in lamps]
    for px in (-0.29, 0.3):
        (hub,) = at((px, 0.5 * wheel / length))
        shapes += [Shape((hub,), wheel, TYRE), Shape((hub,), 0.5 * wheel, (200, 200, 205), True)]
        turned = way * 2 * rolled / wheel
        spoke = (0.23 * wheel * math.cos(turned), 0.23 * wheel * math.sin(turned))
        shapes.append(Shape(((hub[0] - spoke[0], hub[1] - spoke[1]), (hub[0] + spoke[0], hub[1] + spoke[1])), 0.1 * wheel, TYRE, True))
    return shapes


Outline = tuple[Point, ...]  # shares of the length from below the middle, to the front and up
BODIES: dict[str, tuple[Outline, ...]] = {
    "car": (
        ((-0.27, 0.25), (-0.18, 0.42), (0.12, 0.42), (0.26, 0.25), (0.47, 0.22), (0.5, 0.1), (0.48, 0.07), (-0.49, 0.07), (-0.5, 0.24)),
    ),
    "van": (((-0.5, 0.08), (-0.5, 0.5), (0.22, 0.5), (0.36, 0.3), (0.5, 0.26), (0.5, 0.08)),),
    "truck": (
        ((0.14, 0.08), (0.14, 0.42), (0.38, 0.42), (0.5, 0.26), (0.5, 0.08)),
        ((-0.5, 0.12), (-0.5, 0.54), (0.11, 0.54), (0.11, 0.12)),
    ),
}
PANES: dict[str, tuple[Outline, ...]] = {
    "car": (((-0.2, 0.26), (-0.15, 0.38), (-0.03, 0.38), (-0.03, 0.26)), ((0.0, 0.26), (0.0, 0.38), (0.1, 0.38), (0.19, 0.26))),
    "van": (((0.02, 0.3), (0.02, 0.45), (0.18, 0.45), (0.3, 0.3)), ((-0.25, 0.3), (-0.25, 0.45), (-0.05, 0.45), (-0.05, 0.3))),
    "truck": (((0.24, 0.26), (0.24, 0.38), (0.35, 0.38), (0.42, 0.26)),),
}


def dog(ground: Point, length: float, colours: tuple[Colour, ...], way: int, step: float | None) -> list[Shape]:
    """A dog from its side; `step` is the phase of its walk, None: it stands; its tail wags either way."""
    x, y = ground
    coat, patch = colours[0], colours[1]

    def at(px: float, py: float) -> Point:
        return (x + way * length * px, y - length * py)

    shapes = []
    for px, phase, shade in ((-0.3, 0.0, 0.7), (0.26, math.pi, 0.7), (-0.24, math.pi, 1.0), (0.32, 0.0, 1.0)):
        swing = 0.0 if step is None else 0.5 * math.sin(step + phase)
        paw = at(px + 0.32 * math.sin(swing), 0.3 - 0.3 * math.cos(swing))
        shapes.append(Shape((at(px, 0.36), paw), 0.1 * length, toned(coat, shade)))
    wag = 0.12 * math.sin(3 * (step or 0.0))
    shapes += [
        Shape((at(-0.36, 0.5), at(-0.5, 0.72 + wag)), 0.07 * length, coat),
        Shape((at(-0.27, 0.47), at(0.25, 0.47)), 0.3 * length, coat),
        Shape((at(-0.1, 0.52),), 0.2 * length, patch, True),
        Shape((at(0.28, 0.52), at(0.4, 0.72)), 0.2 * length, coat),
        Shape((at(0.43, 0.76),), 0.3 * length, coat),
        Shape((at(0.48, 0.71), at(0.63, 0.68)), 0.14 * length, coat),
        Shape((at(0.69, 0.7),), 0.08 * length, BLACK, True),
        Shape((at(0.48, 0.82),), 0.06 * length, BLACK, True),
        Shape((at(0.36, 0.86), at(0.3, 0.66)), 0.11 * length, patch),
    ]
    return shapes


def balloon(tied: Point, height: float, colours: tuple[Colour, ...], sway: float) -> list[Shape]:
    """A balloon on its string; `tied` is the string's lower end, `sway` moves the balloon to the right, in heights."""
    x, y = tied
    top = (x + sway * height, y - height)
    knot = (top[0], top[1] + 0.62 * height)
    string = Shape((tied, (x + 0.04 * height, y - 0.2 * height), knot), 0.012 * height, (70, 70, 74), True)
    drop = tuple((top[0] + 0.24 * height * math.sin(a) * (1 - 0.12 * math.cos(a)), top[1] + 0.3 * height * (1 - math.cos(a))) for a in TURN)
    low, half = knot[1] + 0.05 * height, 0.04 * height
    tip = Shape((knot, (knot[0] - half, low), (knot[0] + half, low)), 0, colours[0])
    glint = ((top[0] - 0.1 * height, top[1] + 0.17 * height), (top[0] - 0.12 * height, top[1] + 0.24 * height))
    return [string, tip, Shape(drop, 0, colours[0]), Shape(glint, 0.05 * height, (250, 250, 250), True)]


TURN = tuple(2 * math.pi * k / 20 for k in range(20))
