"""What each split may draw from: families are held out, never samples."""

import difflib

import msgspec

from streamer.errors import ConfigError
from streamer.synth.speech.voices import Use

HELD: tuple[tuple[str, str], ...] = (  # labels that come together in `combo` only
    ("clapping", "music"),
    ("person enters", "dog"),
    ("lights out", "alarm"),
    ("text appears", "knocking"),
    ("fire", "glass breaking"),
    ("vehicle", "hammering"),
    ("ball bouncing", "greeting"),
    ("object falls", "warning"),
    ("door slam", "phone"),
    ("person leaves", "announced arrival"),
)


class Families(msgspec.Struct, frozen=True, kw_only=True):
    """Families of generators; one of each kind is drawn for a scene (a sound's for each label)."""

    styles: tuple[str, ...] = ("flat", "cartoon", "shaded")
    backgrounds: tuple[str, ...] = ("gradient", "blocks", "clouds", "room", "hills")
    sounds: tuple[int, ...] = (0, 1, 2)
    structures: tuple[int, ...] = (0,)
    voices: Use = "train"


TRAIN = Families()
SPLITS: dict[str, tuple[Families, ...]] = {  # a scene draws one of them
    "train": (TRAIN,),
    "val": (  # shifted as the tests are, by families of its own
        Families(styles=("paper",), backgrounds=("mosaic",)),
        Families(sounds=(3,)),
        Families(structures=(2,)),
        Families(voices="val"),
    ),
    "iid": (TRAIN,),
    "engine": (Families(voices="engine"),),
    "style": (Families(styles=("sketch",), backgrounds=("photograph", "stripes")),),
    "sound": (Families(sounds=(4,)),),
    "combo": (TRAIN,),
    "text": (Families(structures=(1,)),),
    "demo": (Families(styles=("sticker",), backgrounds=("photograph",), sounds=(3, 4), structures=(1, 2), voices="val"),),
}


def number(split: str) -> int:
    """Its place in the table, part of every seed. Errors: ConfigError."""
    if split not in SPLITS:
        near = difflib.get_close_matches(split, SPLITS, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"--split {split}: expected one of {', '.join(SPLITS)}{meant}")
    return list(SPLITS).index(split)


def may_meet(split: str, labels: set[str]) -> bool:
    """Whether these labels may come together in a scene of the split."""
    return split == "combo" or not any(labels >= set(pair) for pair in HELD)
