#ifndef TIDEMARK_TESTS_ORACLE_FOLD_H_
#define TIDEMARK_TESTS_ORACLE_FOLD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/oracle/cells.h"
#include "tests/oracle/log_position.h"
#include "tests/oracle/transaction_order.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// A row that the fold holds, or a key that it saw deleted.
struct HeldRow {
  // False: deleted; kept only to watch over the key's version.
  bool present = false;
  // The schema that `cells` are in.
  uint32_t schema_id = 0;
  std::string cells;
  std::optional<int64_t> version;
};

struct HeldTable {
  uint64_t table_id = 0;
  // "namespace.name", by its newest schema.
  std::string name;
  // The newest schema that an event used.
  uint32_t schema_id = 0;
  // A snapshot has read all of it.
  bool snapshot_done = false;
  // By the serialized key of the events.
  std::unordered_map<std::string, HeldRow> rows;
};

// A consumer of its own make: applies events to tables as v1/event.proto says, and checks on the
// way what must hold of every stream:
//  - sequences start where asked and grow by 1 (not for a filtered stream);
//  - transactions come whole, once and in order (TransactionOrder);
//  - an old row that the log carries is the row that was held;
//  - an event uses a schema that came before it, its values fit the types, its key equals its
//  row's;
//  - a chunk reports no more rows than came;
//  - in a table with an integer column `version`, which every write of a row must raise (also over
//  deletes,
//    key changes and truncates), no key goes back to an older version, and no deleted key comes
//    back without a newer one.
// Rows of tables without a key are not held. Not thread-safe.
class Fold {
 public:
  struct Options {
    // The sequence of the first event; 0: any.
    uint64_t first_sequence = 0;
    // The stream leaves events out.
    bool filtered = false;
    // Of the source: in whose text values are held.
    testing::Engine engine = testing::Engine::kPostgres;
  };

  explicit Fold(Options options);

  void Apply(const v1::Event& event);
  // A new stream goes on after the last event: it begins with schemas that this one already had.
  void BeginStream() { in_preamble_ = true; }

  // What was wrong, in words; at most the first 100.
  const std::vector<std::string>& violations() const { return violations_; }
  const std::map<uint64_t, HeldTable>& tables() const { return tables_; }
  // The table that has this "namespace.name" now; null if no event has named it.
  const HeldTable* FindTable(const std::string& name) const;
  const v1::TableSchema& schema(uint32_t id) const { return schemas_.at(id); }
  // The last event's; 0: none yet.
  uint64_t sequence() const { return sequence_; }
  // Everything up to here has been applied.
  const LogPosition& frontier() const { return frontier_; }
  uint64_t event_count() const { return event_count_; }
  // Marks COMPLETED, CANCELLED or FAILED seen, by snapshot.
  const std::map<uint64_t, v1::SnapshotMark::Kind>& ended_snapshots() const {
    return ended_snapshots_;
  }

 private:
  void CheckSequence(const v1::Event& event);
  void ApplyEnd(const v1::TransactionEnd& end);
  void ApplySchema(const v1::TableSchema& schema);
  void ApplyChange(const v1::Change& change);
  void ApplyRow(const v1::Change& change, const v1::TableSchema& schema, HeldTable& table);
  void ApplyMark(const v1::SnapshotMark& mark);
  void Remove(const v1::TableSchema& schema, HeldTable& table, HeldRow& row,
              const std::string& key);
  void Set(const v1::Change& change, const v1::TableSchema& schema, const Cells& key, HeldRow& row);
  void CheckBefore(const v1::Change& change, const v1::TableSchema& schema, const HeldRow& row);
  void FillUnknown(const v1::TableSchema& schema, const HeldRow& row, Cells& cells) const;
  void CheckVersion(const v1::Change& change, const v1::TableSchema& schema, const Cells& key,
                    const Cells& cells, HeldRow& row);
  void Violate(const std::string& what);

  const Options options_;
  uint64_t sequence_ = 0;
  uint64_t event_count_ = 0;
  LogPosition frontier_;
  // Only schemas have come so far in this stream.
  bool in_preamble_ = true;
  // False for a filtered stream, and until the end of the transaction in whose middle the stream
  // may start.
  bool order_known_;
  TransactionOrder order_;
  std::map<uint32_t, v1::TableSchema> schemas_;
  std::map<uint64_t, HeldTable> tables_;
  // READs since the last finished chunk, by snapshot and table.
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> rows_of_chunk_;
  std::map<uint64_t, v1::SnapshotMark::Kind> ended_snapshots_;
  std::vector<std::string> violations_;
};

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_FOLD_H_
