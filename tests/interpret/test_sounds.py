from schemas.messages import Sound
from tests.interpret.made import Film, label, run, sounding, stage

LABELS = [label("alarm"), label("dog"), label("bright", hears=False, sees=True)]


def heard(end: float, **times: list[tuple[float, float]]) -> list[tuple[str, float, float]]:
    film = Film(end, LABELS)
    numbers = {"alarm": 0, "dog": 1, "bright": 2}
    film.tokens["sound"] = (*sounding({numbers[name]: spans for name, spans in times.items()}, 3, end), ())
    sounds = [message for message in run(stage(*LABELS), film.messages()) if isinstance(message, Sound)]
    assert len({sound.id for sound in sounds}) == len(sounds) and all(sound.score == 6 for sound in sounds)
    return [(sound.label, round(sound.start, 2), round(sound.end, 2)) for sound in sounds]


def test_a_sound_lasts_as_long_as_its_clear_tokens() -> None:
    assert heard(24, alarm=[(1.92, 4.32)]) == [("alarm", 1.92, 4.32)]


def test_overlapping_windows_tell_a_sound_once() -> None:
    assert heard(24, alarm=[(3.84, 13.92)]) == [("alarm", 3.84, 13.92)]


def test_a_short_pause_is_bridged_and_a_long_one_is_not() -> None:
    assert heard(24, dog=[(0, 1.92), (2.88, 3.84)]) == [("dog", 0, 3.84)]
    assert heard(24, dog=[(0, 1.92), (3.36, 4.8)]) == [("dog", 0, 1.92), ("dog", 3.36, 4.8)]


def test_a_name_that_only_one_patch_gives_is_not_told() -> None:
    assert heard(24, dog=[(0, 1.92), (3.36, 4.32)]) == [("dog", 0, 1.92)]


def test_what_still_sounds_at_the_end_is_told_then() -> None:
    assert heard(10, dog=[(6.72, 10)]) == [("dog", 6.72, 9.6)]


def test_only_labels_that_listen_are_heard() -> None:
    assert heard(10, bright=[(0, 5)]) == []


def test_a_very_long_sound_is_told_every_five_minutes() -> None:
    assert [round(end - start) for _, start, end in heard(700, alarm=[(0, 700)])] == [300, 300, 100]
