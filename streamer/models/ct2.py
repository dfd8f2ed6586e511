"""Reads CTranslate2's model.bin: names, shapes and numbers, without CTranslate2."""

import pathlib
import struct

import numpy as np

from streamer.errors import ModelError

VERSION = 6  # of the container
TYPES = ("float32", "int8", "int16", "int32", "float16", "bfloat16")  # in the order of ctranslate2::DataType


class _Cursor:
    """A place in the file that moves on as it is read."""

    def __init__(self, path: pathlib.Path) -> None:
        self.data: np.ndarray = np.memmap(path, np.uint8, "r")
        self.place = 0

    def number(self, form: str) -> int:
        """A little-endian number, `form` as in struct."""
        self.place += (size := struct.calcsize(form))
        (value,) = struct.unpack(f"<{form}", self.data[self.place - size : self.place].tobytes())
        return int(value)

    def text(self) -> str:
        """A string; its length counts the zero at its end."""
        size = self.number("H")
        self.place += size
        return bytes(self.data[self.place - size : self.place - 1]).decode()

    def array(self) -> np.ndarray:
        """Shape, type, numbers. They stay in the file until they are used."""
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size = TYPES[self.number("B")], self.number("I")
        self.place += size
        numbers = self.data[self.place - size : self.place]
        return numbers.view(np.uint16 if kind == "bfloat16" else kind).reshape(shape)


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Every variable of a Whisper model by name. Errors: ModelError if the file is another kind of model, or quantised."""
    cursor = _Cursor(path)
    version = cursor.number("I")
    if version != VERSION:
        raise ModelError(f"{path}: CTranslate2 version {version}; expected {VERSION}")
    kind = cursor.text()
    if kind != "WhisperSpec":
        raise ModelError(f"{path}: holds a {kind}; expected a Whisper model")
    cursor.number("I")  # revision of the layout: the names are checked instead, by being looked up
    variables = {}
    for _ in range(cursor.number("I")):
        name = cursor.text()
        variables[name] = cursor.array()
    if any(name.endswith("weight_scale") for name in variables):
        raise ModelError(f"{path}: its weights are quantised; convert the float16 or float32 model instead")
    return variables
