"""A worker: the same as `ours`, but the film comes as Chunks from a topic and the results go to topics."""

import argparse
import dataclasses
import math
import threading
from collections.abc import Callable, Iterator, Sequence

from benchmarks.harness import Meter, tell
from schemas.messages import AnyMessage, Checkpoint, Message, Utterance
from streamer import config
from streamer.bus.address import connect
from streamer.config import Config
from streamer.media.splitting import Split
from streamer.wiring import Models, load_models, wanted
from workers.runner import Runner
from workers.service import Step
from workers.understand import service


class Watched(Split):
    """Starts a meter with the first Chunk, and tells when the film has ended: joining a group is no cost of a film."""

    def __init__(self, config: Config, models: Models, ended: Callable[[], None], meters: list[Meter]) -> None:
        options, size, pictures = wanted(config, models)
        super().__init__(options, image_size=size, pictures=pictures)
        self._ended, self._meters = ended, meters

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterator[AnyMessage]:
        """See Split."""
        if not self._meters:
            self._meters.append(Meter())
        for message in super().__call__(batch):
            yield message
            if isinstance(message, Checkpoint) and math.isinf(message.position):
                self._ended()


def main() -> None:
    """The address and the settings named on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("settings", nargs="*", help="NAME=VALUE")
    options = parser.parse_args()
    settings = config.load(None, options.settings)
    models = load_models(settings)
    assert models.text and models.engine, "the offline models are there"
    models.text.encode(["Sentences load their network when the first one comes."])
    stop, words, meters = threading.Event(), list[int](), list[Meter]()
    like = service(settings, models)

    def steps() -> list[Step]:
        _, *others = like.steps()
        return [Watched(settings, models, stop.set, meters), *others]

    def goes(message: Message) -> Sequence[str]:
        words.append(len(message.words) if isinstance(message, Utterance) else 0)
        return like.goes(message)

    with connect(options.address, settings.bus) as bus:
        Runner(bus, dataclasses.replace(like, steps=steps, goes=goes), "benchmark").run(stop)
        tell(meters[0].report([], 0, 0, sum(words)))


if __name__ == "__main__":
    main()
