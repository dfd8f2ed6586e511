"""Messages as bytes and as JSON."""

import json
import math
import subprocess
import sys

import jsonschema
import msgspec
import numpy as np
import pytest

from schemas.codec import from_json, pack, to_json, unpack
from schemas.document import json_schema
from schemas.messages import (
    PUBLISHED,
    Event,
    Evidence,
    Features,
    Levels,
    ModalityState,
    Sentiment,
    Utterance,
    Watermark,
    Word,
    identity,
    microseconds,
)

EVENT = Event(
    stream="s1", id="1", event_id="s1:0:alarm:2412", phase="ended", label="alarm", start=1206.00049, end=1211.5, confidence=0.83333333,
    threshold=0.6, contributions={"prior": -4.0, "sound": 5.1234567, "text": 0.3}, severity="warning",
    evidence=(Evidence(modality="text", start=1208.1, end=1209.0, weight=0.2, quote="what is that"),),
    modalities={"sound": ModalityState(status="present", coverage=1.0)},
)  # fmt: skip


def test_features_come_back_from_bytes_exactly():
    rng = np.random.default_rng(0)
    sent = Features(
        stream="s", modality="sound", spans=rng.random((3, 2)), keys=rng.random((3, 8)).astype(np.float16),
        reliability=rng.random(3).astype(np.float32),
    )  # fmt: skip
    got = unpack(pack(sent))
    for name in ("spans", "keys", "reliability"):
        assert getattr(got, name).dtype == getattr(sent, name).dtype
        np.testing.assert_array_equal(getattr(got, name), getattr(sent, name))


def test_an_infinite_watermark_survives_bytes():
    assert unpack(pack(Watermark(stream="s", modality="sound", time=math.inf))).time == math.inf


def test_published_numbers_are_rounded_but_contributions_still_add_up():
    line = json.loads(to_json(EVENT))
    assert line["type"] == "Event"
    assert (line["start"], line["confidence"]) == (1206.0, 0.833)
    assert sum(line["contributions"].values()) == pytest.approx(sum(EVENT.contributions.values()), abs=1e-6)


@pytest.mark.parametrize(
    "message",
    [
        EVENT,
        Utterance(stream="s", id="2", start=0.0, end=1.0, text="hi", words=(Word(start=0.0, end=0.5, text="hi", probability=0.9),)),
        Sentiment(stream="s", id="3", start=0.0, end=8.0, valence=None, reason="nobody speaks"),
        Levels(stream="s", id="4", start=0.0, hop=0.5, loudness=np.array([-20.0, -np.inf], np.float16)),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_is_published_is_valid_against_its_schema_and_can_be_read_again(message):
    line = to_json(message)
    jsonschema.validate(json.loads(line), json_schema(type(message)))
    assert to_json(from_json(line)) == line


def test_unknown_fields_are_ignored_so_that_old_readers_go_on():
    line = json.loads(to_json(EVENT)) | {"new_field": 1}
    assert from_json(json.dumps(line)).label == "alarm"


def test_bytes_that_are_no_message_are_refused():
    with pytest.raises(msgspec.ValidationError):
        from_json(b'{"type": "Nothing"}')


def test_every_published_type_has_a_schema():
    for kind in PUBLISHED:
        jsonschema.Draft202012Validator.check_schema(json_schema(kind))


def test_the_same_thing_always_has_the_same_id():
    assert identity("s1", 0, "window", microseconds(4.0), microseconds(8.0)) == identity("s1", 0, "window", 4000000, 8000000)
    assert len(identity("x")) == 32


AT_ONCE = """
import sys, threading
import msgspec
from schemas import codec

sys.setswitchinterval(1e-6)
for number in range(100):
    inner = msgspec.defstruct(f"Inner{number}", [(f"field{k}", int | None) for k in range(20)])
    outer = msgspec.defstruct(f"Outer{number}", [("one", inner), ("more", list[inner])])
    value = codec.pack({"one": {f"field{k}": k for k in range(20)}, "more": []})
    together = threading.Barrier(4)
    threads = [threading.Thread(target=lambda: (together.wait(), codec.unpack(value, outer))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_threads_may_read_a_kind_for_the_first_time_at_once():
    assert subprocess.run([sys.executable, "-c", AT_ONCE], check=False).returncode == 0
