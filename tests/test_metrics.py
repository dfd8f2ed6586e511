import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence

import pytest

from streamer.bus.protocol import Outgoing, Record
from streamer.errors import ConfigError
from streamer.metrics import Meters, alive
from workers.service import Timed


def _shown(meters: Meters) -> dict[str, float]:
    return {
        "".join([sample.name, *sample.labels.values()]): sample.value
        for family in meters.registry.collect()
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def _told(kind: str) -> Outgoing:
    return Outgoing("events", "s", b"{}", {"ce_type": f"streamer.{kind}"})


def test_results_are_counted_by_kind_and_windows_once_more() -> None:
    meters = Meters()
    meters.told([_told("event.started"), _told("event.started"), _told("window.closed"), Outgoing("state", "s", b"")])
    shown = _shown(meters)
    assert shown["streamer_results_totalevent.started"] == 2
    assert shown["streamer_results_totalwindow.closed"] == 1
    assert shown["streamer_windows_closed_total"] == 1
    assert len([name for name in shown if name.startswith("streamer_results_total")]) == 2


def test_the_age_of_a_record_is_its_lag() -> None:
    meters = Meters()
    meters.took(Record("media.live", 0, 0, "s", b"", {}, int((time.time() - 7) * 1000)))
    meters.took(Record("media.live", 0, 1, "s", b"", {}, int((time.time() + 60) * 1000)))
    shown = _shown(meters)
    assert shown["streamer_lag_seconds_count"] == 2
    assert 6.9 < shown["streamer_lag_seconds_sum"] < 8.5, "a clock that is ahead must not make it smaller"


def test_time_in_a_step_counts_also_where_the_step_fails() -> None:
    meters = Meters()
    try:
        with meters.working("see"):
            time.sleep(0.02)
            raise ValueError
    except ValueError:
        pass
    assert _shown(meters)["streamer_step_seconds_totalsee"] >= 0.02


def test_a_worker_is_alive_as_long_as_it_asks_the_bus() -> None:
    meters = Meters()
    port = meters.serve(0)
    assert not alive(port), "it has not begun"
    meters.polled(partitions=3, waiting=17)
    assert alive(port)
    assert not alive(port, within_s=0)
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    assert "streamer_waiting_records 17.0" in text
    assert "streamer_partitions 3.0" in text
    assert "process_resident_memory_bytes" in text
    assert subprocess.run([sys.executable, "-m", "streamer.metrics", str(port)], check=False).returncode == 0


def test_a_port_that_is_taken_is_one_line() -> None:
    port = Meters().serve(0)
    with pytest.raises(ConfigError, match=f"{port}: Address already in use"):
        Meters().serve(port)


class Twice:
    """A stage that is used by several streams, one at a time."""

    name, reads, state_type = "twice", (int,), int

    def __init__(self) -> None:
        self.states: dict[str, int] = {}
        self.lock = threading.RLock()

    def __call__(self, batch: Sequence[int]) -> Iterator[int]:
        for item in batch:
            time.sleep(0.05)
            yield 2 * item


def test_a_timed_stage_does_the_same_and_waiting_for_its_turn_does_not_count() -> None:
    meters, stage = Meters(), Twice()
    timed = Timed(stage, meters)
    timed.states = {"s": 3}
    assert stage.states is timed.states
    threads = [threading.Thread(target=lambda: timed([1])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert timed([1, 2]) == [2, 4]
    assert 0.3 <= _shown(meters)["streamer_step_seconds_totaltwice"] < 0.4, "six items of 0.05 s; with the waiting 0.6 s"


def test_nobody_there_is_not_alive() -> None:
    meters = Meters()
    assert not alive(meters.serve(0) + 1)
