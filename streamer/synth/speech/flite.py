"""Flite as a library: sentences with the times of their words. A development tool; nobody needs it to use the bank."""

import ctypes
import functools

import numpy as np

from streamer.synth.speech.takes import Take
from streamer.synth.speech.voices import Manner

FIRST, LAST = b"R:SylStructure.daughter1.daughter1.R:Segment.p.end", b"R:SylStructure.daughtern.daughtern.R:Segment.end"  # of a word

FEATURES = (b"duration_stretch", b"int_f0_target_mean", b"int_f0_target_stddev")  # Flite keeps these very strings, not copies


class _Voice(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("rate", ctypes.c_int),
        ("count", ctypes.c_int),
        ("channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


def speak(voice: str, text: str, manner: Manner) -> Take:
    """The sentence. Errors: OSError where the library of Flite or of the voice is missing."""
    library, spoken = _library(), _voice(voice)
    for name, value in zip(FEATURES, (manner.stretch, manner.pitch, manner.spread), strict=True):
        if value is not None:
            library.feat_set_float(spoken.contents.features, name, value)
    utterance = library.flite_synth_text(text.encode(), spoken)
    try:
        wave = library.utt_wave(utterance).contents
        samples = np.ctypeslib.as_array(wave.samples, (wave.count,)).astype(np.float32) / np.float32(32_768)
        return Take(samples, wave.rate, _words(library, utterance))
    finally:
        library.delete_utterance(utterance)


def _words(library: ctypes.CDLL, utterance: int) -> list[tuple[float, float]]:
    words, item = [], library.relation_head(library.utt_relation(utterance, b"Word"))
    while item:
        words.append((library.ffeature_float(item, FIRST), library.ffeature_float(item, LAST)))
        item = library.item_next(item)
    return words


@functools.cache
def _voice(name: str) -> "ctypes._Pointer[_Voice]":
    register = ctypes.CDLL(f"libflite_{name}.so.1")[f"register_{name}"]
    register.restype, register.argtypes = ctypes.POINTER(_Voice), [ctypes.c_char_p]
    found: ctypes._Pointer[_Voice] = register(None)
    return found


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
    pointer, text, voice = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(_Voice)
    for name, gives, takes in (
        ("flite_synth_text", pointer, [text, voice]),
        ("utt_wave", ctypes.POINTER(_Wave), [pointer]),
        ("utt_relation", pointer, [pointer, text]),
        ("relation_head", pointer, [pointer]),
        ("item_next", pointer, [pointer]),
        ("ffeature_float", ctypes.c_float, [pointer, text]),
        ("feat_set_float", None, [pointer, text, ctypes.c_float]),
        ("delete_utterance", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = gives, takes
    library.flite_init()
    return library
