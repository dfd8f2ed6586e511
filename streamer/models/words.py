"""Any classifier through words: the names of its classes make its answers comparable with any phrase.

After ConSE (Norouzi et al., 2014): a picture or sound is the mean of the names of its likeliest classes, each weighted by
the root of its probability.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from streamer.models.protocols import Queries, TextEncoder
from streamer.models.vectors import remembered, unit

LIKELIEST = 10  # classes a key is made of; 5 to 20 are within the noise
RIDGE = 0.1  # of the mean eigenvalue, added to the covariance before it is inverted

Classify = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
# pictures or sound → logits float32 [items, classes], the classifier's own embeddings float32 [items, width] if it tells them
Look = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


class Words:
    """The names of a classifier's classes as vectors in a text space.

    Args:
        text: encodes names and prompts.
        names: of the classes, in the classifier's order.
        everyday: a plainer word for each class, or "".
        answers: "one" class (softmax) or "many" at once (sigmoid).
        background: "names": prompts are asked as they are; "whitened": what many names share counts less (for sounds, whose
            names are much alike; it hurts for pictures).
    """

    def __init__(
        self,
        text: TextEncoder,
        names: Sequence[str],
        everyday: Sequence[str] = (),
        answers: Literal["one", "many"] = "one",
        background: Literal["names", "whitened"] = "names",
    ) -> None:
        vectors = remembered(text, names)
        if everyday:
            plain = sorted({word for word in everyday if word})
            table = {"": np.zeros_like(vectors[0]), **dict(zip(plain, remembered(text, plain), strict=True))}
            vectors = unit(vectors + np.stack([table[word] for word in everyday]))
        self.text = text
        self.answers = answers
        self.background = background
        self.mean = vectors.mean(0)  # float32 [width]
        self.vectors = unit(vectors - self.mean)  # float32 [classes, width]

    def keys(self, logits: np.ndarray) -> np.ndarray:
        """float32 [items, classes] → float32 [items, width], unit."""
        count = min(LIKELIEST, logits.shape[1])
        best = np.argpartition(-logits, count - 1, axis=1)[:, :count]
        best.sort(axis=1)  # sums in one order, whatever order the partition left
        weights = np.sqrt(np.take_along_axis(self._probabilities(logits), best, axis=1))
        keys = np.zeros((len(logits), self.vectors.shape[1]), np.float32)
        for key, row, weight in zip(keys, best, weights, strict=True):  # one by one: the same in any batch
            key[:] = weight @ self.vectors[row]
        return unit(keys)

    def queries(self, prompts: Sequence[str]) -> Queries:
        """Prompts in the same centred space; their scores are compared with those of the class names."""
        vectors = unit(remembered(self.text, prompts) - self.mean)
        if self.background == "whitened":
            covariance = np.cov(self.vectors.T, bias=True)
            ridge = RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
            vectors = unit(np.linalg.solve(covariance + ridge, vectors.T.astype(np.float64)).T.astype(np.float32))
        scores = vectors @ self.vectors.T
        return Queries(vectors, scores.mean(1), scores.std(1))

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        if self.answers == "many":
            return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits))  # the sigmoid, without overflow
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(odds / odds.sum(1, keepdims=True))


class ImageThroughWords:
    """A picture classifier as an ImageEncoder."""

    def __init__(self, name: str, size: tuple[int, int], classify: Classify, words: Words) -> None:
        self.name = name
        self.size = size
        self.classify = classify
        self.queries = words.queries
        self.words = words

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """uint8 [batch, height, width, 3] → keys, the classifier's embeddings."""
        logits, vectors = self.classify(images)
        return self.words.keys(logits), vectors


class FineImageThroughWords(ImageThroughWords):
    """A FineImageEncoder.

    Args:
        look: pictures → logits, embeddings, a layer in the middle of the classifier float32 [items, width].
    """

    def __init__(self, name: str, size: tuple[int, int], look: Look, words: Words) -> None:
        super().__init__(name, size, lambda images: look(images)[:2], words)
        self._look = look

    def look(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """uint8 [batch, height, width, 3] → keys, the classifier's embeddings, the layer."""
        logits, vectors, middle = self._look(images)
        return self.words.keys(logits), vectors, middle


class SoundThroughWords:
    """A sound classifier as a SoundEncoder."""

    def __init__(self, name: str, rate_hz: int, patch: int, hop: int, classify: Classify, words: Words) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.patch_s = patch / rate_hz
        self.hop_s = hop / rate_hz
        self.classify = classify
        self.queries = words.queries
        self.words = words

    def encode(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """float32 [samples] → keys, the classifier's embeddings, one for each patch."""
        logits, vectors = self.classify(samples)
        return self.words.keys(logits), vectors
