"""Figures of people and faces, as shapes."""

import math
from typing import NamedTuple

from streamer.synth.brush import BLACK, WHITE, Colour, Point, Shape, toned

Colours = tuple[Colour, ...]  # skin, hair, shirt, trousers, shoes


class Pose(NamedTuple):
    """How somebody stands or goes."""

    step: float | None = None  # phase of the walk in radians; None: stands
    facing: int = 0  # -1 left, 0 to the front, 1 right
    hands: tuple[Point, Point] | None = None  # from the middle of the shoulders, in heights; None: they swing with the step


def person(feet: Point, height: float, colours: Colours, pose: Pose = Pose()) -> list[Shape]:  # noqa: B008
    """A whole figure."""
    x, y = feet
    skin, hair, shirt, _, _ = colours
    facing = pose.facing
    lift = 0.0 if pose.step is None else 0.012 * height * abs(math.sin(pose.step))
    hip, neck = (x, y - 0.47 * height - lift), (x + 0.02 * height * facing, y - 0.79 * height - lift)
    legs = [shape for side in (1, -1) for shape in _leg(hip, height, colours, pose, side)]
    far, near = (_arm(neck, height, colours, pose, side) for side in (1, -1))
    wide = 0.085 if facing else 0.115
    torso = [(neck[0] - wide * height, neck[1]), (neck[0] + wide * height, neck[1])]
    torso += [(hip[0] + 0.8 * wide * height, hip[1]), (hip[0] - 0.8 * wide * height, hip[1])]
    body = [Shape(tuple(torso), 0, shirt), Shape(((neck[0], neck[1] - 0.02 * height), (neck[0], neck[1])), 0.07 * height, skin)]
    head = _head((neck[0] + 0.01 * height * facing, neck[1] - 0.115 * height), 0.095 * height, skin, hair, facing)
    return [*legs, *(far if facing else []), *body, *head, *near, *([] if facing else far)]


def _leg(hip: Point, height: float, colours: Colours, pose: Pose, side: int) -> list[Shape]:
    trousers, shoes = toned(colours[3], 0.8 if side > 0 else 1.0), colours[4]
    spread = 0.05 * height * side if not pose.facing else 0.0
    swing, bend = 0.1 * side, 0.0
    if pose.step is not None:
        phase = pose.step + (math.pi if side > 0 else 0)
        swing, bend = 0.55 * math.sin(phase), 0.55 * max(0.0, math.cos(phase))
    way = pose.facing or 1
    knee = (hip[0] + spread + way * math.sin(swing) * 0.24 * height, hip[1] + math.cos(swing) * 0.24 * height)
    foot = (knee[0] + way * math.sin(swing - bend) * 0.22 * height, knee[1] + math.cos(swing - bend) * 0.22 * height)
    toe = (foot[0] + (0.06 * pose.facing or 0.03 * side) * height, foot[1] + 0.005 * height)
    thigh = Shape(((hip[0] + spread, hip[1]), knee, foot), 0.088 * height, trousers)
    return [thigh, Shape((foot, toe), 0.06 * height, shoes)]


def _arm(neck: Point, height: float, colours: Colours, pose: Pose, side: int) -> list[Shape]:
    skin, _, shirt, _, _ = colours
    sleeve = toned(shirt, 0.72 if side > 0 else 0.85)  # else an arm before the body could not be seen
    shoulder = (neck[0] + (0.0 if pose.facing else 0.11 * side) * height, neck[1] + 0.035 * height)
    if pose.hands is not None:
        at = pose.hands[0] if side < 0 else pose.hands[1]
        hand = (neck[0] + at[0] * height, neck[1] + at[1] * height)
        elbow = ((shoulder[0] + hand[0]) / 2 + 0.1 * side * height, (shoulder[1] + hand[1]) / 2 + 0.06 * height)
        return [Shape((shoulder, elbow, hand), 0.068 * height, sleeve), Shape((hand,), 0.115 * height, skin)]
    swing = 0.12 * side if pose.step is None else 0.6 * math.sin(pose.step + (0 if side > 0 else math.pi))
    way = pose.facing or 1
    elbow = (shoulder[0] + way * math.sin(swing) * 0.16 * height, shoulder[1] + math.cos(swing) * 0.16 * height)
    hand = (elbow[0] + way * math.sin(swing + 0.3) * 0.15 * height, elbow[1] + math.cos(swing + 0.3) * 0.15 * height)
    return [Shape((shoulder, elbow, hand), 0.064 * height, sleeve), Shape((hand,), 0.075 * height, skin)]


