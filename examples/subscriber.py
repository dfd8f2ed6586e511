"""Events from Kafka, each once, from now on: python examples/subscriber.py kafka://localhost:9092 'cam-*'"""

import sys

import streamer
from schemas.messages import Event

address, streams = (*sys.argv[1:], *["kafka://localhost:9092", "*"][len(sys.argv) - 1 :])
for event in streamer.subscribe(address, kinds=["event"], streams=streams):
    assert isinstance(event, Event)
    print(f"{event.stream}: {event.label} {event.phase} at {event.start:.1f} s ({event.confidence:.2f})", flush=True)
