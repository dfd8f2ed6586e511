"""Imports go one way: schemas ← streamer ← workers; the steps meet only where they are wired."""

import ast
import pathlib
import subprocess
import sys

import pytest

from docs.generate import pages
from schemas.document import files

ROOT = pathlib.Path(__file__).parents[1]
STEPS = {"media", "speech", "vision", "sound", "fusion", "interpret", "report", "store"}
SHARED = {"config", "errors", "files", "labels", "models"}  # what a step may import of streamer
HEAVY = {"torch", "torchaudio", "transformers", "av", "cv2", "onnxruntime", "onnx", "faster_whisper", "ctranslate2", "whisper", "rapidocr"}


def modules(package: str) -> list[pathlib.Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: pathlib.Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(path: pathlib.Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", modules("schemas"), ids=str)
def test_schemas_import_nothing_of_ours(path):
    assert not tops(path) & {"streamer", "workers", "tests", "benchmarks"}


@pytest.mark.parametrize("path", modules("streamer"), ids=str)
def test_streamer_imports_only_schemas(path):
    assert not tops(path) & {"workers", "tests", "benchmarks"}


@pytest.mark.parametrize("path", [path for path in modules("streamer") if path.relative_to(ROOT).parts[1] in STEPS], ids=str)
def test_a_step_imports_no_other_step(path):
    step = path.relative_to(ROOT).parts[1]
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("streamer.")}
    assert ours <= {step, *SHARED}


def test_importing_streamer_loads_nothing_heavy():
    code = "import sys, streamer; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())
    assert not loaded & (HEAVY | {"numpy"})


def test_torch_and_torchaudio_match():
    code = "import torch, torchaudio; from transformers import WhisperForConditionalGeneration"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_generated_schemas_are_current():
    stale = [path.name for path, content in files().items() if not path.exists() or path.read_bytes() != content]
    assert not stale, "run: python -m schemas.document"


def test_no_published_schema_is_left_over():
    assert {path.name for path in (ROOT / "schemas" / "json").glob("*.json")} == {path.name for path in files() if path.suffix == ".json"}


def test_the_generated_pages_are_current():
    stale = [path.name for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    assert not stale, "run: python docs/generate.py"
