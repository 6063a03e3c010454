#include "tests/oracle/fold.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tidemark::oracle {
namespace {

constexpr size_t kViolationsMax = 100;
constexpr char kVersionColumn[] = "version";

int FindColumn(const v1::TableSchema& schema, const std::string& name) {
  for (int i = 0; i < schema.columns_size(); ++i) {
    if (schema.columns(i).name() == name) return i;
  }
  return -1;
}

int FindVersionColumn(const v1::TableSchema& schema) {
  const int column = FindColumn(schema, kVersionColumn);
  const bool integer = column >= 0 && schema.columns(column).type().kind() == v1::TYPE_KIND_INTEGER;
  return integer ? column : -1;
}

bool SameType(const v1::Type& left, const v1::Type& right) {
  return left.oid() == right.oid() && left.modifier() == right.modifier();
}

std::string NameOf(const v1::TableSchema& schema) {
  return absl::StrCat(schema.namespace_(), ".", schema.name());
}

}  // namespace

Fold::Fold(Options options)
    : options_(options), order_known_(!options.filtered && options.first_sequence <= 1) {}

void Fold::Violate(const std::string& what) {
  if (violations_.size() < kViolationsMax) {
    violations_.push_back(absl::StrCat("event ", sequence_, ": ", what));
  }
}

const HeldTable* Fold::FindTable(const std::string& name) const {
  const HeldTable* newest = nullptr;
  for (const auto& [id, table] : tables_) {
    if (table.name != name) continue;
    // A table that was dropped and created again has a newer schema.
    if (newest == nullptr || table.schema_id > newest->schema_id) newest = &table;
  }
  return newest;
}

void Fold::Apply(const v1::Event& event) {
  if (event.body_case() == v1::Event::kHeartbeat) {
    frontier_ = std::max(frontier_, LogPosition(event.heartbeat().frontier()));
    return;
  }
  CheckSequence(event);
  ++event_count_;
  switch (event.body_case()) {
    case v1::Event::kChange:
      return ApplyChange(event.change());
    case v1::Event::kSchema:
      return ApplySchema(event.schema());
    case v1::Event::kTransactionEnd:
      return ApplyEnd(event.transaction_end());
    case v1::Event::kSnapshot:
      return ApplyMark(event.snapshot());
    case v1::Event::kMessage:
      if (!order_known_) return;
      if (std::string wrong = order_.OnMessage(event.message()); !wrong.empty()) Violate(wrong);
      return;
    default:
      Violate("an event without a body");
  }
}

void Fold::CheckSequence(const v1::Event& event) {
  const uint64_t expected = sequence_ == 0 ? options_.first_sequence : sequence_ + 1;
  // A reader that starts in the middle is sent each older schema before its first use, under the
  // schema's own sequence.
  if (event.has_schema() && event.sequence() < expected) return;
  in_preamble_ = in_preamble_ && event.has_schema();
  const bool any = expected == 0 || (options_.first_sequence == 0 && in_preamble_);
  if (!options_.filtered && !any && event.sequence() != expected) {
    Violate(absl::StrCat("sequence ", event.sequence(), " instead of ", expected));
  }
  if (options_.filtered && event.sequence() <= sequence_) {
    Violate(absl::StrCat("sequence ", event.sequence(), " after ", sequence_));
  }
  sequence_ = event.sequence();
}

void Fold::ApplyEnd(const v1::TransactionEnd& end) {
  if (order_known_) {
    if (std::string wrong = order_.OnEnd(end); !wrong.empty()) Violate(wrong);
  }
  order_known_ = !options_.filtered;
  frontier_ = std::max(frontier_, LogPosition(end.position()));
}

void Fold::ApplySchema(const v1::TableSchema& schema) {
  for (uint32_t column : schema.key_columns()) {
    if (column < static_cast<uint32_t>(schema.columns_size())) continue;
    return Violate(absl::StrCat("schema ", schema.id(), " has no column ", column));
  }
  schemas_[schema.id()] = schema;
  HeldTable& table = tables_[schema.table_id()];
  table.table_id = schema.table_id();
  if (schema.id() < table.schema_id) return;
  table.schema_id = schema.id();
  table.name = NameOf(schema);
}

void Fold::ApplyChange(const v1::Change& change) {
  const auto found = schemas_.find(change.schema_id());
  if (found == schemas_.end()) {
    return Violate(absl::StrCat("schema ", change.schema_id(), " is not known"));
  }
  HeldTable& table = tables_[found->second.table_id()];
  if (change.op() != v1::OP_READ && order_known_) {
    if (std::string wrong = order_.OnChange(change); !wrong.empty()) Violate(wrong);
  }
  if (change.op() == v1::OP_TRUNCATE) {
    if (FindVersionColumn(found->second) < 0) table.rows.clear();
    for (auto& [key, row] : table.rows) row.present = false;
    return;
  }
  ApplyRow(change, found->second, table);
}

