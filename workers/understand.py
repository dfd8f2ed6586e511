"""Chunks in, results out: the whole path in one worker."""

import functools
import pathlib
from collections.abc import Callable

from schemas.messages import Message, Picture, Result
from schemas.topics import RESULTS, topic_of
from streamer.config import Config
from streamer.files import write_whole
from streamer.media.splitting import Split
from streamer.wiring import Models, conclude, fingerprint, perceive, stamped, wanted
from workers.service import Service, Step, sharing

MEDIA = ("media.files", "media.live")


def service(config: Config, models: Models, pictures: pathlib.Path | None = None) -> Service:
    """The service; keyframes go into a folder, <stream>/keyframes/…, if there is one."""
    senses, row = sharing(perceive(config, models)), sharing(conclude(config, models))

    def steps() -> list[Step]:
        return [splitter(config, models), tuple(senses()), *row()]

    return Service(
        name="understand",
        reads=MEDIA,
        steps=steps,
        goes=functools.partial(results, keep=keeper(pictures)),
        stamped=functools.partial(stamped, config=config, models=models),
        pipeline=fingerprint(config, models),
        results=RESULTS,
        waits=True,
    )


def splitter(config: Config, models: Models) -> Split:
    """The stage that decodes, as the senses want it."""
    options, size, pictures = wanted(config, models)
    return Split(options, image_size=size, pictures=pictures)


def results(message: Message, keep: Callable[[Picture], None]) -> tuple[str, ...]:
    """The topic of a result; Pictures are kept elsewhere, and all else ends here."""
    if isinstance(message, Picture):
        keep(message)
    return (topic_of(message),) if isinstance(message, Result) else ()


def keeper(folder: pathlib.Path | None) -> Callable[[Picture], None]:
    """What becomes of Pictures."""

    def keep(picture: Picture) -> None:
        if folder:
            write_whole(folder / picture.stream / picture.ref, picture.jpeg)

    return keep
