"""What a worker counts and times, by name and unit, for Prometheus.

curl http://127.0.0.1:9400/metrics        python -m streamer.metrics 9400 says whether the worker is alive
"""

import contextlib
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from prometheus_client.parser import text_string_to_metric_families

from streamer.bus.protocol import Outgoing, Record
from streamer.errors import ConfigError

POLLED = "streamer_polled_timestamp_seconds"
LAGS_S = (0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200)  # live cameras lag by parts of a second, films by hours
DEAD_S = 60.0  # after which a worker that does not poll is taken for dead; it polls every 0.1 s
STEPS = "Time spent in a step: split decodes; see, listen and transcribe encode."
KIND = "streamer."  # what the type of every record begins with


class Meters:
    """The meters of one worker."""

    def __init__(self) -> None:
        self.registry = made = CollectorRegistry()
        ProcessCollector(registry=made)
        self._results = Counter("streamer_results", "Results that the bus has acknowledged.", ["kind"], registry=made)
        self._windows = Counter("streamer_windows_closed", "Windows whose results the bus has acknowledged.", registry=made)
        self._lag = Histogram("streamer_lag_seconds", "Age of a record when it is worked on.", buckets=LAGS_S, registry=made)
        self._step = Counter("streamer_step_seconds", STEPS, ["step"], registry=made)
        self._waiting = Gauge("streamer_waiting_records", "Records that are read and not worked on.", registry=made)
        self._partitions = Gauge("streamer_partitions", "Partitions that are this worker's.", registry=made)
        self._polled = Gauge(POLLED, "When the bus was last asked, since 1970.", registry=made)

    def serve(self, port: int, host: str = "127.0.0.1") -> int:
        """Answers http://host:port/metrics on a thread of its own; the port (0: a free one). Errors: ConfigError."""
        try:
            server, _ = start_http_server(port, host, self.registry)
        except OSError as error:
            raise ConfigError(f"metrics at {host}:{port}: {error.strerror}; expected a free port and an address of this machine") from error
        return int(server.server_port)

    def polled(self, partitions: int, waiting: int) -> None:
        """The loop has asked the bus, and so many records wait to be worked on."""
        self._polled.set_to_current_time()
        self._partitions.set(partitions)
        self._waiting.set(waiting)

    def took(self, record: Record) -> None:
        """A record is worked on."""
        self._lag.observe(max(0.0, time.time() - record.timestamp_ms / 1000))

    @contextlib.contextmanager
    def working(self, step: str) -> Iterator[None]:
        """The time in here is spent in a step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._step.labels(step).inc(time.perf_counter() - began)

    def told(self, records: Iterable[Outgoing]) -> None:
        """The bus has acknowledged these."""
        for record in records:
            kind = record.headers.get("ce_type", "").removeprefix(KIND)
            if kind:
                self._results.labels(kind).inc()
            if kind == "window.closed":
                self._windows.inc()


def alive(port: int, host: str = "127.0.0.1", within_s: float = DEAD_S) -> bool:
    """Whether the worker behind this port has asked the bus lately."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=5) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            polled = [sample.value for family in families for sample in family.samples if sample.name == POLLED]
    except OSError:
        return False
    return bool(polled) and time.time() - polled[0] < within_s


if __name__ == "__main__":
    sys.exit(0 if alive(int(sys.argv[1])) else 1)
