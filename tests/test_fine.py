"""What is fine on its way between workers."""

import numpy as np

from schemas.cloudevents import headers, message, subject
from schemas.codec import pack
from schemas.messages import Fine
from schemas.topics import topic_of
from streamer.bus.protocol import Record
from workers import lanes, see


def fine(start: float = 1.5) -> Fine:
    return Fine(stream="s", kind="onsets", start=start, hop=0.125, values=np.ones((4, 16), np.float16))


def test_it_goes_where_features_go() -> None:
    assert topic_of(fine()) == "features"
    assert see.topics(fine(), lambda picture: None) == ("features",)


def test_it_comes_through_a_lane_as_it_was() -> None:
    [out] = lanes.cut(fine(), "features", "see", lanes.Place(0, 1), "pipe")
    got = lanes.Lanes().take(Record(out.topic, 0, 0, out.key, out.value, out.headers, 0))
    assert pack(got) == pack(fine())


def test_each_has_its_own_id_and_says_what_it_is() -> None:
    assert len({subject(fine(start)) for start in (0.0, 0.5, 1.5)}) == 3
    found = headers(fine(), "pipe")
    assert found["ce_type"] == "streamer.features.refined"
    assert pack(message(pack(fine()), found)) == pack(fine())
