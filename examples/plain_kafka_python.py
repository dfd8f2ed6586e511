"""Events from Kafka with nothing of ours: python examples/plain_kafka_python.py localhost:9092 streamer.events.v1"""

import json
import sys

from kafka import KafkaConsumer

servers, topic = (*sys.argv[1:], *["localhost:9092", "streamer.events.v1"][len(sys.argv) - 1 :])
seen = set()  # a record may come twice after something was restarted; ce_id says whether it is the same
for record in KafkaConsumer(topic, bootstrap_servers=servers, group_id="plain-kafka-python", auto_offset_reset="earliest"):
    about = {name: value.decode() for name, value in record.headers}
    if about["ce_id"] not in seen:
        seen.add(about["ce_id"])
        event = json.loads(record.value)
        print(f"{record.key.decode()}: {event['label']} {event['phase']} at {event['start']:.1f} s ({about['ce_type']})", flush=True)
