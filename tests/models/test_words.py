import pathlib
from collections.abc import Sequence

import numpy as np
import pytest

from streamer.models.protocols import Queries
from streamer.models.vectors import unit
from streamer.models.words import Words

NAMES = ("tabby", "terrier", "espresso", "sedan", "warship", "oboe")
MEANINGS = ("cat", "dog", "coffee", "car", "ship", "music")


class Letters:
    """A text space without a network: a direction for each known word, and some noise of its own for each text."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.extend(texts)
        vectors = []
        for text in texts:
            vector = np.random.default_rng([ord(letter) for letter in text]).normal(0, 0.05, 16)
            for i, words in enumerate(zip(NAMES, MEANINGS, strict=True)):
                vector[i] += sum(word in text for word in words)
            vectors.append(vector + 0.3)  # all texts share something, as in every sentence encoder
        return unit(np.array(vectors))

    def queries(self, prompts: Sequence[str]) -> Queries:
        raise NotImplementedError


@pytest.fixture
def text(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Letters:
    monkeypatch.setenv("STREAMER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "config.json").write_text("{}")
    return Letters(str(tmp_path))


def z(queries: Queries, keys: np.ndarray) -> np.ndarray:
    return np.asarray((queries.vectors @ keys.T - queries.mean[:, None]) / queries.deviation[:, None])


@pytest.mark.parametrize(("answers", "background"), [("one", "names"), ("many", "whitened")])
def test_a_class_is_found_by_a_word_that_is_not_its_name(text: Letters, answers: str, background: str) -> None:
    words = Words(text, NAMES, answers=answers, background=background)  # type: ignore[arg-type]
    logits = np.full((len(NAMES), len(NAMES)), -6, np.float32) + 12 * np.eye(len(NAMES), dtype=np.float32)
    found = z(words.queries([f"a {meaning}" for meaning in MEANINGS]), words.keys(logits))
    assert found.argmax(0).tolist() == list(range(len(NAMES)))


def test_scores_are_measured_in_deviations_over_the_class_names(text: Letters) -> None:
    words = Words(text, NAMES)
    found = z(words.queries(["a cat", "something"]), words.vectors)
    np.testing.assert_allclose(found.mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(1), 1, atol=1e-5)


def test_everyday_words_pull_a_class_towards_them(text: Letters) -> None:
    logits = 9 * np.eye(len(NAMES), dtype=np.float32)[:1]
    plain, helped = (Words(text, NAMES, everyday) for everyday in ((), ("cat", "", "", "", "", "")))
    assert z(helped.queries(["cat"]), helped.keys(logits))[0, 0] >= z(plain.queries(["cat"]), plain.keys(logits))[0, 0]
    assert helped.vectors.shape == (6, 16)


def test_keys_are_the_same_in_any_batch_and_have_length_one(text: Letters) -> None:
    words = Words(text, NAMES)
    logits = np.random.default_rng(0).normal(0, 3, (5, len(NAMES))).astype(np.float32)
    keys = words.keys(logits)
    assert all(np.array_equal(words.keys(logits[i : i + 1])[0], keys[i]) for i in range(5))
    np.testing.assert_allclose(np.linalg.norm(keys, axis=1), 1, atol=1e-5)
    assert words.keys(logits[:0]).shape == (0, 16)


def test_names_are_encoded_once_and_remembered(text: Letters) -> None:
    Words(text, NAMES)
    Words(text, NAMES)
    assert text.asked == list(NAMES)
