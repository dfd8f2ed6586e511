"""Message ⇄ bytes: msgpack with arrays as raw bytes, JSON with published numbers rounded."""

import base64
import math
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import numpy as np

from schemas.messages import AnyMessage

DECIMALS = 3  # of published numbers: a millisecond, a thousandth of a probability
EXACT = frozenset({"contributions"})  # fields whose values must still add up after rounding
EXACT_DECIMALS = 7


def _pack_array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "shape": value.shape, "data": np.ascontiguousarray(value).tobytes()}
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} is in no message")


def _unpack_array(kind: type, value: Any) -> Any:
    if kind is not np.ndarray:
        raise NotImplementedError(f"{kind.__name__} is in no message")
    if isinstance(value, list):  # published as numbers
        return np.array(value, np.float32)
    data = value["data"]
    raw = base64.b64decode(data) if isinstance(data, str) else data
    return np.frombuffer(raw, np.dtype(value["dtype"])).reshape(value["shape"])


_packer = msgspec.msgpack.Encoder(enc_hook=_pack_array)


_making = threading.Lock()  # msgspec 0.22 notes what it knows of a type before it knows all of it: a second thread that reads it crashes


@cache
def _unpacker(kind: Any) -> Callable[[bytes], Any]:
    with _making:
        return msgspec.msgpack.Decoder(kind, dec_hook=_unpack_array).decode


@cache
def _reader(kind: Any) -> Callable[[bytes | str], Any]:
    with _making:
        return msgspec.json.Decoder(kind, dec_hook=_unpack_array).decode


def pack(value: object) -> bytes:
    """Msgpack bytes of a message, or of the state of a stage."""
    return _packer.encode(value)


def unpack(data: bytes, kind: Any = AnyMessage) -> Any:
    """The message (or value of `kind`) in msgpack bytes. Errors: msgspec.ValidationError."""
    return _unpacker(kind)(data)


def to_json(message: object) -> bytes:
    """One line of JSON as it is published: numbers rounded, arrays as lists, infinities as null."""
    return msgspec.json.encode(_published(message, DECIMALS))


def from_json(line: bytes | str) -> Any:
    """The message in a line of JSON. Errors: msgspec.ValidationError."""
    return _reader(AnyMessage)(line)


def _published(value: Any, decimals: int) -> Any:
    match value:
        case float():
            return (round(value, decimals) + 0.0) if math.isfinite(value) else None  # + 0.0: no minus zero
        case msgspec.Struct():
            config = value.__struct_config__
            fields = {} if config.tag is None else {"type": config.tag}
            for name in value.__struct_fields__:
                if (item := getattr(value, name)) is not msgspec.UNSET:
                    fields[name] = _published(item, EXACT_DECIMALS if name in EXACT else decimals)
            return fields
        case np.ndarray():
            return _published(value.tolist(), decimals)
        case np.generic():
            return _published(value.item(), decimals)
        case dict():
            return {key: _published(item, decimals) for key, item in value.items()}
        case list() | tuple():
            return [_published(item, decimals) for item in value]
        case _:
            return value
