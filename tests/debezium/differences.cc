#include "tests/debezium/expected_differences.h"

namespace tidemark::debezium {
namespace {

using Differences = std::vector<ExpectedDifference>;

constexpr char kAny[] = "[\\s\\S]*";
constexpr char kNumber[] = "-?\\d+";
constexpr char kText[] = "\"[\\s\\S]*\"";
constexpr char kNull[] = "null";
constexpr char kAbsent[] = "absent";
constexpr char kRefused[] = "refused: column [\\s\\S]* cannot hold[\\s\\S]*";
// Either row of the log, or the new one.
constexpr char kRow[] = "value\\.payload\\.(before|after)\\.";
constexpr char kRowSchema[] = "value\\.schema\\.(before|after)\\.";

std::string Log(const std::string& table, const std::string& path) {
  return "log " + table + " " + path;
}
std::string Snap(const std::string& table, const std::string& path) {
  return "snap " + table + " " + path;
}
std::string Both(const std::string& table, const std::string& path) {
  return "(log|snap) " + table + " " + path;
}
std::string Source(const std::string& field) { return "value\\.payload\\.source\\." + field; }

Differences Together(std::initializer_list<Differences> parts) {
  Differences all;
  for (const Differences& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Of all servers.
Differences Common() {
  return {
      {Both(".*", Source("version")), "\"3\\.[\\d.]+\\.Final\"", "\"tidemark\"",
       "the publisher's configuration names the version"},
      {Both(".*", "value\\.payload\\.ts_(ms|us|ns)"), kNumber, kNumber,
       "when each of them read the change"},
      {Snap(".*", Source("ts_(ms|us|ns)")), kNumber, kNumber, "when each of them read the row"},
      {Snap(".*", Source("snapshot")),
       "\"(true|first|first_in_data_collection|"
       "last_in_data_collection|last)\"",
       "\"incremental\"", "chunks are merged into the log"},
      {Both("nullable_defaults", std::string(kRowSchema) + "[a-d]\\.default"), kAny, kAbsent,
       "a reader would put the default where NULL is"},
      {Both("nullable_defaults", std::string(kRow) + "[a-d]"), kAny, kNull,
       "Debezium's converter writes the default for NULL"},
  };
}

Differences PostgresPlaces() {
  return {
      {Both(".*", Source("lsn")), kNumber, kNumber,
       "ours: the transaction's commit record, or where the row is exact; theirs: the change's "
       "own"},
      {Both(".*", Source("sequence")), kText, "\"\\[null,\\\\\"\\d+\\\\\"\\]\"",
       "of the same places; the commit before it is not in the stream"},
      {Snap(".*", Source("txId")), kNumber, kNull, "a row that was read belongs to no transaction"},
      {Log("keyless_full", "record"), kAny, kAny, "a tombstone without a key says nothing"},
  };
}

Differences PostgresDefaults() {
  const std::string schema = kRowSchema;
  return {
      {Both("defaults", schema + "k\\.default"), "\"CURRENT_USER\"", "\"\"",
       "Debezium takes the keyword for a text"},
      {Log("defaults", "value\\.payload\\.before\\.k"), "\"CURRENT_USER\"", "\"\"", "likewise"},
      {Both("defaults", schema + "m\\.default"), "false", kAbsent,
       "an expression: not known, where Debezium says zero"},
      {Both("computed_defaults", schema + "[nq]\\.default"), kText, kAbsent,
       "Debezium takes the first literal of an expression for its value"},
      {Log("computed_defaults", "value\\.payload\\.before\\.[nq]"), kText, "\"\"", "likewise"},
      {Both("more_defaults", schema + "[el]\\.default"), kAny, kAbsent,
       "literals of intervals and bit strings are not read"},
      {Log("more_defaults", "value\\.payload\\.before\\.[el]"), kAny, "0|\"\"", "likewise"},
      {Both("more_defaults", schema + "[nr]\\.default"), kAbsent, "\"::1\"|5",
       "Debezium has no defaults of inet and oid"},
      {Log("more_defaults", "value\\.payload\\.before\\.[nr]"), "\"\"|0", "\"::1\"|5", "likewise"},
  };
}

Differences PostgresSchemas() {
  const std::string row = kRow, schema = kRowSchema;
  return {
      {Both("positive_", schema + "v\\.type"), "\"int32\"", "\"int64\"",
       "a domain: the stream has the kind of its base, not its width"},
      {Both("price_", schema + "v\\.(type|name|parameters|fields|doc)"), kAny, kAny, "likewise"},
      {Both("price_", row + "v"), kText, "\\{\"scale\":.*", "likewise"},
      {Both("(moods|tsvectors)", schema + "v\\.items\\.optional"), "false", "true",
       "elements may be NULL"},
      {Both("bits", schema + "v"), "\\{\"type\":\"bytes\".*", kAbsent,
       "Debezium has the column, and null in all rows: left out"},
      {Both("bits", row + "v"), kNull, kAbsent, "likewise"},
      {Both("boxes", row + "v"), kNull, "\\[\\{\"wkb\":.*", "Debezium has no code for the value"},
      {Both("name_", row + "v"), kNull, "\"some_name\"", "Debezium has no code for the value"},
      {Both("numeric_5_m2", schema + "v\\.parameters\\.scale"), "\"2046\"", "\"-2\"",
       "Debezium reads a negative scale as a large one"},
      {Both("numeric_5_m2", row + "v"), kText, "\"MDk=\"", "likewise"},
  };
}

Differences PostgresValues() {
  const std::string row = kRow;
  return {
      {Both("numeric_(nan|infinity)", "value"), "[\\s\\S]*\"v\":null[\\s\\S]*", kRefused,
       "Debezium writes null"},
      {Both("interval_long", "value"), "[\\s\\S]*9223372036854775807[\\s\\S]*", kRefused,
       "Debezium writes the longest there is"},
      {Both("timestamp_late", "value"), "[\\s\\S]*-9223372036853775810[\\s\\S]*", kRefused,
       "Debezium's number overflows"},
      {Both("integers_square", "value"), "[\\s\\S]*\\[null,null\\][\\s\\S]*", kRefused,
       "Debezium writes nulls for the rows of an array of two dimensions"},
      {Both("timetz_24", row + "v"), kNull, "\"15:59:59Z\"",
       "Debezium cannot read 24:00 west of UTC"},
      {Snap("date_ends", row + "v"), kNumber, kNumber,
       "Debezium's snapshot is wrong about infinite dates and those before the year 1: ours are "
       "those of its log"},
  };
}

Differences BinlogPlaces() {
  return {
      {Log(".*", Source("gtid")), kText, kNull, "the stream has the number of a GTID only"},
      {Log(".*", Source("server_id")), kNumber, "0", "the stream does not have it"},
      {Log(".*", Source("row")), kNumber, kNumber,
       "ours counts the changes of the transaction, theirs the rows of an event"},
      {Log("keyless", "record"), kAny, kAny, "a tombstone without a key says nothing"},
  };
}

// Of the versions that Maven serves: ours is as of 3.7.
Differences BinlogDefaultsAndValues() {
  const std::string row = kRow, schema = kRowSchema;
  return {
      {Both("year_zero", row + "v"), "1900|2000", "0",
       "Debezium's log and its snapshot disagree; it is no year"},
      {Log("enum_", row + "v"), "\"ß\\\\\\\\,x\"", "\"ß,x\"",
       "Debezium's log has the label as its list of labels has it"},
      {Log("float_", row + "v"), "-1\\.17549435E-38", "-1\\.1754944E-38",
       "the same number: Java before 19 does not write the shortest digits"},
      {Snap("float_", row + "v"), "-1\\.17549E-38|1\\.67772E7|3\\.40282E38", kAny,
       "the server rounds floats that are selected as text"},
      {Snap("required", row + "e"), "\"2024-01-01T00:00:00Z\"", "\"2024-01-01T00:00:00\\.000000Z\"",
       "Debezium's snapshot leaves out trailing zeros, its log does not"},
      {Snap("timestamp_[36]", row + "v"), kText, "\"2024-01-01T00:00:00\\.[05]0+Z\"", "likewise"},
      {Both("more_defaults", schema + "[hi]\\.default"), "true|\"BQ==\"", kAbsent,
       "literals of bits are not read"},
  };
}

}  // namespace

Differences DifferencesOfPostgres() {
  return Together(
      {Common(), PostgresPlaces(), PostgresDefaults(), PostgresSchemas(), PostgresValues()});
}

Differences DifferencesOfMysql() {
  const std::string row = kRow, schema = kRowSchema;
  return Together(
      {Common(),
       BinlogPlaces(),
       BinlogDefaultsAndValues(),
       {
           {Log(".*", Source("pos")), kNumber, kNumber, "ours: where the transaction starts"},
           {Log(".*", Source("thread")), kNumber, kNull, "the stream does not have it"},
           {Log("emptied", Source("ts_(us|ns)")), "\\d+0{3,}", kNumber,
            "of TRUNCATE, Debezium has the second only"},
           {Both(".*", schema + "[a-z]\\.type"), "\"int16\"", "\"int8\"",
            "TINYINT, as of Debezium 3.7"},
           {Both(".*", schema + "[vm]\\.(extensions|version)"), "absent|1", kAny,
            "geometry, as of Debezium 3.7"},
           {Both(".*", row + "[vm]\\.extensions"), kAbsent, kNull, "likewise"},
           {Both("defaults", schema + "[hijk]\\.default"), kText, kAbsent,
            "MySQL does not tell texts from expressions"},
           {Both("more_defaults", schema + "[jk]\\.default"), kText, kAbsent, "likewise"},
           {Log("json_.*", row + "v"), kText, kText,
            "the server's own text, as in Debezium's snapshot; its log rebuilds it"},
           {Both("vector_3", row + "v\\[2\\]"), "3\\.0000001E10", "3\\.0E10",
            "the same number: Java before 19 does not write the shortest digits"},
       }});
}

Differences DifferencesOfMariaDb() {
  const std::string row = kRow, schema = kRowSchema;
  return Together(
      {Common(),
       BinlogPlaces(),
       BinlogDefaultsAndValues(),
       {
           {Log(".*", Source("pos")), kNumber, kNumber, "ours: where the transaction starts"},
           {Both(".*", schema + "[a-z]\\.type"), "\"int16\"", "\"int8\"",
            "TINYINT, as of Debezium 3.7"},
           {Both(".*", schema + "[vm]\\.(extensions|version)"), "absent|1", kAny,
            "geometry, as of Debezium 3.7"},
           {Both(".*", row + "[vm]\\.extensions"), kAbsent, kNull, "likewise"},
           {Both("defaults", schema + "h\\.default"), "\"x''y\"", "\"x'y\"",
            "Debezium does not undo the doubled quote"},
           {Both("(json_|required)", schema + "[vh]\\.(name|version)"), kAbsent,
            "\"io\\.debezium\\.data\\.Json\"|1",
            "Debezium reads JSON in the log's CREATE TABLE, and LONGTEXT in SHOW CREATE "
            "TABLE"},
           {Log("timestamp_zero", row + "v"), "\"1970-01-01T00:00:00Z\"", kNull,
            "null as in Debezium's snapshot, and as of other zero dates"},
           {Log("zero_dates", row + "e"), "\"1970-01-01T00:00:00\\.000000Z\"",
            "\"1970-01-01T00:00:00Z\"", "as in Debezium's snapshot"},
           {Log("uuid_", row + "v"), "\"0000.*\"", kText,
            "Debezium's log takes the bytes for others"},
       }});
}

}  // namespace tidemark::debezium
