"""What the senses found in; windows with their evidence out."""

import functools

from schemas.messages import FusedWindow, Message, Result
from streamer.config import Config
from streamer.interpret.interpret import Interpret
from streamer.wiring import Models, conclude, fingerprint, stamped
from workers.service import Service, sharing


def service(config: Config, models: Models) -> Service:
    """The service."""
    return Service(
        name="fuse",
        reads=("features",),
        steps=sharing([stage for stage in conclude(config, models) if not isinstance(stage, Interpret)]),
        goes=topics,
        stamped=functools.partial(stamped, config=config, models=models),
        pipeline=fingerprint(config, models),
    )


def topics(message: Message) -> tuple[str, ...]:
    """Windows, and the results that are told with them."""
    return ("fused",) if isinstance(message, FusedWindow | Result) else ()
