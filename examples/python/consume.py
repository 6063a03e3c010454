#!/usr/bin/env python3
"""Keeps the rows of a Tidemark source in an SQLite file: a named consumer of its gRPC stream.

    consume.py --server 127.0.0.1:7654 --source shop --consumer search-index --state rows.db
    consume.py --state rows.db --dump

It acknowledges only what is on disk, goes on where it stopped however it was stopped, and connects again with growing
pauses. It ends with exit code 1 where a person has to act: the service's message says what to do.
"""

import argparse
import random
import sys
import time

import grpc
from store import Store
from tidemark.v1 import change_stream_pb2, change_stream_pb2_grpc, consumers_pb2, consumers_pb2_grpc

PAUSE_LEAST_S = 0.1
PAUSE_MOST_S = 10

# Trying again does not help.
FINAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE,  # the place is not retained any more
    grpc.StatusCode.ABORTED,  # another stream took over the name, or it was moved
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNIMPLEMENTED,
}


def read(file):
    with open(file, "rb") as stream:
        return stream.read()


def open_channel(options):
    settings = [
        ("grpc.max_receive_message_length", -1),  # an event of more than 4 MiB comes alone
        ("grpc.keepalive_time_ms", 30_000),  # notices a server that is gone without a word
        ("grpc.keepalive_timeout_ms", 15_000),
    ]
    if not options.ca:
        return grpc.insecure_channel(options.server, settings)
    credentials = grpc.ssl_channel_credentials(
        read(options.ca),
        read(options.key) if options.key else None,
        read(options.cert) if options.cert else None,
    )
    return grpc.secure_channel(options.server, credentials, settings)


class Consumer:
    """One connection."""

    def __init__(self, channel, options, store):
        self.options = options
        self.store = store
        self.stream = change_stream_pb2_grpc.ChangeStreamStub(channel)
        self.consumers = consumers_pb2_grpc.ConsumersStub(channel)
        self.metadata = []
        if options.token_file:
            token = read(options.token_file).decode().split("\n")[0].strip()
            self.metadata.append(("authorization", f"Bearer {token}"))
        self.advanced = False

    def run(self):
        """Returns only by an exception."""
        self.begin()
        request = change_stream_pb2.SubscribeRequest(source=self.options.source, consumer=self.options.consumer)
        for response in self.stream.Subscribe(request, metadata=self.metadata):
            self.take(response)
            self.advanced = True

    def begin(self):
        """The service knows what we hold. It may know less, if we were killed in between; never more."""
        following = self.store.place(self.options.source) or 1
        if following > 1:
            self.acknowledge(following - 1)
        request = consumers_pb2.ListConsumersRequest(source=self.options.source)
        for consumer in self.consumers.List(request, metadata=self.metadata).consumers:
            if consumer.name == self.options.consumer and consumer.acknowledged_sequence >= following:
                sys.exit(
                    f"{self.options.state} holds events up to {following - 1}, but {consumer.acknowledged_sequence} was "
                    f"acknowledged: it is not the file of this consumer, or an old copy. Remove it, delete the consumer "
                    f"(tidemark consumer delete {consumer.name}), and take a snapshot once this program runs again."
                )

    def take(self, response):
        following = self.store.place(self.options.source) or 1
        with self.store:
            for event in response.events:
                # Schemas that are sent again at the start have old sequences.
                if event.sequence >= following or event.HasField("schema"):
                    self.store.apply(event)
                following = max(following, event.sequence + 1)
            self.store.set_place(self.options.source, following)
        self.acknowledge(following - 1)

    def acknowledge(self, sequence):
        self.stream.Acknowledge(
            change_stream_pb2.AcknowledgeRequest(
                source=self.options.source, consumer=self.options.consumer, sequence=sequence
            ),
            metadata=self.metadata,
        )


def follow(options, store):
    pause_s = PAUSE_LEAST_S
    while True:
        # A new channel each time, so that renewed certificates and tokens are read.
        with open_channel(options) as channel:
            consumer = Consumer(channel, options, store)
            try:
                consumer.run()
            except grpc.RpcError as error:
                if error.code() in FINAL:
                    sys.exit(f"{error.code().name}: {error.details()}")
                print(f"{error.code().name}: {error.details()}; connecting again", file=sys.stderr, flush=True)
        pause_s = PAUSE_LEAST_S if consumer.advanced else min(pause_s * 2, PAUSE_MOST_S)
        time.sleep(pause_s * random.uniform(0.5, 1))


def parse_arguments():
    parser = argparse.ArgumentParser(description="Keeps the rows of a Tidemark source in an SQLite file.")
    parser.add_argument("--server", default="127.0.0.1:7654", help="address of tidemarkd")
    parser.add_argument("--source", help="its name in tidemarkd's configuration")
    parser.add_argument("--consumer", help="under which the place is kept")
    parser.add_argument("--state", required=True, help="the SQLite file")
    parser.add_argument("--dump", action="store_true", help="print what the file holds, and end")
    parser.add_argument("--ca", help="use TLS, with the authorities in this PEM file")
    parser.add_argument("--cert", help="our certificate, a PEM file")
    parser.add_argument("--key", help="its key, a PEM file")
    parser.add_argument("--token-file", help="send the token in this file")
    options = parser.parse_args()
    if not options.dump and not (options.source and options.consumer):
        parser.error("--source and --consumer are required")
    return options


def main():
    options = parse_arguments()
    store = Store(options.state)
    if options.dump:
        for text in store.dump():
            print(text)
        return
    try:
        follow(options, store)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
