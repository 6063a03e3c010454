#ifndef TIDEMARK_CAPTURE_POSTGRES_LOG_ENCODER_H_
#define TIDEMARK_CAPTURE_POSTGRES_LOG_ENCODER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "capture/log_batch.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/change_writer.h"
#include "capture/postgres/pgoutput.h"
#include "capture/postgres/resume_token.h"
#include "capture/postgres/row_layout.h"
#include "capture/schema_registry.h"

namespace tidemark::capture::postgres {

// Turns the stream of pgoutput messages into LogBatches. The stream's grammar (protocol 1, no
// streaming, no two-phase):
//
//   stream      = { transaction | message | keepalive }
//   transaction = Begin [Origin] { Type | Relation | Insert | Update | Delete | Truncate | message
//   | keepalive } Commit
//
// The position of a transaction and of its changes is where its commit record starts, because Begin
// has no more to offer; the frontier after it is where that record ends. Keepalives move the
// frontier between transactions.
//
// A key change becomes a DELETE and a CREATE. A column that the log left out is unavailable, unless
// the old row has it. A logical message with prefix "tidemark" is Tidemark's own and gives no
// event. A schema is announced before the first change that uses it. A transaction without changes
// gives no event, but is in LogBatch.transactions.
//
// The log does not tell of ALTER TYPE. So the catalog is asked again where a row's text does not
// fit the types as known, and where a chunk reader has found a version of the table that differs in
// what the log does not tell. Rows from before the ALTER TYPE go on not to fit, so the first,
// second, fourth, ... that does not fit asks; the others are lossless as server_text.
//
// Restart: transactions before the token's position give no events, but are in
// LogBatch.transactions; of the one that it names as partial, what was delivered is passed over.
//
// last_in_transaction can only be set while the change is still here, so Take holds the newest
// change of an open transaction back. It is not set where more than kHeldBytesMax of logical
// messages follow the last change.
//
// Errors of Consume, after which only Take may be called (what came before is intact): DataLoss:
// the stream is not as above; FailedPrecondition: the slot or the plug-in is not as Tidemark set it
// up; others are the catalog's. One thread owns it. The catalog is asked only in Consume, about
// once per version of a table.
class LogEncoder {
 public:
  static constexpr size_t kHeldBytesMax = 1 << 20;

  // `announced`: the ids of all schemas that the journal holds. `catalog` and `registry` must
  // outlive the encoder.
  LogEncoder(ResumeToken resume, const std::vector<model::SchemaId>& announced, Catalog* catalog,
             SchemaRegistry* registry);

  // `capture_time_us`: now.
  absl::Status Consume(const Envelope& envelope, uint64_t capture_time_us);

  // Bytes of frames that Take would hand out, about.
  size_t pending_bytes() const;
  // Everything that ends at or before it has been consumed.
  Lsn frontier() const { return resume_.lsn; }
  bool in_transaction() const { return transaction_.has_value(); }
  // For all further tokens.
  void set_timeline(uint64_t timeline) { resume_.timeline = timeline; }
  // See LogBatch.replaying.
  bool replaying() const { return seen_ < start_ || !partial_seen_; }

  // What was encoded since the last call; may have no events.
  LogBatch Take();

 private:
  struct Relation {
    RelationMessage message;
    std::unique_ptr<RowLayout> layout;  // null until a change needs it
    model::SchemaId schema = 0;         // the newest layout's
    model::SchemaId questioned_by = 0;  // the version for which the catalog was asked again
    uint64_t versions_seen = 0;         // of SchemaRegistry.latest_changes()
    uint64_t misfits = 0;               // rows that did not fit `schema`
  };
  // A place in a transaction, between two of its messages.
  struct Progress {
    BatchMark mark;
    uint64_t messages = 0;
    uint64_t changes = 0;
  };
  struct Transaction {
    BeginMessage begin;
    uint64_t messages = 0;          // row messages so far
    uint64_t changes = 0;           // changes and logical messages so far
    uint64_t messages_to_skip = 0;  // delivered before the restart
    bool skip = false;              // delivered wholly before the restart
    bool delivered = false;         // in part
    size_t first_event = 0;
    std::optional<Progress> before_last_change;  // while that is here
    size_t last_change_end = 0;
  };

  absl::Status ConsumeMessage(std::string_view message, uint64_t capture_time_us);
  absl::Status OnBegin(std::string_view message, uint64_t capture_time_us);
  absl::Status CheckOrder(const BeginMessage& begin) const;
  absl::Status OnCommit(std::string_view message);
  absl::Status OnRelation(std::string_view message);
  absl::Status OnRow(MessageKind kind, std::string_view message);
  absl::Status WriteRow(MessageKind kind);
  absl::Status OnTruncate(std::string_view message);
  absl::Status OnLogicalMessage(std::string_view message);
  absl::Status OnTransactionalMessage(const LogicalMessageView& message);
  void OnPlainMessage(const LogicalMessageView& message);
  absl::Status OnKeepalive(Lsn end_lsn);

  void RollBack(const Progress& before);
  // Counts a row message. False: nothing is to be done for it.
  bool CountMessage();
  // To be called once the schemas that the message needs are announced, and once it is encoded.
  void StartChange();
  void EndChange();
  absl::StatusOr<const RowLayout*> Announced(uint32_t relation);
  absl::StatusOr<const RowLayout*> Resolve(Relation& relation);
  void CompareWithLatest(Relation& relation);
  // False: the types were looked up for such a row already, not long ago.
  bool GiveUpLayout(uint32_t relation);
  void ForgetNewest();
  void Advance(Lsn lsn);
  void TakePart(LogBatch* batch);
  uint32_t last_transaction() const { return static_cast<uint32_t>(transactions_.size() - 1); }

  // What the next batch's token is, but for an open transaction's own progress.
  ResumeToken resume_;
  const Lsn start_;
  // Everything that ends at or before it has come since the log was opened.
  Lsn seen_ = 0;
  // The transaction that the token names as partial has begun to come, or there is none.
  bool partial_seen_;
  Catalog* catalog_;
  SchemaRegistry* registry_;
  std::unordered_set<model::SchemaId> announced_;
  std::unordered_map<uint32_t, Relation> relations_;
  uint32_t newest_relation_ = 0;  // whose layout `newest_layout_` is; 0: none
  uint64_t newest_versions_ = 0;  // SchemaRegistry.latest_changes() when it was looked up
  const RowLayout* newest_layout_ = nullptr;
  RowMessage row_;
  ChangeWriter writer_;
  std::vector<model::TransactionRef> transactions_;
  std::optional<Transaction> transaction_;
  uint64_t commit_time_us_ = 0;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_LOG_ENCODER_H_
