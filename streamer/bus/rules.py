"""What is checked before a broker sees it: it would refuse it in a way that costs more, or take it and should not."""

from collections.abc import Mapping

from streamer.bus.protocol import Commit, Place

RECORD_BYTES = 1 << 20  # what a broker takes as it comes: a batch of 1 MiB
FRAME_BYTES = 256  # of a record and its batch besides key, value and headers
NOTE_CHARACTERS = 4096  # of a commit: the broker's offset.metadata.max.bytes, which counts characters


def check_record(topic: str, key: str, value: bytes, headers: Mapping[str, str]) -> tuple[bytes, list[tuple[str, bytes]], int]:
    """Key and headers as they travel, and the size of all. Errors: ValueError."""
    if not key:
        raise ValueError(f"a record for {topic} has no key; expected the id of its stream")
    encoded = [(name, text.encode()) for name, text in headers.items()]
    key_bytes = key.encode()
    size = len(key_bytes) + len(value) + sum(len(name) + len(text) + 8 for name, text in encoded) + FRAME_BYTES
    if size > RECORD_BYTES:
        raise ValueError(f"a record for {topic} of {key} has {size} bytes; expected at most {RECORD_BYTES}")
    return key_bytes, encoded, size


def check_commit(place: Place, commit: Commit, position: int) -> None:
    """`position` is what was read so far. Errors: ValueError."""
    if not 0 <= commit.offset <= position:
        raise ValueError(f"{place}: commit at {commit.offset}; expected at least 0 and at most what was read, {position}")
    if len(commit.metadata) > NOTE_CHARACTERS:
        raise ValueError(f"{place}: a note of {len(commit.metadata)} characters; expected at most {NOTE_CHARACTERS}: use more partitions")
