"""What is kept between workers: lines, numbered messages, notes of commits."""

import numpy as np
import pytest

from schemas.messages import Audio, Frame
from streamer.bus.protocol import Record
from streamer.errors import MessageError
from tests.workers.made import fresh_bus
from workers import lanes, notes, state
from workers.lanes import Lanes, Place
from workers.state import Line

NOISE = np.random.default_rng(0).integers(0, 255, 3_000_000, np.uint8).tobytes()  # does not compress


def line(number, states=None, stream="film", **more):
    return Line(stream=stream, topic="media.files", number=number, restart=3, behind=9, states=states or {}, **more)


def keep(bus, records):
    for record in records:
        bus.publish(record.topic, record.key, record.value, record.headers, record.partition)


def kept(bus, group="understand"):
    return {found.line.stream: found.line for found in state.read(bus, group, [1]).get(1, [])}


def test_the_newest_line_of_each_stream_of_a_group_comes_back():
    bus = fresh_bus()
    keep(bus, state.records(line(1), "understand", 1))
    keep(bus, state.records(line(2, {"see": b"2"}), "understand", 1))
    keep(bus, state.records(line(7, stream="another"), "understand", 1))
    keep(bus, state.records(line(9), "see", 1))
    assert kept(bus) == {"film": line(2, {"see": b"2"}), "another": line(7, stream="another")}
    assert kept(bus, "see") == {"film": line(9)}


def test_a_line_of_many_parts_comes_back_whole():
    bus = fresh_bus()
    records = state.records(line(4, {"transcribe": NOISE}), "understand", 1)
    assert len(records) > 4
    assert all(len(record.value) <= 512 << 10 for record in records)
    keep(bus, records)
    assert kept(bus)["film"].states["transcribe"] == NOISE


def test_a_line_that_is_not_all_there_leaves_the_one_before():
    bus = fresh_bus()
    keep(bus, state.records(line(4, {"see": NOISE}), "understand", 1))
    keep(bus, state.records(line(5, {"see": NOISE[::-1]}), "understand", 1)[:2])
    assert kept(bus)["film"] == line(4, {"see": NOISE})


def test_an_older_line_that_comes_late_counts_for_nothing():
    bus = fresh_bus()
    keep(bus, state.records(line(6), "understand", 1))
    keep(bus, state.records(line(5), "understand", 1))
    assert kept(bus)["film"].number == 6


def test_tombstones_forget_a_stream():
    bus = fresh_bus()
    keep(bus, state.records(line(1), "understand", 1) + state.records(line(2), "understand", 1))
    [found] = state.read(bus, "understand", [1])[1]
    keep(bus, state.tombstones(found.keys, 1))
    assert kept(bus) == {}


def as_records(outgoing, offset=0):
    return [Record(out.topic, 0, offset + number, out.key, out.value, out.headers, 0) for number, out in enumerate(outgoing)]


def frame(time, noise=True):
    picture = np.frombuffer(NOISE[: 720 * 1280 * 3], np.uint8).reshape(720, 1280, 3) if noise else None
    return Frame(
        stream="film", time=time, image=np.zeros((224, 224, 3), np.uint8), picture=picture, width=1280, height=720,
        luma=np.zeros((25, 90, 160), np.uint8), luma_times=np.arange(25) / 25,
    )  # fmt: skip


def test_a_frame_travels_in_parts_and_comes_back_to_the_bit():
    sent = frame(1.0)
    parts = as_records(lanes.cut(sent, "frames", "split", Place(0, 1), "p"))
    assert len(parts) > 4
    assert all(len(part.value) <= 512 << 10 for part in parts)
    taken = Lanes()
    found = [taken.take(part) for part in parts]
    assert found[:-1] == [None] * (len(parts) - 1)
    assert isinstance(found[-1], Frame)
    assert np.array_equal(found[-1].picture, sent.picture)
    assert np.array_equal(found[-1].luma, sent.luma)


def test_what_has_come_before_is_not_taken_again():
    taken = Lanes()
    sound = [Audio(stream="film", time=time, rate=1, samples=np.array([time], np.float32)) for time in range(4)]
    records = [as_records(lanes.cut(audio, "audio", "split", Place(0, number), "p"))[0] for number, audio in enumerate(sound)]
    again = [*records[:3], *records[1:3], *records]
    assert [found.time for record in again if (found := taken.take(record))] == [0, 1, 2, 3]
    other = as_records(lanes.cut(sound[0], "audio", "another", Place(0, 0), "p"))[0]
    assert taken.take(other) is not None
    assert taken.take(as_records(lanes.cut(sound[0], "audio", "split", Place(5, 0), "p"))[0]) is not None  # a new run


def test_reading_again_begins_at_the_first_part_of_what_is_not_whole():
    taken = Lanes()
    parts = as_records(lanes.cut(frame(1.0), "frames", "split", Place(0, 1), "p"), offset=20)
    for part in parts[:3]:
        taken.take(part)
    assert taken.restart(23) == 20
    for part in parts:
        taken.take(part)
    assert taken.restart(20 + len(parts)) == 20 + len(parts)


def test_what_has_no_lane_or_lies_about_its_bytes_is_no_message():
    [record] = as_records(lanes.cut(frame(1.0, noise=False), "frames", "split", Place(0, 1), "p"))
    with pytest.raises(MessageError, match="lane"):
        Lanes().take(Record("frames", 0, 0, "film", b"x", {}, 0))
    with pytest.raises(MessageError):
        Lanes().take(Record("frames", 0, 0, "film", b"no zlib", record.headers, 0))
    with pytest.raises(MessageError, match="part 2/3"):
        Lanes().take(Record("frames", 0, 0, "film", b"x", record.headers | {"ce_part": "2/3"}, 0))


def test_a_note_says_what_was_told_behind_which_line():
    written = notes.written({("camera", 7): 12, ("other", 70_000): 1})
    read = notes.read(written)
    assert read.get(("camera", 7), 0) == 12
    assert read.get(("camera", 8), 0) == 0
    assert read.get(("other", 70_000), 0) == 1


def test_a_note_fits_whatever_the_number_of_streams():
    assert len(notes.written({(f"camera-{number}", 1): 1 for number in range(2000)})) <= 4096


@pytest.mark.parametrize("note", ["", "no note", "AAAA", "{}"])
def test_a_note_of_somebody_else_says_nothing(note):
    assert notes.read(note).get(("camera", 1), 0) == 0
