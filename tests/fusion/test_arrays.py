"""A window as arrays: everything in its place, zeros where nothing is."""

import msgspec
import numpy as np
import pytest

from schemas.messages import Fine, FusedWindow, Grain, Tokens, Window
from streamer.fusion.arrays import ARRAYS, HEIGHTS, MANNER, arrays, row_at
from tests.fusion.messages import window

LABELS = ("one", "two", "three")


def fused(found: Window) -> FusedWindow:
    evidence = np.arange(3 * 16 * 4, dtype=np.float32).reshape(3, 16, 4)
    bins = found.start + np.arange(16) * 0.5
    prior = np.full(3, -2, np.float32)
    return FusedWindow(stream="s", window=found, labels=LABELS, bins=bins, prior=prior, evidence=evidence, looked={}, scores={})


def tokens(starts: list[float], length: float, width: int, vectors: int = 0, texts: tuple[str, ...] = ()) -> Tokens:
    count = len(starts)
    number = np.arange(1, count + 1, dtype=np.float32)[:, None]
    return Tokens(
        spans=np.array([(start, start + length) for start in starts]), keys=np.repeat(number, width, 1), texts=texts,
        vectors=np.repeat(number, vectors, 1) if vectors else None, reliability=np.full(count, 0.5, np.float32),
    )  # fmt: skip


def rows(kind: Grain, start: float, hop: float, count: int, width: int) -> Fine:
    return Fine(stream="s", kind=kind, start=start, hop=hop, values=np.full((count, width), 2, np.float16))


def test_every_array_has_the_shape_of_the_table() -> None:
    for found in (window(), window(8.0, vision=tokens([8.0], 0.5, 384, 1280))):
        made = arrays(fused(found))
        assert made.keys() == ARRAYS.keys()
        for name, (dtype, shape) in ARRAYS.items():
            assert made[name].dtype == dtype
            assert made[name].shape == tuple(size or len(LABELS) for size in shape)


def test_a_window_without_anything_is_zeros() -> None:
    made = arrays(fused(window()))
    assert not any(array.any() for name, array in made.items() if name != "level0")


def test_pictures_lie_in_their_bins_and_earlier_ones_are_left_out() -> None:
    made = arrays(fused(window(4.0, vision=tokens([3.5, 4.0, 5.0, 5.9, 11.5, 12.0], 0.5, 384, 1280))))
    assert np.flatnonzero(made["vision_mask"]).tolist() == [0, 2, 4, 15]
    assert made["vision"][[0, 2, 4, 15], 7].tolist() == [2, 3, 4, 5]


def test_sound_comes_from_what_is_fine_or_else_from_every_other_patch() -> None:
    starts = [0.48 * number for number in range(16)]
    coarse = arrays(fused(window(sound=tokens(starts, 0.975, 384, 1024))))
    assert np.flatnonzero(coarse["sound_mask"]).tolist() == list(range(2, 33, 2))
    both = msgspec.structs.replace(
        window(sound=tokens(starts, 0.975, 384, 1024)), fine={"sound": rows("sound", 0.0, 0.24, 33, 1024)}
    )  # fmt: skip
    made = arrays(fused(both))
    assert made["sound_mask"].all()
    assert (made["sound"] == 2).all()


def test_sound_of_later_windows_lies_on_the_same_grid() -> None:
    starts = [0.48 * number for number in range(40)]
    made = arrays(fused(window(8.0, sound=tokens(starts, 0.975, 384, 1024))))
    first = 8.0 // 0.24  # row 0 is the patch whose middle is nearest to the window's start
    for row in np.flatnonzero(made["sound_mask"]):
        assert made["sound"][row, 0] == round((first + row - 2) / 2) + 1


def test_heights_are_told_over_their_mean_and_silence_stays_nothing() -> None:
    onsets = rows("onsets", 0.0, 0.125, 64, 16)
    onsets.values[:32] = 0
    onsets.values[32:48, HEIGHTS] = 6
    made = arrays(fused(msgspec.structs.replace(window(), fine={"onsets": onsets})))
    assert not made["onsets"][:32].any()
    assert (made["onsets"][32:, :8] == 2).all()
    assert made["onsets"][32:48, HEIGHTS] == pytest.approx(np.full((16, 8), 2.0))
    assert made["onsets"][48:, HEIGHTS] == pytest.approx(np.full((16, 8), -2.0))


def test_phrases_carry_their_time_from_the_start_of_the_window() -> None:
    made = arrays(fused(window(4.0, text=tokens([3.8, 6.0], 1.0, 384, texts=("a", "b")))))
    assert made["text_mask"].tolist() == [True, True] + [False] * 6
    assert made["text_spans"][:2] == pytest.approx(np.array([(-0.2, 0.8), (2.0, 3.0)]))
    assert made["text_reliability"].tolist() == [0.5, 0.5] + [0] * 6


def test_of_many_phrases_the_last_are_kept() -> None:
    made = arrays(fused(window(text=tokens([0.5 * n for n in range(10)], 0.4, 384, texts=tuple("abcdefghij")))))
    assert made["text"][:, 0].tolist() == [3, 4, 5, 6, 7, 8, 9, 10]


def test_how_phrases_are_said_is_told_of_those_that_touch_the_window() -> None:
    made = arrays(fused(window(4.0, text=tokens([2.0, 3.0, 6.2, 11.9, 12.5], 1.5, 384, MANNER, texts=tuple("abcde")))))
    assert made["text_mask"].sum() == 5
    assert made["voice"][:, 3].tolist() == [0, 2, 3, 4, 0, 0, 0, 0]


def test_where_it_is_not_known_how_a_phrase_is_said_nothing_is_told_of_it() -> None:
    made = arrays(fused(window(text=tokens([1.0], 1.5, 384, texts=("a",)))))
    assert made["text_mask"][0]
    assert not made["voice"].any()


def test_a_line_that_stays_is_one_line() -> None:
    lines = tokens([0.0, 1.0, 4.0, 4.0], 4.0, 384, texts=("EXIT", "SALE", "EXIT", "HELLO"))
    made = arrays(fused(window(ocr=lines)))
    assert made["ocr_mask"].tolist() == [True, True, True, False]
    assert made["ocr_spans"][:3].tolist() == [[0, 8], [1, 5], [4, 8]]


def test_evidence_and_presence_are_taken_over() -> None:
    found = fused(window(vision=tokens([0.0], 0.5, 384, 1280)))
    made = arrays(found)
    assert np.array_equal(made["level0"], found.evidence)
    assert made["present"].tolist() == [True, False, False, False]


def test_vectors_of_another_encoder_are_not_taken() -> None:
    made = arrays(fused(window(vision=tokens([0.0], 0.5, 384, 768), sound=tokens([0.0], 0.5, 384))))
    assert not made["vision_mask"].any()
    assert not made["sound_mask"].any()


def test_halves_go_up() -> None:
    assert [row_at(time, 0.5) for time in (0.0, 0.24, 0.25, 0.75, 1.25)] == [0, 0, 1, 2, 3]
