"""What a user can mend.

StreamerError
├── SourceError    a source could not be opened, or is gone for good
├── MediaError     nothing decodable in it
├── ModelError     a model is unknown, missing, or its hash is wrong
├── ConfigError    an unknown or impossible option
├── MessageError   bytes that are no message of ours
├── BusError       the broker cannot be reached
└── StoreError     results cannot be written

Each is one line: what came, what was expected, what to do.
"""


class StreamerError(Exception):
    """The parent of all of them."""


class SourceError(StreamerError):
    """A source could not be opened, or is gone for good."""


class MediaError(StreamerError):
    """Nothing decodable in it."""


class ModelError(StreamerError):
    """A model is unknown, missing, or its hash is wrong."""


class ConfigError(StreamerError):
    """An unknown or impossible option."""


class MessageError(StreamerError):
    """Bytes that are no message of ours."""


class BusError(StreamerError):
    """The broker cannot be reached."""


class StoreError(StreamerError):
    """Results cannot be written."""
