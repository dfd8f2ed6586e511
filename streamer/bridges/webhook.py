"""Results by HTTP POST, at least once: retried until the receiver has them, signed, in order within a stream.

POST URL        the value, as it is on its topic, with the CloudEvents attributes as ce-… headers
webhook-id      the same for every try of one result: receivers de-duplicate by it
webhook-signature  v1,<base64 of HMAC-SHA256 over "<id>.<timestamp>.<body>">, as in Standard Webhooks
"""

import base64
import hashlib
import hmac
import http.client
import logging
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from email.message import Message as Headers
from typing import IO

from streamer.bus.protocol import Assigned, Commit, Consumer, Place
from streamer.bus.security import Secret
from streamer.config import Bus as Options
from streamer.errors import ConfigError
from streamer.subscribing import Delivery, Subscription

log = logging.getLogger(__name__)

POST_S = 10.0  # for one try
LONGEST_PAUSE_S = 60.0
UNDERSTOOD = frozenset({400, 409, 413, 415, 422})  # the receiver has this result and will never take it: no further try
COMMIT_EVERY_S = 1.0


class Webhook:
    """Sends results to one address; `secret` signs them.

    `group` is the name under which it goes on after a restart: two of one name share the work. The first time it begins
    at `since` (seconds since 1970), or with what comes from now on.
    """

    def __init__(
        self,
        url: str,
        secret: Secret | None = None,
        *,
        group: str = "",
        kinds: Sequence[str] = (),
        streams: str = "*",
        since: float | None = None,
    ) -> None:
        self._url = _checked(url)
        self._secret = secret
        self._group = group or f"webhook-{hashlib.blake2b(url.encode(), digest_size=6).hexdigest()}"
        self._kinds, self._streams, self._since = kinds, streams, since
        self._open = urllib.request.build_opener(_NoRedirect).open
        self._consumer: Consumer | None = None
        self._queue: deque[Delivery] = deque()
        self._done: dict[Place, Commit] = {}  # not yet committed
        self._tries = 0
        self._next_try = 0.0
        self._committed = time.monotonic()

    def run(self, address: str, options: Options, stopped: Callable[[], bool]) -> None:
        """Delivers until `stopped()`. Errors: ConfigError, BusError."""
        with Subscription(address, options, kinds=self._kinds, streams=self._streams, group=self._group, hooks=self) as subscription:
            consumer = self._consumer = subscription.consumer
            while not stopped():
                waits = bool(self._queue)
                (consumer.pause if waits else consumer.resume)(consumer.assignment())
                self._queue.extend(subscription.poll(0.05 if waits else 0.5))
                if not self._queue:
                    self._done |= {place: Commit(consumer.position(place)) for place in consumer.assignment()}
                self._deliver(stopped)
                if self._done and time.monotonic() - self._committed > COMMIT_EVERY_S and consumer.commit(self._done):
                    self._done = {}
                    self._committed = time.monotonic()

    def on_assigned(self, places: Mapping[Place, Assigned]) -> None:
        """A group that is new begins where it was told to."""
        new = [place for place, known in places.items() if known.committed is None]
        if new and self._consumer:
            later = self._consumer.since(new, self._since) if self._since is not None else {}
            for place in new:
                start = later.get(place, places[place].end)
                self._consumer.seek(place, start)
                self._done[place] = Commit(start)

    def on_revoked(self, places: Sequence[Place]) -> Mapping[Place, Commit]:
        """What was delivered is committed; what was not is the next owner's."""
        gone = set(places)
        self._queue = deque(item for item in self._queue if (item.record.topic, item.record.partition) not in gone)
        return {place: self._done.pop(place) for place in places if place in self._done}

    def on_lost(self, places: Sequence[Place]) -> None:
        """Likewise, without a commit."""
        self.on_revoked(places)

    def _deliver(self, stopped: Callable[[], bool]) -> None:
        """Sends what waits; a failure ends the round, and the same one is tried again after a pause."""
        ends = time.monotonic() + COMMIT_EVERY_S  # then it is time to poll again
        while self._queue and not stopped() and self._next_try <= time.monotonic() < ends:
            delivery = self._queue[0]
            pause_s = self._post(delivery)
            if pause_s is None:
                self._queue.popleft()
                self._tries = 0
                record = delivery.record
                self._done[record.topic, record.partition] = Commit(record.offset + 1)
            else:
                self._tries += 1
                self._next_try = time.monotonic() + pause_s

    def _post(self, delivery: Delivery) -> float | None:
        """None: the receiver has it; else seconds until the next try."""
        request = urllib.request.Request(self._url, delivery.record.value, self._headers(delivery), method="POST")
        try:
            with self._open(request, timeout=POST_S):
                return None
        except urllib.error.HTTPError as error:
            with error:
                if error.code in UNDERSTOOD:
                    log.warning("%s: refused %s with %d, not sent again", _host(self._url), delivery.result.id, error.code)
                    return None
                log.warning("%s: answered %d, try %d", _host(self._url), error.code, self._tries + 1)
                return self._pause_s(error.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException) as error:
            log.warning("%s: %s, try %d", _host(self._url), getattr(error, "reason", None) or type(error).__name__, self._tries + 1)
            return self._pause_s(None)

    def _pause_s(self, asked: str | None) -> float:
        pause = min(LONGEST_PAUSE_S, 2.0 ** min(self._tries, 10)) * random.uniform(0.75, 1.0)  # many hooks do not knock at once
        return min(LONGEST_PAUSE_S, max(pause, float(asked))) if asked and asked.isdecimal() else pause

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        attributes = {name.replace("ce_", "ce-"): text for name, text in delivery.record.headers.items() if name.startswith("ce_")}
        name, now = f"{delivery.result.id}.{delivery.result.rev}", str(int(time.time()))
        found = {**attributes, "content-type": "application/json", "user-agent": "streamer", "webhook-id": name, "webhook-timestamp": now}
        if self._secret:
            found["webhook-signature"] = signature(self._secret, name, now, delivery.record.value)
        return found


def signature(secret: Secret, name: str, timestamp: str, body: bytes) -> str:
    """What a receiver compares with the header webhook-signature, in constant time."""
    digest = hmac.digest(secret.reveal().encode(), b".".join((name.encode(), timestamp.encode(), body)), "sha256")
    return f"v1,{base64.b64encode(digest).decode()}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A receiver that sends us elsewhere is one that did not take it."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> urllib.request.Request | None:
        """None: not followed, so it counts as an answer of its own."""
        return None


def _checked(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ConfigError(f"webhook {_host(url)}: expected http://… or https://… without user and password")
    return url


def _host(url: str) -> str:
    """An address as it may be logged: paths of webhooks are secrets too."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or '…'}"
