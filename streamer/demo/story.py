"""What happens in the sample clip: its scenes, titles, sounds and sentences, in seconds, and the truth they amount to.

    0      7     13.4    20.6       28 30    37.4     43.2     50.4    57.6
    │ china│flower│ cat   │ wall    ◣  ◢coffee│motorbike│ man    │rocket ◣
    WELCOME        knock,  EXIT,        phone,  engine   applause THE END
    music   birds  dog     alarm, fire  banana           "terrible" music

Between 28 and 30 s there is neither picture nor sound. Every time is a whole number of frames.
"""

import math

import msgspec

from streamer.demo import sounds
from streamer.demo.pictures import Picture
from streamer.demo.speech import length_s

RATE_FPS = 25
LENGTH_S = 57.6
SILENCE = (27.6, 30.4)  # s: no sound at all
BLACK = (28.0, 30.0)  # s: no picture at all


class Scene(msgspec.Struct, frozen=True):
    """One picture, over which the camera moves slowly."""

    start: float
    end: float
    picture: Picture
    camera: tuple[tuple[float, float, float], tuple[float, float, float]]  # zoom ≥ 1, centre x and y in 0..1: first and last
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0
    sign: str = ""  # written on the wall, so it moves with the picture
    red_light: bool = False  # a lamp that turns once a second

    def brightness(self, time: float) -> float:
        """0 black .. 1 full, at a time within the scene."""
        rising = (time - self.start) / self.fade_in_s if self.fade_in_s else 1.0
        falling = (self.end - time) / self.fade_out_s if self.fade_out_s else 1.0
        return min(1.0, rising, falling)

    def redness(self, time: float) -> float:
        """0 none .. 1 full, at a time within the scene."""
        return max(0.0, math.sin(2 * math.pi * (time - self.start))) if self.red_light else 0.0


class Title(msgspec.Struct, frozen=True):
    """Writing over the picture, at rest."""

    start: float
    end: float
    text: str


class Heard(msgspec.Struct, frozen=True):
    """A sound behind what is said."""

    start: float
    end: float
    label: str
    maker: sounds.Maker
    level_db: float  # RMS over its span where nobody speaks, dB below full scale; kept below the peaks' clipping
    valence: float = 0.0  # a hint, -1..1: how it feels by itself


class Said(msgspec.Struct, frozen=True):
    """A sentence; it ends when its recording ends."""

    start: float
    name: str  # of speech/NAME.flac
    text: str
    valence: float = 0.0  # a hint, -1..1: of the words alone
    tells: str = ""  # the event in its words

    @property
    def end(self) -> float:
        """When its last sound is over."""
        return round(self.start + length_s(self.name), 3)


CHINA = Picture("china.jpg", "scikit-learn", "sklearn/datasets/images", "a pagoda", "CC BY 2.0, danielbuechele")
FLOWER = Picture("flower.jpg", "scikit-learn", "sklearn/datasets/images", "a flower", "CC BY 2.0, vultilion", middle=0.6)
CAT = Picture("chelsea.png", "scikit-image", "skimage/data", "a cat", "CC0, Stefan van der Walt")
WALL = Picture("brick.png", "scikit-image", "skimage/data", "a brick wall", "CC0, CC0Textures", turned=True, tint=(1.0, 0.66, 0.52))
COFFEE = Picture("coffee.png", "scikit-image", "skimage/data", "a cup of coffee", "CC0, Rachel Michetti")
MOTORCYCLE = Picture("motorcycle_left.png", "scikit-image", "skimage/data", "a motorcycle", "Middlebury Stereo 2014, D. Scharstein et al.")
CAMERAMAN = Picture("camera.png", "scikit-image", "skimage/data", "a man with a camera on a tripod", "CC0, Lav Varshney", middle=0.46)
ROCKET = Picture("rocket.jpg", "scikit-image", "skimage/data", "a rocket", "public domain, SpaceX", middle=0.6)

