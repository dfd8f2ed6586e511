"""Pictures through EfficientNet-Lite0: logits and embeddings of whole frames squeezed to 224 × 224."""

import functools
import importlib.resources
import json
import pathlib
from collections.abc import Sequence

import numpy as np
import yaml

from streamer.models import cache, places, session
from streamer.models.protocols import TextEncoder
from streamer.models.words import FineImageThroughWords, ImageThroughWords, Words

SIZE = (224, 224)  # px; the whole frame is squeezed into it: what happens at the edges of a camera's view matters


def load(name: str, text: TextEncoder, fine: bool = False) -> ImageThroughWords:
    """EfficientNet-Lite0 of the table through the words of a text encoder; `fine`: with its middle layer. Errors: ModelError."""
    weights = places.directory(name) / "efficientnet-lite0-57934424.pth"
    names = json.loads((places.directory("imagenet-names") / "imagenet1k_clean_names.json").read_text("utf-8"))
    words = Words(text, names, everyday_words(len(names)))
    graph = f"graphs/{places.fingerprint(name)}{'-middle' if fine else ''}.onnx"
    network = session.load(cache.kept(graph, functools.partial(_draw, weights, fine)))

    def classify(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, vectors = session.run(network, images)
        return logits, vectors

    def look(images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        logits, vectors, middle = session.run(network, images)
        return logits, vectors, middle

    return FineImageThroughWords(name, SIZE, look, words) if fine else ImageThroughWords(name, SIZE, classify, words)


def everyday_words(classes: int) -> Sequence[str]:
    """A plain word for each class of ImageNet, or ""."""
    words = [""] * classes
    text = (importlib.resources.files("streamer.models") / "everyday.yaml").read_text("utf-8")
    for word, spans in yaml.safe_load(text).items():
        for span in str(spans).split():
            first, _, last = span.partition("-")
            for index in range(int(first), int(last or first) + 1):
                words[index] = word
    return words


def _draw(weights: pathlib.Path, fine: bool, path: pathlib.Path) -> None:
    from streamer.models import efficientnet  # here: torch and onnx are needed once, not at every start

    efficientnet.save(efficientnet.load(weights), path, fine)
