"""A broker that cannot be used says why, in a line, within 5 s; secrets are shown nowhere.

This also holds the probe to the private modules of the pinned kafka-python: another version fails here, loudly.
"""

import inspect
import logging
import socket
import subprocess
import sys
import threading
import time
from importlib import metadata

import msgspec
import pytest
from kafka import KafkaProducer

from streamer.bus import causes, topics
from streamer.bus.address import connect
from streamer.bus.broker.cluster import Cluster, free_ports
from streamer.bus.security import security
from streamer.config import Bus
from streamer.errors import BusError, ConfigError
from tests.kafka.brokers import Authority, require_kafka

PASSWORD = "open-sesame-8642"
WITHIN_S = 5.0


class Guarded:
    """A broker with a door of every kind, and the keys."""

    def __init__(self, folder):
        self.ours, self.other = Authority(folder / "ours"), Authority(folder / "other")
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        users = f'{plain} username="ada" password="{PASSWORD}" user_ada="{PASSWORD}";'
        sasl = {f"{name.lower()}.sasl.jaas.config": scram for name in ("SCRAM-SHA-256", "SCRAM-SHA-512")} | {
            "plain.sasl.jaas.config": users
        }

        def tls(certificate, **more):
            return {"ssl.keystore.type": "PEM", "ssl.keystore.location": certificate, "protocol": "SSL", **more}

        good = self.ours.sign("broker")
        trusts = {"ssl.truststore.type": "PEM", "ssl.truststore.location": self.ours.path, "ssl.client.auth": "required"}
        self.cluster = Cluster(
            folder / "kafka",
            listeners={
                "SASL_PLAINTEXT": sasl,
                "SASL_SSL": tls(good) | sasl | {"protocol": "SASL_SSL"},
                "SSL": tls(good),
                "MUTUAL": tls(good, **trusts),
                "ELSEWHERE": tls(self.ours.sign("elsewhere", "kafka.example.org")),
                "EXPIRED": tls(self.ours.sign("expired", days=(-30, -1))),
            },
            scram=[f"{name}=[name=ada,password={PASSWORD}]" for name in ("SCRAM-SHA-256", "SCRAM-SHA-512")],
            settings={"sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"},
        )

    def address(self, listener):
        return f"kafka://{self.cluster.servers(listener)[0]}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    require_kafka()
    found = Guarded(tmp_path_factory.mktemp("guarded"))
    with found.cluster:
        topics.create(found.cluster.address, Bus(partitions=1))
        yield found


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("STREAMER_KAFKA_PASSWORD", PASSWORD)


def round_trip(address, options):
    with connect(address, options) as bus:
        _, offset = bus.publish("events", "s", b"1", {}).wait(20)
        with bus.consume(["events"], group="g") as consumer:
            ends = time.monotonic() + 20
            while time.monotonic() < ends:
                if any(record.offset == offset for record in consumer.poll(0.5, 100)):
                    return True
    return False


def refusal(address, options):
    """The line, which came in time and holds no secret."""
    began = time.monotonic()
    with pytest.raises((BusError, ConfigError)) as found:
        connect(address, options)
    line = str(found.value)
    print(line)
    assert time.monotonic() - began < WITHIN_S
    assert "\n" not in line
    assert "Unable to bootstrap" not in line
    assert PASSWORD not in line
    assert PASSWORD not in repr(found.value)
    return line


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_password_opens_with_and_without_tls(guarded, protocol, mechanism):
    options = Bus(protocol=protocol, mechanism=mechanism, username="ada", ca_file=guarded.ours.path if protocol == "SASL_SSL" else "")
    assert round_trip(guarded.address(protocol), options)


def test_tls_opens_and_so_does_a_certificate_of_ours_with_a_locked_key(guarded, monkeypatch):
    assert round_trip(guarded.address("SSL"), Bus(protocol="SSL", ca_file=guarded.ours.path))
    monkeypatch.setenv("STREAMER_KAFKA_KEY_PASSWORD", PASSWORD)
    ours = guarded.ours.sign("client", "client", password=PASSWORD)
    assert round_trip(guarded.address("MUTUAL"), Bus(protocol="SSL", ca_file=guarded.ours.path, certificate_file=ours))


def test_a_wrong_password_is_told_every_time(guarded, monkeypatch):
    monkeypatch.setenv("STREAMER_KAFKA_PASSWORD", "wrong-" + PASSWORD)
    for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "SCRAM-SHA-512", "SCRAM-SHA-512"):
        line = refusal(guarded.address("SASL_PLAINTEXT"), Bus(protocol="SASL_PLAINTEXT", mechanism=mechanism, username="ada"))
        assert "password is wrong for ada" in line, mechanism


def test_a_wrong_authority_host_name_and_time_are_told(guarded):
    assert "signed by nobody we trust" in refusal(guarded.address("SSL"), Bus(protocol="SSL", ca_file=guarded.other.path))
    assert "signed by nobody we trust" in refusal(guarded.address("SSL"), Bus(protocol="SSL"))
    assert "another host name" in refusal(guarded.address("ELSEWHERE"), Bus(protocol="SSL", ca_file=guarded.ours.path))
    assert "has expired" in refusal(guarded.address("EXPIRED"), Bus(protocol="SSL", ca_file=guarded.ours.path))


def test_a_missing_or_foreign_certificate_of_ours_is_told(guarded):
    line = refusal(guarded.address("MUTUAL"), Bus(protocol="SSL", ca_file=guarded.ours.path))
    assert "certificate of ours" in line
    foreign = guarded.other.sign("stranger", "client")
    line = refusal(guarded.address("MUTUAL"), Bus(protocol="SSL", ca_file=guarded.ours.path, certificate_file=foreign))
    assert "does not trust our certificate" in line


