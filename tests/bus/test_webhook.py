"""A webhook gets every result at least once, signed, in order, whatever it answers."""

import hashlib
import hmac
import json
import threading
import time
import uuid
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from streamer.bridges.webhook import Webhook
from streamer.bus.address import connect
from streamer.bus.security import Secret
from streamer.config import Bus
from streamer.errors import ConfigError
from tests.bus.results import event, publish


class Receiver:
    """An HTTP server that answers with the codes it was given, then with 200."""

    def __init__(self, *answers):
        self.got, self.answers = [], list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                code = receiver.answers.pop(0) if receiver.answers else 200
                receiver.got.append((code, self.headers, body))
                self.send_response(code)
                if code in (301, 307):
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def taken(self):
        return [json.loads(body)["id"] for code, _, body in self.got if code == 200]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def address():
    return f"local://{uuid.uuid4().hex}"


@pytest.fixture
def bus(address):
    with connect(address) as bus:
        yield bus


def run(hook, address, until, patience_s=15.0):
    ends = time.monotonic() + patience_s
    hook.run(address, Bus(), lambda: until() or time.monotonic() > ends)
    assert until()


def test_results_are_posted_with_their_attributes_and_a_signature(bus, address):
    publish(bus, event(1))
    receiver = Receiver()
    run(Webhook(receiver.url, Secret("key"), since=0), address, lambda: len(receiver.got) == 1)
    _, headers, body = receiver.got[0]
    receiver.close()
    assert json.loads(body)["label"] == "dog"
    assert headers["ce-type"] == "streamer.event.started"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "e1.0"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()


def test_an_error_is_tried_again_and_nothing_is_overtaken(bus, address):
    publish(bus, event(1), event(2), event(3))
    receiver = Receiver(503, 307, 200)
    run(Webhook(receiver.url, since=0), address, lambda: len(receiver.taken()) == 3)
    receiver.close()
    assert receiver.taken() == ["e1", "e2", "e3"]
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got[:3]}) == 1


def test_what_the_receiver_will_never_take_is_not_sent_for_ever(bus, address):
    publish(bus, event(1), event(2))
    receiver = Receiver(422)
    run(Webhook(receiver.url, since=0), address, lambda: receiver.taken() == ["e2"])
    receiver.close()
    assert len(receiver.got) == 2


def test_a_receiver_that_is_away_gets_it_when_it_is_back(bus, address):
    publish(bus, event(1))
    receiver = Receiver()
    receiver.server.server_close()
    hook = Webhook(receiver.url, since=0)
    tried = time.monotonic()
    hook.run(address, Bus(), lambda: time.monotonic() - tried > 1)
    port = receiver.server.server_port
    receiver.server.shutdown()
    back = Receiver()
    back.close()
    back.server = ThreadingHTTPServer(("127.0.0.1", port), back.server.RequestHandlerClass)
    threading.Thread(target=back.server.serve_forever, daemon=True).start()
    run(Webhook(receiver.url, since=0), address, lambda: back.taken() == ["e1"])
    back.close()


def test_it_goes_on_where_it_was_stopped(bus, address):
    publish(bus, event(1))
    receiver = Receiver()
    run(Webhook(receiver.url, since=0), address, lambda: receiver.taken() == ["e1"])
    publish(bus, event(2))
    run(Webhook(receiver.url), address, lambda: len(receiver.taken()) == 2)
    receiver.close()
    assert receiver.taken() == ["e1", "e2"]


def test_a_new_one_begins_with_what_comes_from_now_on(bus, address):
    publish(bus, event(1))
    receiver = Receiver()
    hook = Webhook(receiver.url)
    began = time.monotonic()
    hook.run(address, Bus(), lambda: time.monotonic() - began > 0.5)
    publish(bus, event(2))
    run(Webhook(receiver.url), address, lambda: receiver.taken() == ["e2"])
    receiver.close()


def test_a_url_that_would_leak_or_is_none_is_refused():
    for url in ("ftp://host/x", "http://", "https://ada:secret@host/x"):
        with pytest.raises(ConfigError, match="expected http") as found:
            Webhook(url)
        assert "secret" not in str(found.value)
