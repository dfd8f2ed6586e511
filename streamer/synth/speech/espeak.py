"""eSpeak NG as a library: sentences with the times of their words. A development tool; nobody needs it to use the bank."""

import ctypes
import functools
import itertools
import re

import numpy as np

from streamer.synth.speech.takes import Take
from streamer.synth.speech.voices import Manner

WORDS_A_MINUTE = 170  # at stretch 1
SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
RATE, PITCH, SPREAD = 1, 3, 4  # espeakRATE, espeakPITCH, espeakRANGE
ENDS, WORD = 0, 1  # types of events


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("place", ctypes.c_int),
        ("length", ctypes.c_int),
        ("time_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Heard = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak(voice: str, text: str, manner: Manner) -> Take:
    """The sentence. Errors: OSError where the library is missing, ValueError where it lacks the voice."""
    library, rate = _library()
    blocks: list[np.ndarray] = []
    told: list[tuple[int, float]] = []  # where in the text and when, in s, a word begins

    def hear(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]") -> int:
        if count:
            blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        place = 0
        while events[place].type != ENDS:
            if events[place].type == WORD and events[place].length:  # the end of a clause is told as a word of no length
                told.append((events[place].place - 1, events[place].time_ms / 1_000))
            place += 1
        return 0

    heard = _Heard(hear)
    library.espeak_SetSynthCallback(heard)
    if library.espeak_SetVoiceByName(voice.encode()):
        raise ValueError(f"voice {voice}: this eSpeak NG has none of that name")
    for parameter, value in ((RATE, WORDS_A_MINUTE / manner.stretch), (PITCH, manner.pitch), (SPREAD, manner.spread)):
        if value is not None:
            library.espeak_SetParameter(parameter, round(value), 0)
    said = text.encode()
    library.espeak_Synth(said, ctypes.c_size_t(len(said) + 1), 0, 1, 0, 1, None, None)
    library.espeak_Synchronize()
    samples = np.concatenate(blocks).astype(np.float32) / np.float32(32_768)
    first = [word.start() for word in re.finditer(r"\S+", text)]
    places, times = zip(*told, (len(text), len(samples) / rate), strict=True)
    starts = np.interp([*first, len(text)], places, times).tolist()  # to it "does not" is one word: the second begins in between
    return Take(samples, rate, list(itertools.pairwise(starts)))


@functools.cache
def _library() -> tuple[ctypes.CDLL, int]:
    """The library and its sample rate in Hz."""
    library = ctypes.CDLL("libespeak-ng.so.1")
    return library, library.espeak_Initialize(SYNCHRONOUS, 0, None, 0)
