"""What a broker runs from: Apache Kafka's own files, fetched once from Maven Central into the cache."""

import functools
import hashlib
import pathlib
import shutil
import subprocess
import tempfile

from streamer.errors import BusError
from streamer.models import cache

KAFKA = "4.3.1"
LOG4J = "2.24.3"
JVM = (
    "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxDirectMemorySize=64m", "-XX:ReservedCodeCacheSize=64m",
    "-Xss512k", "-XX:ActiveProcessorCount=2", "-Djava.awt.headless=true", "-Xshare:auto",
)  # fmt: skip
# a broker for one machine: some 150 MB
_ARTIFACTS = (
    ("org.apache.kafka", "kafka_2.13", KAFKA),
    ("org.apache.logging.log4j", "log4j-core", LOG4J),
    ("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J),
)
_LOG = """rootLogger.level=WARN
appender.console.type=Console
appender.console.name=STDERR
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c %m%n
rootLogger.appenderRef.stderr.ref=STDERR
"""


def missing() -> str | None:
    """Why no broker can be started here; None: one can."""
    if not shutil.which("java"):
        return "Java 17 or newer is not there: apt-get install default-jre-headless"
    if not fetched() and not shutil.which("mvn"):
        return "Maven is not there, which fetches Kafka once: apt-get install maven"
    return None


def fetched() -> bool:
    """Whether Kafka is in the cache."""
    return _libs().exists()


def command(main: str, *arguments: str, archive: pathlib.Path | None = None) -> list[str]:
    """The command line of one of Kafka's programs. Errors: BusError."""
    libs = libraries()
    shared = [f"-XX:SharedArchiveFile={archive}"] if archive else []
    return ["java", *JVM, *shared, "-cp", f"{libs}/*", f"-Dlog4j2.configurationFile={libs / 'log4j2.properties'}", main, *arguments]


def libraries() -> pathlib.Path:
    """The folder of Kafka's jars, fetched if it is not there. Errors: BusError."""
    if problem := missing():
        raise BusError(problem)
    return cache.kept(_libs().name, _fetch)


@functools.cache
def archive_path() -> pathlib.Path:
    """Where the class archive of this Java is: with it a broker starts in about a second instead of three."""
    version = subprocess.run(["java", "-version"], capture_output=True, check=True).stderr
    return cache.path(f"{_libs().name}-{hashlib.blake2b(version, digest_size=4).hexdigest()}.jsa")


def _libs() -> pathlib.Path:
    return cache.path(f"kafka-{KAFKA}")


def _fetch(place: pathlib.Path) -> None:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
        for group, name, version in _ARTIFACTS
    )
    with tempfile.TemporaryDirectory() as scratch:
        pom = pathlib.Path(scratch) / "pom.xml"
        pom.write_text(
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>streamer</groupId>'
            f"<artifactId>broker</artifactId><version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>"
        )
        maven = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={place}"]
        done = subprocess.run(maven, capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), "Maven gave no reason")
        raise BusError(f"Kafka {KAFKA} could not be fetched from Maven Central: {said.strip()[:300]}")
    (place / "log4j2.properties").write_text(_LOG)
