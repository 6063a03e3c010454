#!/usr/bin/env python3
"""Keeps the rows of a source that Tidemark publishes to Kafka in debezium-json or debezium-json-bare, in an SQLite file.

    consume_debezium.py --brokers 127.0.0.1:9092 --topics 'shop\\.public\\..*' --state rows.db
    consume_debezium.py --state rows.db --dump

It goes on where it stopped however it was stopped. Nothing of Tidemark's is needed: records are what Debezium's
connectors write.
"""

import argparse
import base64
import json
import sqlite3

from partitions import Partitions, add_arguments, open_consumer, parse

LAYOUT = """
CREATE TABLE IF NOT EXISTS place (topic TEXT, part INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (topic TEXT, key TEXT, part INTEGER NOT NULL, row TEXT NOT NULL,
                                PRIMARY KEY (topic, key)) WITHOUT ROWID;
"""

def as_text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# What stands for a column that the log did not carry: in text; bytes; hstore; arrays of text, of numbers and of UUIDs.
UNAVAILABLE = "__debezium_unavailable_value"
UNAVAILABLE_FORMS = [
    UNAVAILABLE,
    base64.b64encode(UNAVAILABLE.encode()).decode(),
    as_text({UNAVAILABLE: UNAVAILABLE}),
    [UNAVAILABLE],
    list(UNAVAILABLE.encode()),
    ["b68a35a7-17ad-35b3-af2a-ae46edb4545a"],
]


def payload(data):
    """With or without its schema."""
    value = json.loads(data)
    return value["payload"] if isinstance(value, dict) and set(value) == {"schema", "payload"} else value


class Store:
    """Rows by topic and key. Replace put, remove and clear by what your own system needs. Not thread-safe."""

    def __init__(self, file):
        self.database = sqlite3.connect(file)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.executescript(LAYOUT)

    def place(self, topic, part):
        found = self.database.execute("SELECT next FROM place WHERE topic = ? AND part = ?", [topic, part]).fetchone()
        return found[0] if found else None

    def take(self, records):
        """Rows and places, all or none."""
        with self.database:
            for record in records:
                self.apply(record)
                self.database.execute(
                    "INSERT OR REPLACE INTO place VALUES (?, ?, ?)",
                    [record.topic(), record.partition(), record.offset() + 1],
                )

    def apply(self, record):
        key = as_text(payload(record.key())) if record.key() is not None else None
        change = payload(record.value()) if record.value() is not None else None
        if change is None:  # a tombstone
            self.remove(record, key)
        elif change["op"] == "t":
            self.clear(record)
        elif key is None:
            return  # a table without a key: there is nothing to find a row by
        elif change["op"] == "d":
            self.remove(record, key)
        elif change["op"] in ("c", "u", "r"):
            self.put(record, key, self.completed(record, key, change["after"]))

    def completed(self, record, key, row):
        """A column that the log did not carry keeps the value that we hold."""
        missing = [name for name, value in row.items() if value in UNAVAILABLE_FORMS]
        if not missing:
            return row
        found = self.database.execute(
            "SELECT row FROM row WHERE topic = ? AND key = ?", [record.topic(), key]
        ).fetchone()
        held = json.loads(found[0]) if found else {}
        return {**row, **{name: held[name] for name in missing if name in held}}

    def put(self, record, key, row):
        self.database.execute(
            "INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)", [record.topic(), key, record.partition(), as_text(row)]
        )

    def remove(self, record, key):
        self.database.execute("DELETE FROM row WHERE topic = ? AND key = ?", [record.topic(), key])

    def clear(self, record):
        """A TRUNCATE is in each partition of its topic, and empties that part."""
        self.database.execute(
            "DELETE FROM row WHERE topic = ? AND part = ?", [record.topic(), record.partition()]
        )

    def dump(self):
        for topic, key, row in self.database.execute("SELECT topic, key, row FROM row"):
            yield f"{topic}\t{key}\t{row}"


def main():
    parser = argparse.ArgumentParser(description="Keeps rows of topics in Debezium's JSON in an SQLite file.")
    add_arguments(parser)
    options = parse(parser)
    store = Store(options.state)
    if options.dump:
        for text in store.dump():
            print(text)
        return
    partitions = Partitions(open_consumer(options.brokers, options.properties), options.topics, store.place)
    try:
        while True:
            store.take(partitions.read())
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
