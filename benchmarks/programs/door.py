"""A worker that notes when Chunks come to the decoder's door, a line each: its number, ms since it was made and since it was logged."""

import argparse
import sys
import threading
import time

from schemas.messages import Chunk
from streamer.bus.address import connect
from streamer.bus.protocol import Record
from streamer.bus.records import message
from streamer.metrics import Meters
from workers.runner import Runner
from workers.service import Service


class Door(Meters):
    """Says how old each Chunk is when it is worked on."""

    def took(self, record: Record) -> None:
        """See Meters."""
        now, chunk = time.time(), message(record)
        assert isinstance(chunk, Chunk)
        made, logged = 1000 * (now - chunk.captured), 1000 * now - record.timestamp_ms
        sys.stdout.write(f"{chunk.seq} {made:.3f} {logged:.3f}\n")  # whole lines, from two threads


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
        steps=list,
        goes=lambda _: (),
        stamped=lambda message: message,
        pipeline="benchmark",
        meters=Door(),
    )
    with connect(options.address) as bus:
        threading.Timer(options.seconds, stop.set).start()
        Runner(bus, service).run(stop)


if __name__ == "__main__":
    main()
