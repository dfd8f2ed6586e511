"""The published JSON Schemas, made from the message classes: `python -m schemas.document` writes them."""

import pathlib
from typing import Any

import msgspec
import numpy as np

from schemas.messages import PUBLISHED, Result

FOLDER = pathlib.Path(__file__).parent / "json"


def _array_schema(kind: type) -> dict[str, Any]:
    if kind is np.ndarray:
        return {"type": "array", "items": {"type": ["number", "null", "array"]}}
    raise NotImplementedError(f"{kind.__name__} has no JSON Schema")


def json_schema(kind: type[Result]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one published message."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.__name__,
        **msgspec.json.schema(kind, schema_hook=_array_schema),
    }


def files() -> dict[pathlib.Path, bytes]:
    """Every generated file and what should be in it."""
    return {
        FOLDER / f"{kind.__name__}.json": msgspec.json.format(msgspec.json.encode(json_schema(kind)), indent=2) + b"\n"
        for kind in PUBLISHED
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_bytes(content)
