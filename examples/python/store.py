"""Rows of Tidemark's sources by their keys, in an SQLite file.

The place in the stream is stored in the same transaction as the rows, so that a program killed at any moment goes
on from exactly what it holds. Replace put, remove and clear by what your own system needs.
"""

import sqlite3

from google.protobuf import json_format
from tidemark.v1 import event_pb2

LAYOUT = """
CREATE TABLE IF NOT EXISTS place (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY, schema BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS row (table_id INTEGER, key BLOB, part INTEGER NOT NULL, schema_id INTEGER NOT NULL,
                                row BLOB NOT NULL, PRIMARY KEY (table_id, key)) WITHOUT ROWID;
"""


class Store:
    """Not thread-safe. Use it in `with store:`, which commits, or rolls back on an exception."""

    def __init__(self, file):
        # Of Kafka: the partition that the next events are from. A TRUNCATE is in each, and empties that part.
        self.part = 0
        self.database = sqlite3.connect(file)
        self.database.execute("PRAGMA journal_mode = WAL")
        # A commit is on disk before it returns: only then may it be acknowledged.
        self.database.execute("PRAGMA synchronous = FULL")
        self.database.executescript(LAYOUT)
        self.schemas = {}
        for schema_id, schema in self.database.execute("SELECT id, schema FROM schema"):
            self.schemas[schema_id] = event_pb2.TableSchema.FromString(schema)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.database.commit()
        else:
            self.database.rollback()

    def place(self, name):
        """Where `name` (a stream, a partition) goes on; None: it has not begun."""
        found = self.database.execute("SELECT next FROM place WHERE name = ?", [name]).fetchone()
        return found[0] if found else None

    def set_place(self, name, following):
        self.database.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", [name, following])

    def apply(self, event):
        """Marks, messages and ends of transactions need no action for rows by key."""
        body = event.WhichOneof("body")
        if body == "schema":
            self.add_schema(event.schema)
        elif body == "change":
            self.change(event.change)

    def add_schema(self, schema):
        """A version of a table. Held rows keep the version that they came in: what an ALTER TABLE made of them comes
        with their next change, or with a snapshot."""
        self.schemas[schema.id] = schema
        self.database.execute("INSERT OR REPLACE INTO schema VALUES (?, ?)", [schema.id, schema.SerializeToString()])

    def change(self, change):
        schema = self.schemas[change.schema_id]
        if change.op == event_pb2.OP_TRUNCATE:
            self.clear(schema)
        elif not schema.key_columns:
            return  # without a key there is nothing to find a row by
        elif change.op == event_pb2.OP_DELETE:
            self.remove(schema, change.key)
        else:  # CREATE, UPDATE, and READ: a row of a snapshot
            self.put(schema, change.key, self.completed(schema, change))

    def completed(self, schema, change):
        """The new row. A column that the log did not carry keeps the value that we hold."""
        row = change.after
        if not any(value.unavailable for value in row.values):
            return row
        held = self.held(schema, change.key)
        for column, value in zip(schema.columns, row.values):
            if value.unavailable and column.name in held:
                value.CopyFrom(held[column.name])
        return row

    def held(self, schema, key):
        """Values by the names of columns; empty: no such row."""
        found = self.database.execute(
            "SELECT schema_id, row FROM row WHERE table_id = ? AND key = ?", [schema.table_id, key_bytes(key)]
        ).fetchone()
        if not found:
            return {}
        columns = self.schemas[found[0]].columns
        return {column.name: value for column, value in zip(columns, event_pb2.Row.FromString(found[1]).values)}

    def put(self, schema, key, row):
        self.database.execute(
            "INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?, ?)",
            [schema.table_id, key_bytes(key), self.part, schema.id, row.SerializeToString()],
        )

    def remove(self, schema, key):
        self.database.execute("DELETE FROM row WHERE table_id = ? AND key = ?", [schema.table_id, key_bytes(key)])

    def clear(self, schema):
        self.database.execute("DELETE FROM row WHERE table_id = ? AND part = ?", [schema.table_id, self.part])

    def dump(self):
        """All that is held, as events that would make it: JSON texts, the schemas first. Heartbeats say how far it is."""
        for schema in self.schemas.values():
            yield as_json(event_pb2.Event(schema=schema))
        for key, schema_id, row in self.database.execute("SELECT key, schema_id, row FROM row"):
            change = event_pb2.Change(schema_id=schema_id, op=event_pb2.OP_READ)
            change.key.ParseFromString(key)
            change.after.ParseFromString(row)
            yield as_json(event_pb2.Event(change=change))
        for (following,) in self.database.execute("SELECT next FROM place"):
            yield as_json(event_pb2.Event(sequence=following - 1, heartbeat=event_pb2.Heartbeat()))


def key_bytes(key):
    return key.SerializeToString(deterministic=True)


def as_json(message):
    return json_format.MessageToJson(message, indent=None)
