"""A member of a group in a process of its own: `python -m tests.kafka.member ADDRESS GROUP NAME SESSION_S [note]`.

Says each thing that happens to it as a line; commits what it has read; ends with 3 when it has lost its partitions, 4 when fenced.
"""

import sys

from streamer.bus.address import connect
from streamer.bus.protocol import Commit, FencedError, LostError
from streamer.config import Bus


class Member:
    def __init__(self):
        self.read = {}

    def on_assigned(self, places):
        print(
            "assigned",
            *(f"{number}@{known.committed.offset if known.committed else 0}" for (_, number), known in places.items()),
            flush=True,
        )

    def on_revoked(self, places):
        print("revoked", *(number for _, number in places), flush=True)
        return {place: Commit(self.read.pop(place), "revoked") for place in places if place in self.read}

    def on_lost(self, places):
        print("lost", *(number for _, number in places), flush=True)


def main(address, group, name, session_s):
    member = Member()
    with connect(address, Bus(session_timeout_s=float(session_s))) as bus:
        consumer = bus.consume(["events"], group=group, member=name or None, hooks=member)
        while True:
            for record in consumer.poll(0.2, 32):
                print("record", record.partition, record.offset, flush=True)
                member.read[record.topic, record.partition] = record.offset + 1
            consumer.commit({place: Commit(offset, "mine") for place, offset in member.read.items()})


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except LostError:
        sys.exit(3)
    except FencedError:
        sys.exit(4)