def _head(centre: Point, radius: float, skin: Colour, hair: Colour, facing: int) -> list[Shape]:
    x, y = centre
    shapes = [
        Shape(((x - 0.15 * radius * facing, y - 0.35 * radius),), 1.9 * radius, hair),
        Shape(((x + 0.08 * radius * facing, y + 0.08 * radius),), 1.75 * radius, skin),
    ]
    eyes = (0.5 * facing, 0.1 * facing) if facing else (-0.35, 0.35)
    shapes += [Shape(((x + at * radius, y - 0.02 * radius),), 0.2 * radius, BLACK, True) for at in eyes]
    if facing:
        shapes.append(Shape(((x + 0.95 * radius * facing, y + 0.2 * radius),), 0.3 * radius, skin))
    return shapes


def face(centre: Point, radius: float, colours: Colours, valence: float, speaking: float = 0.0) -> list[Shape]:
    """A large face that smiles or frowns.

    Args:
        valence: -1 a frown .. 1 a smile.
        speaking: how far the mouth is open, 0..1.
    """
    x, y = centre
    skin, hair, shirt, _, _ = colours
    shapes = [
        Shape(((x - 0.75 * radius, y + 1.55 * radius), (x + 0.75 * radius, y + 1.55 * radius)), 1.1 * radius, shirt),
        Shape(((x, y + 0.7 * radius), (x, y + 1.1 * radius)), 0.6 * radius, toned(skin, 0.9)),
        Shape(((x, y - 0.22 * radius),), 2.12 * radius, hair),
        Shape(((x, y + 0.1 * radius),), 1.86 * radius, skin),
    ]
    for side in (-1, 1):
        shapes += _eye((x + 0.36 * radius * side, y - 0.1 * radius), radius, side, valence)
    if valence > 0.3:
        shapes += [Shape(((x + 0.6 * side * radius, y + 0.33 * radius),), 0.3 * radius, (238, 128, 120), True) for side in (-1, 1)]
    if valence < -0.6:
        tear = ((x - 0.42 * radius, y + 0.12 * radius), (x - 0.44 * radius, y + 0.4 * radius))
        shapes.append(Shape(tear, 0.12 * radius, (90, 170, 240), True))
    return [*shapes, *_mouth((x, y + 0.52 * radius), radius, valence, speaking)]


def _eye(centre: Point, radius: float, side: int, valence: float) -> list[Shape]:
    x, y = centre
    rise = 0.2 * max(0.0, -valence)  # of the inner ends: grief
    inner, outer = -0.34 - rise - 0.06 * max(0.0, valence), -0.34 + 0.7 * rise - 0.06 * max(0.0, valence)
    brow = ((x - 0.2 * radius * side, y + inner * radius), (x + 0.22 * radius * side, y + outer * radius))
    white = Shape(((x, y),), 0.34 * radius, WHITE, True)
    return [white, Shape(((x, y + 0.03 * radius),), 0.18 * radius, BLACK, True), Shape(brow, 0.09 * radius, BLACK, True)]


def _mouth(centre: Point, radius: float, valence: float, speaking: float) -> list[Shape]:
    x, y = centre
    across = [(k - 6) / 6 for k in range(13)]
    bow = 0.3 * valence * radius
    upper = [(x + 0.52 * radius * at, y - bow * (at * at - 0.4)) for at in across]
    opened = (0.1 + 0.28 * speaking + 0.22 * max(0.0, valence)) * radius
    lower = [(px, py + opened * (1 - at * at)) for (px, py), at in zip(upper, across, strict=True)]
    return [Shape((*upper, *reversed(lower)), 0, (120, 24, 30), True), Shape(tuple(upper), 0.07 * radius, (90, 14, 22), True)]
