"""Transformers models from local directories: how they are run, and classifiers and sentence encoders made of them."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
import torchaudio
import transformers

from streamer.models.protocols import Queries, TextEncoder
from streamer.models.vectors import unit
from streamer.models.words import Classify, ImageThroughWords, SoundThroughWords, Words

RATE_HZ = 16_000  # of the sound that is given; what a model wants above is made by resampling
PATCH, HOP = 2 * RATE_HZ, RATE_HZ // 2  # samples a patch hears, samples from patch to patch
BATCH = 32  # items on a GPU; on a CPU one by one, which costs nothing and gives the same bits in any batch


class Network:
    """A model on the best device, without gradients."""

    def __init__(self, kind: Any, folder: pathlib.Path) -> None:
        logs: Any = transformers.utils.logging
        logs.disable_progress_bar()  # of reading weights: a run has a progress of its own
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        loaded = kind.from_pretrained(folder, dtype=dtype, local_files_only=True, trust_remote_code=False, use_safetensors=True)
        self.model = loaded.to(self.device).eval()

    def batches(self, call: Callable[..., Any], prepare: Callable[[Any], Any], items: Sequence[Any] | np.ndarray) -> np.ndarray:
        """float32 [items, …]: `call` on what `prepare` makes of each batch."""
        step = BATCH if self.device == "cuda" else 1
        with torch.inference_mode():
            parts = [self._one(call, prepare(items[i : i + step])) for i in range(0, len(items), step)]
        return np.concatenate(parts)

    def _one(self, call: Callable[..., Any], inputs: Any) -> np.ndarray:
        inputs = {name: value.to(self.device) for name, value in inputs.items()}
        inputs = {name: value.to(self.model.dtype) if value.is_floating_point() else value for name, value in inputs.items()}
        answer = call(**inputs)
        return np.asarray(tensor(answer).float().cpu().numpy())


def tensor(answer: Any) -> torch.Tensor:
    """Features are a tensor in some versions and models, an output with a pooled one in others; classifiers answer logits."""
    for field in ("logits", "pooler_output"):
        if getattr(answer, field, None) is not None:
            answer = getattr(answer, field)
    assert isinstance(answer, torch.Tensor), f"expected a tensor of features, got {type(answer).__name__}"
    return answer


class Sentences:
    """A text encoder that is no BERT: the first token or the mean over tokens, as its directory says."""

    def __init__(self, name: str, folder: pathlib.Path, prefix: str, first_token: bool, neutral: Sequence[str]) -> None:
        self.name = name
        self.prefix = prefix
        self.first_token = first_token
        self.neutral = neutral
        self._network = Network(transformers.AutoModel, folder)
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """→ float32 [texts, width], unit."""
        return unit(self._network.batches(self._pooled, self._prepare, list(texts)))

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts as they are; their scores are compared with those of neutral sentences."""
        vectors = self.encode(prompts)
        scores = vectors @ self.encode(self.neutral).T
        return Queries(vectors, scores.mean(1), scores.std(1))

    def _prepare(self, texts: Sequence[str]) -> Any:
        longest = min(self._tokenizer.model_max_length, 512)
        texts = [self.prefix + text for text in texts]
        return self._tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")

    def _pooled(self, **inputs: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = self._network.model(**inputs).last_hidden_state  # [batch, tokens, width]
        if self.first_token:
            return states[:, 0]
        mask = inputs["attention_mask"][..., None].to(states.dtype)
        return (states * mask).sum(1) / mask.sum(1)


def image_classifier(name: str, folder: pathlib.Path, text: TextEncoder) -> ImageThroughWords:
    """`AutoModelForImageClassification` through the names of its classes."""
    network = Network(transformers.AutoModelForImageClassification, folder)
    prepare, size = image_preparer(folder)
    return ImageThroughWords(name, size, _classify(network, prepare), _words(network, text, "one"))


def sound_classifier(name: str, folder: pathlib.Path, text: TextEncoder) -> SoundThroughWords:
    """`AutoModelForAudioClassification` through the names of its classes."""
    network = Network(transformers.AutoModelForAudioClassification, folder)
    classify = _classify(network, sound_preparer(folder))
    words = _words(network, text, "many")
    return SoundThroughWords(name, RATE_HZ, PATCH, HOP, lambda samples: classify(patches(samples)), words)


def image_preparer(folder: pathlib.Path) -> tuple[Callable[[np.ndarray], Any], tuple[int, int]]:
    """What turns uint8 [batch, height, width, 3] into a model's inputs, and the height and width in px that it wants."""
    load: Callable[..., Any] = transformers.AutoImageProcessor.from_pretrained
    processor = load(folder, local_files_only=True, trust_remote_code=False)

    def prepare(images: np.ndarray) -> Any:
        return processor(images=list(images), return_tensors="pt", input_data_format="channels_last")

    size = getattr(processor, "crop_size", None) or processor.size
    side = size.get("shortest_edge")
    return prepare, (size.get("height") or side, size.get("width") or side)


def sound_preparer(folder: pathlib.Path) -> Callable[[np.ndarray], Any]:
    """What turns float32 [batch, samples] at RATE_HZ into a model's inputs."""
    load: Callable[..., Any] = transformers.AutoFeatureExtractor.from_pretrained
    extractor = load(folder, local_files_only=True, trust_remote_code=False)
    rate_hz: int = extractor.sampling_rate

    def prepare(sounds: np.ndarray) -> Any:
        heard = torchaudio.functional.resample(torch.from_numpy(sounds), RATE_HZ, rate_hz).numpy()
        return extractor(list(heard), sampling_rate=rate_hz, return_tensors="pt")

    return prepare


def patches(samples: np.ndarray) -> np.ndarray:
    """float32 [samples] → float32 [patches, PATCH]; what is shorter than one is filled with silence."""
    if len(samples) < PATCH:
        samples = np.pad(samples, (0, PATCH - len(samples)))
    return np.array(np.lib.stride_tricks.sliding_window_view(samples, PATCH)[::HOP])


def _classify(network: Network, prepare: Callable[[np.ndarray], Any]) -> Classify:
    def classify(items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        return network.batches(network.model, prepare, items), None

    return classify


def _words(network: Network, text: TextEncoder, usual: Literal["one", "many"]) -> Words:
    about = network.model.config
    kinds: dict[str | None, Literal["one", "many"]] = {"single_label_classification": "one", "multi_label_classification": "many"}
    names = [about.id2label[index] for index in range(about.num_labels)]
    return Words(text, names, answers=kinds.get(about.problem_type, usual), background="names" if usual == "one" else "whitened")
