"""Media that is known, as features of one sense each: what `benchmarks thresholds` fits the start values on.

A case is a picture for 8 s, and for 2 s among others; a sound that the project makes for 8 s, and for 1 s in a faint
rumble; a sentence among others that mean little; noises, and the real clips of the media folder if there is one, in which
nothing that has a label happens. Labels that are neither plainly true nor plainly false of a case are left open.
"""

import json
import os
import pathlib
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

import av
import cv2
import numpy as np
from faster_whisper.audio import decode_audio

from schemas.messages import Features, Modality
from streamer.demo import sounds
from streamer.models.encoders import ImageEncoder, SoundEncoder, TextEncoder

RATE_HZ = 16_000
LENGTH_S = 8
MEDIA = pathlib.Path(os.environ.get("STREAMER_MEDIA", pathlib.Path(__file__).parents[2] / "shared" / "media"))
SPEECH = pathlib.Path(__file__).parents[1] / "streamer" / "demo" / "speech"

TOLD = ("a dog barking", "about: the weather", "about: space travel", "about: cooking")  # labels beside the default ones
PICTURES = {
    "scikit-image skimage/data": {
        "chelsea.png": "cat", "coffee.png": "cup", "rocket.jpg": "rocket", "motorcycle_left.png": "motorcycle", "coins.png": "",
        "camera.png": "", "page.png": "", "text.png": "", "moon.png": "", "hubble_deep_field.jpg": "", "grass.png": "", "gravel.png": "",
        "retina.jpg": "", "logo.png": "", "color.png": "", "astronaut.png": "",
    },
    "scikit-learn sklearn/datasets/images": {"china.jpg": "building", "flower.jpg": "flower"},
}  # fmt: skip
MADE = {
    "alarm": sounds.alarm, "siren": sounds.siren, "phone": sounds.phone_ring, "bell": sounds.church_bell, "knocking": sounds.knock,
    "dog": sounds.dog_bark, "applause": sounds.applause, "rain": sounds.rain, "music": sounds.music, "vehicle": sounds.engine_passing,
    "glass breaking": sounds.glass_break, "baby crying": sounds.baby_cry, "bird": sounds.birdsong,
}  # fmt: skip
SENTENCES = {
    "Hello.": "greeting", "Hi there, how are you?": "greeting", "Good morning, everyone.": "greeting",
    "Goodbye, see you tomorrow.": "goodbye", "See you next week.": "goodbye",
    "Thank you so much for coming.": "thanks", "Thanks a lot.": "thanks",
    "I am so sorry about that.": "apology", "I apologize for the delay.": "apology",
    "Watch out!": "warning", "Danger, keep away.": "warning", "Look out, it is falling!": "warning",
    "Help! Somebody please help me!": "call for help", "Please help us, quickly!": "call for help",
    "The dog would not stop barking.": "a dog barking", "Can you hear that dog outside?": "a dog barking",
    "The forecast says it will rain all week.": "about: the weather", "It is cold and windy today.": "about: the weather",
    "The rocket will fly to the moon.": "about: space travel", "NASA is launching a telescope into orbit.": "about: space travel",
    "Fry the onions in butter, then add salt.": "about: cooking", "Bake the bread for an hour.": "about: cooking",
    "Everyone thanked him for it.": "", "He said goodbye to his mother.": "", "They help people find work.": "",
    "It is dangerous to drive at night.": "", "Somebody is knocking at the door.": "", "I hated every minute of it.": "",
    "The stale smell of old beer lingers.": "", "A cold dip restores health and zest.": "", "On the right you can see the time.": "",
    "Ask not what your country can do for you.": "", "He was not an ill disposed young man.": "", "We moved here two years ago.": "",
    "That was terrible.": "", "The results were published in June.": "", "There is no fire in the kitchen.": "",
}  # fmt: skip
TALK = ("And then we went back inside.", "I think that is all for now.", "She has two brothers.", "We can start with the first one.")
OPEN = {  # what may as well be said where a label is true
    "alarm": ("siren", "phone", "doorbell", "bell"), "siren": ("alarm",), "phone": ("alarm", "bell", "doorbell"),
    "bell": ("music", "doorbell", "alarm"), "glass breaking": ("music", "bell"), "applause": ("crowd", "cheering"), "rain": ("water",),
    "vehicle": ("engine", "aircraft", "motorcycle"), "baby crying": ("screaming",), "motorcycle": ("vehicle", "bicycle", "engine"),
    "rocket": ("aircraft",), "cup": ("food",), "knocking": ("hammering", "footsteps"), "dog": ("a dog barking",),
    "greeting": ("goodbye", "thanks"), "goodbye": ("greeting", "thanks"), "thanks": ("greeting", "goodbye", "apology"),
    "warning": ("call for help",),
}  # fmt: skip
OPEN_CASES = {  # … and where none is
    "white noise": ("rain", "water"), "clicks": ("typing", "footsteps", "hammering", "knocking"), "nasa_13013.mp4": ("music",),
    "autoeditor_example.mp4": ("greeting",), "astronaut.png": ("rocket",), "color.png": ("computer",), "logo.png": ("computer",),
}  # fmt: skip


class Encoders(NamedTuple):
    """Those of a profile."""

    image: ImageEncoder
    sound: SoundEncoder
    text: TextEncoder


class Case(NamedTuple):
    """One sense for a while, and what is true of it."""

    name: str
    features: Features
    true: str  # "": no label
    open: frozenset[str]  # neither true nor false
    span: tuple[float, float] | None = None  # seconds in which it is true, where that is not the whole case


