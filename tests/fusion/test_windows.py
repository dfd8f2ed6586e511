import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import pack, unpack
from schemas.messages import MODALITIES, Message, Shot, StreamStatus, Utterance, Window
from streamer.config import Fusion
from streamer.fusion.windows import Join, JoinState
from tests.fusion.messages import INF, features, gap, keyframe, loudness, mark, motion, online, screen_text, shot, utterance


def joined(messages: list[Message], **options: float) -> list[Message]:
    return list(Join(Fusion(**options))(messages))


def windows(messages: list[Message]) -> list[Window]:
    return [message for message in messages if isinstance(message, Window)]


def all_at(time: float) -> list[Message]:
    return [mark(modality, time) for modality in MODALITIES]


def film(length: int) -> list[Message]:
    """Pictures every second, sound every half, nobody speaks; tenths of a second."""
    seen = [features("vision", time, time) for time in range(0, length, 10)]
    heard = [features("sound", time, min(length, time + 10)) for time in range(0, length, 5)]
    return [online(), *seen, *heard, shot(0, length), *all_at(length), *all_at(INF)]


@pytest.mark.parametrize(
    ("length", "starts"),
    [(1, [0]), (40, [0]), (41, [0, 4]), (80, [0, 4]), (81, [0, 4, 8]), (120, [0, 4, 8]), (200, [0, 4, 8, 12, 16])],
)
def test_every_moment_of_the_media_lies_in_a_window(length: int, starts: list[float]) -> None:
    found = windows(joined(film(length)))
    assert [window.start for window in found] == starts
    assert [window.end - window.start for window in found] == [8.0] * len(starts)
    assert [window.last for window in found] == [False] * (len(starts) - 1) + [True]
    assert found[-1].media_end == length / 10


def test_levels_that_reach_beyond_the_media_do_not_lengthen_it() -> None:
    assert windows(joined([loudness(0, 43), features("sound", 0, 40), *all_at(40), *all_at(INF)]))[-1].media_end == 4.2
    assert windows(joined([loudness(0, 41), features("sound", 0, 40), *all_at(40), *all_at(INF)]))[-1].media_end == 4.0


def test_a_stream_without_anything_still_has_its_last_window() -> None:
    [window] = joined([mark(modality, INF, "no_track") for modality in MODALITIES])
    assert isinstance(window, Window)
    assert window.last
    assert set(window.status.values()) == {"no_track"}


def test_a_window_waits_for_late_speech() -> None:
    stage = Join(Fusion())
    early = [features("vision", 10, 10), mark("vision", 90), mark("ocr", 90), mark("sound", 90), mark("text", 70)]
    assert not list(stage(early))
    late = list(stage([features("text", 72, 75, "at last"), utterance(72, 75), mark("text", 80)]))
    assert [type(message).__name__ for message in late] == ["Utterance", "Window"]
    [window] = windows(late)
    assert window.tokens["text"].texts == ("at last",)
    assert [spoken.text for spoken in window.utterances] == ["hello there"]


