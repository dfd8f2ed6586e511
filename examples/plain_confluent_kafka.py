"""Events from Kafka with confluent-kafka alone: python examples/plain_confluent_kafka.py localhost:9092 streamer.events.v1"""

import json
import sys

from confluent_kafka import Consumer

servers, topic = (*sys.argv[1:], *["localhost:9092", "streamer.events.v1"][len(sys.argv) - 1 :])
consumer = Consumer({"bootstrap.servers": servers, "group.id": "plain-confluent-kafka", "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
seen = set()  # a record may come twice after something was restarted; ce_id says whether it is the same
while True:
    record = consumer.poll(1.0)
    if record is None:
        continue
    if record.error():
        print(record.error(), file=sys.stderr)
        continue
    about = {name: value.decode() for name, value in record.headers()}
    if about["ce_id"] not in seen:
        seen.add(about["ce_id"])
        event = json.loads(record.value())
        print(f"{record.key().decode()}: {event['label']} {event['phase']} at {event['start']:.1f} s ({about['ce_type']})", flush=True)
