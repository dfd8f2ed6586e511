"""Whisper on openai-whisper: official checkpoints, and the text that the other libraries are compared with."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence

import torch
import whisper
from torch.nn.functional import gelu
from whisper.model import disable_sdpa
from whisper.tokenizer import get_tokenizer

from streamer.speech.greedy import Step, TorchNetwork
from streamer.speech.vocabulary import Vocabulary


class OpenAI(TorchNetwork):
    """A checkpoint in openai-whisper's format.

    Args:
        heads: layer and head of the attention that follows the sound.
    """

    dtype = torch.float32

    def __init__(self, checkpoint: pathlib.Path, device: str, heads: Sequence[tuple[int, int]]) -> None:
        self.name = "openai-whisper float32"
        self.device = torch.device(device)
        self._model = whisper.load_model(str(checkpoint), device).eval()  # reads with weights_only=True
        self._heads = heads
        self.mels = self._model.dims.n_mels
        tokens = get_tokenizer(self._model.is_multilingual, num_languages=self._model.num_languages)
        self.vocabulary = Vocabulary(tokens.decode, tokens.special_tokens)
        special = (tokens.sot, tokens.transcribe, tokens.translate, tokens.sot_lm, tokens.sot_prev, tokens.no_speech)
        self.silent = [*tokens.non_speech_tokens, *special]
        self.blank = [*tokens.encode(" "), tokens.eot]

    def _encoder(self, mel: torch.Tensor) -> torch.Tensor:
        encoder = self._model.encoder  # its own forward takes 30 s and nothing else
        hidden = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).transpose(1, 2)
        hidden = hidden + encoder.positional_embedding[: hidden.shape[1]]
        for block in encoder.blocks:
            hidden = block(hidden)
        normal: torch.Tensor = encoder.ln_post(hidden)
        return normal

    @contextlib.contextmanager
    def _steps(self, encoded: torch.Tensor) -> Iterator[Step]:
        memory, hooks = self._model.install_kv_cache_hooks()

        def step(tokens: Sequence[int]) -> torch.Tensor:
            ids = torch.tensor([list(tokens)], device=self.device)
            logits: torch.Tensor = self._model.decoder(ids, encoded, kv_cache=memory)[0]
            return logits

        try:
            yield step
        finally:
            for hook in hooks:
                hook.remove()

    def _attention(self, encoded: torch.Tensor, tokens: torch.Tensor, positions: int) -> tuple[torch.Tensor, torch.Tensor]:
        seen: list[torch.Tensor] = []  # by layer: scores [heads, tokens, positions] before softmax
        hooks = [block.cross_attn.register_forward_hook(lambda _, __, out: seen.append(out[1][0])) for block in self._model.decoder.blocks]
        try:
            with disable_sdpa():
                logits: torch.Tensor = self._model.decoder(tokens, encoded)[0]
        finally:
            for hook in hooks:
                hook.remove()
        scores = torch.stack([seen[layer][head] for layer, head in self._heads])
        return logits, scores[..., :positions].softmax(-1)
