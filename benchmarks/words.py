"""`python -m benchmarks words`: what pictures and sounds are called, by the offline models, against phrases.

Pictures are those that pip packages carry: claimed are things that a person names at a glance. Materials and the sky are
shown without a claim, and so are the sounds, which the project makes. Neither people nor medical pictures are used.
"""

import pathlib
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import NamedTuple

import cv2
import numpy as np
from faster_whisper.audio import decode_audio

from streamer.demo import sounds
from streamer.models.encoders import Queries, load_image, load_sound, load_text

RATE_HZ = 16_000
SOUND_S = 4.0  # of each made sound
WANTED = 0.8  # share of the claimed pictures with the right label among the first three
QUIETER_DB = (0, -20, -40)
SPEECH = pathlib.Path(__file__).parents[1] / "streamer" / "demo" / "speech"


class Picture(NamedTuple):
    """A picture inside an installed package."""

    package: str
    path: str
    label: str


CLAIMED = (
    Picture("scikit-image", "skimage/data/chelsea.png", "a cat"),
    Picture("scikit-image", "skimage/data/coffee.png", "a cup of coffee"),
    Picture("scikit-image", "skimage/data/rocket.jpg", "a rocket"),
    Picture("scikit-image", "skimage/data/coins.png", "coins"),
    Picture("scikit-image", "skimage/data/horse.png", "a horse"),
    Picture("scikit-image", "skimage/data/motorcycle_left.png", "a motorcycle"),
    Picture("scikit-image", "skimage/data/page.png", "a printed page"),
    Picture("scikit-image", "skimage/data/text.png", "handwriting"),
    Picture("scikit-image", "skimage/data/camera.png", "a camera on a tripod"),
    Picture("scikit-image", "skimage/data/chessboard_RGB.png", "a chessboard"),
    Picture("scikit-image", "skimage/data/brick.png", "a brick wall"),
    Picture("scikit-image", "skimage/data/clock_motion.png", "a clock"),
    Picture("scikit-learn", "sklearn/datasets/images/china.jpg", "a temple"),
    Picture("scikit-learn", "sklearn/datasets/images/flower.jpg", "a flower"),
)
SHOWN = (
    Picture("scikit-image", "skimage/data/moon.png", "the moon"),
    Picture("scikit-image", "skimage/data/hubble_deep_field.jpg", "stars in the night sky"),
    Picture("scikit-image", "skimage/data/grass.png", "grass"),
    Picture("scikit-image", "skimage/data/gravel.png", "gravel"),
)
OTHER_SIGHTS = (
    *("a dog", "a bird", "a fish", "a car", "a bus", "a train", "a boat", "an airplane", "a computer", "a telephone", "a guitar"),
    *("a pizza", "fruit", "a chair", "a bottle", "a knife", "shoes", "a mountain", "a beach", "fire"),
)
SOUNDS = (
    (sounds.alarm, "an alarm beeping"),
    (sounds.siren, "a siren"),
    (sounds.phone_ring, "a telephone ringing"),
    (sounds.church_bell, "a bell ringing"),
    (sounds.knock, "knocking on a door"),
    (sounds.dog_bark, "a dog barking"),
    (sounds.applause, "applause"),
    (sounds.rain, "rain"),
    (sounds.music, "music"),
    (sounds.engine_passing, "a car passing"),
    (sounds.glass_break, "glass breaking"),
    (sounds.baby_cry, "a baby crying"),
    (sounds.birdsong, "birds singing"),
)
OTHER_SOUNDS = (
    *("speech", "laughter", "a cat meowing", "thunder", "wind", "water flowing", "footsteps", "hammering", "a train", "a gunshot"),
    *("typing", "coughing"),
)


def picture(one: Picture, size: tuple[int, int]) -> np.ndarray:
    """uint8 [height, width, 3] RGB, the whole picture squeezed to the size."""
    path = str(metadata.distribution(one.package).locate_file(one.path))
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    assert image is not None, path
    return np.asarray(cv2.cvtColor(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB))


def scores(queries: Queries, keys: np.ndarray) -> np.ndarray:
    """float32 [prompts]: deviations above the background, mean over the keys."""
    return np.asarray(((queries.vectors @ keys.T - queries.mean[:, None]) / queries.deviation[:, None]).mean(1))


def line(right: str, labels: Sequence[str], found: np.ndarray) -> int:
    """Prints a row of the table, gives the rank of the right label."""
    order = np.argsort(-found)
    rank = [labels[i] for i in order].index(right) + 1
    first = ", ".join(f"{labels[i]} {found[i]:.1f}" for i in order[:3])
    print(f"{right:24}{rank:4}{found[list(labels).index(right)]:6.1f}   {first}")
    return rank


def pictures() -> float:
    """Prints the pictures, gives the share of the claimed ones whose label is among the first three."""
    labels = [*(one.label for one in CLAIMED + SHOWN), *OTHER_SIGHTS]
    encoder = load_image("efficientnet-lite0", load_text())
    queries = encoder.queries(labels)
    print(f"pictures against {len(labels)} labels; score: deviations above 1,000 class names\n{'':24}rank score   first three")
    ranks = [line(one.label, labels, scores(queries, encoder.encode(picture(one, encoder.size)[None])[0])) for one in CLAIMED]
    print("without a claim:")
    for one in SHOWN:
        line(one.label, labels, scores(queries, encoder.encode(picture(one, encoder.size)[None])[0]))
    share = sum(rank <= 3 for rank in ranks) / len(ranks)
    print(f"first: {sum(rank == 1 for rank in ranks)} of {len(ranks)}; among the first three: {share:.0%} (wanted: {WANTED:.0%})\n")
    return share


def heard() -> bool:
    """Prints the made sounds and the loudness test, gives whether no top label changed."""
    labels = [*(label for _, label in SOUNDS), *OTHER_SOUNDS]
    encoder = load_sound("yamnet", load_text())
    queries = encoder.queries(labels)

    def listen(clip: np.ndarray) -> np.ndarray:
        return scores(queries, encoder.encode(clip)[0])

    clips = {label: make(RATE_HZ, SOUND_S, np.random.default_rng(0)) for make, label in SOUNDS}
    print(f"made sounds against {len(labels)} labels, without a claim\n{'':24}rank score   first three")
    for label, clip in clips.items():
        line(label, labels, listen(clip))
    clips |= {f"speech, {path.stem}": decode_audio(str(path), RATE_HZ) for path in sorted(SPEECH.glob("*.flac"))}
    print(f"\nloudness: the top label and its score at {QUIETER_DB} dB")
    steady = [_loudness(name, clip, labels, listen) for name, clip in clips.items()]
    print(f"unchanged: {sum(steady)} of {len(steady)}")
    return all(steady)


def _loudness(name: str, clip: np.ndarray, labels: Sequence[str], listen: Callable[[np.ndarray], np.ndarray]) -> bool:
    found = [listen(clip * np.float32(10 ** (quieter / 20))) for quieter in QUIETER_DB]
    tops = [labels[int(one.argmax())] for one in found]
    print(f"{name:24}" + "   ".join(f"{top} {one.max():.1f}" for top, one in zip(tops, found, strict=True)))
    return len(set(tops)) == 1


def main(arguments: Sequence[str] = ()) -> int:
    """Prints the tables; 1 if fewer pictures are called by their names than wanted, or loudness changes a name."""
    share, steady = pictures(), heard()
    return 0 if share >= WANTED and steady else 1
