"""Models whose picture or sound tower shares a space with a text tower: CLIP, SigLIP, CLAP.

Their background (models.md calls it contrast): a score is compared with those of neutral prompts for the same key. The
mean over the prompts is subtracted exactly, inside the query; their spread is the typical one over keys of made noise.
"""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import transformers

from streamer.models.hub import HOP, PATCH, RATE_HZ, Network, image_preparer, patches, sound_preparer
from streamer.models.protocols import Queries
from streamer.models.vectors import unit

NOISES = 8

SEEN = (
    *("a photo", "a picture", "an image", "a photo of something", "a frame of a video", "a scene", "a view", "a blurry photo"),
    *("a photo of a place", "a photo of an object", "a dark photo", "a bright photo", "a close-up", "the background", "a colour photo"),
    "a photo taken outdoors",
)  # prompts that fit every picture and none
HEARD = (
    *("a sound", "a recording", "some noise", "background noise", "an audio clip", "a quiet sound", "a loud sound", "a short sound"),
    *("a long sound", "the sound of something", "a sound outdoors", "a sound in a room", "a muffled sound", "a distant sound", "hiss"),
    "an ordinary sound",
)


class _Prompts:
    """The text tower, and the neutral prompts it is compared with."""

    def __init__(self, network: Network, folder: pathlib.Path, neutral: Sequence[str], noise: np.ndarray) -> None:
        self.network = network
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        about = network.model.config
        self.longest = min(about.text_config.max_position_embeddings, self.tokenizer.model_max_length)
        self.sigmoid = about.model_type.startswith("siglip")  # trained on lower case, always padded to the longest
        background = self.encode(neutral)
        self.mean = background.mean(0)
        self.spread = float(np.sqrt(np.mean(np.var(background @ noise.T, axis=0))))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """→ float32 [texts, width], unit."""
        return unit(self.network.batches(self.network.model.get_text_features, self._prepare, list(texts)))

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts less the neutral ones."""
        vectors = self.encode(prompts) - self.mean
        lengths = np.linalg.norm(vectors, axis=1)
        return Queries(unit(vectors), np.zeros(len(vectors), np.float32), (self.spread / np.maximum(lengths, 1e-6)).astype(np.float32))

    def _prepare(self, texts: Sequence[str]) -> Any:
        texts = [text.lower() for text in texts] if self.sigmoid else list(texts)
        padding = "max_length" if self.sigmoid else True
        return self.tokenizer(texts, padding=padding, truncation=True, max_length=self.longest, return_tensors="pt")


class ImageTowers:
    """A CLIP-like model (CLIP, SigLIP, SigLIP2) as an ImageEncoder."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.name = name
        self._network = Network(transformers.AutoModel, folder)
        self._prepare, self.size = image_preparer(folder)
        noise = np.random.default_rng(0).integers(0, 256, (NOISES, *self.size, 3), np.uint8)
        self.queries = _Prompts(self._network, folder, SEEN, self.encode(noise)[0]).queries

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """uint8 [batch, height, width, 3] → keys, None: the key is the embedding."""
        return unit(self._network.batches(self._network.model.get_image_features, self._prepare, images)), None


class SoundTowers:
    """A CLAP-like model as a SoundEncoder."""

    def __init__(self, name: str, folder: pathlib.Path) -> None:
        self.name = name
        self.rate_hz = RATE_HZ
        self.patch_s, self.hop_s = PATCH / RATE_HZ, HOP / RATE_HZ
        self._network = Network(transformers.AutoModel, folder)
        self._prepare = sound_preparer(folder)
        noise = np.random.default_rng(0).normal(0, 0.1, PATCH + HOP * (NOISES - 1)).astype(np.float32)
        self.queries = _Prompts(self._network, folder, HEARD, self.encode(noise)[0]).queries

    def encode(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """float32 [samples] → keys, None: the key is the embedding."""
        return unit(self._network.batches(self._network.model.get_audio_features, self._prepare, patches(samples))), None
