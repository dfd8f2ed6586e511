"""A worker that notes when each Chunk comes to the decoder's door: ms since it was published, one a line."""

import argparse
import sys
import threading
import time
from collections.abc import Iterable, Sequence

import msgspec

from schemas.messages import Chunk
from streamer.bus.address import connect
from workers.runner import Runner
from workers.service import Service


class Door:
    """In place of the decoder."""

    name = "door"
    reads = (Chunk,)
    state_type = msgspec.Struct

    def __init__(self) -> None:
        self.states: dict[str, object] = {}

    def __call__(self, batch: Sequence[object]) -> Iterable[object]:
        """Nothing follows."""
        for chunk in batch:
            if isinstance(chunk, Chunk):
                sys.stdout.write(f"{1000 * (time.time() - chunk.captured):.3f}\n")  # whole lines, from two threads
        return ()


def main() -> None:
    """The address and the seconds named on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    stop = threading.Event()
    service = Service(
        name="door",
        reads=("media.live",),
        steps=lambda: [Door()],
        goes=lambda _: (),
        stamped=lambda message: message,
        pipeline="benchmark",
    )
    with connect(options.address) as bus:
        threading.Timer(options.seconds, stop.set).start()
        Runner(bus, service).run(stop)


if __name__ == "__main__":
    main()