def test_tokens_in_reach_are_carried_over_and_later_ones_are_not_used() -> None:
    seen = [features("vision", time, time) for time in range(0, 170, 10)]
    first, second, *_ = windows(joined([*seen, *all_at(170), *all_at(INF)]))
    assert first.tokens["vision"].spans[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert second.tokens["vision"].spans[:, 0].tolist() == [3, 4, 5, 6, 7, 8, 9, 10, 11]  # reach 1.5 s before 4 s


def test_a_token_behind_the_watermark_of_its_branch_is_never_used_for_windows_that_had_passed() -> None:
    late = [mark("text", 90), features("text", 70, 75, "late"), features("text", 95, 99, "in time")]
    others = [mark(modality, 90) for modality in ("vision", "sound", "ocr")]
    ends = all_at(INF)
    for order in ([*late, *others, *ends], [*others, *late, *ends], [late[0], *others, *late[1:], *ends]):
        first, second, *_ = windows(joined(order))
        assert "text" not in first.tokens
        assert second.tokens["text"].texts == ("late", "in time")


def test_results_are_told_with_their_window_in_order_of_type_start_and_id() -> None:
    told = joined([keyframe(3), shot(0, 20), motion(0, 9), loudness(0, 10), utterance(1, 20), *all_at(100), *all_at(INF)])
    names = [type(message).__name__ for message in told]
    assert names == ["Keyframe", "Levels", "Levels", "Shot", "Utterance", "Window", "Window", "Window"]
    [first, *rest] = windows(told)
    assert first.told == tuple(message.id for message in told[:5])  # type: ignore[attr-defined]
    assert {message.window for message in told[:5]} == {first.id}  # type: ignore[attr-defined]
    assert all(not window.told for window in rest)


def test_a_result_is_told_with_the_first_window_behind_the_watermark_of_its_branch() -> None:
    messages = [*all_at(79), shot(0, 79), mark("vision", 81), shot(79, 81), *all_at(81), *all_at(130), *all_at(INF)]
    told = joined(messages)
    shots = {message.start: message.window for message in told if isinstance(message, Shot)}
    first, second, *_ = windows(told)
    assert shots == {0.0: first.id, 7.9: second.id}


def test_status_says_what_was_there() -> None:
    messages = [
        mark("sound", INF, "no_track"), mark("text", INF, "no_track"), features("vision", 0, 0), mark("vision", 80), mark("ocr", 80),
        mark("vision", INF), mark("ocr", INF),
    ]  # fmt: skip
    first, last = windows(joined(messages))
    assert first.status == {"vision": "present", "sound": "no_track", "text": "no_track", "ocr": "silent"}
    assert first.coverage == {"vision": 1.0, "sound": 0.0, "text": 0.0, "ocr": 1.0}
    assert first.complete
    assert last.status["vision"] == "silent"


def test_a_gap_lowers_the_coverage_of_what_lives_on_its_track_and_is_told() -> None:
    told = joined([gap(20, 40, "sound"), gap(30, 50, "sound"), *film(80)])
    first, second = windows(told)
    assert first.coverage == {"vision": 1.0, "sound": 1 - 3 / 8, "text": 1 - 3 / 8, "ocr": 1.0}
    assert second.coverage["sound"] == 0.75  # 1 s of the 4 s that the film fills
    assert not first.complete
    assert [type(message).__name__ for message in told].count("Gap") == 2


def test_a_modality_that_fails_later_counts_as_present_before() -> None:
    messages = [features("sound", 0, 10), mark("sound", 90), mark("sound", INF, "failed"), *all_at(90), *all_at(INF)]
    first, second, _ = windows(joined(messages))
    assert (first.status["sound"], second.status["sound"]) == ("present", "failed")
    assert (first.complete, second.complete) == (True, False)


def test_live_windows_do_not_wait_for_ever() -> None:
    stage = Join(Fusion(), lateness_s=2.0)
    assert not list(stage([features("vision", 10, 10), mark("vision", 99), mark("ocr", 99), mark("sound", 99)]))
    [window] = stage([mark("vision", 100)])
    assert isinstance(window, Window)
    assert window.status["text"] == "late"
    assert window.coverage["text"] == 0.0
    assert not window.complete


def test_streams_do_not_touch_one_another() -> None:
    other = [msgspec.structs.replace(message, stream="t") for message in film(60)]
    mixed = [message for pair in zip(film(60), other, strict=True) for message in pair]
    assert pack([message for message in joined(mixed) if message.stream == "s"]) == pack(joined(film(60)))


def test_what_is_not_read_passes_at_once_and_later_statuses_come_last() -> None:
    ended = StreamStatus(stream="s", id="ended", state="ended")
    told = joined([online(), ended, *film(40)[1:]])
    assert isinstance(told[0], StreamStatus)
    assert told[-1] is ended


def test_a_stream_is_forgotten_at_its_end() -> None:
    stage = Join(Fusion())
    list(stage(film(100)))
    assert not stage.states


def test_an_hour_leaves_little_behind() -> None:
    stage = Join(Fusion())
    sizes = []
    for second in range(0, 36000, 10):
        batch = [features("vision", second, second), features("sound", second, second + 10), keyframe(second), *all_at(second + 10)]
        list(stage(batch))
        if second in (1200, 35000):
            sizes.append(len(pack(stage.states)))
    assert sizes[1] < sizes[0] * 1.2 < 100_000


# --- any order, any cut, any crash: the same bytes -----------------------------------------------------------------


@st.composite
def branches(draw: st.DrawFn) -> list[list[Message]]:
    """What the branches of a short film send, each in its order."""
    length = draw(st.integers(1, 260))

    def spans(most: int) -> list[tuple[int, int]]:
        starts = draw(st.lists(st.integers(0, length - 1), max_size=most, unique=True).map(sorted))
        return [(start, min(length, start + draw(st.integers(0, 60)))) for start in starts]

    see: list[tuple[float, list[Message]]] = [(time, [features("vision", time, time)]) for time in range(0, length, 10)]
    see += [(end, [shot(start, end)]) for start, end in spans(4)]
    see += [(end, [screen_text(start, end)]) for start, end in spans(3)]
    see += [(start, [features("ocr", start, start + 5, f"line {start}")]) for start, _ in spans(4)]
    see += [(start, [keyframe(start)]) for start, _ in spans(4)]
    listen: list[tuple[float, list[Message]]] = [(time, [features("sound", time, time + 10)]) for time in range(0, length, 5)]
    listen += [(time + 5, [loudness(time, 5)]) for time in range(0, length, 40)]
    lost = [[gap(start, end, draw(st.sampled_from([None, "sound"])))] for start, end in spans(2)]
    listen += [(message.start * 10, [message]) for [message] in lost]
    speak: list[tuple[float, list[Message]]] = [
        (start, [features("text", start, end, f"word {start}"), utterance(start, end)]) for start, end in spans(5)
    ]
    return [_marked(see, "vision", "ocr"), _marked(listen, "sound"), _marked(speak, "text")]


def _marked(timed: list[tuple[float, list[Message]]], *modalities: str) -> list[Message]:
    """The messages of a branch in order of time, with watermarks between."""
    sent: list[Message] = []
    for time, messages in sorted(timed, key=lambda pair: pair[0]):
        sent += [mark(modality, time) for modality in modalities]
        sent += messages
    return sent + [mark(modality, INF) for modality in modalities]


def run(messages: list[Message], cuts: set[int], crashes: set[int]) -> bytes:
    """All that comes out, where batches end at `cuts` and the stage is replaced by one from its stored state at `crashes`."""
    stage, out, batch = Join(Fusion()), [], []
    for number, message in enumerate(messages):
        batch.append(message)
        if number in cuts | crashes:
            out += stage(batch)
            batch = []
        if number in crashes:
            kept = pack(stage.states)
            stage = Join(Fusion())
            stage.states = unpack(kept, dict[str, JoinState])
    return pack([*out, *stage(batch)])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_windows_do_not_depend_on_order_between_branches_batches_crashes_or_repeats(data: st.DataObject) -> None:
    lanes = data.draw(branches())
    plain = run([online(), *(message for lane in lanes for message in lane)], set(), set())
    for lane in lanes:
        for place in data.draw(st.lists(st.integers(0, len(lane) - 2), max_size=4)) if len(lane) > 1 else []:
            behind = data.draw(st.integers(place + 1, len(lane) - 1))
            lane.insert(behind, lane[place])
    order = data.draw(st.permutations([number for number, lane in enumerate(lanes) for _ in lane]))
    sources = [iter(lane) for lane in lanes]
    messages = [online(), *(next(sources[number]) for number in order)]
    places = st.sets(st.integers(0, len(messages) - 1), max_size=8)
    assert run(messages, data.draw(places), data.draw(places)) == plain


def test_utterances_of_a_window_are_those_that_touch_it() -> None:
    told = windows(joined([utterance(10, 30), utterance(75, 95), mark("text", 130), *all_at(130), *all_at(INF)]))
    assert [[spoken.start for spoken in window.utterances] for window in told] == [[1.0, 7.5], [7.5], [7.5], []]
    assert all(isinstance(spoken, Utterance) for window in told for spoken in window.utterances)
