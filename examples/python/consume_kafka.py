#!/usr/bin/env python3
"""Keeps the rows of a source that Tidemark publishes to Kafka in the format protobuf, in an SQLite file.

    consume_kafka.py --brokers 127.0.0.1:9092 --topics 'shop\\.public\\..*' --schemas shop.tidemark.schema --state rows.db
    consume_kafka.py --state rows.db --dump

It goes on where it stopped however it was stopped.
"""

import argparse
import sys
import time

from google.protobuf.message import DecodeError
from partitions import Partitions, add_arguments, open_consumer, parse
from store import Store
from tidemark.v1 import event_pb2

SCHEMA_PATIENCE_S = 60


class Schemas:
    """The compacted topic of schemas: read to its end when a change names one that is not known."""

    def __init__(self, consumer, topic, store):
        self.consumer = consumer
        self.store = store
        self.name = f"{topic}/0"
        self.partitions = Partitions(consumer, topic.replace(".", "\\."), lambda *_: store.place(self.name))

    def ensure(self, schema_id):
        end_s = time.monotonic() + SCHEMA_PATIENCE_S
        while schema_id not in self.store.schemas:
            if time.monotonic() > end_s:
                sys.exit(f"{self.name} has no schema {schema_id}: is --schemas the schema_topic of this source?")
            self.read()

    def read(self):
        for record in self.partitions.read():
            if record.value() is not None:
                self.store.apply(event_pb2.Event.FromString(record.value()))
            self.store.set_place(self.name, record.offset() + 1)


def place_name(topic, partition):
    return f"{topic}/{partition}"


def take(record, store, schemas):
    # No value: a tombstone, behind the DELETE that says the same.
    if record.value() is not None:
        try:
            event = event_pb2.Event.FromString(record.value())
        except DecodeError as error:
            sys.exit(f"{record.topic()} is not in the format protobuf: {error}")
        schemas.ensure(event.change.schema_id)
        store.part = record.partition()
        store.apply(event)
    store.set_place(place_name(record.topic(), record.partition()), record.offset() + 1)


def follow(options, store):
    schemas = Schemas(open_consumer(options.brokers, options.properties), options.schemas, store)
    partitions = Partitions(
        open_consumer(options.brokers, options.properties),
        options.topics,
        lambda topic, partition: store.place(place_name(topic, partition)),
    )
    while True:
        records = partitions.read()
        with store:
            for record in records:
                take(record, store, schemas)


def main():
    parser = argparse.ArgumentParser(description="Keeps rows of Tidemark's topics (protobuf) in an SQLite file.")
    add_arguments(parser)
    parser.add_argument("--schemas", help="the topic of schemas, schema_topic in tidemarkd's configuration")
    options = parse(parser)
    store = Store(options.state)
    if options.dump:
        for text in store.dump():
            print(text)
        return
    if not options.schemas:
        parser.error("--schemas is required")
    try:
        follow(options, store)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
