"""Films and stand-ins for cameras onto the bus: whole, once, in time, and through outages."""

import threading
import time
import uuid

import msgspec
import pytest

from schemas.messages import Chunk
from streamer.bus.local import LocalBus
from streamer.bus.records import message
from streamer.bus.spool import Spool
from streamer.config import Bus, Config
from streamer.errors import BusError, ConfigError
from streamer.ingest import live, run
from streamer.ingest.films import Film, Films
from streamer.ingest.journal import Journal
from streamer.ingest.outbox import Outbox, given_up
from streamer.ingest.run import Ingest
from streamer.media.chunks import chunks
from streamer.progress import BatchProgress
from tests.clips import Pictures, make

FILES, LIVE = "media.files", "media.live"


class Killed(BaseException):
    """The end of the process."""


class Faulty(LocalBus):
    """Takes so many records, then fails so many times with an error."""

    def __init__(self, takes: int, fails: int = 0, error: BaseException | None = None):
        super().__init__(uuid.uuid4().hex)
        self.takes, self.fails, self.error = takes, fails, error or BusError("nobody answers")

    def publish(self, *record):
        if self.takes <= 0 < self.fails:
            self.fails -= 1
            raise self.error
        self.takes -= 1
        return super().publish(*record)


def on(bus, topic=FILES):
    """The Chunks of a topic, by stream."""
    found: dict[str, list[Chunk]] = {}
    with bus.consume([topic]) as consumer:
        while records := consumer.poll(0.01, 1_000):
            for record in records:
                found.setdefault(record.key, []).append(message(record))
    return found


def send(bus, path, tmp_path, stream="film", **options):
    journal = Journal(tmp_path / "ingest.sqlite", "local")
    films = Films(bus, journal, BatchProgress(1, 1.0, quiet=True))
    return films.run([[Film(path=path, stream=stream, length_s=4.0)]], paced=options.get("paced", False))


def ingest(bus, sources, **options):
    config = Config(bus=Bus(address=f"local://{bus}"))
    return run.run([str(source) for source in sources], config, Ingest(quiet=True, **options))


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMER_STATE", str(tmp_path / "state"))
    return tmp_path


# --- films -----------------------------------------------------------------------------------------------------------


def test_films_and_folders_arrive_whole_and_a_second_time_nothing_is_sent(state):
    (state / "films").mkdir()
    one, two = make(state / "films" / "one.mp4", 3), make(state / "films" / "two.mkv", 2)
    for _ in range(2):
        assert ingest("whole", [state / "films", one]) == 0
        found = on(LocalBus("whole"))
        assert len(found) == 2
        for path in (one, two):
            stream = run.media.stream_id(path)
            assert found[stream] == list(chunks(path, stream))


def test_what_is_no_film_costs_a_line_and_the_others_arrive(state, capsys):
    (state / "notes.mp4").write_text("no film")
    assert ingest("some", [state / "notes.mp4", state / "gone.mp4", make(state / "film.mp4", 1)]) == 2
    assert len(on(LocalBus("some"))) == 1
    assert "is text, no media" in (said := capsys.readouterr().err)
    assert "gone.mp4: no such file" in said


def test_a_stream_has_the_name_that_is_given_and_passes_count_up(state):
    film = make(state / "film.mp4", 1)
    assert ingest("named", [film], stream="lobby", passes=3) == 0
    assert sorted(on(LocalBus("named"))) == ["lobby", "lobby-2", "lobby-3"]
    with pytest.raises(ConfigError, match="names one stream"):
        ingest("named", [film, make(state / "other.mp4", 1.5)], stream="lobby")
    with pytest.raises(ConfigError, match="expected 1 to 64"):
        ingest("named", [film], stream="Lobby!")


@pytest.mark.parametrize("takes", [0, 1, 4])
def test_a_killed_ingest_goes_on_without_loss_and_without_repeats(tmp_path, takes):
    bus = Faulty(takes, 1, Killed())
    path = make(tmp_path / "film.mp4", 8, Pictures(gop=25))
    with pytest.raises(Killed):
        send(bus, path, tmp_path)
    assert send(bus, path, tmp_path) == 0
    assert on(bus)["film"] == list(chunks(path, "film"))


def test_a_film_waits_for_the_broker_to_come_back(tmp_path, capsys):
    bus = Faulty(3, 4)
    path = make(tmp_path / "film.mp4", 8, Pictures(gop=25))
    assert send(bus, path, tmp_path) == 0
    assert on(bus)["film"] == list(chunks(path, "film"))
    assert capsys.readouterr().err.count("nobody answers") == 1


