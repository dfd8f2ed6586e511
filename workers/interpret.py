"""Windows with their evidence in; events, sentiment, descriptions and all other results out."""

import functools

from schemas.topics import RESULTS
from streamer.config import Config
from streamer.interpret.interpret import Interpret
from streamer.wiring import Models, conclude, fingerprint, stamped
from workers.service import Service, sharing
from workers.understand import keeper, results


def service(config: Config, models: Models) -> Service:
    """The service."""
    return Service(
        name="interpret",
        reads=("fused",),
        steps=sharing([stage for stage in conclude(config, models) if isinstance(stage, Interpret)]),
        goes=functools.partial(results, keep=keeper(None)),
        stamped=functools.partial(stamped, config=config, models=models),
        pipeline=fingerprint(config, models),
        results=RESULTS,
    )
