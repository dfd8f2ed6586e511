"""The image for CPUs is really built, and does what it should as its user without rights: `make image-test`, minutes."""

import os
import pathlib
import subprocess
import threading
import urllib.request
from collections.abc import Iterator

import pytest

import streamer
from schemas.messages import Utterance, WindowClosed
from streamer.bus.broker.cluster import free_ports
from streamer.demo import clip
from streamer.metrics import alive
from tests.kafka.brokers import make_topics, stop
from tests.kafka.conftest import kafka

ROOT = pathlib.Path(__file__).parents[2]
BUILD_S, RUN_S = 1800, 120
UNTIL_TOLD = 'python -m workers "$@" & worker=$!; while [ ! -e /data/stop ]; do sleep 0.2; done; kill -TERM $worker; wait $worker'

pytestmark = pytest.mark.slow
__all__ = ["kafka"]


def _image(*arguments: object, within_s: float = RUN_S) -> subprocess.CompletedProcess[str]:
    command = ["docker/image.sh", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=within_s, check=False)


@pytest.fixture(scope="module")
def image() -> str:
    """Built now, or one that is there: STREAMER_IMAGE=streamer:cpu."""
    if there := os.environ.get("STREAMER_IMAGE"):
        return there
    done = _image("build", "cpu", within_s=BUILD_S)
    if done.returncode == 3:
        stop(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    return "streamer:cpu"


@pytest.fixture
def data(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder that is /data inside."""
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    yield folder


def test_it_has_no_rights(image: str) -> None:
    assert _image("run", image, "id", "-u").stdout.split() == ["10001"]
    for path in ("/opt/streamer/x", "/opt/shipped/x", "/usr/bin/x", "/etc/x"):
        assert _image("run", image, "touch", path).returncode, path
    assert _image("run", image, "find", "/", "-xdev", "-perm", "-4000", "-newer", "/opt/streamer/pyvenv.cfg").stdout == ""


def test_it_is_small(image: str) -> None:
    megabytes = sum(int(line.split()[0]) for line in _image("run", image, "du", "-sm", "/usr", "/opt").stdout.splitlines())
    assert megabytes < 1500
    assert _image("run", image, "python", "-c", "import torch").returncode


def test_doctor_finds_everything(image: str) -> None:
    done = _image("run", image, "streamer", "doctor")
    assert done.returncode == 0, done.stdout
    assert "everything that the default profile needs is there" in done.stdout


def test_every_worker_answers(image: str) -> None:
    for service in ("understand", "split", "transcribe", "see", "fuse", "interpret"):
        assert "--bus" in _image("run", image, "python", "-m", "workers", service, "--help").stdout


def test_what_it_lacks_is_one_line(image: str, data: pathlib.Path) -> None:
    done = _image("run", "-v", f"{data}:/data", image, "streamer", "run", "x.mp4", "--out", "o", "--set", "speech.engine=transformers")
    assert done.returncode
    [line] = [line for line in done.stderr.splitlines() if line.startswith("streamer: ")]
    assert "torch" in line
    assert "Traceback" not in done.stderr


def test_a_clip_goes_through_the_broker(image: str, kafka: str, data: pathlib.Path) -> None:
    address = make_topics(kafka, "media.files", "state")
    create = _image("run", image, "streamer", "topics", "create", "--bus", address)
    assert "made  " in create.stdout, create.stderr
    clip.compose(data / "demo.mp4")
    ingest = _image("run", "-v", f"{data}:/data", image, "streamer", "ingest", "/data/demo.mp4", "--bus", address, "--quiet")
    assert ingest.returncode == 0, ingest.stderr

    ended: list[subprocess.CompletedProcess[str]] = []
    [port] = free_ports(1)
    options = ("--bus", address, "--pictures", "/data", "--metrics-port", port)
    command = ("run", "-v", f"{data}:/data", image, "sh", "-c", UNTIL_TOLD, "worker", "understand", *options)
    worker = threading.Thread(target=lambda: ended.append(_image(*command)))
    worker.start()
    told = []
    for result in streamer.subscribe(address, since=0, idle_s=60):
        told.append(result)
        if isinstance(result, WindowClosed) and result.end > 56:
            break
    assert alive(port)
    counted = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    (data / "stop").touch()
    worker.join()
    assert ended[0].returncode == 0, ended[0].stderr
    assert any("banana" in (result.text or "") for result in told if isinstance(result, Utterance))
    assert all(result.complete for result in told if isinstance(result, WindowClosed))
    assert "streamer_windows_closed_total" in counted
    assert 'streamer_step_seconds_total{step="transcribe"}' in counted
    assert list(data.glob("*/keyframes/*.jpg"))
