"""Topics, headers and the AsyncAPI document agree with the messages."""

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from schemas import cloudevents, messages
from schemas.cloudevents import HEADERS, encode, event_type, headers, message
from schemas.codec import pack
from schemas.document import ASYNCAPI, FOLDER, asyncapi, json_schema
from schemas.messages import (
    PUBLISHED,
    Chunk,
    Event,
    Features,
    Gap,
    JobProgress,
    Levels,
    StreamStatus,
    Utterance,
    Watermark,
)
from schemas.topics import RESULTS, TOPICS, full_name, short_name, topic_of

EVENT = Event(
    stream="cam-1", epoch=1_700_000_000_000, id="ab", event_id="cam-1:1700000000000:dog:3", phase="started", label="dog",
    start=1.5, end=2.0, confidence=0.9, threshold=0.5, rev=2,
)  # fmt: skip


def test_every_published_type_has_one_home_and_it_is_public():
    assert {kind for name in RESULTS for kind in TOPICS[name].types} | {messages.DeadLetter} == set(PUBLISHED)
    for kind in PUBLISHED:
        homes = [name for name in (*RESULTS, "dlq") if kind in TOPICS[name].types]
        assert len(homes) == 1, kind
        assert TOPICS[homes[0]].public


def test_a_message_knows_its_topic():
    assert topic_of(EVENT) == "events"
    assert topic_of(Chunk(stream="s", seq=0)) == "media.files"
    assert topic_of(Chunk(stream="s", epoch=5, seq=0)) == "media.live"
    spoken = Utterance(stream="s", id="u", start=0.0, end=1.0, text="hello")
    assert topic_of(spoken) == "transcripts"
    assert topic_of(msgspec.structs.replace(spoken, final=False)) == "partials"
    assert topic_of(Gap(stream="s", id="g", start=0, end=1, cause="poison")) == "status"
    with pytest.raises(ValueError, match="no topic of its own"):
        topic_of(Watermark(stream="s", modality="vision", time=1.0))


def test_names_are_told_in_full_and_back():
    assert full_name("home", "media.live") == "home.media.live.v1"
    assert short_name("home", "home.media.live.v1") == "media.live"


def test_headers_are_those_that_are_documented():
    found = headers(EVENT, "pipe")
    assert found.keys() == HEADERS.keys()
    assert found["ce_type"] == "streamer.event.started"
    assert found["ce_id"] == "ab.2"
    assert found["ce_subject"] == "ab"
    assert found["ce_source"] == "/streams/cam-1"
    assert found["ce_time"] == "2023-11-14T22:13:21.500Z"
    assert found["ce_sequence"] == "1700000000000-000000002000-002"
    assert found["ce_dataschema"] == json_schema(Event)["$id"]
    assert found["content-type"] == "application/json"


def test_a_film_without_a_clock_has_no_time():
    assert "ce_time" not in headers(msgspec.structs.replace(EVENT, epoch=0), "p")
    assert headers(msgspec.structs.replace(EVENT, epoch=0, utc=1_000_000_000.0), "p")["ce_time"].startswith("2001-09-09")


def test_a_clock_that_was_never_set_is_refused():
    with pytest.raises(ValueError, match="after 2000"):
        headers(msgspec.structs.replace(EVENT, epoch=1000), "p")
    with pytest.raises(ValueError, match="after 2000"):
        headers(Chunk(stream="s", epoch=1000, seq=0, captured=3.0), "p")


def test_the_sequence_orders_facts_as_strings():
    early = headers(msgspec.structs.replace(EVENT, end=9.0), "p")["ce_sequence"]
    late = headers(msgspec.structs.replace(EVENT, end=10.0, rev=0), "p")["ce_sequence"]
    assert early < late < headers(msgspec.structs.replace(EVENT, end=10.0, rev=1), "p")["ce_sequence"]


def test_every_type_has_a_fact():
    kinds = {kind for topic in TOPICS.values() for kind in topic.types}
    named = set(cloudevents._FACTS) | {"Event", "StreamStatus", "JobProgress", "Utterance"}
    assert {kind.__name__ for kind in kinds} <= named
    assert event_type(StreamStatus(stream="s", id="x", state="degraded")) == "streamer.stream.degraded"
    assert event_type(JobProgress(stream="s", id="x", name="a", state="done", position=1.0)) == "streamer.job.completed"


