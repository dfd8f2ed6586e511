import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import MODALITIES, Event, Hit, identity
from streamer.interpret import stitching
from tests.interpret.made import PRIOR, STREAM, Film, keyframe, label, run, said_hit, shot, sounding, stage

ALARM, DOG = label("alarm", severity="warning"), label("dog", sees=True)


def told(film: Film) -> list[Event]:
    return [message for message in run(stage(*film.labels), film.messages()) if isinstance(message, Event)]


def phases(events: list[Event]) -> list[str]:
    return [event.phase for event in events]


def spans(events: list[Event], phase: str = "ended") -> list[tuple[float, float]]:
    return [(event.start, event.end) for event in events if event.phase == phase]


# --- stitching -----------------------------------------------------------------------------------------------------


def test_the_middle_of_a_window_counts_most() -> None:
    assert stitching.triangle(4).tolist() == [0.25, 0.75, 0.75, 0.25]
    assert np.allclose(stitching.triangle(16)[8:] + stitching.triangle(16)[:8], 1)


def test_a_bin_is_the_weighted_mean_of_the_windows_that_hold_it() -> None:
    film = Film(12, [ALARM])
    film.only = {(0, 0): np.full((16, 4), 1.0), (1, 0): np.full((16, 4), 3.0)}
    first, second, _ = film.windows()
    known = stitching.stitch(stitching.stitch(stitching.Stitched(), first), second)
    sound = known.mean(first.prior)[0, :, 2]
    assert np.allclose(sound[:8], 1) and np.allclose(sound[16:], 3)
    # bin 10, centre 5.25 s: 2.75 s before the end of the first window (weight 2.75 / 4), 1.25 s after the start of the second
    assert math.isclose(sound[10], (1 * 2.75 + 3 * 1.25) / 4)
    assert known.final == 16  # the next window begins at 8 s


def test_bins_between_windows_have_only_their_prior() -> None:
    films = Film(40, [ALARM]).windows()
    known = stitching.stitch(stitching.stitch(stitching.Stitched(), films[0]), films[5])
    assert known.mean(films[0].prior)[0, 18].tolist() == [PRIOR, 0, 0, 0, 0, 0, 0]


# --- life ----------------------------------------------------------------------------------------------------------


def test_an_event_starts_goes_on_and_ends() -> None:
    events = told(Film(24, [ALARM]).put(0, "sound", 5, 14, 4))
    assert phases(events) == ["started", "updated", "updated", "ended"]
    assert [event.rev for event in events] == [0, 1, 2, 3]
    assert {event.id for event in events} == {identity(STREAM, 0, "event", "alarm", 10)}
    assert {event.event_id for event in events} == {"film:0:alarm:10"}
    assert [(event.start, event.end) for event in events] == [(5, 8), (5, 12), (5, 14), (5, 14)]
    assert events[-1].severity == "warning" and events[-1].threshold == 0.6 and events[-1].calibration == "prior"


def test_an_event_that_the_next_window_denies_is_retracted() -> None:
    film = Film(24, [ALARM])
    film.only[0, 0] = np.where(np.arange(16)[:, None] >= 13, [0, 3, 0, 0], 0)  # only the first window hears it
    events = told(film)
    assert phases(events) == ["started", "retracted"]
    assert events[0].id == events[1].id and events[1].rev == 1


def test_an_event_in_the_last_window_ends_with_the_film() -> None:
    events = told(Film(6.2, [ALARM]).put(0, "sound", 5, 8, 4))
    assert phases(events) == ["started", "updated", "ended"]
    assert (events[-1].start, events[-1].end) == (5, 6.2)


def test_nothing_happens_behind_the_end_of_the_film() -> None:
    assert not told(Film(3.0, [ALARM]).put(0, "sound", 3.5, 8, 4))
    assert phases(told(Film(6.0, [ALARM]).put(0, "sound", 6.5, 8, 4))) == ["started", "retracted"]  # the end was not known yet


def test_a_short_pause_is_bridged_and_a_long_one_is_not() -> None:
    assert spans(told(Film(24, [ALARM]).put(0, "sound", 5, 7, 4).put(0, "sound", 8, 10, 4))) == [(5, 10)]
    assert spans(told(Film(24, [ALARM]).put(0, "sound", 5, 7, 4).put(0, "sound", 8.5, 10, 4))) == [(5, 7), (8.5, 10)]


def test_labels_are_told_apart() -> None:
    film = Film(24, [ALARM, DOG]).put(0, "sound", 5, 7, 4).put(1, "vision", 6, 9, 4)
    assert {(event.label, event.start, event.end) for event in told(film) if event.phase == "ended"} == {("alarm", 5, 7), ("dog", 6, 9)}


def test_a_long_event_is_split_every_five_minutes() -> None:
    film = Film(720, [ALARM]).put(0, "sound", 10, 700, 4)
    events = told(film)
    assert spans(events) == [(10, 310), (310, 610), (610, 700)]
    assert phases(events).count("started") == 3
    ids = [event.id for event in events if event.phase == "ended"]
    assert len(set(ids)) == 3


