"""Pictures in; their vectors and what is seen in them out."""

import functools
import pathlib
from collections.abc import Callable

from schemas.messages import Features, Fine, Gap, Message, Picture, Result, Watermark
from streamer.config import Config
from streamer.vision.see import See
from streamer.wiring import Models, fingerprint, perceive, stamped
from workers.service import Service, sharing
from workers.understand import keeper


def service(config: Config, models: Models, pictures: pathlib.Path | None = None) -> Service:
    """The service; keyframes go into a folder, <stream>/keyframes/…, if there is one."""
    eyes = sharing([sense for sense in perceive(config, models) if isinstance(sense, See)])
    return Service(
        name="see",
        reads=("frames",),
        steps=lambda: [tuple(eyes())],
        goes=functools.partial(topics, keep=keeper(pictures)),
        stamped=functools.partial(stamped, config=config, models=models),
        pipeline=fingerprint(config, models),
    )


def topics(message: Message, keep: Callable[[Picture], None]) -> tuple[str, ...]:
    """Everything goes to the join but Pictures, which are kept elsewhere."""
    if isinstance(message, Picture):
        keep(message)
    return ("features",) if isinstance(message, Features | Fine | Watermark | Gap | Result) else ()