SCENES = (
    Scene(0.0, 7.0, CHINA, ((1.0, 0.5, 0.5), (1.22, 0.42, 0.4))),
    Scene(7.0, 13.4, FLOWER, ((1.2, 0.46, 0.5), (1.0, 0.5, 0.5))),
    Scene(13.4, 20.6, CAT, ((1.02, 0.5, 0.45), (1.22, 0.55, 0.45))),
    Scene(20.6, 28.0, WALL, ((1.1, 0.45, 0.5), (1.1, 0.55, 0.5)), fade_out_s=0.8, sign="EXIT", red_light=True),
    Scene(30.0, 37.4, COFFEE, ((1.0, 0.5, 0.5), (1.2, 0.52, 0.42)), fade_in_s=0.8),
    Scene(37.4, 43.2, MOTORCYCLE, ((1.15, 0.44, 0.5), (1.15, 0.56, 0.5))),
    Scene(43.2, 50.4, CAMERAMAN, ((1.0, 0.5, 0.5), (1.15, 0.65, 0.6))),
    Scene(50.4, LENGTH_S, ROCKET, ((1.22, 0.5, 0.6), (1.0, 0.5, 0.5)), fade_out_s=1.0),
)
TITLES = (Title(0.6, 6.2, "WELCOME"), Title(32.0, 36.8, "COFFEE BREAK"), Title(51.2, 56.4, "THE END"))
SOUNDS = (
    Heard(0.0, 7.0, "music", sounds.music, -24, 0.3),
    Heard(7.2, 13.2, "birdsong", sounds.birdsong, -28, 0.3),
    Heard(13.6, 15.4, "knock", sounds.knock, -27),
    Heard(15.5, 17.7, "dog bark", sounds.dog_bark, -25),
    Heard(20.8, 27.6, "alarm", sounds.alarm, -20, -0.7),
    Heard(30.8, 34.0, "phone ring", sounds.phone_ring, -24),
    Heard(37.4, 43.2, "vehicle", sounds.engine_passing, -20),
    Heard(43.2, 50.4, "applause", sounds.applause, -21, 0.7),
    Heard(50.4, LENGTH_S, "music", sounds.music, -24, 0.3),
)
LINES = (
    Said(2.8, "welcome", "Good morning, everyone. Welcome to our house.", 0.5, "greeting"),
    Said(8.4, "garden", "What a beautiful garden. I love these flowers, they are wonderful.", 0.9),
    Said(17.9, "door", "Somebody is knocking at the door."),
    Said(23.6, "fire", "Watch out! There is a fire in the kitchen.", -0.6, "warning"),
    Said(34.2, "banana", "Would you like a banana with your coffee?", 0.2, "says: banana"),
    Said(45.8, "terrible", "That was terrible. I hated every minute of it.", -0.9),
    Said(53.6, "goodbye", "Thank you for watching. Goodbye.", 0.4, "goodbye"),
)


def truth() -> dict[str, object]:
    """Everything a pipeline could find in the clip, as JSON: times in seconds of media time."""
    return {
        "length_s": LENGTH_S,
        "shots": [_shot(scene) for scene in SCENES],
        "cuts": [scene.start for scene in SCENES if _transition(scene) == "cut"],
        "fades": _fades(),
        "black": list(BLACK),
        "silence": list(SILENCE),
        "utterances": [
            {"start": line.start, "end": line.end, "text": line.text, "language": "en", "valence": line.valence} for line in LINES
        ],
        "sounds": [
            {"start": sound.start, "end": sound.end, "label": sound.label, "level_db": sound.level_db, "valence": sound.valence}
            for sound in SOUNDS
        ],
        "texts": [{"start": text.start, "end": text.end, "text": text.text} for text in _writing()],
        "events": _events(),
        "conflicts": [
            {"start": line.start, "end": line.end, "words": line.valence, "sound": sound.valence}
            for line in LINES
            for sound in SOUNDS
            if sound.start <= line.start < sound.end and line.valence * sound.valence < -0.5
        ],
    }


def _shot(scene: Scene) -> dict[str, object]:
    picture = scene.picture
    times = {"start": scene.start, "end": scene.end, "transition": _transition(scene)}
    return times | {"shows": picture.shows, "picture": picture.file, "credit": picture.credit}


def _transition(scene: Scene) -> str:
    return "start" if scene.start == 0 else "fade" if scene.fade_in_s else "cut"


def _fades() -> list[dict[str, object]]:
    """From black or to black."""
    rising = [(scene.start, scene.start + scene.fade_in_s, "in") for scene in SCENES if scene.fade_in_s]
    falling = [(scene.end - scene.fade_out_s, scene.end, "out") for scene in SCENES if scene.fade_out_s]
    return [{"start": round(start, 3), "end": round(end, 3), "way": way} for start, end, way in sorted(rising + falling)]


def _writing() -> list[Title]:
    signs = [Title(scene.start, scene.end, scene.sign) for scene in SCENES if scene.sign]
    return sorted([*TITLES, *signs], key=lambda text: text.start)


def _events() -> list[dict[str, object]]:
    """What one should be told, and by which sense."""
    found = [(sound.start, sound.end, sound.label, "sound") for sound in SOUNDS]
    found += [(scene.start, scene.end, scene.picture.shows, "vision") for scene in SCENES]
    found += [(line.start, line.end, line.tells, "text") for line in LINES if line.tells]
    found += [(text.start, text.end, f"shows: {text.text}", "ocr") for text in _writing()]
    return [{"start": start, "end": end, "label": label, "modality": sense} for start, end, label, sense in sorted(found)]