def cases(encoders: Encoders) -> Iterator[Case]:
    """All of them."""
    yield from pictures(encoders.image)
    yield from heard(encoders.sound)
    yield from said(encoders.text)
    if (MEDIA / "truth.json").is_file():
        for name, truth in json.loads((MEDIA / "truth.json").read_text("utf-8")).items():
            yield from clip(name, truth.get("transcript", ""), encoders)


def pictures(encoder: ImageEncoder) -> Iterator[Case]:
    """Each picture for 8 s, and for 2 s between others that have no name."""
    keys: dict[tuple[str, str], np.ndarray] = {}
    for place, files in PICTURES.items():
        package, folder = place.split()
        for file, label in files.items():
            image = cv2.imread(str(metadata.distribution(package).locate_file(f"{folder}/{file}")), cv2.IMREAD_COLOR)
            assert image is not None, file
            keys[file, label] = _seen(encoder, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    others = [key for (_, label), key in keys.items() if not label]
    for (file, label), key in keys.items():
        yield _case(file, label, "vision", _each(1.0, LENGTH_S), np.stack([key] * LENGTH_S))
        if label:
            yield _case(file, label, "vision", _each(1.0, LENGTH_S), np.stack([*others[:3], key, key, *others[3:6]]), (3.0, 5.0))


def heard(encoder: SoundEncoder) -> Iterator[Case]:
    """Each made sound for 8 s, and for 1 s in a faint rumble; noises and speech that are no label."""
    generator = np.random.default_rng(0)
    noise = generator.normal(size=LENGTH_S * RATE_HZ)
    rumble = np.cumsum(noise) - np.linspace(0, noise.sum(), len(noise))
    rumble *= 0.002 / np.abs(rumble).max()
    plain = {"white noise": 0.05 * noise, "silence": 0 * noise, "rumble": rumble, "clicks": generator.random(len(noise)) < 5 / RATE_HZ}
    plain |= {f"speech, {path.stem}": decode_audio(str(path), RATE_HZ) for path in sorted(SPEECH.glob("*.flac"))}
    for name, samples in plain.items():
        yield _listened(name, "", samples, encoder)
    for label, make in MADE.items():
        yield _listened(f"made {label}", label, make(RATE_HZ, float(LENGTH_S), np.random.default_rng(1)), encoder)
        once = rumble.copy()
        once[3 * RATE_HZ : 4 * RATE_HZ] += make(RATE_HZ, 1.0, np.random.default_rng(2))
        yield _listened(f"made {label}", label, once, encoder, (3.0, 4.0))


def said(encoder: TextEncoder) -> Iterator[Case]:
    """Each sentence between others that mean little."""
    talk = encoder.encode(TALK)
    for sentence, label in SENTENCES.items():
        keys = np.concatenate([talk[:2], encoder.encode([sentence]), talk[2:]])
        yield _case(sentence, label, "text", _each(1.6, len(keys)), keys, (3.2, 4.8))


def clip(name: str, transcript: str, encoders: Encoders) -> Iterator[Case]:
    """A real clip: what it shows, sounds like and says."""
    path = str(MEDIA / name)
    with av.open(path) as container:
        audible = bool(container.streams.audio)
        if container.streams.video:
            keys = np.stack([_seen(encoders.image, frame) for frame in _frames(container)])
            yield _case(name, "", "vision", _each(1.0, len(keys)), keys)
    if audible:
        yield _listened(name, "", decode_audio(path, RATE_HZ), encoders.sound)
    words = transcript.split()
    if words:
        keys = encoders.text.encode([" ".join(words[first : first + 8]) for first in range(0, len(words), 8)])
        yield _case(name, "", "text", _each(3.0, len(keys)), keys)


def _case(name: str, true: str, modality: Modality, spans: np.ndarray, keys: np.ndarray, span: tuple[float, float] | None = None) -> Case:
    sure = np.ones(len(keys), np.float32)
    features = Features(stream="case", modality=modality, spans=spans, keys=keys.astype(np.float16), reliability=sure)
    return Case(name, features, true, frozenset((*OPEN.get(true, ()), *OPEN_CASES.get(name, ()))), span)


def _listened(name: str, true: str, samples: np.ndarray, encoder: SoundEncoder, span: tuple[float, float] | None = None) -> Case:
    keys, _ = encoder.encode(np.asarray(samples, np.float32))
    starts = np.arange(len(keys)) * encoder.hop_s
    return _case(name, true, "sound", np.stack([starts, starts + encoder.patch_s], axis=1), keys, span)


def _seen(encoder: ImageEncoder, image: np.ndarray) -> np.ndarray:
    """float32 [width]: the key of a picture squeezed to the encoder's size."""
    small = cv2.resize(image, encoder.size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(encoder.encode(small[None])[0][0])


def _each(length_s: float, count: int) -> np.ndarray:
    """float64 [count, 2]: one after another."""
    starts = np.arange(count) * length_s
    return np.stack([starts, starts + length_s], axis=1)


def _frames(container: av.container.InputContainer) -> Iterator[np.ndarray]:
    """A picture a second of the largest video track."""
    track = max(container.streams.video, key=lambda stream: stream.width * stream.height)
    due = 0.0
    for frame in container.decode(track):
        if frame.time is not None and frame.time >= due:
            due = frame.time + 1.0
            yield frame.to_ndarray(format="rgb24")