def test_the_wrong_kind_of_port_is_told(guarded):
    tls, sasl = Bus(protocol="SSL", ca_file=guarded.ours.path), Bus(protocol="SASL_PLAINTEXT", username="ada")
    assert "plain text" in refusal(guarded.cluster.address, tls)
    assert "wants TLS" in refusal(guarded.address("SSL"), Bus())
    assert "expected bus.protocol" in refusal(guarded.address("SASL_PLAINTEXT"), Bus())
    assert "expects no password" in refusal(guarded.cluster.address, sasl)
    assert "password" in refusal(guarded.address("SSL"), msgspec.structs.replace(tls, protocol="SASL_SSL", username="ada"))


def test_a_controller_and_a_listener_that_says_nothing_are_no_brokers(guarded):
    assert refusal(f"kafka://127.0.0.1:{guarded.cluster.port(0, 'CONTROLLER')}", Bus())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "does not answer" in refusal(f"kafka://127.0.0.1:{silent.getsockname()[1]}", Bus())


def test_something_that_is_no_broker_is_told():
    with socket.create_server(("127.0.0.1", 0)) as web:

        def answer():
            while True:
                try:
                    client, _ = web.accept()
                except OSError:
                    return
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                client.close()

        threading.Thread(target=answer, daemon=True).start()
        assert "no Kafka broker" in refusal(f"kafka://127.0.0.1:{web.getsockname()[1]}", Bus())


def test_a_closed_port_and_an_unknown_host_are_told():
    assert "nothing listens" in refusal(f"kafka://127.0.0.1:{free_ports(1)[0]}", Bus())
    assert "is not known" in refusal("kafka://no-such-host.invalid:9092", Bus())


def test_one_server_that_answers_is_enough(guarded):
    closed = free_ports(1)[0]
    connect(f"kafka://127.0.0.1:{closed},{guarded.cluster.servers()[0]}", Bus()).close()


def test_a_secret_comes_from_a_file_or_the_environment_only(guarded, tmp_path, monkeypatch):
    monkeypatch.delenv("STREAMER_KAFKA_PASSWORD")
    options = Bus(protocol="SASL_PLAINTEXT", username="ada")
    assert "set $STREAMER_KAFKA_PASSWORD" in refusal(guarded.address("SASL_PLAINTEXT"), options)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    options = msgspec.structs.replace(options, password_file=str(tmp_path / "password"))
    assert round_trip(guarded.address("SASL_PLAINTEXT"), options)
    assert "password" not in {field.name for field in msgspec.structs.fields(Bus)}


def test_a_secret_is_shown_nowhere(guarded, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    options = Bus(protocol="SASL_PLAINTEXT", username="ada", mechanism="SCRAM-SHA-256")
    guard = security(options)
    bus = connect(guarded.address("SASL_PLAINTEXT"), options)
    bus.publish("events", "s", b"1", {}).wait(20)
    bus.close()
    shown = [repr(guard), str(guard), repr(options), repr(bus), f"{guard.password}", caplog.text, *capfd.readouterr()]
    assert not any(PASSWORD in text for text in shown)


def test_files_that_are_missing_or_no_pem_are_named(tmp_path):
    (tmp_path / "x").write_text("nothing")
    for broken in (
        Bus(protocol="SSL", ca_file=str(tmp_path / "none.pem")),
        Bus(protocol="SSL", ca_file=str(tmp_path / "x")),
        Bus(protocol="SSL", certificate_file=str(tmp_path / "x")),
        Bus(protocol="SASL_SSL", username="ada", password_file=str(tmp_path / "none")),
        Bus(protocol="SASL_SSL"),
    ):
        with pytest.raises(ConfigError, match=r"expected|no PEM"):
            security(broken)


def test_a_key_that_stays_locked_is_told_without_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMER_KAFKA_KEY_PASSWORD", "wrong-" + PASSWORD)
    locked = Authority(tmp_path / "a").sign("client", "client", password=PASSWORD)
    with pytest.raises(ConfigError, match="STREAMER_KAFKA_KEY_PASSWORD") as found:
        security(Bus(protocol="SSL", certificate_file=locked))
    assert PASSWORD not in str(found.value)


def test_the_command_line_says_it_in_one_line(guarded):
    command = [sys.executable, "-m", "streamer.cli", "watch-topic", "event", "--bus", guarded.address("SASL_PLAINTEXT")]
    more = ["--set", "bus.protocol=SASL_PLAINTEXT", "--set", "bus.username=bob"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "password is wrong for bob" in done.stderr


def test_the_private_parts_of_the_client_are_as_the_probe_expects(guarded):
    assert metadata.version("kafka-python") == "3.0.12", "look through streamer/bus/causes.py before another version is pinned"
    client, transport = causes.KafkaNetClient, causes.transport.KafkaTCPTransport
    assert {"get_connection", "wait_for", "call_soon"} <= set(dir(client(metrics=None, bootstrap_servers=["127.0.0.1:1"])._manager))
    assert inspect.iscoroutinefunction(transport._read_from_sock)
    assert {"_sock_recv", "abort"} <= set(dir(transport))
    producer = KafkaProducer(bootstrap_servers=guarded.cluster.servers(), enable_idempotence=True)
    assert callable(producer._sender.force_close)
    assert producer._closed is False
    causes.abandon(producer)
    assert transport._read_from_sock is not causes._read_from_sock  # only while a probe runs
