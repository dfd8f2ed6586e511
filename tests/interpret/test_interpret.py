import time

import numpy as np
from msgspec.structs import replace

from schemas.codec import pack, unpack
from schemas.messages import (
    AnyMessage,
    Event,
    FusedWindow,
    Keyframe,
    Levels,
    SceneDescription,
    ScreenText,
    Sentiment,
    Shot,
    Sound,
    Watermark,
    WindowClosed,
)
from streamer.interpret.interpret import InterpretState
from tests.interpret.made import STREAM, Film, keyframe, label, levels, line, run, said_hit, shot, sounding, spoken, stage

LABELS = [label("alarm"), label("laughter", valence=0.7), label("dog", sees=True), label("banana", hears=False, says=("banana",))]


def rich(end: float = 40.0) -> Film:
    """A film in which everything happens."""
    film = Film(end, LABELS)
    film.put(0, "sound", 5, 17, 4).put(1, "sound", 9, 11, 4).put(2, "vision", 1, 8, 3).put(2, "sound", 12, 13, 2)
    film.only[5, 0] = np.where(np.arange(16)[:, None] >= 13, [0, 3, 0, 0], 0)  # retracted later
    said_hit(film, 3, 16.6, 17.1, "banana")
    film.tokens["sound"] = (*sounding({0: [(5, 17)], 1: [(9, 11)]}, 4, end), ())
    times = np.arange(end)
    film.tokens["vision"] = (np.stack((times, times + 1), 1), np.tile(np.float32(3.0), (4, len(times))), ())
    film.utterances = [spoken("What a wonderful banana.", 15, 18), spoken("Go away, I hate it!", 25, 30)]
    film.perceived = [
        (1, keyframe(0.0)),
        *[(at + 4, levels(at, 4, brightness=0.4, motion=0.1)) for at in range(0, int(end), 4)],
        (13, shot(0, 12.5, keyframe(0.0).ref)),
        (14, keyframe(12.5)),
        (20, line("EXIT", 14, 20)),
        (end, shot(12.5, end, keyframe(12.5).ref)),
    ]
    return film


def test_the_order_of_a_window_and_its_list() -> None:
    film = rich()
    given = film.messages()
    answer = run(stage(*LABELS), given)
    order = [Sound, SceneDescription, Sentiment, Event, WindowClosed]
    window: list[AnyMessage] = []
    closed = 0
    for message in answer:
        if isinstance(message, Shot | Keyframe | Levels | ScreenText):
            continue
        window.append(message)
        if isinstance(message, WindowClosed):
            ranks = [order.index(type(one)) for one in window]
            assert ranks == sorted(ranks)
            own = [one.id for one in window[:-1]]  # type: ignore[union-attr]
            assert message.results == (*film.windows()[closed].window.told, *dict.fromkeys(own))
            assert all(one.window == message.window and one.profile == "offline" for one in window)  # type: ignore[union-attr]
            window, closed = [], closed + 1
    assert closed == len(film.windows()) and not window


def test_what_was_perceived_passes_unchanged() -> None:
    film = rich()
    kinds = (Shot, Keyframe, Levels, ScreenText)
    answer = [message for message in run(stage(*LABELS), film.messages()) if isinstance(message, kinds)]
    assert [message.id for message in answer] == [item.id for _, item in sorted(film.perceived, key=lambda one: one[0])]  # type: ignore[union-attr]
    mark = Watermark(stream=STREAM, modality="vision", time=3.0)
    assert run(stage(*LABELS), [mark]) == [mark]


def test_the_last_window_ends_with_the_film() -> None:
    film = Film(5.5, LABELS)
    answer = run(stage(*LABELS), film.messages())
    ends = [message.end for message in answer if isinstance(message, SceneDescription | Sentiment | WindowClosed)]
    assert ends == [8, 8, 8, 5.5, 5.5]  # described once: in the first window


def test_the_cut_of_batches_changes_nothing() -> None:
    messages = rich().messages()
    whole = pack(run(stage(*LABELS), messages))
    for size in (1, 2, 3, 7):
        interpret = stage(*LABELS)
        pieces = [answer for at in range(0, len(messages), size) for answer in run(interpret, messages[at : at + size])]
        assert pack(pieces) == whole
    assert pack(run(stage(*LABELS), messages)) == whole


def test_a_stage_restored_at_any_message_goes_on_as_if_never_interrupted() -> None:
    messages = rich().messages()
    whole = pack(run(stage(*LABELS), messages))
    for cut in range(len(messages) + 1):
        before, after = stage(*LABELS), stage(*LABELS)
        first = run(before, messages[:cut])
        after.states = unpack(pack(before.states), dict[str, InterpretState])
        assert pack([*first, *run(after, messages[cut:])]) == whole


def renamed(message: AnyMessage) -> AnyMessage:
    """The same of another stream."""
    if isinstance(message, FusedWindow):
        message = replace(message, window=replace(message.window, stream="other"))
    return replace(message, stream="other")


def test_streams_do_not_mix_and_are_forgotten_at_their_end() -> None:
    messages = rich().messages()
    other = list(map(renamed, messages))
    interpret = stage(*LABELS)
    mixed = [answer for pair in zip(messages, other, strict=True) for answer in run(interpret, pair)]
    assert pack([message for message in mixed if message.stream == STREAM]) == pack(run(stage(*LABELS), messages))
    assert not interpret.states


def test_what_is_not_wanted_is_left_out() -> None:
    answer = run(stage(*LABELS, describe=False, sentiment=False), rich().messages())
    assert not any(isinstance(message, SceneDescription | Sentiment) for message in answer)
    assert any(isinstance(message, Event) for message in answer)


def test_results_name_the_models_that_had_a_part() -> None:
    models = {"vision": "eye", "sound": "ear", "speech": "whisper", "text": "words", "ocr": "reader"}
    answer = run(stage(*LABELS, models=models), rich().messages())
    events = {message.label: message.models for message in answer if isinstance(message, Event)}
    assert events["alarm"] == {"sound": "ear"} and events["dog"] == {"sound": "ear", "vision": "eye"}
    assert events["banana"] == {"speech": "whisper", "text": "words"}
    assert {message.models["sound"] for message in answer if isinstance(message, Sound)} == {"ear"}
    assert {message.models.get("sentiment") for message in answer if isinstance(message, Sentiment)} == {"vader", None}


def test_a_window_with_forty_labels_takes_five_milliseconds() -> None:
    labels = [*LABELS, *[label(f"other{i}", sees=True) for i in range(36)]]
    film = Film(400.0, labels)
    for number in range(12):
        film.put(number, "sound", 20 * number + 5, 20 * number + 90, 4)
    film.tokens["sound"] = (*sounding({number: [(20 * number + 5, 20 * number + 90)] for number in range(12)}, 40, 400), ())
    times = np.arange(400.0)
    film.tokens["vision"] = (np.stack((times, times + 1), 1), np.full((40, 400), 3, np.float32), ())
    film.utterances = [spoken("Somebody says a few kind words here.", at, at + 3) for at in range(0, 400, 5)]
    interpret, messages = stage(*labels), film.messages()
    run(interpret, messages[:5])
    began = time.process_time()
    run(interpret, messages[5:])
    assert (time.process_time() - began) / (len(messages) - 5) < 0.005