def test_what_is_kept_of_a_long_event_is_small() -> None:
    from schemas.codec import pack

    film = Film(400, [ALARM, *[label(f"other{i}") for i in range(39)]]).put(0, "sound", 10, 390, 4)
    interpret, sizes = stage(*film.labels), []
    for message in film.messages():
        run(interpret, [message])
        sizes.append(len(pack(interpret.states)))
    assert max(sizes) < 100_000


# --- words ---------------------------------------------------------------------------------------------------------


def test_a_word_has_its_own_borders_and_quote() -> None:
    film = Film(48, [label("banana", hears=False, says=("banana",))])
    said_hit(film, 0, 16.62, 17.11, "banana")
    said_hit(film, 0, 40.13, 40.71, "banana")
    events = [event for event in told(film) if event.phase == "ended"]
    assert [(event.start, event.end) for event in events] == [(16.62, 17.11), (40.13, 40.71)]
    assert [one.quote for one in events[0].evidence] == ["banana"]
    assert events[0].contributions.keys() == {"prior", "text"}


def test_a_word_said_twice_within_a_second_is_one_event() -> None:
    film = Film(24, [label("banana", hears=False, says=("banana",))])
    said_hit(film, 0, 5.2, 5.6, "banana")
    said_hit(film, 0, 6.3, 6.8, "banana")
    assert spans(told(film)) == [(5.2, 6.8)]


# --- what it rests on ----------------------------------------------------------------------------------------------


def test_contributions_sum_to_the_logit_of_the_strongest_bin() -> None:
    film = Film(24, [DOG]).put(0, "vision", 4, 9, 1.7).put(0, "sound", 5, 8, 2.3)
    film.only[1, 0] = film.windows()[1].evidence[0] * 1.3  # windows may differ: what is stitched still adds up
    for event in told(film):
        first, second, *_ = film.windows()
        known = stitching.stitch(stitching.stitch(stitching.Stitched(), first), second)
        logits = known.mean(first.prior)[0].sum(1)
        assert event.contributions.keys() == {"prior", "vision", "sound"}
        if event.phase == "ended":
            assert abs(sum(event.contributions.values()) - logits.max()) < 1e-6


def test_evidence_is_what_was_attended_to_inside_the_event() -> None:
    film = Film(24, [DOG]).put(0, "vision", 4, 9, 2.5).put(0, "sound", 4, 9, 2.5)
    film.tokens["sound"] = (*sounding({0: [(5, 7)]}, 1, 24), ())
    times = np.arange(24.0)
    film.tokens["vision"] = (np.stack((times, times + 1), 1), np.where((times >= 4) & (times < 9), 5.0, -1.0)[None].astype(np.float32), ())
    film.perceived = [(0, keyframe(0)), (5.5, shot(0, 5.5, keyframe(0).ref)), (6, keyframe(6))]
    last = next(event for event in told(film) if event.phase == "ended")
    assert {one.modality for one in last.evidence} == {"sound", "vision"}
    assert all(one.start >= 4 and one.end <= 9 and 0 < one.weight <= 1 for one in last.evidence)
    assert {one.ref for one in last.evidence if one.modality == "vision" and one.end <= 5} == {keyframe(0).ref}
    assert {one.ref for one in last.evidence if one.modality == "vision" and one.start >= 6} == {keyframe(6).ref}
    assert all(one.ref is None for one in last.evidence if one.modality == "sound")
    assert last.modalities["vision"].status == "present" and last.modalities["sound"].coverage == 1


# --- whatever the evidence is --------------------------------------------------------------------------------------

scores = st.lists(st.sampled_from([0.0, 0.0, 1.0, 1.6, 2.6, 5.0]), min_size=16, max_size=16)


@settings(max_examples=150, deadline=None)
@given(st.lists(scores, min_size=1, max_size=8), st.sampled_from([2.0, 4.0, 6.0]), st.booleans())
def test_every_life_is_whole_and_events_of_a_label_never_overlap(windows: list[list[float]], hop_s: float, words: bool) -> None:
    film = Film(len(windows) * hop_s, [ALARM], hop_s)
    for index, own in enumerate(windows):
        film.only[index, 0] = np.stack([np.zeros(16), own, np.zeros(16), np.zeros(16)], 1)
    if words:
        film.hits = [Hit(label="alarm", modality="text", start=3.2, end=3.9, probability=0.9, quote="alarm", id="u")]
    events = told(film)
    lives: dict[str, list[Event]] = {}
    for event in events:
        lives.setdefault(event.id, []).append(event)
    for life in lives.values():
        assert [event.rev for event in life] == list(range(len(life)))
        assert life[0].phase == "started" and life[-1].phase in ("ended", "retracted")
        assert all(event.phase == "updated" for event in life[1:-1])
        assert len({event.event_id for event in life}) == 1
    for event in events:
        assert event.start < event.end and 0 <= event.confidence <= 1 and (event.phase != "ended" or event.end <= film.end)
        assert set(event.contributions) == {"prior", "sound"} and event.modalities.keys() == set(MODALITIES)
    ended = sorted(spans(events))
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(ended))
