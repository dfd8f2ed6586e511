"""What the spool keeps, gives up and finds again."""

import pytest

from streamer.bus.spool import Spool
from streamer.errors import StoreError


def spool(path, most=1_000):
    return Spool(path / "spool.sqlite", most, lambda value: b"gap to " + value[:3])


def fill(store, stream, numbers, every=5):
    """100 bytes each, beginning with the number; every fifth can be begun with."""
    for number in numbers:
        store.add(stream, f"{number:03}".encode().ljust(100), number % every == 0)


def held(store, stream="s"):
    return [record.value.rstrip().decode() for record in store.head(1_000) if record.stream == stream]


def test_records_come_out_in_order_and_go_when_they_are_done(tmp_path):
    store = spool(tmp_path)
    assert store.empty
    fill(store, "s", range(7))
    assert held(store) == ["000", "001", "002", "003", "004", "005", "006"]
    store.done(store.head(3))
    assert held(store) == ["003", "004", "005", "006"]
    store.done(store.head(10))
    assert store.empty


def test_what_is_in_it_is_there_after_a_restart(tmp_path):
    store = spool(tmp_path)
    fill(store, "s", range(7))
    store.close()
    again = spool(tmp_path)
    assert len(held(again)) == 7
    fill(again, "s", range(7, 9))
    assert held(again)[-2:] == ["007", "008"]


def test_when_it_is_full_the_oldest_runs_go_and_a_record_says_so(tmp_path):
    store = spool(tmp_path)
    fill(store, "s", range(12))
    assert held(store) == ["gap to 004", *[f"{number:03}" for number in range(5, 12)]]
    fill(store, "s", range(12, 30))
    assert held(store) == ["gap to 024", *[f"{number:03}" for number in range(25, 30)]]
    assert store.dropped == 25


def test_a_full_stream_takes_no_room_from_another(tmp_path):
    store = spool(tmp_path)
    fill(store, "other", range(7))
    fill(store, "s", range(50))
    assert len(held(store, "other")) == 7


def test_the_newest_run_is_kept_however_long_it_is(tmp_path):
    store = spool(tmp_path)
    fill(store, "s", range(30), every=1_000)
    assert len(held(store)) == 30


def test_a_second_process_of_the_same_streams_is_refused(tmp_path):
    store = spool(tmp_path)
    fill(store, "s", range(1))
    with pytest.raises(StoreError, match="locked"):
        spool(tmp_path)
    store.close()
