"""What the log holds already of what a worker told without a line behind it, before it died.

Results are acknowledged, then the line behind them: a worker that is killed in between leaves results that its successor
would tell again. It had one publish under way, so they are among the last of their partitions.
"""

from collections.abc import Iterable, Sequence

from streamer.bus.protocol import Bus, Record
from workers.state import to_the_end

LAST = 256  # records of a partition that are looked through: several publishes, for several workers may have died
Known = dict[str, dict[str, bytes]]  # by stream: id and revision -> value


def read(bus: Bus, topics: Sequence[str], partitions: Iterable[int]) -> Known:
    """The newest results in some partitions: a stream's are in the one of its media, where topics have as many. Errors: BusError."""
    known: Known = {}
    if not topics:
        return known
    with bus.consume(topics, partitions=partitions) as consumer:
        for place, end in consumer.ends(consumer.assignment()).items():
            consumer.seek(place, max(0, end - LAST))
        for record in to_the_end(consumer):
            known.setdefault(record.key, {})[_id(record)] = record.value
    return known


def _id(record: Record) -> str:
    return record.headers.get("ce_id", "")
