"""Whisper on transformers: for GPUs, and for any checkpoint that save_pretrained wrote."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import transformers
from torch.nn.functional import gelu
from transformers import DynamicCache, EncoderDecoderCache, WhisperForConditionalGeneration

from streamer.speech.greedy import Step, TorchNetwork
from streamer.speech.vocabulary import from_json


class Transformers(TorchNetwork):
    """A checkpoint in transformers' format."""

    def __init__(self, folder: pathlib.Path, device: str, compute: str) -> None:
        self.name = f"transformers {compute}"
        self.vocabulary = from_json(folder / "tokenizer.json")
        self.device, self.dtype = torch.device(device), getattr(torch, compute)
        logs: Any = transformers.utils.logging
        logs.disable_progress_bar()  # of reading weights: a run has a progress of its own
        model: Any = WhisperForConditionalGeneration.from_pretrained(
            folder,
            dtype=self.dtype,
            attn_implementation="eager",  # the only one that tells where it looks
            use_safetensors=True,
            local_files_only=True,
        )
        model.requires_grad_(False)
        self._model = model.to(self.device)  # from_pretrained leaves it in evaluation mode
        self.mels = self._model.config.num_mel_bins
        how = self._model.generation_config
        self.silent, self.blank = list(how.suppress_tokens or ()), list(how.begin_suppress_tokens or ())
        self._heads = how.alignment_heads  # pairs of layer and head

    def _encoder(self, mel: torch.Tensor) -> torch.Tensor:
        encoder = self._model.get_encoder()  # its own forward takes 30 s and nothing else
        hidden = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).transpose(1, 2)
        hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
        for layer in encoder.layers:
            hidden = layer(hidden, None)
        normal: torch.Tensor = encoder.layer_norm(hidden)
        return normal

    @contextlib.contextmanager
    def _steps(self, encoded: torch.Tensor) -> Iterator[Step]:
        memory = EncoderDecoderCache(DynamicCache(), DynamicCache())

        def step(tokens: Sequence[int]) -> torch.Tensor:
            ids = torch.tensor([list(tokens)], device=self.device)
            hidden = self._model.get_decoder()(ids, encoder_hidden_states=encoded, past_key_values=memory, use_cache=True)
            return self._logits(hidden.last_hidden_state)

        yield step

    def _attention(self, encoded: torch.Tensor, tokens: torch.Tensor, positions: int) -> tuple[torch.Tensor, torch.Tensor]:
        out = self._model.get_decoder()(tokens, encoder_hidden_states=encoded, use_cache=False, output_attentions=True)
        weights = torch.stack([out.cross_attentions[layer][0, head] for layer, head in self._heads])[..., :positions].float()
        return self._logits(out.last_hidden_state), weights / weights.sum(-1, keepdim=True)

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._model.proj_out(hidden)[0]
        return logits.float()
