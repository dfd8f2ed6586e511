"""Those who subscribe get what they chose, each revision once, from a time on."""

import itertools
import time
import uuid

import pytest

import streamer
from streamer.bus.address import connect
from streamer.errors import ConfigError
from streamer.subscribing import Subscription
from tests.bus.results import event, publish, scene, window


@pytest.fixture
def address():
    return f"local://{uuid.uuid4().hex}"


@pytest.fixture
def bus(address):
    with connect(address) as bus:
        yield bus


def told(address, **how):
    return list(streamer.subscribe(address, idle_s=0.3, **({"since": 0} | how)))


def test_results_come_as_objects(bus, address):
    publish(bus, event(1), scene(1))
    assert sorted(told(address), key=lambda result: result.id) == [event(1), scene(1)]


def test_kinds_and_streams_are_chosen(bus, address):
    publish(bus, event(1), event(2, "door"), scene(1), event(3, "cam-2"))
    assert told(address, kinds=["scene"]) == [scene(1)]
    assert {result.id for result in told(address, kinds=["event"], streams="cam-*")} == {"e1", "e3"}
    assert {result.id for result in told(address, kinds=["event"], streams="door, cam-2")} == {"e2", "e3"}


def test_a_repeat_is_told_once_and_a_higher_revision_again(bus, address):
    publish(bus, event(1), event(1), event(1, rev=1), event(1), event(1, rev=1))
    assert [result.rev for result in told(address)] == [0, 1]


def test_at_one_revision_a_whole_window_goes_before_a_partial_one(bus, address):
    publish(bus, window(True), window(False))
    assert told(address) == [window(True)]
    publish(bus, window(False, rev=1), window(True, rev=1))
    assert told(address)[1:] == [window(False, rev=1), window(True, rev=1)]


def test_without_a_time_only_what_is_new_comes(bus, address):
    publish(bus, event(1))
    with Subscription(address) as subscription:
        publish(bus, event(2))
        assert [delivery.result.id for delivery in subscription.poll(1)] == ["e2"]


def test_it_replays_from_a_time(bus, address):
    publish(bus, event(1))
    time.sleep(0.02)
    since = time.time()
    publish(bus, event(2))
    assert [result.id for result in told(address, since=since)] == ["e2"]


def test_what_is_no_message_is_passed_over(bus, address):
    bus.publish("events", "cam-1", b"{}", {})
    publish(bus, event(1))
    assert told(address) == [event(1)]


def test_leaving_the_loop_is_enough(bus, address):
    publish(bus, event(1), event(2))
    assert [result.id for result in itertools.islice(streamer.subscribe(address, since=0), 2)] == ["e1", "e2"]


def test_a_group_goes_on_where_it_was(bus, address):
    publish(bus, event(1))
    with Subscription(address, group="g") as subscription:
        [first] = subscription.poll(1)
        place = (first.record.topic, first.record.partition)
        subscription.consumer.commit({place: (first.record.offset + 1, "")})
    publish(bus, event(2))
    with Subscription(address, group="g") as subscription:
        assert [delivery.result.id for delivery in subscription.poll(1)] == ["e2"]


def test_an_unknown_kind_and_a_wrong_address_are_told(address):
    with pytest.raises(ConfigError, match="expected event"):
        told(address, kinds=["events"])
    for wrong in ("", "localhost:9092", "kafka://", "kafka://user:secret@host:9092", "kafka://host:9092/a b", "http://host"):
        with pytest.raises(ConfigError, match="expected") as found:
            told(wrong)
        assert "secret" not in str(found.value)
