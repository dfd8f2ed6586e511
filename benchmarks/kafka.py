"""Our bus beside the bare clients, on a real broker of this machine: `python -m benchmarks kafka [--runs 5]`.

The same records, the same topic, in turns. A consumer is measured from its first record to its last; a producer from the first
`send` to the last acknowledgement (acks=all, idempotent). CPU time is that of this process alone: the broker, on the same processors,
makes seconds vary by half. Latency: publish → poll, a camera's worth at a time.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata

import confluent_kafka
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks.harness import keep, machine, table
from schemas.topics import full_name
from streamer.bus import topics
from streamer.bus.address import connect, parse
from streamer.bus.broker.cluster import Cluster, prepare
from streamer.bus.kafka import client_settings, consumer_settings, producer_settings
from streamer.bus.security import Security
from streamer.config import Bus

MB = 1e6
PARTITION = 0
AIM = 0.9  # × bare kafka-python, in MB/s
SIZES = {400_000: 1_000, 10_000: 20_000}  # bytes a record: how many; a Chunk, and a large result
Measured = tuple[float, float]  # MB/s, CPU seconds a GB
Spent = tuple[float, float]  # seconds, CPU seconds of this process


def main(arguments: list[str]) -> int:
    """Tells and keeps the machine and the tables; 1 where our consumer is not at least 0.9 × the bare client."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks kafka")
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args(arguments).runs
    clients = ", ".join(f"{name} {metadata.version(name)}" for name in ("kafka-python", "crc32c", "confluent-kafka"))
    lines = ["# Our bus beside the bare clients", "", f"`python -m benchmarks kafka`, {runs} runs in turns; {machine()}, {clients}"]
    reached = True
    with _broker() as address:
        topics.create(address, Bus(partitions=1))
        for size, count in SIZES.items():
            what = f"{count} records of {size // 1000} kB"
            lines += _table(f"publish {what}", _in_turns(PRODUCERS, address, size, count, runs))[0]
            rows, ratio = _table(f"consume {what}", _in_turns(CONSUMERS, address, size, count, runs))
            lines += rows
            reached &= ratio >= AIM
        delays = sorted(_delays(address, 200, 0.05))
        late = delays[int(len(delays) * 0.99)]
    told = f"p50 {1000 * statistics.median(delays):.1f} ms, p99 {1000 * late:.1f} ms, most {1000 * delays[-1]:.1f} ms"
    lines += ["", f"publish → poll, 20 records of 256 kB a second for 10 s: {told}"]
    lines += [f"× bare: more is better, medians of neighbours; consume, MB/s, target ≥ {AIM}: **{'met' if reached else 'missed'}**"]
    print("\n".join(lines))
    keep("kafka", lines)
    return 0 if reached else 1


@contextmanager
def _broker() -> Iterator[str]:
    if given := os.environ.get("STREAMER_KAFKA"):
        yield f"kafka://{given}/benchmark"
        return
    prepare()
    with tempfile.TemporaryDirectory() as folder, Cluster(pathlib.Path(folder)) as cluster:
        yield f"{cluster.address}/benchmark"


def _in_turns(
    programs: Mapping[str, Callable[[str, int, int], Spent]], address: str, size: int, count: int, runs: int
) -> dict[str, list[Measured]]:
    """Each program so often; what one run of each costs."""
    found: dict[str, list[Measured]] = {name: [] for name in programs}
    for _ in range(runs):
        for name, program in programs.items():
            seconds, cpu = program(address, size, count)
            megabytes = size * count / MB
            found[name].append((megabytes / seconds, 1000 * cpu / megabytes))
            print(".", end="", file=sys.stderr, flush=True)
    return found


def _table(what: str, found: dict[str, list[Measured]]) -> tuple[list[str], float]:
    """Its lines; how many times the MB/s of the bare client ours has, the median of neighbouring runs."""
    ratios, rows = {}, []
    bare = found["kafka-python"]
    for name, runs in found.items():
        ratios[name] = statistics.median(one[0] / other[0] for one, other in zip(runs, bare, strict=True))
        cheaper = statistics.median(other[1] / one[1] for one, other in zip(runs, bare, strict=True))
        rates, costs = [rate for rate, _ in runs], [cost for _, cost in runs]
        figures = f"{max(rates):.0f} {statistics.median(rates):.0f} {ratios[name]:.2f} {statistics.median(costs):.2f} {cheaper:.2f}"
        rows.append([name, *figures.split()])
    return ["", *table([what, "MB/s best", "median", "× bare", "CPU-s/GB", "× bare"], rows)], ratios["ours"]


