"""Server-sent events: chosen, resumed without loss or repeat, closed to strangers."""

import http.client
import json
import socket
import threading
import time
import uuid

import pytest
import uvicorn

from streamer.bridges.sse import app, places, position
from streamer.bus.address import connect
from streamer.bus.security import Secret
from streamer.config import Bus
from streamer.errors import ConfigError
from tests.bus.results import event, publish, scene


@pytest.fixture
def address():
    return f"local://{uuid.uuid4().hex}"


@pytest.fixture
def bus(address):
    with connect(address) as bus:
        yield bus


@pytest.fixture
def serve(address):
    running = []

    def start(**how):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app(address, Bus(), **how), port=port, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        running.append((server, thread))
        return port

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(5)


def ask(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    return connection, connection.getresponse()


def read(port, count, path="/events?since=0", **headers):
    """So many events as dictionaries, then leaves."""
    connection, response = ask(port, path, **headers)
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    found, fields = [], {}
    while len(found) < count:
        line = response.readline().decode().rstrip("\n")
        if line:
            name, _, text = line.partition(": ")
            fields[name] = text
        elif "data" in fields:
            found.append(fields)
            fields = {}
    connection.close()
    return found


def test_results_come_as_events(bus, serve):
    publish(bus, event(1))
    [found] = read(serve(), 1)
    assert found["event"] == "streamer.event.started"
    assert json.loads(found["data"])["id"] == "e1"


def test_kinds_and_streams_are_chosen(bus, serve):
    publish(bus, event(1, "door"), scene(1), event(2))
    [found] = read(serve(), 1, "/events?since=0&kinds=event&streams=cam-*")
    assert json.loads(found["data"])["id"] == "e2"


def test_a_reader_that_comes_back_goes_on_without_loss_or_repeat(bus, serve):
    port = serve()
    publish(bus, *(event(number, f"cam-{number % 5}") for number in range(20)))
    first = read(port, 7)
    publish(bus, *(scene(number, f"cam-{number % 5}") for number in range(10)))
    rest = read(port, 23, "/events", **{"Last-Event-ID": first[-1]["id"]})
    ids = [json.loads(found["data"])["id"] for found in first + rest]
    assert len(ids) == len(set(ids)) == 30


def test_what_was_asked_wrongly_is_told(bus, serve):
    port = serve()
    for path in ("/events?kinds=nonsense", "/events?since=nan", "/events?since=yesterday", "/events?last-event-id=zzz"):
        _, response = ask(port, path)
        assert response.status == 400
        assert b"expected" in (told := response.read()) or b"float" in told or b"Last-Event-ID" in told


def test_another_name_for_this_machine_is_refused(bus, serve):
    _, response = ask(serve(), "/events", Host="evil.example")
    assert response.status == 400


def test_a_password_is_asked_for_and_guessing_is_slowed_down(bus, serve):
    port = serve(password=Secret("right"))
    publish(bus, event(1))
    assert ask(port, "/events")[1].status == 401
    assert read(port, 1, authorization="Bearer right")
    assert read(port, 1, authorization="Basic YW55OnJpZ2h0")
    answers = [ask(port, "/events", authorization="Bearer wrong")[1].status for _ in range(12)]
    assert answers[0] == 401
    assert answers[-1] == 429


def test_it_is_open_to_others_only_with_a_password(address):
    with pytest.raises(ConfigError, match="set a password"):
        app(address, Bus(), host="0.0.0.0")
    assert app(address, Bus(), host="0.0.0.0", password=Secret("x"))


def test_a_position_comes_back_whole():
    at = {("events", 0): 26, ("events", 1): 0, ("scenes", 0): 300}
    assert position(at) == "events=1a.0;scenes=12c"
    assert places(position(at)) == at