def test_messages_come_back_from_both_kinds_and_from_an_envelope():
    assert message(encode(EVENT), headers(EVENT, "p")) == EVENT
    assert message(encode(EVENT, "msgpack"), headers(EVENT, "p", "msgpack")) == EVENT
    assert message(encode(EVENT), {}) == EVENT
    assert message(pack(EVENT), {}) == EVENT
    envelope = msgspec.json.encode({"specversion": "1.0", "type": "streamer.event.started", "data": msgspec.Raw(encode(EVENT))})
    assert message(envelope, {"content-type": "application/cloudevents+json; charset=UTF-8"}) == EVENT
    chunk = Chunk(stream="s", seq=3, data=b"abc")
    assert message(encode(chunk), headers(chunk, "p")) == chunk


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"", {}),
        (b"hello", {}),
        (b"{}", {"content-type": "application/json"}),
        (b"\xc1", {"content-type": "application/msgpack"}),
        (b'{"type":"Event"}', {"content-type": "application/json"}),
        (b'{"specversion":"1.0"}', {"content-type": "application/cloudevents+json"}),
        (b"[1]", {"content-type": "application/cloudevents+json"}),
        (b"x", {"content-type": "text/plain"}),
        (msgspec.msgpack.encode({"type": "Levels", "stream": "s", "id": "l", "start": 0.0, "hop": 1.0, "motion": {"dtype": "<f4"}}), {}),
        (msgspec.msgpack.encode({"type": "Levels", "stream": "s", "id": "l", "start": 0.0, "hop": 1.0, "motion": 3}), {}),
        (
            msgspec.msgpack.encode(
                {
                    "type": "Levels",
                    "stream": "s",
                    "id": "l",
                    "start": 0.0,
                    "hop": 1.0,
                    "motion": {"dtype": "O", "shape": [1], "data": b"12345678"},
                }
            ),
            {},
        ),
        (
            msgspec.msgpack.encode(
                {
                    "type": "Levels",
                    "stream": "s",
                    "id": "l",
                    "start": 0.0,
                    "hop": 1.0,
                    "motion": {"dtype": "<f4", "shape": [9], "data": b"1234"},
                }
            ),
            {},
        ),
    ],
)
def test_what_is_no_message_of_ours_is_a_value_error(value, found):
    with pytest.raises(ValueError, match=r"."):
        message(value, found)


def test_what_travels_between_workers_has_headers_too():
    made = Features(
        stream="s", modality="vision", spans=np.array([[1.0, 2.0]]), keys=np.ones((1, 4), np.float16), reliability=np.ones(1, np.float32)
    )
    found = headers(made, "p")
    assert found["content-type"] == "application/msgpack"
    assert found["ce_subject"] == cloudevents.identity("s", 0, "vision", 1_000_000)
    ended = headers(Watermark(stream="s", modality="sound", time=float("inf")), "p")
    assert ended["ce_sequence"] == "0000000000000-999999999000-000"


def test_published_values_are_valid_against_their_schema():
    levels = Levels(stream="s", id="l", start=0.0, hop=0.5, motion=np.ones(3, np.float16))
    for one in (EVENT, levels, StreamStatus(stream="s", id="x", state="online"), Gap(stream="s", id="g", start=0, end=1, cause="poison")):
        Draft202012Validator(json_schema(type(one))).validate(msgspec.json.decode(encode(one)))


def test_the_asyncapi_document_is_whole():
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    for name, channel in document["channels"].items():
        assert channel["address"] == full_name("{prefix}", name)
        assert channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] > 0
        assert document["operations"][f"publish_{name}"]["channel"] == {"$ref": f"#/channels/{name}"}
    assert {name for name, topic in TOPICS.items() if topic.public} == document["channels"].keys()
    for reference in references(document):
        if reference.startswith("#/"):
            place = document
            for step in reference[2:].split("/"):
                place = place[step]
        else:
            assert (ASYNCAPI.parent / reference).exists()
            assert (ASYNCAPI.parent / reference).parent.resolve() == FOLDER


def references(part):
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = part.values()
    if isinstance(part, list) or not isinstance(part, (dict, str, int)):
        for item in part:
            yield from references(item)
