"""A worker that notes when each record comes to the decoder's door: ms since the broker had it, one a line."""

import argparse
import sys
import threading
import time

from streamer.bus.address import connect
from streamer.bus.protocol import Record
from streamer.metrics import Meters
from workers.runner import Runner
from workers.service import Service


class Door(Meters):
    """Says how old each record is when it is worked on."""

    def took(self, record: Record) -> None:
        """See Meters."""
        sys.stdout.write(f"{1000 * time.time() - record.timestamp_ms:.3f}\n")  # whole lines, from two threads


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
