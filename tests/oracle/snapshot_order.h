#ifndef TIDEMARK_TESTS_ORACLE_SNAPSHOT_ORDER_H_
#define TIDEMARK_TESTS_ORACLE_SNAPSHOT_ORDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// Checks that snapshots of whole tables, which no DDL makes start anew, come once: the rows of a
// chunk and its CHUNK_DONE are one unit of progress, so no key is read twice by one snapshot, also
// not when what read it died in the middle of a chunk, and nothing of a snapshot comes before its
// start or after its end. The chunks of a table that is done hang together from one end of its keys
// to the other. Rows that Tidemark completes by itself (snapshot_id 0) may come at any time. Each
// method returns what is wrong, or "".
class SnapshotOrder {
 public:
  // `change`: a READ.
  std::string OnRead(uint64_t table_id, const v1::Change& change);
  std::string OnMark(const v1::SnapshotMark& mark);

 private:
  struct Table {
    std::unordered_set<std::string> keys;
    // Of the READs since the last chunk.
    uint64_t rows = 0;
    // The upper end of each chunk by its lower end.
    std::map<std::string, std::string> chunks;
    bool done = false;
  };
  struct Snapshot {
    bool ended = false;
    std::map<uint64_t, Table> tables;
  };

  std::string OnChunk(const v1::SnapshotMark& mark, Table& table);
  std::string OnTableDone(Table& table);

  std::map<uint64_t, Snapshot> snapshots_;
};

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_SNAPSHOT_ORDER_H_
