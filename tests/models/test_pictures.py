import numpy as np
import pytest
import torch

from streamer.models import efficientnet, pictures, places
from streamer.models.encoders import load_image, load_text
from tests.media_folder import needs_models


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 224, 224, 3), np.uint8)


@needs_models
def test_the_graph_says_what_torch_says() -> None:
    network = efficientnet.load(places.directory("efficientnet-lite0") / "efficientnet-lite0-57934424.pth")
    encoder = pictures.load("efficientnet-lite0", load_text())
    with torch.inference_mode():
        logits, vectors = network(torch.from_numpy(images(3)))
    ours, theirs = encoder.classify(images(3))
    assert theirs is not None
    np.testing.assert_allclose(ours, logits.numpy(), atol=1e-4)
    np.testing.assert_allclose(theirs, vectors.numpy(), atol=1e-4)


@needs_models
def test_a_picture_is_the_same_in_any_batch() -> None:
    encoder = load_image("efficientnet-lite0")
    keys, vectors = encoder.encode(images(3))
    assert vectors is not None and keys.shape == (3, 384) and vectors.shape == (3, 1280)
    for i in range(3):
        one, own = encoder.encode(images(3)[i : i + 1])
        assert own is not None
        assert np.array_equal(one[0], keys[i]) and np.array_equal(own[0], vectors[i])
    np.testing.assert_allclose(np.linalg.norm(keys, axis=1), 1, atol=1e-5)


@needs_models
def test_no_picture_gives_no_key() -> None:
    keys, vectors = load_image("efficientnet-lite0").encode(images(0))
    assert keys.shape == (0, 384) and vectors is not None and vectors.shape == (0, 1280)


def test_every_everyday_word_stands_for_some_classes() -> None:
    words = pictures.everyday_words(1000)
    assert (words[207], words[281], words[504], words[920], words[981]) == ("dog", "cat", "cup", "traffic light", "")
    assert sum(word != "" for word in words) > 700


def test_the_network_pads_as_tensorflow_does() -> None:
    conv = efficientnet.SameConv(1, 1, 3, 2)
    torch.nn.init.ones_(conv.weight)
    with torch.inference_mode():
        sums = conv(torch.ones(1, 1, 4, 4))[0, 0]
    assert sums.tolist() == [[9, 6], [6, 4]]  # what is missing lies right and below


@needs_models
def test_pictures_of_nameable_things_are_called_by_their_names() -> None:
    pytest.importorskip("skimage")
    pytest.importorskip("sklearn")
    from benchmarks.words import WANTED, pictures

    assert pictures() >= WANTED
