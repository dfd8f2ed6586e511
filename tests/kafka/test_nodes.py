"""Three nodes, two of which must have a record: any one may die."""

import threading
import time

from streamer.bus.address import connect
from tests.kafka.brokers import make_topics
from tests.kafka.test_contract import read


def test_a_leader_that_dies_under_load_costs_a_pause_and_no_record(three_kafkas):
    address = make_topics(three_kafkas.address, "events", partitions=3)
    sent, stop, longest = [], threading.Event(), [0.0]

    def load():
        with connect(address) as bus:
            while not stop.is_set():
                began = time.monotonic()
                for number in range(20):
                    bus.publish("events", f"s{number % 8}", str(len(sent) + number).encode(), {})
                bus.settle(60)
                longest[0] = max(longest[0], time.monotonic() - began)
                sent.extend(range(len(sent), len(sent) + 20))
                time.sleep(0.02)

    thread = threading.Thread(target=load)
    thread.start()
    for node in (0, 1):  # every node leads one partition
        time.sleep(1)
        three_kafkas.kill(node)
        time.sleep(4)
        three_kafkas.start_node(node)
        three_kafkas.wait()
        time.sleep(1)
    stop.set()
    thread.join(60)
    assert len(sent) > 200
    assert longest[0] < 10
    with connect(address) as bus, bus.consume(["events"]) as consumer:
        found = [int(record.value) for record in read(consumer, len(sent), 40)]
    assert set(sent) <= set(found)
    assert len(found) - len(set(found)) <= 0.02 * len(found)
