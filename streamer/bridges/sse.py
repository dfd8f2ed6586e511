"""Results as server-sent events: `new EventSource("http://127.0.0.1:8088/events?kinds=event&streams=cam-*")` in a browser.

event: streamer.event.started        the CloudEvents type
id:    events=1a.0.3;scenes=…        where to go on: the browser sends it back as Last-Event-ID, nothing is lost or doubled
data:  {…}                           the value, as it is on its topic
"""

import base64
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from streamer.bus.protocol import Place
from streamer.bus.security import Secret
from streamer.config import Bus as Options
from streamer.errors import ConfigError, StreamerError
from streamer.subscribing import Delivery, Subscription

LOOPBACK = ("127.0.0.1", "localhost")
BEAT_S = 15.0  # a comment so often, by which a reader that has gone is noticed
READERS = 32  # at once: each has a consumer of its own
BAD_LOGINS = 10  # a minute


class _Door:
    """Who may read: everybody where there is no password, else who knows it; guessing is slowed down."""

    def __init__(self, password: Secret | None) -> None:
        self._password = password
        self._bad: deque[float] = deque()
        self.readers = threading.BoundedSemaphore(READERS)

    def refusal(self, request: Request) -> Response | None:
        """None: come in."""
        if self._password is None:
            return None
        now = time.monotonic()
        while self._bad and now - self._bad[0] > 60:
            self._bad.popleft()
        if len(self._bad) >= BAD_LOGINS:
            return PlainTextResponse("too many wrong passwords; wait a minute\n", 429, {"Retry-After": "60"})
        if hmac.compare_digest(_offered(request).encode(), self._password.reveal().encode()):
            return None
        self._bad.append(now)
        return PlainTextResponse("a password is needed\n", 401, {"WWW-Authenticate": 'Basic realm="streamer"'})


def app(address: str, options: Options, *, host: str = "127.0.0.1", password: Secret | None = None) -> Starlette:
    """The web application: /events and /health. Errors: ConfigError where it could be reached from outside without a password."""
    if host not in LOOPBACK and password is None:
        raise ConfigError(f"{host} can be reached by others: set a password, or expected a loopback address ({', '.join(LOOPBACK)})")
    door = _Door(password)

    async def events(request: Request) -> Response:
        if refused := door.refusal(request):
            return refused
        if not door.readers.acquire(blocking=False):
            return PlainTextResponse(f"{READERS} readers are there already\n", 503, {"Retry-After": "30"})
        try:
            subscription = await to_thread.run_sync(_subscription, request, address, options)
        except (StreamerError, ValueError) as error:
            door.readers.release()
            return PlainTextResponse(f"{error}\n", 400 if isinstance(error, ConfigError | ValueError) else 502)
        head = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
        return StreamingResponse(_stream(subscription, request.is_disconnected, door), media_type="text/event-stream", headers=head)

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    # a page of another site that names us by a name of its own gets nothing
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))] if host in LOOPBACK else []
    return Starlette(routes=[Route("/events", events), Route("/health", health)], middleware=hosts)


def serve(address: str, options: Options, host: str, port: int, password: Secret | None) -> None:
    """Runs until it is stopped. Errors: ConfigError."""
    import uvicorn

    uvicorn.run(app(address, options, host=host, password=password), host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)


def _subscription(request: Request, address: str, options: Options) -> Subscription:
    asked = request.query_params
    last = request.headers.get("last-event-id") or asked.get("last-event-id", "")
    since = asked.get("since")
    return Subscription(
        address,
        options,
        kinds=[kind for kind in asked.get("kinds", "").split(",") if kind],
        streams=asked.get("streams", "*"),
        since=_finite(since) if since else None,
        places=places(last),
    )


async def _stream(subscription: Subscription, gone: Callable[[], Awaitable[bool]], door: _Door) -> AsyncIterator[str]:
    try:
        at = {place: await to_thread.run_sync(subscription.consumer.position, place) for place in subscription.consumer.assignment()}
        yield "retry: 1000\n\n"
        spoke = time.monotonic()
        while not await gone():
            for delivery in await to_thread.run_sync(subscription.poll):
                at[delivery.record.topic, delivery.record.partition] = delivery.record.offset + 1
                yield event(delivery, at)
                spoke = time.monotonic()
            if time.monotonic() - spoke > BEAT_S:
                yield ": still here\n\n"
                spoke = time.monotonic()
    finally:
        door.readers.release()
        threading.Thread(target=subscription.close, daemon=True).start()  # the loop goes on meanwhile


def event(delivery: Delivery, at: Mapping[Place, int]) -> str:
    """One event in the format of text/event-stream; JSON has no line breaks of its own."""
    kind = delivery.record.headers.get("ce_type", "message").replace("\n", " ").replace("\r", " ")
    return f"event: {kind}\nid: {position(at)}\ndata: {delivery.record.value.decode(errors='replace').replace(chr(10), ' ')}\n\n"


def position(at: Mapping[Place, int]) -> str:
    """Where each partition of each topic has come to, in a line."""
    topics: dict[str, list[str]] = {}
    for (topic, _), offset in sorted(at.items()):
        topics.setdefault(topic, []).append(f"{offset:x}")
    return ";".join(f"{topic}={'.'.join(offsets)}" for topic, offsets in topics.items())


def places(text: str) -> dict[Place, int]:
    """The same back; empty where there is none. Errors: ValueError."""
    if not text:
        return {}
    try:
        pairs = [part.split("=") for part in text.split(";")]
        return {(topic, number): abs(int(offset, 16)) for topic, offsets in pairs for number, offset in enumerate(offsets.split("."))}
    except ValueError:
        raise ValueError("Last-Event-ID is none of ours; leave it away to begin anew") from None


def _finite(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e11:
        raise ValueError("since is no time; expected seconds since 1970")
    return number


def _offered(request: Request) -> str:
    """The password of HTTP Basic (any user name) or a bearer token; something that nobody set where there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value
    try:
        return base64.b64decode(value).decode().partition(":")[2] if scheme.lower() == "basic" else secrets.token_hex()
    except ValueError:
        return secrets.token_hex()
