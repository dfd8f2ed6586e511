"""Real brokers for the tests: where they come from, topics of one's own, certificates."""

import datetime as dt
import ipaddress
import os
import pathlib
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient

from schemas.topics import TOPICS, full_name
from streamer.bus import topics
from streamer.bus.broker import kit
from streamer.bus.broker.cluster import prepare
from streamer.config import Bus
from streamer.errors import BusError

NOW = dt.datetime.now(dt.UTC)


def require_kafka() -> None:
    """Skips the test where no broker can be started, and says why; in CI that is a failure."""
    problem = kit.missing()
    if not problem:
        try:
            prepare()
        except BusError as error:
            problem = str(error)
    if problem:
        stop(f"no real Kafka: {problem}; or set STREAMER_KAFKA=host:port")


def stop(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def make_topics(address: str, *names: str, partitions: int = 4, **settings: str) -> str:
    """Topics as `streamer topics create` would make them, under a prefix that nobody else has; the address with it."""
    prefix = f"t{uuid.uuid4().hex[:8]}"
    servers = address.removeprefix("kafka://").split(",")
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics(
        {
            full_name(prefix, name): {
                "num_partitions": partitions,
                "replication_factor": -1,
                "configs": topics.settings(TOPICS[name], Bus()) | {key.replace("_", "."): value for key, value in settings.items()},
            }
            for name in names
        },
        wait_for_metadata=True,
    )
    admin.close()
    return f"{address}/{prefix}"


class Authority:
    """Signs certificates into a folder: <name>.pem holds key and chain, ca.pem the authority."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {folder.name}")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self._certificate = (
            self._draft(self._name, self._key, -1, 3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.pem").write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    @property
    def path(self) -> str:
        return str(self.folder / "ca.pem")

    def sign(self, name: str, host: str = "localhost", days: tuple[int, int] = (-1, 30), password: str = "") -> str:
        """The path of a PEM file with a key and its certificate for a host name and for 127.0.0.1 if it is localhost."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            hosts.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        certificate = (
            self._draft(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, *days)
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
        chain = [one.public_bytes(serialization.Encoding.PEM) for one in (certificate, self._certificate)]
        (self.folder / f"{name}.pem").write_bytes(pem + b"".join(chain))
        return str(self.folder / f"{name}.pem")

    def _draft(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, begin: int, end: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + dt.timedelta(days=begin))
            .not_valid_after(NOW + dt.timedelta(days=end))
        )
