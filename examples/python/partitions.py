"""Reads topics of Kafka from places that the reader stores itself, with the rows: nothing is read twice, nothing lost.

The consumer group of Kafka is not used, since its offsets are stored apart from the rows.
"""

import re
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

LOOK_AGAIN_S = 10
BATCH_RECORDS = 1000


def open_consumer(brokers, properties):
    return Consumer(
        {
            "group.id": "unused",
            "enable.auto.commit": False,
            # Of a place that is not retained any more: stop, instead of passing over what is missing.
            "auto.offset.reset": "error",
            # What Tidemark took back is not shown.
            "isolation.level": "read_committed",
            **properties,
            "bootstrap.servers": brokers,
        }
    )


def checked(record):
    """A record, or the end of the program where only a person can help."""
    error = record.error()
    if error is None:
        return record
    if error.retriable():
        print(f"{error.str()}; going on", file=sys.stderr, flush=True)
        return None
    sys.exit(f"{record.topic()} [{record.partition()}]: {error.str()}")


class Partitions:
    """All partitions of the topics whose whole names match a regular expression. `place(topic, partition)` tells the
    next offset, or None. Not thread-safe."""

    def __init__(self, consumer, pattern, place):
        self.consumer = consumer
        self.pattern = re.compile(pattern)
        self.place = place
        self.known = set()
        self.looked_s = None

    def look(self):
        """Topics and partitions may be added."""
        self.looked_s = time.monotonic()
        found = set()
        for name, topic in self.consumer.list_topics(timeout=30).topics.items():
            if self.pattern.fullmatch(name):
                found.update((name, partition) for partition in topic.partitions)
        if found <= self.known:
            return
        self.known |= found
        self.consumer.assign([TopicPartition(*one, self.start(*one)) for one in self.known])

    def start(self, topic, partition):
        place = self.place(topic, partition)
        return OFFSET_BEGINNING if place is None else place

    def read(self):
        """What comes next, maybe nothing. What was returned before must be stored by now."""
        if self.looked_s is None or time.monotonic() - self.looked_s > LOOK_AGAIN_S:
            self.look()
        records = map(checked, self.consumer.consume(BATCH_RECORDS, timeout=0.5))
        return [record for record in records if record is not None]


def add_arguments(parser):
    parser.add_argument("--brokers", help="such as 127.0.0.1:9092")
    parser.add_argument("--topics", help="regular expression over the whole name of the tables' topics")
    parser.add_argument("--property", action="append", default=[], help="of librdkafka, NAME=VALUE (TLS, SASL)")
    parser.add_argument("--state", required=True, help="the SQLite file")
    parser.add_argument("--dump", action="store_true", help="print what the file holds, and end")


def parse(parser):
    options = parser.parse_args()
    if not options.dump and not (options.brokers and options.topics):
        parser.error("--brokers and --topics are required")
    options.properties = dict(text.split("=", 1) for text in options.property)
    return options
