package org.example.tidemark;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tidemark.v1.EventOuterClass.Change;
import tidemark.v1.EventOuterClass.Event;
import tidemark.v1.EventOuterClass.Heartbeat;
import tidemark.v1.EventOuterClass.Op;
import tidemark.v1.EventOuterClass.Row;
import tidemark.v1.EventOuterClass.TableSchema;
import tidemark.v1.EventOuterClass.Value;

/**
 * Rows of a source by their keys, in an SQLite file, and in the same transaction the place in the stream: a program
 * killed at any moment goes on from exactly what it holds. Replace put, remove and clear by what your own system needs.
 * Not thread-safe.
 */
final class Store implements AutoCloseable {
  private static final List<String> LAYOUT = List.of(
      "PRAGMA journal_mode = WAL",
      // A commit is on disk before it returns: only then may it be acknowledged.
      "PRAGMA synchronous = FULL",
      "CREATE TABLE IF NOT EXISTS place (source TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID",
      "CREATE TABLE IF NOT EXISTS schema (id INTEGER PRIMARY KEY, schema BLOB NOT NULL)",
      "CREATE TABLE IF NOT EXISTS row (table_id INTEGER, key BLOB, schema_id INTEGER NOT NULL, row BLOB NOT NULL, "
          + "PRIMARY KEY (table_id, key)) WITHOUT ROWID");

  private final Connection database;
  private final Map<Integer, TableSchema> schemas = new HashMap<>();

  Store(String file) throws SQLException, InvalidProtocolBufferException {
    database = DriverManager.getConnection("jdbc:sqlite:" + file);
    for (String statement : LAYOUT) {
      run(statement);
    }
    database.setAutoCommit(false);
    try (ResultSet rows = database.createStatement().executeQuery("SELECT schema FROM schema")) {
      while (rows.next()) {
        TableSchema schema = TableSchema.parseFrom(rows.getBytes(1));
        schemas.put(schema.getId(), schema);
      }
    }
  }

  /** The first sequence of the source that is not held; 1 at the beginning. */
  long next(String source) throws SQLException {
    try (PreparedStatement query = prepare("SELECT next FROM place WHERE source = ?", source);
        ResultSet row = query.executeQuery()) {
      return row.next() ? row.getLong(1) : 1;
    }
  }

  /** Stores the events, all or none, and returns what next does then. They are on disk when it returns. */
  long take(String source, List<Event> events) throws SQLException, InvalidProtocolBufferException {
    long next = next(source);
    try {
      for (Event event : events) {
        // Schemas that are sent again at the start have old sequences.
        if (event.getSequence() >= next || event.hasSchema()) {
          apply(event);
        }
        next = Math.max(next, event.getSequence() + 1);
      }
      run("INSERT OR REPLACE INTO place VALUES (?, ?)", source, next);
      database.commit();
    } catch (SQLException | InvalidProtocolBufferException | RuntimeException error) {
      database.rollback();
      throw error;
    }
    return next;
  }

  /** Marks, messages and ends of transactions need no action for rows by key. */
  private void apply(Event event) throws SQLException, InvalidProtocolBufferException {
    if (event.hasSchema()) {
      addSchema(event.getSchema());
    } else if (event.hasChange()) {
      change(event.getChange());
    }
  }

  /**
   * A version of a table. Held rows keep the version that they came in: what an ALTER TABLE made of them comes with
   * their next change, or with a snapshot.
   */
  private void addSchema(TableSchema schema) throws SQLException {
    schemas.put(schema.getId(), schema);
    run("INSERT OR REPLACE INTO schema VALUES (?, ?)", schema.getId(), schema.toByteArray());
  }

  private void change(Change change) throws SQLException, InvalidProtocolBufferException {
    TableSchema schema = schemas.get(change.getSchemaId());
    if (change.getOp() == Op.OP_TRUNCATE) {
      clear(schema);
    } else if (schema.getKeyColumnsCount() == 0) {
      return; // without a key there is nothing to find a row by
    } else if (change.getOp() == Op.OP_DELETE) {
      remove(schema, change.getKey());
    } else { // CREATE, UPDATE, and READ: a row of a snapshot
      put(schema, change.getKey(), completed(schema, change));
    }
  }

  /** The new row. A column that the log did not carry keeps the value that we hold. */
  private Row completed(TableSchema schema, Change change) throws SQLException, InvalidProtocolBufferException {
    Row row = change.getAfter();
    if (row.getValuesList().stream().noneMatch(Value::getUnavailable)) {
      return row;
    }
    Map<String, Value> held = held(schema, change.getKey());
    Row.Builder whole = row.toBuilder();
    for (int i = 0; i < row.getValuesCount(); ++i) {
      Value kept = held.get(schema.getColumns(i).getName());
      if (row.getValues(i).getUnavailable() && kept != null) {
        whole.setValues(i, kept);
      }
    }
    return whole.build();
  }

  /** Values by the names of columns; empty: no such row. */
  private Map<String, Value> held(TableSchema schema, Row key) throws SQLException, InvalidProtocolBufferException {
    Map<String, Value> values = new HashMap<>();
    try (PreparedStatement query = prepare("SELECT schema_id, row FROM row WHERE table_id = ? AND key = ?",
            schema.getTableId(), key.toByteArray());
        ResultSet found = query.executeQuery()) {
      if (found.next()) {
        TableSchema version = schemas.get(found.getInt(1));
        Row row = Row.parseFrom(found.getBytes(2));
        for (int i = 0; i < row.getValuesCount(); ++i) {
          values.put(version.getColumns(i).getName(), row.getValues(i));
        }
      }
    }
    return values;
  }

  private void put(TableSchema schema, Row key, Row row) throws SQLException {
    run("INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)", schema.getTableId(), key.toByteArray(), schema.getId(),
        row.toByteArray());
  }

  private void remove(TableSchema schema, Row key) throws SQLException {
    run("DELETE FROM row WHERE table_id = ? AND key = ?", schema.getTableId(), key.toByteArray());
  }

  private void clear(TableSchema schema) throws SQLException {
    run("DELETE FROM row WHERE table_id = ?", schema.getTableId());
  }

  /**
   * Calls print with all that is held, as events that would make it: JSON texts, the schemas first. Heartbeats say how
   * far it is.
   */
  void dump(Consumer<String> print) throws SQLException, InvalidProtocolBufferException {
    JsonFormat.Printer json = JsonFormat.printer().omittingInsignificantWhitespace();
    for (TableSchema schema : schemas.values()) {
      print.accept(json.print(Event.newBuilder().setSchema(schema)));
    }
    try (ResultSet rows = database.createStatement().executeQuery("SELECT key, schema_id, row FROM row")) {
      while (rows.next()) {
        Change.Builder change = Change.newBuilder().setOp(Op.OP_READ).setKey(Row.parseFrom(rows.getBytes(1)))
            .setSchemaId(rows.getInt(2)).setAfter(Row.parseFrom(rows.getBytes(3)));
        print.accept(json.print(Event.newBuilder().setChange(change)));
      }
    }
    try (ResultSet places = database.createStatement().executeQuery("SELECT next FROM place")) {
      while (places.next()) {
        Event.Builder place = Event.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance());
        print.accept(json.print(place.setSequence(places.getLong(1) - 1)));
      }
    }
  }

  @Override
  public void close() throws SQLException {
    database.close();
  }

  private PreparedStatement prepare(String sql, Object... values) throws SQLException {
    PreparedStatement statement = database.prepareStatement(sql);
    for (int i = 0; i < values.length; ++i) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
  }

  private void run(String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = prepare(sql, values)) {
      statement.execute();
    }
  }
}
