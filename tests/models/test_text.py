import numpy as np
import pytest
import torch
import transformers

from streamer.models import places
from streamer.models.encoders import TextEncoder, load_image, load_text
from streamer.models.text import NEUTRAL
from tests.media_folder import needs_models

TEXTS = ("a dog", "Someone says there is a fire in the kitchen, and everybody must leave.", "Banana.", "你好", "", "word " * 400)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return load_text()


@needs_models
def test_the_graph_says_what_transformers_says(encoder: TextEncoder) -> None:
    folder = places.directory("minilm-l6")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    inputs = tokenizer(list(TEXTS), padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"][..., None]
    expected = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected.numpy(), atol=1e-5)


@needs_models
def test_a_text_is_the_same_whatever_is_beside_it(encoder: TextEncoder) -> None:
    together = encoder.encode(TEXTS)
    assert all(np.array_equal(encoder.encode([text])[0], vector) for text, vector in zip(TEXTS, together, strict=True))
    assert encoder.encode([]).shape == (0, 384)


@needs_models
def test_neutral_sentences_stay_within_the_background(encoder: TextEncoder) -> None:
    queries = encoder.queries(["a warning about fire", "somebody says hello"])
    z = (queries.vectors @ encoder.encode(NEUTRAL).T - queries.mean[:, None]) / queries.deviation[:, None]
    np.testing.assert_allclose(z.mean(1), 0, atol=1e-4)
    np.testing.assert_allclose(z.std(1), 1, atol=1e-4)


@needs_models
def test_what_is_asked_for_stands_out(encoder: TextEncoder) -> None:
    queries = encoder.queries(["a warning about fire", "somebody says hello"])
    keys = encoder.encode(["There is a fire, get out of the house!", "Good morning, nice to meet you."])
    z = (queries.vectors @ keys.T - queries.mean[:, None]) / queries.deviation[:, None]
    assert z[0, 0] > 2.5 and z[1, 1] > 2.5
    assert z[0, 0] > z[0, 1] and z[1, 1] > z[1, 0]


@needs_models
def test_a_model_of_the_wrong_kind_is_refused() -> None:
    from streamer.errors import ModelError

    with pytest.raises(ModelError, match=r"is for sound; expected one for vision: efficientnet-lite0"):
        load_image("yamnet")
