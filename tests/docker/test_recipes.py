"""The container recipes: valid, clean, without rights or secrets, and every command in them is one that runs."""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from streamer.bus.broker import kit
from streamer.bus.broker.cluster import free_ports
from streamer.bus.protocol import Outgoing
from streamer.metrics import Meters
from tests.kafka.brokers import require_kafka

ROOT = pathlib.Path(__file__).parents[2]
HERE = ROOT / "docker"
COMPOSE = yaml.safe_load((HERE / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "streamer:cpu"]
BIN = pathlib.Path(sys.executable).parent


def _run(*command: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=ROOT, **more)


def _ours(command: list[str]) -> list[str]:
    """A command of ours as this environment runs it."""
    return [str(BIN / command[0]), *command[1:]]


def test_the_compose_file_keeps_to_its_schema() -> None:
    done = _run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", HERE / "compose.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_clean() -> None:
    done = _run(BIN / "hadolint", HERE / "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_script_is_bash() -> None:
    assert _run("bash", "-n", HERE / "image.sh").returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only") or name == "kafka", "its root is read-only"
    assert not service.get("privileged")
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert re.search(r":[\w.]+$", service["image"])
    assert not service["image"].endswith(":latest")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_keeps_no_secret_inline(name: str) -> None:
    told = json.dumps([SERVICES[name].get("environment", {}), SERVICES[name].get("command", [])])
    assert not re.search(r"(?i)(password|secret|token)\w*\W+[^\W_]", told)


def test_what_lasts_is_on_declared_volumes() -> None:
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", []) if re.match(r"\w+:", volume)}
    assert named == set(COMPOSE["volumes"])


def test_whoever_lives_long_is_looked_after() -> None:
    lasting = [name for name, service in SERVICES.items() if service.get("restart") == "unless-stopped"]
    assert set(lasting) == {"kafka", "understand", "prometheus", "grafana"}
    assert all("healthcheck" in SERVICES[name] for name in lasting)


@pytest.mark.parametrize("name", OURS)
def test_a_command_of_ours_is_one_that_we_know(name: str) -> None:
    done = _run(*_ours(SERVICES[name]["command"]), "--help")
    assert done.returncode == 0, done.stderr


def test_images_run_as_a_user_without_rights() -> None:
    stages = re.split(r"(?m)^FROM ", (HERE / "Dockerfile").read_text())[1:]
    final = {stage.split("\n")[0].split(" AS ")[1]: stage for stage in stages}
    assert list(final)[-1] == "cpu", "the last stage is the default"
    for target in ("cpu", "cuda"):
        assert re.findall(r"(?m)^USER (\d+)", final[target]) == ["10001"]


def _pins(name: str) -> dict[str, str]:
    text = (HERE / name).read_text()
    assert text.count("--hash=sha256:") >= text.count("=="), "each package has a hash"
    assert "://" not in text
    return dict(re.findall(r"(?m)^(\S+)==(\S+)", text))


def test_what_is_installed_is_pinned_as_for_everyone() -> None:
    spec = importlib.util.spec_from_file_location("pin", HERE / "pin.py")
    assert spec
    assert spec.loader
    pin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pin)
    run, rest = _pins("requirements.txt"), _pins("requirements-torch.txt") | _pins("requirements-build.txt")
    assert set(run) == pin.needed(pin.wanted(), pin.TORCH | pin.CONVERTED), "again: make requirements"
    assert set(run) | set(rest) == pin.needed(pin.wanted(), set()) | pin.BUILD, "again: make requirements"
    everyone = dict(re.findall(r"(?m)^(\S+)==(\S+)", (ROOT / "constraints.txt").read_text().lower().replace("_", "-")))
    assert {name: version for name, version in (run | rest).items() if everyone.get(name, version) != version} == {}


def _expressions() -> Iterator[str]:
    board = json.loads((HERE / "grafana" / "boards" / "streamer.json").read_text())
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_the_board_shows_what_workers_count() -> None:
    counted = {
        sample.name
        for family in _touched(Meters()).registry.collect()
        for sample in family.samples
    }  # fmt: skip
    for expression in _expressions():
        assert set(re.findall(r"\b(?:streamer|process)_\w+", expression)) <= counted, expression


def _touched(meters: Meters) -> Meters:
    """With a value for each label, as without one a counter shows nothing."""
    meters.told([Outgoing("events", "s", b"", {"ce_type": "streamer.event.started"})])
    with meters.working("see"):
        return meters


def test_prometheus_asks_where_workers_answer() -> None:
    [job] = yaml.safe_load((HERE / "prometheus.yml").read_text())["scrape_configs"]
    [where] = job["dns_sd_configs"]
    assert where["names"] == ["understand"]
    assert f"--metrics-port={where['port']}" in SERVICES["understand"]["command"]
    assert SERVICES["understand"]["healthcheck"]["test"][-1] == str(where["port"])
    assert all(job["job_name"] == name for expression in _expressions() for name in re.findall(r'job="(\w+)"', expression))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not there: apt-get install prometheus")
def test_prometheus_understands_its_file_and_the_board(tmp_path: pathlib.Path) -> None:
    assert _run("promtool", "check", "config", "--syntax-only", HERE / "prometheus.yml").returncode == 0
    rules = [{"record": f"r{number}", "expr": expression} for number, expression in enumerate(_expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    done = _run("promtool", "check", "rules", tmp_path / "rules.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_broker_of_the_recipe_serves(tmp_path: pathlib.Path) -> None:
    require_kafka()
    inside, outside, control = free_ports(3)
    environment = {name: str(value) for name, value in SERVICES["kafka"]["environment"].items() if name != "KAFKA_HEAP_OPTS"}
    text = "".join(f"{name.removeprefix('KAFKA_').lower().replace('_', '.')}={value}\n" for name, value in environment.items())
    for here, there in {":19092": f":{inside}", ":9092": f":{outside}", ":9093": f":{control}", "//kafka:": "//localhost:"}.items():
        text = text.replace(here, there)
    settings = tmp_path / "server.properties"
    settings.write_text(text.replace("/var/lib/kafka/data", str(tmp_path / "data")) + "log.cleaner.dedupe.buffer.size=2097152\n")
    assert _run(*kit.command("kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c", str(settings))).returncode == 0
    with subprocess.Popen(kit.command("kafka.Kafka", str(settings)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        try:
            create = [part.replace("kafka:19092", f"localhost:{outside}") for part in SERVICES["topics"]["command"]]
            for _ in range(20):
                done = _run(*_ours(create), env=os.environ)
                if not done.returncode:
                    break
            assert "made  streamer.events.v1" in done.stdout, done.stderr
            assert not _run(*_ours(create)).returncode, "again without harm"
        finally:
            broker.terminate()