void Fold::ApplyRow(const v1::Change& change, const v1::TableSchema& schema, HeldTable& table) {
  if (schema.key_columns().empty()) return;
  const absl::StatusOr<Cells> key = CellsOfKey(change.key(), schema, options_.engine);
  if (!key.ok()) {
    return Violate(absl::StrCat(table.name, ": ", key.status().message()));
  }
  const std::string key_bytes = change.key().SerializeAsString();
  HeldRow& row = table.rows[key_bytes];
  if (change.op() == v1::OP_READ) {
    ++rows_of_chunk_[{change.snapshot_id(), table.table_id}];
  }
  CheckBefore(change, schema, row);
  if (change.op() == v1::OP_DELETE) return Remove(schema, table, row, key_bytes);
  Set(change, schema, *key, row);
}

void Fold::Remove(const v1::TableSchema& schema, HeldTable& table, HeldRow& row,
                  const std::string& key) {
  row.present = false;
  row.cells.clear();
  if (FindVersionColumn(schema) < 0) table.rows.erase(key);
}

void Fold::Set(const v1::Change& change, const v1::TableSchema& schema, const Cells& key,
               HeldRow& row) {
  absl::StatusOr<Cells> cells = CellsOfRow(change.after(), schema, options_.engine);
  if (!cells.ok()) {
    return Violate(absl::StrCat(NameOf(schema), ": ", cells.status().message()));
  }
  for (int i = 0; i < schema.key_columns_size(); ++i) {
    if ((*cells)[schema.key_columns(i)] == key[i]) continue;
    Violate(absl::StrCat(NameOf(schema), " ", Show(key), ": the row says ",
                         Show((*cells)[schema.key_columns(i)])));
  }
  if (change.op() == v1::OP_READ) {
    for (const Cell& cell : *cells) {
      if (cell.state == Cell::State::kUnknown) Violate("a READ with an unavailable column");
    }
  } else if (change.op() == v1::OP_UPDATE) {
    FillUnknown(schema, row, *cells);
  }
  CheckVersion(change, schema, key, *cells, row);
  row.present = true;
  row.schema_id = schema.id();
  row.cells = Pack(*cells);
}

void Fold::CheckBefore(const v1::Change& change, const v1::TableSchema& schema,
                       const HeldRow& row) {
  if (!change.has_before() || !row.present || row.schema_id != schema.id()) return;
  const absl::StatusOr<Cells> before = CellsOfRow(change.before(), schema, options_.engine);
  if (!before.ok()) return Violate(std::string(before.status().message()));
  const Cells held = Unpack(row.cells);
  for (size_t i = 0; i < held.size(); ++i) {
    const bool known =
        held[i].state != Cell::State::kUnknown && (*before)[i].state != Cell::State::kUnknown;
    if (!known || held[i] == (*before)[i]) continue;
    Violate(absl::StrCat(NameOf(schema), ": the old row has ", Show((*before)[i]), ", but ",
                         Show(held[i]), " was held"));
  }
}

void Fold::FillUnknown(const v1::TableSchema& schema, const HeldRow& row, Cells& cells) const {
  if (!row.present) return;
  Cells held;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].state != Cell::State::kUnknown) continue;
    if (held.empty()) held = Unpack(row.cells);
    const v1::TableSchema& held_schema = schemas_.at(row.schema_id);
    const v1::Column& column = schema.columns(static_cast<int>(i));
    const int from = FindColumn(held_schema, column.name());
    if (from < 0 || !SameType(held_schema.columns(from).type(), column.type())) continue;
    cells[i] = held[from];
  }
}

void Fold::CheckVersion(const v1::Change& change, const v1::TableSchema& schema, const Cells& key,
                        const Cells& cells, HeldRow& row) {
  const int column = FindVersionColumn(schema);
  int64_t version = 0;
  if (column < 0 || !absl::SimpleAtoi(cells[column].text, &version)) return;
  if (row.version.has_value()) {
    const bool back = row.present ? version < *row.version : version <= *row.version;
    if (back) {
      Violate(absl::StrCat(NameOf(schema), " ", Show(key), ": ", v1::Op_Name(change.op()),
                           " goes back to version ", version, " after ",
                           row.present ? "" : "the deletion of ", "version ", *row.version));
    }
  }
  row.version = version;
}

void Fold::ApplyMark(const v1::SnapshotMark& mark) {
  uint64_t& rows = rows_of_chunk_[{mark.snapshot_id(), mark.table_id()}];
  switch (mark.kind()) {
    case v1::SnapshotMark::CHUNK_DONE:
      // More may have come: rows of a chunk that is read again because of a change of the table.
      if (mark.rows() > rows && !options_.filtered) {
        Violate(absl::StrCat("a chunk of ", mark.rows(), " rows, but ", rows, " came"));
      }
      rows = 0;
      return;
    case v1::SnapshotMark::TABLE_DONE:
      tables_[mark.table_id()].table_id = mark.table_id();
      tables_[mark.table_id()].snapshot_done = true;
      return;
    case v1::SnapshotMark::COMPLETED:
    case v1::SnapshotMark::CANCELLED:
    case v1::SnapshotMark::FAILED:
      ended_snapshots_[mark.snapshot_id()] = mark.kind();
      return;
    default:
      return;
  }
}

}  // namespace tidemark::oracle
