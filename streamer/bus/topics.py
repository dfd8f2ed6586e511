"""Makes the topics, and says where those that are there differ: `streamer topics create`."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from schemas.topics import HOUR_MS, KEPT_MS, TOPICS, Topic, full_name
from streamer.bus.address import parse
from streamer.bus.causes import probe
from streamer.bus.kafka import client_settings
from streamer.bus.security import security
from streamer.config import Bus as Options
from streamer.errors import BusError, ConfigError


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one topic."""

    name: str  # the full one
    new: bool
    partitions: int
    settings: dict[str, str]
    differs: tuple[str, ...] = ()  # a line each: an existing topic is reported, never changed


def settings(topic: Topic, options: Options) -> dict[str, str]:
    """How a topic is kept, as the broker's own properties."""
    kept_ms = KEPT_MS | {"media": round(options.media_kept_h * HOUR_MS), "results": round(options.results_kept_days * 24 * HOUR_MS)}
    found = {"compression.type": "producer"}
    if topic.kept == "newest":
        return found | {"cleanup.policy": "compact", "delete.retention.ms": str(24 * HOUR_MS), "max.compaction.lag.ms": str(HOUR_MS)}
    found |= {"cleanup.policy": "delete", "retention.ms": str(kept_ms[topic.kept])}
    if topic.kept == "media":
        # with a recorded date as time of the record, retention would delete it at once
        found |= {"message.timestamp.type": "LogAppendTime", "retention.bytes": str(round(options.media_kept_gb * 1e9))}
    return found


def create(address: str, options: Options) -> list[Made]:
    """Makes what is not there, again and again without harm. Errors: ConfigError, BusError."""
    where = parse(address or options.address, options.prefix)
    if where.kind == "local":
        raise ConfigError("a local bus makes its topics by itself; expected kafka://host:9092")
    guard = security(options)
    probe(where.servers, guard)
    try:
        client = KafkaAdminClient(**client_settings(where.servers, guard))
        try:
            return list(_made(client, where.prefix, options))
        finally:
            client.close()
    except KafkaError as error:
        raise BusError(f"topics: {type(error).__name__}: {' '.join(str(error).split())[:300]}") from error


def _made(client: Any, prefix: str, options: Options) -> Iterator[Made]:
    wanted = {full_name(prefix, topic.name): settings(topic, options) for topic in TOPICS.values()}
    there = {found["name"]: len(found["partitions"]) for found in client.describe_topics() if found["name"] in wanted}
    new = {
        name: {"num_partitions": options.partitions, "replication_factor": options.replication or -1, "configs": configs}
        for name, configs in wanted.items()
        if name not in there
    }
    if new:
        client.create_topics(new, timeout_ms=10_000, wait_for_metadata=True)
    kept = _kept(client, sorted(there))
    for name, configs in wanted.items():
        differs = tuple(_differences(configs, kept[name], there[name], options)) if name in there else ()
        yield Made(name=name, new=name in new, partitions=there.get(name, options.partitions), settings=configs, differs=differs)


def _kept(client: Any, names: list[str]) -> dict[str, dict[str, str]]:
    """The settings of topics that are there."""
    if not names:
        return {}
    found = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {name: {key: str(value["value"]) for key, value in configs.items()} for name, configs in found["topic"].items()}


def _differences(wanted: Mapping[str, str], kept: Mapping[str, str], partitions: int, options: Options) -> Iterator[str]:
    if partitions != options.partitions:
        yield f"{partitions} partitions; expected {options.partitions}"
    for key, value in wanted.items():
        if kept.get(key) != value:
            yield f"{key} is {kept.get(key)}; expected {value}"
