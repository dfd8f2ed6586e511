"""Who speaks: voices of three synthesisers, each in three manners of speaking, and for what each voice is kept."""

from typing import Literal, NamedTuple

from streamer.synth.truth import Prosody

Engine = Literal["flite", "festival", "espeak-ng"]
Use = Literal["train", "val", "engine"]  # the test of voices: one whole synthesiser and a voice of another


class Manner(NamedTuple):
    """How a sentence is spoken; what is None is left to the voice."""

    stretch: float = 1.0  # of durations
    pitch: float | None = None  # mean: in Hz, for espeak-ng 0..99
    spread: float | None = None  # of the pitch around it: in Hz, for espeak-ng 0..99
    speed: float = 1.0  # at which the recording is played: raises the pitch of voices that cannot do so themselves


class Voice(NamedTuple):
    """A voice of a synthesiser."""

    engine: Engine
    name: str  # as the synthesiser calls it
    use: Use
    manners: dict[Prosody, Manner]


def _pitched(low: float, middle: float, high: float) -> dict[Prosody, Manner]:
    """Manners of a voice whose pitch can be set, in Hz."""
    return {
        "neutral": Manner(1.0, middle, middle / 9),
        "bright": Manner(0.9, high, high / 4.5),
        "dull": Manner(1.2, low, low / 25),
    }


# A voice that sets durations only is spoken the slower the faster it is played
_PLAYED: dict[Prosody, Manner] = {"neutral": Manner(), "bright": Manner(0.9 * 1.13, speed=1.13), "dull": Manner(1.2 * 0.9, speed=0.9)}
_ESPEAK: dict[Prosody, Manner] = {"neutral": Manner(1.05, 45, 45), "bright": Manner(0.95, 62, 85), "dull": Manner(1.2, 32, 12)}

VOICES: dict[str, Voice] = {
    "slt": Voice("flite", "cmu_us_slt", "train", _pitched(145, 171, 210)),
    "rms": Voice("flite", "cmu_us_rms", "train", _PLAYED),
    "ked": Voice("festival", "voice_ked_diphone", "train", _pitched(88, 105, 135)),
    "hts": Voice("festival", "voice_cmu_us_slt_arctic_hts", "train", _PLAYED),
    "kal": Voice("flite", "cmu_us_kal16", "val", _pitched(88, 105, 135)),
    "awb": Voice("flite", "cmu_us_awb", "engine", _pitched(100, 122, 155)),
    "en-us": Voice("espeak-ng", "English (America)", "engine", _ESPEAK),
    "en-gb": Voice("espeak-ng", "English (Great Britain)", "engine", _ESPEAK),
}
