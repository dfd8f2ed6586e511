"""Whisper on CTranslate2, as faster-whisper runs it: the fastest on a CPU."""

import pathlib
from collections.abc import Sequence
from typing import Any

import ctranslate2
import numpy as np

from streamer.speech.network import LONGEST, TOKEN_S, Alignment, Decoded
from streamer.speech.vocabulary import from_json


class CTranslate:
    """A checkpoint in CTranslate2's format."""

    def __init__(self, folder: pathlib.Path, device: str, compute: str) -> None:
        self.name = f"faster-whisper {compute}"
        self.vocabulary = from_json(folder / "tokenizer.json")
        self._model = ctranslate2.models.Whisper(str(folder), device, compute_type=compute, intra_threads=1)
        self.mels: int = self._model.n_mels

    def encode(self, mel: np.ndarray) -> Any:
        """Float32 [mels, frames] encoded, [1, frames / 2, width]."""
        return self._model.encode(ctranslate2.StorageView.from_array(mel[np.newaxis]))

    def languages(self, encoded: Any) -> dict[str, float]:
        """Probability of each language."""
        return {token.strip("<|>"): probability for token, probability in self._model.detect_language(encoded)[0]}

    def decode(self, encoded: Any, prompt: Sequence[int]) -> Decoded:
        """The likeliest token again and again, until the end."""
        [result] = self._model.generate(
            encoded, [list(prompt)], beam_size=1, max_length=2 * LONGEST, return_scores=True, return_no_speech_prob=True
        )
        tokens = result.sequences_ids[0]
        return Decoded(tokens, result.scores[0] * len(tokens), result.no_speech_prob)

    def align(self, encoded: Any, prompt: Sequence[int], tokens: Sequence[int], frames: int) -> Alignment:
        """Times from cross-attention."""
        [result] = self._model.align(encoded, list(prompt[:-1]), [list(tokens)], frames)
        pairs = np.array(result.alignments)  # int [steps, 2]: token, position
        steps = np.diff(pairs[:, 0], prepend=-1) > 0  # where the next token begins
        return Alignment(pairs[steps, 1] * TOKEN_S, np.array(result.text_token_probs))
