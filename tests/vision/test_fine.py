"""What the stage tells where fine features are wanted, and that it is the same stage where they are not."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import AnyMessage, Features, Fine, Watermark
from streamer.config import Vision
from streamer.models import efficientnet, places
from streamer.models.encoders import load_image, load_text
from streamer.models.protocols import FineImageEncoder, Queries
from streamer.vision.see import FineSeeState, See
from tests.media_folder import needs_models
from tests.vision.film import mixtures, reading, scene

STEP = 12  # pictures from Frame to Frame at 25/s: about two a second
STATE = {"stream", "epoch", "shots", "keyframes", "lines", "levels", "seen", "time", "pace", "end"}


class Layers:
    """A tiny image encoder whose middle layer is a column of the picture."""

    name, size = "layers", (224, 224)

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        means = images.mean((1, 2), dtype=np.float32) + 1e-3
        return means / np.linalg.norm(means, axis=1, keepdims=True), images[:, ::223, ::223, 0].reshape(len(images), -1).astype(np.float32)

    def look(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return *self.encode(images), images[:, 100, ::16, 0].astype(np.float32)

    def queries(self, prompts: Sequence[str]) -> Queries:
        raise NotImplementedError


def film() -> list[AnyMessage]:
    """Eight seconds: a room, a fade into another one, and that stays."""
    rooms = [scene(seed, 360, 640) for seed in (1, 2)]
    return reading([rooms[0]] * 50 + mixtures(rooms[0], rooms[1], 50) + [rooms[1]] * 100, step=STEP)


def stage(fine: bool = True) -> See:
    return See(Layers(), None, Vision(ocr=False), None, fine)


def packed(messages: Sequence[AnyMessage]) -> list[bytes]:
    return [pack(message) for message in messages]


@pytest.fixture(scope="module")
def told() -> list[AnyMessage]:
    return list(stage()(film()))


def of(told: Sequence[AnyMessage], kind: str) -> list[Fine]:
    return [message for message in told if isinstance(message, Fine) and message.kind == kind]


def test_everything_else_is_told_as_without_them(told: list[AnyMessage]) -> None:
    plain = list(stage(fine=False)(film()))
    assert packed([message for message in told if not isinstance(message, Fine)]) == packed(plain)


def test_without_them_the_state_has_nothing_of_them() -> None:
    see, messages = stage(fine=False), film()
    assert not [message for message in see(messages[:6]) if isinstance(message, Fine)]
    [state] = unpack(pack(see.states), dict[str, dict])  # type: ignore[type-arg]
    assert set(unpack(pack(see.states), dict[str, dict])[state]) == STATE  # type: ignore[type-arg]


def test_each_vector_comes_with_the_layer_of_its_picture(told: list[AnyMessage]) -> None:
    starts = [message.spans[0, 0] for message in told if isinstance(message, Features) and message.modality == "vision"]
    middles = of(told, "middle")
    assert [fine.start for fine in middles] == starts
    assert all(fine.values.dtype == np.float16 and fine.values.shape == (1, 14) for fine in middles)
    assert not np.array_equal(middles[0].values, middles[-1].values)


def test_movement_covers_the_film_once(told: list[AnyMessage]) -> None:
    rows = [round(fine.start / fine.hop) + i for fine in of(told, "motion") for i in range(len(fine.values))]
    assert rows == list(range(62))  # the last Frame is at 192 / 25 = 7.68 s
    values = np.concatenate([fine.values for fine in of(told, "motion")]).astype(np.float32)
    assert not values[:16].any()
    assert values[18:30].any(1).all()


def test_nothing_begins_before_its_watermark(told: list[AnyMessage]) -> None:
    reached = 0.0
    for message in told:
        if isinstance(message, Watermark) and message.modality == "vision":
            reached = message.time
        elif isinstance(message, Fine):
            assert message.start >= reached - message.hop


@pytest.mark.parametrize("size", [1, 3, 7])
def test_batches_may_be_cut_anywhere(told: list[AnyMessage], size: int) -> None:
    see, messages, got = stage(), iter(film()), []
    while batch := list(itertools.islice(messages, size)):
        got += see(batch)
    assert packed(got) == packed(told)
    assert see.states == {}


def test_a_fresh_stage_goes_on_from_any_state(told: list[AnyMessage]) -> None:
    see, got = stage(), []
    for message in film():
        got += packed(list(see([message])))
        states = unpack(pack(see.states), dict[str, FineSeeState])
        assert len(pack(see.states)) < 2_000_000
        see = stage()
        see.states = states
    assert got == packed(told)


def test_an_encoder_without_a_middle_still_gives_movement() -> None:
    told = list(See(None, None, Vision(ocr=False), None, True)(film()))
    assert {message.kind for message in told if isinstance(message, Fine)} == {"motion"}


@needs_models
def test_the_middle_layer_is_that_of_the_network_and_changes_no_other_bit() -> None:
    import torch

    images = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
    text = load_text()
    plain, fine = load_image("efficientnet-lite0", text), load_image("efficientnet-lite0", text, fine=True)
    assert isinstance(fine, FineImageEncoder) and not isinstance(plain, FineImageEncoder)
    keys, vectors, middle = fine.look(images)
    for ours, theirs in zip((keys, vectors), plain.encode(images), strict=True):
        assert theirs is not None and np.array_equal(ours, theirs)
    network = efficientnet.load(places.directory("efficientnet-lite0") / "efficientnet-lite0-57934424.pth")
    layers: list[torch.Tensor] = []
    for block in network._blocks:
        block.register_forward_hook(lambda _, __, out: layers.append(out) if out.shape[1] == 112 else None)
    with torch.inference_mode():
        network(torch.from_numpy(images))
    cells = layers[-1][:, :, 1:13, 1:13].reshape(2, 112, 3, 4, 4, 3).mean((3, 5)).reshape(2, -1)
    np.testing.assert_allclose(middle, cells.numpy(), atol=1e-4)
