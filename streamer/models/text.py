"""Sentences as vectors by a small BERT, run by onnxruntime."""

import pathlib
from collections.abc import Sequence

import numpy as np
import onnxruntime
import tokenizers

from streamer.models import cache, places, session
from streamer.models.protocols import Queries
from streamer.models.vectors import remembered

LONGEST = 256  # tokens; what follows is cut, as the model was trained

NEUTRAL = (
    "There is something else to talk about.",
    "He went there yesterday with his brother.",
    "I think we should start with the first part.",
    "The second chapter explains how it was made.",
    "Yes, that is right, thank you very much.",
    "She has been working here for three years.",
    "What do you want to do next week?",
    "It costs about twenty dollars a month.",
    "Let me show you how this works.",
    "The company announced new numbers this morning.",
    "We came home late and had dinner together.",
    "Please have a look at the table on the left.",
    "In the north it is a bit colder than usual.",
    "Most people do not know the answer.",
    "The book was written a long time ago.",
    "And then they turned around and walked back.",
)  # what people say when they say nothing in particular: the background of scores


class SentenceEncoder:
    """BERT, mean over tokens, unit length."""

    def __init__(self, name: str, prefix: str = "") -> None:
        self.name = name
        self.prefix = prefix
        self.folder = places.directory(name)
        self.tokenizer = tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(LONGEST)
        self._session: onnxruntime.InferenceSession | None = None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """→ float32 [texts, width], unit; a text has the same vector whatever is beside it."""
        network = self._network()
        rows = [network.run(None, {"ids": np.array([self._ids(text)])})[0] for text in texts]
        return np.concatenate(rows) if rows else np.zeros((0, network.get_outputs()[0].shape[1]), np.float32)

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts as they are; their scores are compared with those of neutral sentences."""
        vectors = remembered(self, prompts)
        scores = vectors @ remembered(self, NEUTRAL).T
        return Queries(vectors, scores.mean(1), scores.std(1))

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(self.prefix + text).ids
        return ids

    def _network(self) -> onnxruntime.InferenceSession:
        """Loaded when first needed: a start whose texts are all remembered does without its 90 MB."""
        if self._session is None:
            self._session = session.load(cache.kept(f"graphs/{places.fingerprint(self.name)}.onnx", self._draw))
        return self._session

    def _draw(self, path: pathlib.Path) -> None:
        from streamer.models import bert  # here: onnx is needed once for each model, not at every start

        bert.save(self.folder, path)