def test_a_film_is_sent_again_to_topics_that_were_made_anew(tmp_path):
    path = make(tmp_path / "film.mp4", 2)
    for _ in range(2):
        bus = Faulty(1_000)
        assert send(bus, path, tmp_path) == 0
        assert on(bus)["film"] == list(chunks(path, "film"))


def test_a_paced_film_takes_its_time_and_films_run_side_by_side(state):
    begun = time.monotonic()
    assert ingest("paced", [make(state / "one.mp4", 2), make(state / "two.mp4", 1.5)], paced=True) == 0
    assert 1.8 < time.monotonic() - begun < 3.2
    assert all(found[-1].kind == "end" for found in on(LocalBus("paced")).values())


# --- live ------------------------------------------------------------------------------------------------------------


def filmed(bus, tmp_path, path, passes=1, most=1 << 30):
    spool = Spool(tmp_path / "spool.sqlite", most, given_up)
    try:
        live.run([live.Camera(path=path, stream="cam", passes=passes)], Outbox(bus, spool))
        return spool.dropped
    finally:
        spool.close()


def test_a_live_stream_runs_in_real_time_and_comes_back_with_a_new_epoch(state):
    before = time.time()
    assert ingest("cam", [make(state / "film.mp4", 1.5)], live=True, passes=2, stream="cam") == 0
    found = on(LocalBus("cam"), LIVE)["cam"]
    epochs = sorted({chunk.epoch for chunk in found})
    assert len(epochs) == 2
    assert epochs[1] - epochs[0] == pytest.approx(1500, abs=100)
    assert abs(epochs[0] / 1000 - before) < 2
    for epoch, began in zip(epochs, ("start", "reconnect"), strict=True):
        of = [chunk for chunk in found if chunk.epoch == epoch and chunk.kind != "heartbeat"]
        assert [chunk.seq for chunk in of] == list(range(len(of)))
        assert of[-1].kind == "end"
        assert {chunk.began for chunk in of} == {began}
        assert all(epoch / 1000 <= chunk.captured < epoch / 1000 + 2 for chunk in of)


def test_a_silent_stream_says_that_it_is_there():
    heart = live.Heart()
    heart.note(Chunk(stream="cam", epoch=1_000, seq=4))
    assert heart.beats() == []
    heart.streams["cam"] = (time.monotonic() - 3, heart.streams["cam"][1])
    [beat] = heart.beats()
    assert (beat.kind, beat.seq, beat.epoch) == ("heartbeat", 5, 1_000)
    assert heart.beats() == []
    heart.note(Chunk(stream="cam", epoch=1_000, seq=5, kind="end"))
    assert heart.streams == {}


def test_an_outage_goes_over_the_disk_and_loses_nothing(tmp_path):
    bus = Faulty(2, 3)
    path = make(tmp_path / "film.mp4", 4, Pictures(gop=25))
    assert filmed(bus, tmp_path, path) == 0
    seqs = [chunk.seq for chunk in on(bus, LIVE)["cam"]]
    assert sorted(set(seqs)) == list(range(max(seqs) + 1))


def test_what_could_not_be_sent_is_sent_first_at_the_next_start(tmp_path):
    path = make(tmp_path / "film.mp4", 2, Pictures(gop=25))
    bus = Faulty(1, 10**6)
    filmed(bus, tmp_path, path)
    assert len(on(bus, LIVE)["cam"]) == 1
    bus.fails = 0
    filmed(bus, tmp_path, path)
    found = on(bus, LIVE)["cam"]
    epochs = sorted({chunk.epoch for chunk in found})
    assert [chunk.epoch for chunk in found] == sorted(chunk.epoch for chunk in found)
    for epoch in epochs:
        seqs = [chunk.seq for chunk in found if chunk.epoch == epoch]
        assert sorted(set(seqs)) == list(range(max(seqs) + 1))


def test_a_full_spool_gives_up_the_oldest_runs_and_says_so(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite", 60_000, given_up)
    outbox = Outbox(bus := Faulty(0, 10**6), spool)
    outbox.spooling = True
    made = list(chunks(make(tmp_path / "film.mp4", 8, Pictures(gop=25)), "cam", 1_700_000_000_000))
    for chunk in made:
        outbox.put(msgspec.structs.replace(chunk, captured=1.7e9))
    assert spool.dropped > 0
    bus.fails = 0
    stop = threading.Event()
    sender = threading.Thread(target=outbox.run, args=(stop,))
    sender.start()
    while outbox.spooling:
        time.sleep(0.01)
    stop.set()
    sender.join()
    first, *rest = on(bus, LIVE)["cam"]
    assert (first.kind, first.cause) == ("gap", "spool")
    assert rest[0].parameters
    assert [chunk.seq for chunk in rest] == list(range(first.seq + 1, len(made)))