def _publish_ours(address: str, size: int, count: int) -> Spent:
    value, headers = bytes(size), {"ce_type": "streamer.media.chunk", "ce_id": "0"}
    with connect(address) as bus:
        bus.partitions("media.files")
        began = _now()
        for _ in range(count):
            bus.publish("media.files", "stream", value, headers)
        bus.settle(120)
        return _since(began)


def _publish_bare(address: str, size: int, count: int) -> Spent:
    value, headers, name = bytes(size), [("ce_type", b"streamer.media.chunk"), ("ce_id", b"0")], _name(address)
    producer = KafkaProducer(**client_settings(parse(address).servers, Security()), **producer_settings(Bus()))
    producer.partitions_for(name)
    began = _now()
    futures = [producer.send(name, value, b"stream", headers) for _ in range(count)]
    producer.flush(120)
    assert all(future.succeeded() for future in futures)
    taken = _since(began)
    producer.close()
    return taken


def _publish_confluent(address: str, size: int, count: int) -> Spent:
    value, headers, name = bytes(size), [("ce_type", b"streamer.media.chunk"), ("ce_id", b"0")], _name(address)
    settings = {
        "bootstrap.servers": ",".join(parse(address).servers), "acks": "all", "enable.idempotence": True, "linger.ms": 5,
        "batch.size": 1 << 20, "message.max.bytes": 4 << 20, "queue.buffering.max.kbytes": 1 << 20,
    }  # fmt: skip
    producer = confluent_kafka.Producer(settings)
    producer.list_topics(name)
    began = _now()
    for _ in range(count):
        producer.produce(name, value, b"stream", headers=dict(headers))
        producer.poll(0)
    assert producer.flush(120) == 0
    return _since(began)


def _consume_ours(address: str, size: int, count: int) -> Spent:
    with connect(address) as bus, bus.consume(["media.files"]) as consumer:
        place = ("media.files", PARTITION)
        consumer.seek(place, consumer.ends([place])[place] - count)
        return _timed(lambda: len(consumer.poll(1.0, 32)), count)


def _consume_bare(address: str, size: int, count: int) -> Spent:
    settings = client_settings(parse(address).servers, Security()) | consumer_settings(Bus())
    consumer, place = KafkaConsumer(**settings), TopicPartition(_name(address), PARTITION)
    consumer.assign([place])
    consumer.seek(place, consumer.end_offsets([place])[place] - count)
    taken = _timed(lambda: sum(map(len, consumer.poll(1000, max_records=32).values())), count)
    consumer.close()
    return taken


def _consume_confluent(address: str, size: int, count: int) -> Spent:
    settings = {
        "bootstrap.servers": ",".join(parse(address).servers), "group.id": "benchmark", "enable.auto.commit": False, "check.crcs": True,
        "max.partition.fetch.bytes": 4 << 20, "fetch.wait.max.ms": 100, "isolation.level": "read_committed",
    }  # fmt: skip
    consumer, place = confluent_kafka.Consumer(settings), confluent_kafka.TopicPartition(_name(address), PARTITION)
    end = consumer.get_watermark_offsets(place)[1]
    place.offset = end - count
    consumer.assign([place])
    taken = _timed(lambda: len([message.value() for message in consumer.consume(32, 1.0)]), count)
    consumer.close()
    return taken


def _timed(poll: Callable[[], int], count: int) -> Spent:
    """From the first record to the last, for as many as there are between them."""
    first = 0
    while not first:
        first = poll()
    began, got = _now(), first
    while got < count:
        got += poll()
    seconds, cpu = _since(began)
    share = count / max(1, count - first)
    return seconds * share, cpu * share


def _now() -> Spent:
    return time.perf_counter(), time.process_time()


def _since(began: Spent) -> Spent:
    return time.perf_counter() - began[0], time.process_time() - began[1]


def _delays(address: str, count: int, pause_s: float) -> Iterator[float]:
    """Seconds from `publish` to `poll` of each record."""
    value = bytes(256_000)
    with connect(address) as bus, bus.consume(["media.live"]) as consumer:
        consumer.poll(1.0, 32)
        for _ in range(count):
            began = time.perf_counter()
            bus.publish("media.live", "stream", value, {})
            while not consumer.poll(1.0, 32):
                pass
            taken = time.perf_counter() - began
            yield taken
            time.sleep(max(0.0, pause_s - taken))


def _name(address: str) -> str:
    return full_name(parse(address).prefix, "media.files")


PRODUCERS = {"ours": _publish_ours, "kafka-python": _publish_bare, "confluent-kafka": _publish_confluent}
CONSUMERS = {"ours": _consume_ours, "kafka-python": _consume_bare, "confluent-kafka": _consume_confluent}
