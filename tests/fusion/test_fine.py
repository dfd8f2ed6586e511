"""The join carries what is fine with its window, and is the same without it."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import pack, unpack
from schemas.messages import Fine, Grain, Message, Window
from streamer.config import Fusion
from streamer.fusion.waiting import FineJoinState
from streamer.fusion.windows import Join
from tests.fusion.messages import INF, features, mark
from tests.fusion.test_windows import all_at, film, joined, windows

FINE = Fusion(fine=True)
STATE = {"stream", "epoch", "next", "marks", "tokens", "held", "spoken", "gaps", "seen", "statuses", "end"}


def fine(kind: Grain, first: int, count: int, hop: float = 0.125) -> Fine:
    """Rows that hold their own number."""
    values = np.repeat(np.arange(first, first + count, dtype=np.float16)[:, None] + 1, 2, axis=1)
    return Fine(stream="s", kind=kind, start=first * hop, hop=hop, values=values)


def told(messages: list[Message]) -> list[Window]:
    return windows(list(Join(FINE)(messages)))


def rows(window: Window, kind: Grain) -> list[int]:
    assert window.fine is not msgspec.UNSET
    return [round(float(value)) - 1 for value in window.fine[kind].values[:, 0]]


def test_a_window_carries_the_rows_of_its_time() -> None:
    first, second, *_ = told([fine("motion", 0, 70), fine("motion", 70, 40), fine("onsets", 4, 100), *all_at(130), *all_at(INF)])
    assert rows(first, "motion") == list(range(64))
    assert rows(second, "motion") == list(range(32, 96))
    assert rows(first, "onsets") == [-1] * 4 + list(range(4, 64))  # zeros where nothing is known
    assert second.fine is not msgspec.UNSET
    assert (second.fine["motion"].start, second.fine["motion"].hop) == (4.0, 0.125)
    assert set(second.fine) == {"motion", "onsets"}


def test_a_grid_that_fits_no_window_keeps_its_length() -> None:
    messages = [fine("sound", number, 1, 0.24) for number in range(90)]
    for window in told([*messages, *all_at(215), *all_at(INF)])[:3]:
        assert rows(window, "sound") == list(range(round(window.start / 0.24), round(window.start / 0.24) + 33))


def test_rows_behind_the_watermark_of_their_branch_are_not_used_for_windows_that_had_passed() -> None:
    late = [mark("sound", 90), fine("onsets", 56, 16)]
    others = [mark(modality, 90) for modality in ("vision", "text", "ocr")]
    for order in ([*late, *others], [*others, *late], [late[0], *others, late[1]]):
        first, second, *_ = told([*order, *all_at(INF)])
        assert first.fine == {}
        assert rows(second, "onsets")[24:40] == list(range(56, 72))


def test_without_the_option_nothing_is_there() -> None:
    messages = film(90)
    plain = joined(messages)
    assert [pack(message) for message in joined([messages[0], fine("motion", 0, 9), *messages[1:]])] == [pack(message) for message in plain]
    assert all(window.fine is msgspec.UNSET for window in windows(plain))
    assert b"fine" not in pack(windows(plain)[0])
    stage = Join(Fusion())
    list(stage(messages[:8]))
    assert set(unpack(pack(stage.states), dict[str, dict])["s|0"]) == STATE  # type: ignore[type-arg]


def test_with_the_option_everything_else_is_the_same() -> None:
    messages = film(130)
    plain = joined(messages)
    with_rows = list(Join(FINE)([messages[0], fine("motion", 0, 104), *messages[1:]]))
    without = [msgspec.structs.replace(one, fine=msgspec.UNSET) if isinstance(one, Window) else one for one in with_rows]
    assert [pack(message) for message in without] == [pack(message) for message in plain]


def test_what_is_kept_of_an_endless_stream_is_bounded() -> None:
    stage, most = Join(FINE), 0
    for second in range(400):
        list(stage([fine("motion", second * 8, 8), fine("sound", second * 4, 4, 0.24), *all_at(second * 10)]))
        most = max(most, len(pack(stage.states)))
    assert len(pack(stage.states)) <= most < 30_000
    [state] = stage.states.values()
    assert isinstance(state, FineJoinState)
    assert len(state.rows["motion"]) <= 13 * 8


def run(messages: list[Message], cuts: set[int], crashes: set[int]) -> bytes:
    stage, out, batch = Join(FINE), [], []
    for number, message in enumerate(messages):
        batch.append(message)
        if number in cuts | crashes:
            out += stage(batch)
            batch = []
        if number in crashes:
            kept = pack(stage.states)
            stage = Join(FINE)
            stage.states = unpack(kept, dict[str, FineJoinState])
    return pack([*out, *stage(batch)])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_windows_do_not_depend_on_order_between_branches_batches_or_crashes(data: st.DataObject) -> None:
    seen: list[Message] = []
    heard: list[Message] = []
    for half in range(data.draw(st.integers(1, 40))):
        seen += [features("vision", 5 * half, 5 * half + 5), fine("middle", half, 1, 0.5), fine("motion", 4 * half, 4)]
        seen += [mark("vision", 5 * half + 5), mark("ocr", 5 * half + 5)]
        heard += [features("sound", 5 * half, 5 * half + 9), fine("onsets", 4 * half, 4), mark("sound", 5 * half), mark("text", 5 * half)]
    lanes = [[*lane, *(mark(modality, INF) for modality in ends)] for lane, ends in ((seen, ("vision", "ocr")), (heard, ("sound", "text")))]
    plain = run([message for lane in lanes for message in lane], set(), set())
    order = data.draw(st.permutations([number for number, lane in enumerate(lanes) for _ in lane]))
    sources = [iter(lane) for lane in lanes]
    messages = [next(sources[number]) for number in order]
    places = st.sets(st.integers(0, len(messages) - 1), max_size=6)
    assert run(messages, data.draw(places), data.draw(places)) == plain


@pytest.mark.parametrize("start", [0.25, 0.75, 2.75])
def test_rows_between_two_times_of_the_grid_go_to_the_later_one(start: float) -> None:
    values = np.ones((1, 2), np.float16)
    message = Fine(stream="s", kind="middle", start=start, hop=0.5, values=values)
    [first, *_] = told([message, *all_at(85), *all_at(INF)])
    assert first.fine is not msgspec.UNSET
    assert np.flatnonzero(first.fine["middle"].values[:, 0]).tolist() == [round((start + 0.25) * 2)]
