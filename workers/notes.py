"""The note of a commit: which results behind the line of each stream are told already.

Eight bytes a stream: four of its name's hash, two of the line's number, two of the count; in base64, so that some 380
streams fit into what a broker keeps. Where there are more, those left out may be told twice, with the same ids.
"""

import base64
import binascii
import struct
from collections.abc import Mapping
from hashlib import blake2b

from streamer.bus.rules import NOTE_CHARACTERS

ENTRY = struct.Struct(">4sHH")
MOST = NOTE_CHARACTERS * 3 // 4 // ENTRY.size
CEILING = 0xFFFF


class Told:
    """What a note says."""

    def __init__(self, entries: Mapping[tuple[bytes, int], int]) -> None:
        self._entries = entries

    def get(self, stream: tuple[str, int], default: int) -> int:
        """Results told of a stream behind the line of a number."""
        name, number = stream
        return self._entries.get((_hash(name), number & CEILING), default)


def written(told: Mapping[tuple[str, int], int]) -> str:
    """The note: (stream, number of its line) → results that are told behind it."""
    entries = [ENTRY.pack(_hash(name), number & CEILING, count) for (name, number), count in sorted(told.items()) if count <= CEILING]
    return base64.b64encode(b"".join(entries[:MOST])).decode()


def read(note: str) -> Told:
    """What a note says; one that nobody of ours wrote says nothing."""
    try:
        data = base64.b64decode(note, validate=True)
        return Told({(name, number): count for name, number, count in ENTRY.iter_unpack(data)})
    except (binascii.Error, struct.error):
        return Told({})


def _hash(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=4).digest()
