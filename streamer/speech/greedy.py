"""Greedy decoding and alignment for the libraries that run on torch; what differs between them is in their own modules."""

import abc
import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from streamer.speech.alignment import onsets
from streamer.speech.network import LONGEST, TOKEN_S, Alignment, Decoded
from streamer.speech.vocabulary import Vocabulary

Step = Callable[[Sequence[int]], torch.Tensor]  # the next tokens in, float32 [tokens, vocabulary] logits out


class TorchNetwork(abc.ABC):
    """A checkpoint as a torch module."""

    name: str
    mels: int
    vocabulary: Vocabulary
    silent: list[int]  # ids that are never written: marks that nobody says, and special tokens
    blank: list[int]  # ids that are not written first
    device: torch.device
    dtype: torch.dtype

    @abc.abstractmethod
    def _encoder(self, mel: torch.Tensor) -> torch.Tensor:
        """[1, mels, frames] to [1, frames / 2, width], of any length."""

    @abc.abstractmethod
    def _steps(self, encoded: torch.Tensor) -> contextlib.AbstractContextManager[Step]:
        """A decoder that remembers what it was given."""

    @abc.abstractmethod
    def _attention(self, encoded: torch.Tensor, tokens: torch.Tensor, positions: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [tokens, vocabulary] and attention of the alignment heads [heads, tokens, positions], rows summing to 1."""

    @torch.inference_mode()
    def encode(self, mel: np.ndarray) -> torch.Tensor:
        """Float32 [mels, frames] encoded, [1, frames / 2, width]."""
        return self._encoder(torch.from_numpy(mel)[None].to(self.device, self.dtype))

    @torch.inference_mode()
    def languages(self, encoded: torch.Tensor) -> dict[str, float]:
        """Probability of each language."""
        codes = self.vocabulary.languages
        with self._steps(encoded) as step:
            logits = step([self.vocabulary.start])[0]
        probabilities = logits[list(codes.values())].softmax(-1).tolist()
        return dict(zip(codes, probabilities, strict=True))

    @torch.inference_mode()
    def decode(self, encoded: torch.Tensor, prompt: Sequence[int]) -> Decoded:
        """The likeliest token again and again, until the end."""
        total, tokens = 0.0, list[int]()
        with self._steps(encoded) as step:
            logits = step(prompt)
            no_speech = float(logits[0].softmax(-1)[self.vocabulary.no_speech])
            for token, log_probability in self._greedy(step, logits[-1]):
                total += log_probability
                if token == self.vocabulary.end:
                    break
                tokens.append(token)
        return Decoded(tokens, total, no_speech)

    def _greedy(self, step: Step, logits: torch.Tensor) -> Iterator[tuple[int, float]]:
        logits[self.blank] = -torch.inf
        for _ in range(LONGEST):
            logits[self.silent] = -torch.inf
            token = int(logits.argmax())
            yield token, float(logits.log_softmax(-1)[token])
            logits = step([token])[-1]

    @torch.inference_mode()
    def align(self, encoded: torch.Tensor, prompt: Sequence[int], tokens: Sequence[int], frames: int) -> Alignment:
        """Times from cross-attention over the first `frames` of the spectrogram."""
        everything = torch.tensor([[*prompt, *tokens, self.vocabulary.end]], device=self.device)
        logits, weights = self._attention(encoded, everything, frames // 2)
        spoken = slice(len(prompt) - 1, -2)  # where each token is predicted
        probabilities = logits[spoken, : self.vocabulary.end].softmax(-1)[range(len(tokens)), list(tokens)]
        times = onsets(weights.float().cpu().numpy(), slice(spoken.start, -1))
        return Alignment(times * TOKEN_S, probabilities.double().cpu().numpy())
