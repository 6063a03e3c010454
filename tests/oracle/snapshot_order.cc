#include "tests/oracle/snapshot_order.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidemark::oracle {
namespace {

// One end of a chunk; "" is the end of the table's keys.
template <typename Key>
std::string EndOf(const Key& key) {
  std::string end;
  for (const std::string& column : key) absl::StrAppend(&end, column.size(), ":", column, " ");
  return end;
}

}  // namespace

std::string SnapshotOrder::OnRead(uint64_t table_id, const v1::Change& change) {
  if (change.snapshot_id() == 0) return "";
  const auto snapshot = snapshots_.find(change.snapshot_id());
  if (snapshot == snapshots_.end() || snapshot->second.ended) {
    return absl::StrCat("a READ of snapshot ", change.snapshot_id(), ", which is not under way");
  }
  Table& table = snapshot->second.tables[table_id];
  ++table.rows;
  if (table.done) return absl::StrCat("a READ of table ", table_id, " after its TABLE_DONE");
  if (table.keys.insert(change.key().SerializeAsString()).second) return "";
  return absl::StrCat("snapshot ", change.snapshot_id(), " of table ", table_id,
                      " reads this key again: ", change.key().ShortDebugString());
}

std::string SnapshotOrder::OnMark(const v1::SnapshotMark& mark) {
  const std::string name =
      absl::StrCat(v1::SnapshotMark::Kind_Name(mark.kind()), " of snapshot ", mark.snapshot_id());
  if (mark.kind() == v1::SnapshotMark::STARTED) {
    const bool is_new = snapshots_.try_emplace(mark.snapshot_id()).second;
    return is_new ? "" : absl::StrCat(name, " comes again");
  }
  const auto snapshot = snapshots_.find(mark.snapshot_id());
  if (snapshot == snapshots_.end() || snapshot->second.ended) {
    return absl::StrCat(name, ", which is not under way");
  }
  std::string wrong;
  switch (mark.kind()) {
    case v1::SnapshotMark::CHUNK_DONE:
      wrong = OnChunk(mark, snapshot->second.tables[mark.table_id()]);
      break;
    case v1::SnapshotMark::TABLE_DONE:
      wrong = OnTableDone(snapshot->second.tables[mark.table_id()]);
      break;
    default:
      snapshot->second = {.ended = true, .tables = {}};
  }
  return wrong.empty() ? wrong : absl::StrCat(name, ", table ", mark.table_id(), ": ", wrong);
}

std::string SnapshotOrder::OnChunk(const v1::SnapshotMark& mark, Table& table) {
  const uint64_t rows = table.rows;
  table.rows = 0;
  const std::string lower = EndOf(mark.lower_key());
  const bool is_new = table.chunks.emplace(lower, EndOf(mark.upper_key())).second;
  if (!is_new) return absl::StrCat("a second chunk begins at (", lower, ")");
  if (mark.rows() == rows) return "";
  return absl::StrCat("a chunk of ", mark.rows(), " rows, but ", rows, " came");
}

std::string SnapshotOrder::OnTableDone(Table& table) {
  if (table.done) return "it comes again";
  table.done = true;
  size_t count = 0;
  std::string at;
  for (auto chunk = table.chunks.find(at); chunk != table.chunks.end();
       chunk = table.chunks.find(at)) {
    at = chunk->second;
    ++count;
    if (at.empty()) break;
  }
  if (at.empty() && count == table.chunks.size() && count > 0) return "";
  return absl::StrCat("of ", table.chunks.size(), " chunks ", count, " hang together, up to (", at,
                      ")");
}

}  // namespace tidemark::oracle
