"""Addresses of a bus: kafka://host:9092,host2:9092[/prefix], or local://name."""

import re
from typing import Literal

import msgspec

from streamer.bus.local import LocalBus
from streamer.bus.protocol import Bus
from streamer.config import Bus as Options
from streamer.errors import ConfigError

PORT = 9092
_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(\d{1,5}))?")


class Address(msgspec.Struct, frozen=True):
    """Where a bus is."""

    kind: Literal["kafka", "local"]
    servers: tuple[str, ...]  # host:port; of a local bus its name
    prefix: str


def parse(address: str, prefix: str = "streamer") -> Address:
    """The parts of an address; a prefix in it goes before the other one. Errors: ConfigError."""
    kind, slashes, rest = address.partition("://")
    if not slashes or kind not in ("kafka", "local"):
        raise ConfigError(f"bus {_shown(address)}: expected kafka://host:9092,host2:9092[/prefix] or local://name")
    where, _, own = rest.rstrip("/").partition("/")
    prefix = own or prefix
    if not _PREFIX.fullmatch(prefix):
        raise ConfigError(f"bus prefix {prefix[:80]!r}: expected letters, digits, dots, underscores and hyphens")
    if kind == "local":
        return Address("local", (where or "default",), prefix)
    servers = [_SERVER.fullmatch(server) for server in where.split(",") if server]
    if not servers or not all(servers):
        raise ConfigError(f"bus {_shown(address)}: expected kafka://host:9092,host2:9092[/prefix] and no password")
    return Address("kafka", tuple(f"{found[1]}:{found[3] or PORT}" for found in servers if found), prefix)


def connect(address: str = "", options: Options | None = None, *, transactional_id: str | None = None) -> Bus:
    """A bus that answers; an empty address: that of the options.

    Args:
        options: prefix, security and limits.
        transactional_id: a stable name of this publisher, for `transact`; a second one of the same name fences the first.

    Errors: ConfigError; BusError with the true cause, within 5 s.
    """
    options = options or Options()
    where = parse(address or options.address, options.prefix)
    if where.kind == "local":
        return LocalBus(where.servers[0], where.prefix)
    from streamer.bus.kafka import KafkaBus

    return KafkaBus(where.servers, where.prefix, options, transactional_id)


def _shown(address: str) -> str:
    """An address as it may be printed: without what stands before an @."""
    head, at, tail = address.rpartition("@")
    return repr(f"{head.partition('://')[0]}://…@{tail}" if at else address)
