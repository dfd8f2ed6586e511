"""Sound becomes patches on one grid, however it comes."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import AnyMessage, Audio, Features, Levels, Watermark
from streamer.models.protocols import Queries
from streamer.sound.listen import Listen, ListenState, loudness, reliability
from tests.media_folder import needs_models

RATE = 16_000


class Mirror:
    """A tiny encoder: the key of a patch is its first samples, its vector how loud each tenth of it is."""

    name, rate_hz, patch_s, hop_s = "mirror", RATE, 0.96, 0.48

    def encode(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        patch = samples[: round(self.patch_s * RATE)]
        return samples[None, :8], np.array([[np.abs(tenth).sum() for tenth in np.array_split(patch, 10)]], np.float32)

    def queries(self, prompts: Sequence[str]) -> Queries:
        raise NotImplementedError


def noise(seconds: float, loud: float = 0.1) -> np.ndarray:
    return np.random.default_rng(3).normal(0, loud, round(seconds * RATE)).astype(np.float32).clip(-1, 1)


def stream(samples: np.ndarray, block: int = RATE // 2, start: float = 0.0) -> list[AnyMessage]:
    """The messages of a reader for these samples."""
    messages: list[AnyMessage] = []
    for first in range(0, len(samples), block):
        time = start + first / RATE
        messages.append(Audio(stream="s", time=time, rate=RATE, samples=samples[first : first + block]))
        messages.append(Watermark(stream="s", modality="sound", time=start + min(first + block, len(samples)) / RATE))
    return [*messages, Watermark(stream="s", modality="sound", time=math.inf)]


def features(messages: Sequence[AnyMessage]) -> list[Features]:
    return [message for message in messages if isinstance(message, Features)]


def test_patches_lie_on_the_grid_and_carry_their_own_samples() -> None:
    samples = noise(5.0)
    heard = features(list(Listen(Mirror())(stream(samples))))
    starts = [patch.spans[0, 0] for patch in heard]
    assert starts == pytest.approx(np.arange(len(starts)) * 0.48)
    assert [patch.spans[0, 1] for patch in heard[:-1]] == pytest.approx(np.array(starts[:-1]) + 0.96)
    assert heard[-1].spans[0, 1] == 5.0
    for patch in heard:
        first = round(patch.spans[0, 0] * RATE)
        np.testing.assert_array_equal(patch.keys[0], samples[first : first + 8].astype(np.float16))


@pytest.mark.parametrize("block", [160, 1000, 7680, 8000, 80_000])
def test_any_blocks_give_what_one_pass_gives(block: int) -> None:
    samples = noise(5.03)
    whole = [pack(message) for message in Listen(Mirror())(stream(samples, len(samples))) if not isinstance(message, Watermark)]
    parts = [pack(message) for message in Listen(Mirror())(stream(samples, block)) if not isinstance(message, Watermark)]
    assert sorted(whole) == sorted(parts)


def test_batches_may_be_cut_anywhere_and_the_state_carries_on() -> None:
    messages = stream(noise(6.3), start=0.7)
    expected = [pack(message) for message in Listen(Mirror())(messages)]
    stage, got = Listen(Mirror()), []
    for message in messages:
        got += [pack(told) for told in stage([message])]
        states = unpack(pack(stage.states), dict[str, ListenState])
        assert len(pack(stage.states)) < 500_000
        stage = Listen(Mirror())
        stage.states = states
    assert got == expected
    assert stage.states == {}


def test_a_short_clip_is_one_patch_filled_with_silence() -> None:
    [patch] = features(list(Listen(Mirror())(stream(noise(0.1)))))
    assert patch.spans.tolist() == [[0.0, 0.1]]
    assert patch.vectors is not None
    assert patch.vectors[0, 0] > 0
    assert not patch.vectors[0, 2:].any()


def test_sound_that_starts_late_keeps_the_grid() -> None:
    heard = features(list(Listen(Mirror())(stream(noise(2.0), start=1.0))))
    assert heard[0].spans.tolist() == [[1.0, pytest.approx(0.96 + 0.96)]]
    assert heard[1].spans[0, 0] == pytest.approx(1.44)


def test_nothing_is_heard_before_its_watermark() -> None:
    reached = 0.0
    for message in Listen(Mirror())(stream(noise(7.0))):
        if isinstance(message, Watermark):
            assert message.time >= reached
            reached = message.time
        elif isinstance(message, Features):
            assert message.spans[0, 0] >= reached
    assert reached == math.inf


def test_loudness_comes_by_the_cell_in_decibels() -> None:
    samples = np.concatenate([np.full(4 * RATE, 0.5, np.float32), np.zeros(5 * RATE, np.float32)])
    told = [message for message in Listen(None)(stream(samples)) if isinstance(message, Levels)]
    assert [(levels.start, len(levels.loudness)) for levels in told if levels.loudness is not None] == [(0.0, 8), (4.0, 8), (8.0, 2)]
    assert told[0].loudness == pytest.approx(np.full(8, -6.02), abs=0.01)
    assert told[1].loudness == pytest.approx(np.full(8, -100.0))


def test_levels_of_late_sound_begin_at_its_own_bin() -> None:
    told = [message for message in Listen(None)(stream(noise(4.0), start=1.7)) if isinstance(message, Levels)]
    assert [(levels.start, len(levels.loudness)) for levels in told if levels.loudness is not None] == [(1.5, 5), (4.0, 4)]


def test_silence_is_unreliable_and_speech_level_is_trusted() -> None:
    assert reliability(np.zeros(100, np.float32)) == pytest.approx(1e-4)
    assert reliability(np.full(100, 10 ** (-65 / 20), np.float32)) == pytest.approx(0.5, abs=0.01)
    assert reliability(np.full(100, 0.05, np.float32)) == 1.0
    assert loudness(np.ones(10, np.float32)) == 0.0


def test_without_a_track_the_status_is_passed_on() -> None:
    absent = Watermark(stream="s", modality="sound", time=math.inf, status="no_track")
    other = Watermark(stream="s", modality="vision", time=3.0)
    assert list(Listen(Mirror())([absent, other])) == [absent, other]


def test_streams_are_kept_apart() -> None:
    mine, other = stream(noise(3.0)), stream(noise(3.0, 0.01))
    other = [type(message)(**{**{f: getattr(message, f) for f in message.__struct_fields__}, "stream": "t"}) for message in other]
    mixed = [message for pair in zip(mine, other, strict=True) for message in pair]
    told = list(Listen(Mirror())(mixed))
    assert [pack(message) for message in told if message.stream == "s"] == [pack(message) for message in Listen(Mirror())(mine)]


@needs_models
def test_the_real_encoder_hears_the_same_in_a_stream_as_in_one_pass() -> None:
    from streamer.models.encoders import load_sound

    encoder, samples = load_sound("yamnet"), noise(4.0)
    keys, _ = encoder.encode(samples)
    heard = features(list(Listen(encoder)(stream(samples))))
    for number, patch in enumerate(heard[: len(keys) - 1]):
        assert float(patch.keys[0].astype(np.float32) @ keys[number]) > 0.999
