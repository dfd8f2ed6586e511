"""One or more Kafka nodes in KRaft mode on this machine, started, killed and stopped."""

import base64
import contextlib
import pathlib
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from streamer.bus.broker import kit
from streamer.errors import BusError

HOST = "127.0.0.1"
START_S = 60.0  # at most; 1 to 4 s as a rule
STOP_S = 20.0


class Cluster:
    """Nodes that are broker and controller at once, their data in one folder each.

    Args:
        root: folder of all data; a cluster that was there goes on with it.
        listeners: further listeners besides the plain one, by name: properties of the listener.
        scram: users, for example "SCRAM-SHA-256=[name=ada,password=…]"; made when the folder is new.
        settings: properties of every node that go before ours.
        ports: of the first node: plain listener, controller, further listeners; else free ones.
    """

    def __init__(
        self,
        root: pathlib.Path,
        nodes: int = 1,
        *,
        listeners: Mapping[str, Mapping[str, str]] | None = None,
        scram: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        ports: Sequence[int] = (),
    ) -> None:
        self.root, self.nodes = root, nodes
        self._listeners, self._scram, self._settings = dict(listeners or {}), scram, dict(settings or {})
        self._each = 2 + len(self._listeners)
        root.mkdir(parents=True, exist_ok=True)
        self._ports = self._kept_ports(ports)
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * nodes
        for node in range(nodes):
            self._folder(node).mkdir(exist_ok=True)
            lines = [f"{name}={value}" for name, value in self._properties(node).items()]
            (self._folder(node) / "server.properties").write_text("\n".join(lines) + "\n")

    @property
    def address(self) -> str:
        """Of the plain listeners."""
        return f"kafka://{','.join(self.servers())}"

    def servers(self, listener: str = "PLAINTEXT") -> list[str]:
        """host:port of each node."""
        return [f"{HOST}:{self.port(node, listener)}" for node in range(self.nodes)]

    def port(self, node: int = 0, listener: str = "PLAINTEXT") -> int:
        """Of one node's listener; CONTROLLER is one too."""
        names = ["PLAINTEXT", "CONTROLLER", *self._listeners]
        return self._ports[node * self._each + names.index(listener)]

    def start(self) -> Self:
        """Starts all nodes and returns when each serves. Errors: BusError."""
        self._format()
        archive = kit.archive_path()
        known = archive if archive.exists() else None
        for node in range(self.nodes):
            self.start_node(node, known)
        self.wait()
        return self

    def start_node(self, node: int, archive: pathlib.Path | None = None) -> None:
        """Starts one node; `wait` says when it serves."""
        archive = archive or (kit.archive_path() if kit.archive_path().exists() else None)
        command = kit.command("kafka.Kafka", str(self._folder(node) / "server.properties"), archive=archive)
        with self._log(node).open("ab") as log:
            self._processes[node] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def wait(self) -> None:
        """Returns when every running node serves: its data port opens only then. Errors: BusError."""
        ends = time.monotonic() + START_S
        for node, process in enumerate(self._processes):
            while process and not _listens(self.port(node)):
                if process.poll() is not None:
                    raise BusError(f"the broker ended with {process.returncode}: {self._last_words(node)}")
                if time.monotonic() > ends:
                    raise BusError(f"the broker does not serve after {START_S:.0f} s: see {self._log(node)}")
                time.sleep(0.05)

    def kill(self, node: int) -> None:
        """SIGKILL."""
        self.signal(node, signal.SIGKILL)
        process = self._processes[node]
        if process:
            process.wait()
        self._processes[node] = None

    def signal(self, node: int, number: signal.Signals) -> None:
        """SIGSTOP freezes a node, SIGCONT wakes it."""
        process = self._processes[node]
        if process:
            process.send_signal(number)

    def alive(self) -> bool:
        """Whether every node that was started still runs."""
        return all(process is None or process.poll() is None for process in self._processes)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to what is still there after a while."""
        running = [process for process in self._processes if process and process.poll() is None]
        for process in running:
            process.terminate()
        ends = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = [None] * self.nodes

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _kept_ports(self, given: Sequence[int]) -> list[int]:
        kept = self.root / "ports"
        if given:
            return list(given)
        if not kept.exists():
            kept.write_text(" ".join(map(str, free_ports(self.nodes * self._each))))
        return [int(port) for port in kept.read_text().split()]

    def _folder(self, node: int) -> pathlib.Path:
        return self.root / f"node{node + 1}"

    def _log(self, node: int) -> pathlib.Path:
        return self._folder(node) / "broker.log"

    def _last_words(self, node: int) -> str:
        lines = [line for line in self._log(node).read_text(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if "Exception" in line or "ERROR" in line]
        return (telling or lines or ["it said nothing"])[-1].strip()[:300]

    def _format(self) -> None:
        """Makes new data folders of one cluster."""
        name = self.root / "cluster.id"
        if not name.exists():
            name.write_text("A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:])  # a leading - would be an option
        users = [part for user in self._scram for part in ("--add-scram", user)]
        running = []
        for node in range(self.nodes):
            if (self._folder(node) / "data" / "meta.properties").exists():
                continue
            properties = str(self._folder(node) / "server.properties")
            command = kit.command("kafka.tools.StorageTool", "format", "-t", name.read_text(), "-c", properties, *users)
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        for process in running:
            said, _ = process.communicate()
            if process.returncode:
                raise BusError(f"{self.root}: cannot be made a broker's folder: {said.strip()[-300:]}")

    def _properties(self, node: int) -> dict[str, str]:
        copies, enough = str(min(self.nodes, 3)), "2" if self.nodes >= 3 else "1"
        voters = ",".join(f"{n + 1}@{HOST}:{self.port(n, 'CONTROLLER')}" for n in range(self.nodes))
        served = [f"{name}://{HOST}:{self.port(node, name)}" for name in ("PLAINTEXT", *self._listeners)]
        protocols = ["CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT"]
        protocols += [f"{name}:{of.get('protocol', name)}" for name, of in self._listeners.items()]
        found = {
            "process.roles": "broker,controller",
            "node.id": str(node + 1),
            "controller.quorum.voters": voters,
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join([*served, f"CONTROLLER://{HOST}:{self.port(node, 'CONTROLLER')}"]),
            "advertised.listeners": ",".join(served),
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": ",".join(protocols),
            "log.dirs": str(self._folder(node) / "data"),
            "default.replication.factor": copies,
            "min.insync.replicas": enough,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": enough,
            **_SMALL,
        }
        for name, of in self._listeners.items():
            found |= {f"listener.name.{name.lower()}.{key}": value for key, value in of.items() if key != "protocol"}
        if any("SASL" in protocol for protocol in protocols):
            found["sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
        return found | self._settings


_SMALL = {  # of a cluster on one machine: few threads, small buffers, quick to notice a dead node
    "auto.create.topics.enable": "false",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "num.replica.fetchers": "1",
    "offsets.topic.num.partitions": "2",
    "transaction.state.log.num.partitions": "2",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "2097152",  # by default 128 MiB of a heap that has 256
    "log.segment.bytes": "16777216",
    "log.index.size.max.bytes": "1048576",
    "broker.session.timeout.ms": "2000",  # by default 9 s, and so long a killed node is not served again
    "broker.heartbeat.interval.ms": "500",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
}


def prepare() -> None:
    """Fetches Kafka and makes the class archive, once. Errors: BusError."""
    kit.libraries()
    archive = kit.archive_path()
    if archive.exists():
        return
    scratch = archive.with_name(f".archiving-{uuid.uuid4().hex}")
    fresh = scratch.with_suffix(".jsa")
    cluster = Cluster(scratch)
    cluster._format()
    command = kit.command("kafka.Kafka", str(scratch / "node1" / "server.properties"))
    command.insert(1, f"-XX:ArchiveClassesAtExit={fresh}")
    with cluster._log(0).open("wb") as log:
        cluster._processes[0] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    cluster.wait()
    cluster.stop()
    if fresh.exists():
        fresh.replace(archive)
    for path in sorted(scratch.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    scratch.rmdir()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with contextlib.ExitStack() as stack:
        sockets: Iterable[socket.socket] = [stack.enter_context(socket.socket()) for _ in range(count)]
        found = []
        for one in sockets:
            one.bind((HOST, 0))
            found.append(int(one.getsockname()[1]))
        return found


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 0.5).close()
    except OSError:
        return False
    return True
