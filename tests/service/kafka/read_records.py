"""Reads records as a consumer with a schema registry does, and compares each with what it must be.

read_records.py FORMAT REGISTRY TOPIC RECORDS [BOOTSTRAP]

FORMAT     avro or protobuf
RECORDS    a file with a line for each record: key or value, its bytes in base64, the JSON it must be
BOOTSTRAP  the brokers that have the topic; then the bytes come from there, and those of RECORDS must
           be the same

Nothing of Tidemark is used but the schemas in the registry: the decoding is that of Confluent's client
(confluent_kafka, fastavro) and of protoc's Python. Prints a line for each difference, and the number of
records; the exit code is 1 if one differs.
"""

import base64
import importlib
import json
import os
import re
import struct
import sys
import tempfile
from decimal import Decimal

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def avro_name(name):
    name = re.sub("[^A-Za-z0-9_]", "_", name)
    return "_" + name if name[:1].isdigit() else name


def same_real(expected, got):
    if isinstance(expected, str):
        expected = float(expected.replace("Infinity", "inf"))
    if expected != expected:
        return got != got
    return got in (expected, struct.unpack("f", struct.pack("f", expected))[0])


def unscaled(number):
    sign, digits, _ = number.as_tuple()
    return int("".join(map(str, digits))) * (-1 if sign else 1)


def same(expected, got):
    """Whether what JsonConverter wrote and what came out of Avro are one value."""
    if expected is None or got is None or isinstance(got, bool):
        return expected is got
    if isinstance(got, bytes):
        return base64.b64decode(expected) == got
    if isinstance(got, Decimal):
        return int.from_bytes(base64.b64decode(expected), "big", signed=True) == unscaled(got)
    if isinstance(got, float):
        return same_real(expected, got)
    if isinstance(got, dict) and isinstance(expected, list):
        return same(expected, [got["key"], got["value"]])
    if isinstance(got, dict):
        expected = {avro_name(name): value for name, value in expected.items()}
        return expected.keys() == got.keys() and all(same(expected[k], got[k]) for k in got)
    if isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    return type(expected) is type(got) and expected == got


def plain(message):
    """A message of protobuf as JSON has it; what is not set is not there."""

    def one(field, value):
        if field.type == field.TYPE_MESSAGE:
            return plain(value)
        if field.type == field.TYPE_ENUM:
            return field.enum_type.values_by_number[value].name
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    def any_of(field, value):
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            inner = field.message_type.fields_by_name["value"]
            return {str(key): one(inner, value[key]) for key in value}
        is_list = field.is_repeated
        return [one(field, element) for element in value] if is_list else one(field, value)

    return {field.json_name: any_of(field, value) for field, value in message.ListFields()}


class Avro:
    def __init__(self, registry):
        self.decode = AvroDeserializer(registry)

    same = staticmethod(same)


class Protobuf:
    """Its classes are made by protoc from the schemas that the registry has."""

    def __init__(self, registry):
        self.registry = registry
        self.decoders = {}
        self.folder = tempfile.mkdtemp()
        sys.path.insert(0, self.folder)

    def write(self, name, schema):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(schema.schema_str)
        for reference in schema.references:
            version = self.registry.get_version(reference.subject, reference.version)
            self.write(reference.name, version.schema)
        from grpc_tools import protoc

        arguments = ["", "-I" + self.folder, "--python_out=" + self.folder, path]
        if protoc.main(arguments) != 0:
            sys.exit("protoc does not take " + schema.schema_str)

    def decoder(self, schema_id):
        if schema_id not in self.decoders:
            name = "schema_%d_%d" % (os.getpid(), schema_id)
            self.write(name + ".proto", self.registry.get_schema(schema_id))
            module = importlib.import_module(name + "_pb2")
            first = list(module.DESCRIPTOR.message_types_by_name)[0]
            made = ProtobufDeserializer(getattr(module, first), {"use.deprecated.format": False})
            self.decoders[schema_id] = made
        return self.decoders[schema_id]

    def decode(self, record, context):
        return plain(self.decoder(struct.unpack(">I", record[1:5])[0])(record, context))

    @staticmethod
    def same(expected, got):
        return expected == got


def records_in_kafka(bootstrap, topic, count):
    """The keys and values of the topic's records, as they are counted in the file."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reader", "isolation.level": "read_committed"}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    while len(found) < count:
        message = consumer.poll(60)
        if message is None or message.error():
            sys.exit("the topic ends after %d of %d" % (len(found), count))
        found += [part for part in (message.key(), message.value()) if part is not None]
    consumer.close()
    return found


def main():
    form, url, topic, path = sys.argv[1:5]
    lines = [line.rstrip("\n").split(" ", 2) for line in open(path)]
    registry = SchemaRegistryClient({"url": url})
    reader = {"avro": Avro, "protobuf": Protobuf}[form](registry)
    records = [base64.b64decode(line[1]) for line in lines]
    if len(sys.argv) > 5 and records_in_kafka(sys.argv[5], topic, len(lines)) != records:
        sys.exit("other bytes are in the topic")
    different = 0
    for (part, _, expected), record in zip(lines, records):
        field = MessageField.KEY if part == "key" else MessageField.VALUE
        got = reader.decode(record, SerializationContext(topic, field))
        if not reader.same(json.loads(expected), got):
            different += 1
            print("%s\n  must be %s\n  and is %s" % (part, expected, got))
    print("%d records, %d differ" % (len(lines), different))
    sys.exit(1 if different else 0)


main()
