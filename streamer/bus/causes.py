"""Why a broker does not answer, in a line, within seconds.

kafka-python swallows every error of a connection while it starts: a wrong password, authority, host name or port are all
"Unable to bootstrap" after its time-out. So before any client is made one connection is tried, up to a *metadata* request: a
SASL listener and a controller answer ApiVersions to anybody. This is the only file that reads private modules of the
pinned kafka-python 3.0.12; tests/kafka/test_causes.py fails if another version has them otherwise.
"""

import contextlib
import logging
import re
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

from kafka import KafkaProducer, errors
from kafka.net import transport
from kafka.net.compat import KafkaNetClient

from streamer.bus.security import Security
from streamer.errors import BusError

PATIENCE_S = 4.0  # for all servers together: with the start of the client below 5 s
TRIES = 3


async def _read_from_sock(self: Any) -> None:
    """Hands on what came together with the end of the connection: there stands why the broker closed it."""
    while self._read and not self._closed:
        await self._net.wait_read(self._sock)
        data, error = self._sock_recv()
        if data:
            self.last_read = time.monotonic()
            try:
                self._protocol.data_received(data)
            except errors.KafkaProtocolError as broken:
                return self.abort(error=broken)  # type: ignore[no-any-return]
        if error:
            await self._net.sleep(0.01)  # whoever waits for the answer runs before the connection is closed
            return self.abort(error=error)  # type: ignore[no-any-return]
    return None


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """While a probe runs the transport is the mended one, and the client's own log is silent."""
    log = logging.getLogger("kafka")
    level, original = log.level, transport.KafkaTCPTransport._read_from_sock
    log.setLevel(logging.CRITICAL + 1)
    transport.KafkaTCPTransport._read_from_sock = _read_from_sock
    try:
        yield
    finally:
        transport.KafkaTCPTransport._read_from_sock = original
        log.setLevel(level)


def abandon(producer: KafkaProducer) -> None:
    """Ends a producer that may never answer, and its thread, without waiting: `close` alone does not while records are in flight."""
    try:
        producer.close(timeout=0)
    except errors.KafkaError:
        producer._sender.force_close()
        producer._closed = True  # else it is closed again when it is collected, and complains


def probe(servers: Sequence[str], security: Security) -> None:
    """Returns when one of the servers answers as a broker does. Errors: BusError, one line with the true cause."""
    ends = time.monotonic() + PATIENCE_S
    found: list[tuple[int, str]] = []
    with _telling():
        for attempt in range(TRIES):
            for server in servers:
                problem = _try(server, security, ends - time.monotonic())
                if problem is None:
                    return
                found.append(problem)
            if min(found)[0] < 2 or time.monotonic() > ends:
                break
            time.sleep(0.1 * attempt)  # a socket that was only just closed
    raise BusError(min(found, key=lambda problem: problem[0])[1])


def _try(server: str, security: Security, left_s: float) -> tuple[int, str] | None:
    """None: the server answers; else how telling the problem is (0 most), and its line."""
    if left_s <= 0:
        return 9, f"{server}: no time was left to try it"
    host = server.rpartition(":")[0].strip("[]")
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return 1, f"{server}: the name {host} is not known; expected the host of a Kafka broker"
    client = KafkaNetClient(metrics=None, bootstrap_servers=[server], client_id="streamer-probe", **security.settings())
    stage = ["connecting"]
    try:
        client._net.start()
        client._net.run(_ask, client._manager, left_s * 1000 / 2, stage)
    except Exception as error:  # whatever it is, it is why the broker cannot be used
        return _explained(server, error, stage[0], security)
    finally:
        client.close()
    return None


async def _ask(manager: Any, timeout_ms: float, stage: list[str]) -> None:
    [broker] = manager.cluster.bootstrap_brokers()[:1]
    connection = manager.get_connection(
        broker.node_id, timeout_ms=timeout_ms, pop_on_close=False, refresh_metadata_on_err=False, reset_backoff_on_connect=False
    )
    await manager.wait_for(connection.init_future, timeout_ms)
    stage[0] = "asking"
    await manager.wait_for(manager.call_soon(manager.cluster.refresh_metadata, broker.node_id), timeout_ms)


def _explained(server: str, error: Exception, stage: str, security: Security) -> tuple[int, str]:
    """How telling the error is, and its line."""
    text = " ".join(str(error).split())
    match error:
        case errors.SaslAuthenticationFailedError():
            return 0, f"{server}: user name or password is wrong for {security.username} by {security.mechanism}"
        case errors.UnsupportedSaslMechanismError():
            return 0, f"{server}: the broker does not offer {security.mechanism}; set bus.mechanism"
        case errors.IllegalSaslStateError():
            return 0, f"{server}: the broker expects no password on this port; expected bus.protocol PLAINTEXT or SSL"
        case errors.IncompatibleBrokerVersion():
            return 0, f"{server}: this is no broker, or one that is too old; expected Kafka 2.5 or newer"
        case errors.InvalidReceiveError():
            return 1, f"{server}: {_stranger(text)}"
        case errors.KafkaTimeoutError() | errors.RequestTimedOutError():
            return 3, f"{server}: it takes connections but does not answer as a Kafka broker"
    for signs, rank, line in _SIGNS:
        if any(sign in text for sign in signs):
            return rank, f"{server}: {line}"
    if any(sign in text for sign in ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN")):
        return 1, f"{server}: {_certificate(security)}"
    if "disconnected" in text or "reset" in text.lower():
        return 2, f"{server}: the broker closed the connection: {_closed(security, stage)}"
    return 2, f"{server}: {type(error).__name__} while {stage}: {text[:200]}"


_SIGNS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("Hostname mismatch", "IP address mismatch"), 1, "its certificate is for another host name; expected that of the address"),
    (("certificate has expired",), 1, "its certificate has expired"),
    (("not yet valid",), 1, "its certificate is not valid yet; is the clock right?"),
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        1,
        "its certificate is signed by nobody we trust; set bus.ca_file to the authority that signed it",
    ),
    (
        ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF", "RECORD_LAYER_FAILURE"),
        1,
        "this port speaks plain text, not TLS; expected bus.protocol PLAINTEXT or SASL_PLAINTEXT, or another port",
    ),
    (("ECONNREFUSED", "Connection refused"), 3, "nothing listens there; is the broker running?"),
    (("unreachable",), 3, "there is no way to this host from here"),
)


def _stranger(text: str) -> str:
    """Who answers in another protocol, by the first four bytes, which were taken for a length."""
    number = re.search(r"length: (-?\d+)", text)
    first = int(number[1]).to_bytes(4, "big", signed=True) if number else b""
    if first.startswith((b"\x15\x03", b"\x16\x03")):
        return "this port wants TLS; expected bus.protocol SSL or SASL_SSL"
    return "a web server, no Kafka broker, listens there" if first == b"HTTP" else "what listens there is no Kafka broker"


def _certificate(security: Security) -> str:
    if security.certificate:
        return "the broker does not trust our certificate; see bus.certificate_file"
    return "the broker wants a certificate of ours; set bus.certificate_file and bus.key_file"


def _closed(security: Security, stage: str) -> str:
    match security.protocol:
        case "PLAINTEXT":
            return "expected bus.protocol SSL, SASL_PLAINTEXT or SASL_SSL on this port?"
        case "SSL":
            return f"it wants a password (bus.protocol SASL_SSL), or {_certificate(security)}?"
        case "SASL_PLAINTEXT":
            return "user name or password is wrong, or this port wants TLS (bus.protocol SASL_SSL)?"
    return f"user name or password is wrong, or {_certificate(security)}, while {stage}?"
