"""Sentences spoken once by synthesisers and kept: `bank()` finds them; README.md names voices, commands and licences."""

from streamer.synth.speech.utterances import Bank, Utterance, bank

__all__ = ["Bank", "Utterance", "bank"]
