"""What the stage tells where fine features are wanted: patches twice as often, and when sounds begin."""

from collections.abc import Sequence

import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import AnyMessage, Features, Fine, Watermark
from streamer.sound import onsets
from streamer.sound.listen import FineListenState, Listen
from tests.sound.test_listen import RATE, Mirror, noise, stream

RISE, HEIGHT = slice(0, 8), slice(8, 16)
STATE = {"stream", "epoch", "rate", "patch", "heard", "cell", "start", "samples"}


def of(told: Sequence[AnyMessage], kind: str) -> list[Fine]:
    return [message for message in told if isinstance(message, Fine) and message.kind == kind]


def rows(samples: np.ndarray, start: float = 0.0) -> np.ndarray:
    """float32 [rows, 16]: the onsets of this sound."""
    told = Listen(None, fine=True)(stream(samples, start=start))
    return np.concatenate([fine.values for fine in of(list(told), "onsets")]).astype(np.float32)


def struck(times: Sequence[float], seconds: float = 4.0, loud: float = 0.5) -> np.ndarray:
    """Blows of noise that die away, in a quiet room."""
    samples = noise(seconds, 3e-3)
    for time in times:
        first = round(time * RATE)
        blow = noise(0.2) * 5 * np.exp(-np.arange(round(0.2 * RATE)) / (0.03 * RATE))
        samples[first : first + len(blow)] += blow[: len(samples) - first].astype(np.float32)
    return samples * np.float32(loud)


def test_everything_else_is_told_as_without_them() -> None:
    for samples, start in ((noise(6.3), 0.7), (noise(0.1), 0.0), (noise(2.0), 1.0)):
        for encoder in (Mirror(), None):
            plain = [pack(message) for message in Listen(encoder)(stream(samples, start=start)) if not isinstance(message, Watermark)]
            told = [message for message in Listen(encoder, fine=True)(stream(samples, start=start)) if not isinstance(message, Watermark)]
            assert [pack(message) for message in told if not isinstance(message, Fine)] == plain


def test_without_them_the_state_has_nothing_of_them() -> None:
    listen = Listen(Mirror())
    assert not [message for message in listen(stream(noise(3.0))[:-1]) if isinstance(message, Fine)]
    assert set(unpack(pack(listen.states), dict[str, dict])["s|0"]) == STATE  # type: ignore[type-arg]


def test_patches_come_twice_as_often_and_tell_the_time_of_their_middle() -> None:
    told = list(Listen(Mirror(), fine=True)(stream(noise(5.0))))
    fine = of(told, "sound")
    assert [patch.start for patch in fine] == pytest.approx(np.arange(21) * 0.24)  # the whole sound, from beginning to end
    known = {round(patch.spans[0, 0], 2): patch.vectors for patch in told if isinstance(patch, Features)}
    for patch in fine[2:-2:2]:
        assert np.array_equal(patch.values, known[round(patch.start - 0.48, 2)])


@pytest.mark.parametrize("block", [160, 1000, 7680, 8000, 80_000])
def test_any_blocks_give_what_one_pass_gives(block: int) -> None:
    samples = noise(5.03)
    whole, parts = (Listen(Mirror(), fine=True)(stream(samples, size)) for size in (len(samples), block))
    one, other = ([pack(message) for message in told if not isinstance(message, Watermark)] for told in (whole, parts))
    assert sorted(one) == sorted(other)


def test_batches_may_be_cut_anywhere_and_the_state_carries_on() -> None:
    messages = stream(noise(6.3), start=0.7)
    expected = [pack(message) for message in Listen(Mirror(), fine=True)(messages)]
    stage, got = Listen(Mirror(), fine=True), []
    for message in messages:
        got += [pack(told) for told in stage([message])]
        states = unpack(pack(stage.states), dict[str, FineListenState])
        assert len(pack(stage.states)) < 500_000
        stage = Listen(Mirror(), fine=True)
        stage.states = states
    assert got == expected
    assert stage.states == {}


@pytest.mark.parametrize("encoder", [Mirror(), None])
def test_nothing_is_told_before_its_watermark(encoder: Mirror | None) -> None:
    reached = 0.0
    for message in Listen(encoder, fine=True)(stream(noise(7.0))):
        if isinstance(message, Watermark):
            reached = message.time
        elif isinstance(message, Fine):
            assert message.start >= reached


def test_blows_rise_in_their_rows_and_nowhere_else() -> None:
    found = rows(struck([1.05, 1.8, 2.55]))
    strong = np.flatnonzero(found[:, RISE].mean(1) > 2)
    assert strong.tolist() == [8, 14, 20]
    assert found.shape == (32, 16)


def test_a_rise_is_the_same_in_a_quieter_recording() -> None:
    loud, quiet = rows(struck([1.05])), rows(struck([1.05], loud=0.05))
    assert quiet[8, RISE] == pytest.approx(loud[8, RISE], abs=0.8)
    assert (loud - quiet)[8, HEIGHT] == pytest.approx(np.full(8, np.log(10)), abs=0.2)


def test_nothing_rises_where_the_sound_begins() -> None:
    for start in (0.0, 0.3, 1.0):
        found = rows(noise(2.0, 0.3), start)
        assert found[:, RISE].max() < 3
        assert found[: int(start % 0.5 / 0.125), HEIGHT].max(initial=0) == 0


def test_silence_has_no_height() -> None:
    assert not rows(np.zeros(2 * RATE, np.float32)).any()


def test_a_span_is_whole_frames() -> None:
    assert onsets.SPAN % onsets.BEFORE == 0
    assert len(onsets.ROWS) * onsets.HOP_S * RATE == onsets.SPAN
