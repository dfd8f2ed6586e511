"""Sound in; what is said and heard out."""

import functools

from streamer.config import Config
from streamer.vision.see import See
from streamer.wiring import Models, fingerprint, perceive, stamped
from workers.see import topics
from workers.service import Service, sharing
from workers.understand import keeper


def service(config: Config, models: Models) -> Service:
    """The service."""
    ears = sharing([sense for sense in perceive(config, models) if not isinstance(sense, See)])
    return Service(
        name="transcribe",
        reads=("audio",),
        steps=lambda: [tuple(ears())],
        goes=functools.partial(topics, keep=keeper(None)),
        stamped=functools.partial(stamped, config=config, models=models),
        pipeline=fingerprint(config, models),
    )
