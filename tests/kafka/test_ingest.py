"""Films and live streams onto a real broker: through kills of either side nothing is lost, and gaps are said."""

import os
import signal
import subprocess
import sys
import time

from schemas.messages import Chunk
from streamer.bus.address import connect
from streamer.bus.records import message
from streamer.media.chunks import chunks
from tests.clips import Pictures, make
from tests.kafka.brokers import make_topics


def ingest(address, state, *arguments):
    """`streamer ingest` as a process of its own."""
    command = [sys.executable, "-m", "streamer.cli", "ingest", *map(str, arguments), "--bus", address]
    return subprocess.Popen(command, env=os.environ | {"STREAMER_STATE": str(state)}, stderr=subprocess.PIPE, text=True)


def finished(process, code=0):
    said = process.communicate(timeout=60)[1]
    assert process.returncode == code, said
    return said


def on(address, topic="media.files"):
    """The Chunks of a topic in the order of the log, by stream."""
    found: dict[str, list[Chunk]] = {}
    with connect(address) as bus, bus.consume([topic]) as consumer:
        places = consumer.assignment()
        ends = consumer.ends(places)
        while any(consumer.position(place) < ends[place] for place in places):
            for record in consumer.poll(0.5, 100):
                found.setdefault(record.key, []).append(message(record))
    return found


def check(found, path, stream):
    """Everything arrived, nothing out of order: first sights are the film."""
    first = {chunk.seq: chunk for chunk in reversed(found)}
    assert [first[seq] for seq in sorted(first)] == list(chunks(path, stream))
    seen = -1
    for chunk in found:
        assert chunk.seq <= seen + 1, f"{chunk.seq} after {seen}"
        seen = max(seen, chunk.seq)


def test_a_killed_ingest_loses_nothing_on_a_real_broker(topics, tmp_path):
    address = topics("media.files")
    path = make(tmp_path / "film.mp4", 6, Pictures(gop=25))
    for _ in range(3):
        process = ingest(address, tmp_path, path, "--pace", "real", "--stream", "film")
        time.sleep(2.5)
        process.kill()
        process.communicate()
    finished(ingest(address, tmp_path, path, "--stream", "film"))
    assert "on the bus before" in finished(ingest(address, tmp_path, path, "--stream", "film"))
    found = on(address)["film"]
    check(found, path, "film")
    assert len(found) == len(list(chunks(path, "film")))


def test_a_broker_that_dies_and_comes_back_costs_a_film_only_time(own_kafka, tmp_path):
    address = make_topics(own_kafka.address, "media.files")
    path = make(tmp_path / "film.mp4", 8, Pictures(gop=25))
    process = ingest(address, tmp_path, path, "--pace", "real", "--stream", "film")
    while not on(address):  # it looks for the broker
        time.sleep(0.1)
    for _ in range(2):
        time.sleep(2)
        own_kafka.kill(0)
        time.sleep(1)
        own_kafka.start_node(0)
        own_kafka.wait()
    finished(process)
    check(on(address)["film"], path, "film")


def test_a_live_stream_goes_over_the_disk_while_the_broker_is_away(own_kafka, tmp_path):
    address = make_topics(own_kafka.address, "media.live")
    path = make(tmp_path / "film.mp4", 12, Pictures(gop=25))
    process = ingest(address, tmp_path, path, "--live", "--stream", "cam")
    time.sleep(3)
    own_kafka.kill(0)
    time.sleep(5)
    own_kafka.start_node(0)
    own_kafka.wait()
    finished(process)
    seqs = [chunk.seq for chunk in on(address, "media.live")["cam"]]
    missing = set(range(max(seqs) + 1)) - set(seqs)
    assert not missing


def test_what_a_stopped_live_stream_still_held_is_sent_at_the_next_start(own_kafka, tmp_path):
    address = make_topics(own_kafka.address, "media.live")
    path = make(tmp_path / "film.mp4", 60, Pictures(gop=25))
    process = ingest(address, tmp_path, path, "--live", "--stream", "cam")
    before = until(address, lambda found: len(found) >= 3)
    own_kafka.kill(0)
    time.sleep(4)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    own_kafka.start_node(0)
    own_kafka.wait()
    process = ingest(address, tmp_path, path, "--live", "--stream", "cam")
    found = until(address, lambda found: len({chunk.epoch for chunk in found}) == 2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert [chunk.epoch for chunk in found] == sorted(chunk.epoch for chunk in found)
    seqs = {chunk.seq for chunk in found if chunk.epoch == found[0].epoch}
    assert seqs == set(range(max(seqs) + 1))
    assert max(seqs) >= before[-1].seq + 4


def until(address, enough):
    """The Chunks of the live stream, once there are enough of them."""
    ends = time.monotonic() + 60
    while not enough(found := on(address, "media.live").get("cam", [])):
        assert time.monotonic() < ends
        time.sleep(0.2)
    return found
