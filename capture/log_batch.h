#ifndef TIDEMARK_CAPTURE_LOG_BATCH_H_
#define TIDEMARK_CAPTURE_LOG_BATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/bytes.h"
#include "model/driver_record.h"
#include "model/event.h"
#include "model/position.h"
#include "model/schema.h"
#include "model/transaction.h"

namespace tidemark::capture {

// What one event of a LogBatch is, for the merger: never the row itself, which stays encoded in the
// frames.
struct LogEvent {
  model::EventKind kind = model::EventKind::kNone;  // kChange, kSchema, kTransactionEnd or kMessage
  model::Op op = model::Op::kNone;                  // kChange only
  // kChange: the new row has unavailable columns.
  bool partial = false;
  // kChange: with `partial`, nobody will ever send what is missing, and the row before does not
  // have it: the key must be read again. kCreate: the second half of a key change. kUpdate: a
  // document of which the log has the changes alone.
  bool moved = false;
  // kChange, kSchema.
  model::TableId table = 0;
  model::SchemaId schema = 0;
  // Index into LogBatch.transactions; kNoTransaction for a non-transactional message or schema
  // outside one.
  uint32_t transaction = 0;
  // Where the frame lies in LogBatch.frames. For a change also key and new row.
  model::FrameExtent frame;
  // For `moved` and `partial`: index into LogBatch.keys.
  uint32_t key = 0;
};
inline constexpr uint32_t kNoTransaction = UINT32_MAX;

// A piece of the log, decoded: whole transactions, many small ones or a part of a huge one.
struct LogBatch {
  // Frames of `events`, in log order, back to back; their sequences are not set.
  model::Bytes frames;
  std::vector<LogEvent> events;
  // Transactions that have events here, in commit order.
  std::vector<model::TransactionRef> transactions;
  // The schemas that kSchema events of this batch announce, in order.
  std::vector<std::shared_ptr<const model::TableSchema>> schemas;
  // The server's text of each key column, for events that carry an index into it.
  std::vector<std::vector<std::string>> keys;
  // The last transaction here goes on in the next batch.
  bool mid_transaction = false;
  // After a restart the log delivers again what was merged but not acknowledged: `transactions`
  // names it, without events, since it may not be visible to SELECTs yet. True until all of it has
  // come, the transaction included of which only a part is in the journal. Until then no window may
  // be opened.
  bool replaying = false;
  // While it replays: which transactions SELECTs cannot see yet, and who would hold them; "":
  // unknown. For people.
  std::string hidden = "";
  // Once this batch is merged, every transaction that ends at or before this position has been.
  model::Position frontier;
  // Where to start reading the log again once this batch is durable. Opaque but for the driver.
  std::string resume;
  // What changed of the records that the driver must find again with `resume`; applied in order.
  std::vector<model::DriverRecord> records = {};
  // Tables whose rows a statement here changed with no event of a row, under the same column names
  // and types: what was read of them before is void.
  std::vector<model::TableId> rewritten = {};
  // When the newest transaction here was committed at the source, microseconds since 1970; 0: none
  // here.
  uint64_t commit_time_us = 0;
};

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_LOG_BATCH_H_
