#ifndef TIDEMARK_CAPTURE_MYSQL_LOG_ENCODER_H_
#define TIDEMARK_CAPTURE_MYSQL_LOG_ENCODER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "capture/log_batch.h"
#include "capture/mysql/binlog_event.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/commit_places.h"
#include "capture/mysql/definition_tracker.h"
#include "capture/mysql/delivered_gtids.h"
#include "capture/mysql/dump_place.h"
#include "capture/mysql/payload.h"
#include "capture/mysql/query_text.h"
#include "capture/mysql/resume_token.h"
#include "capture/mysql/row_writer.h"
#include "capture/mysql/statement.h"
#include "capture/mysql/table_cache.h"
#include "capture/schema_registry.h"

namespace tidemark::capture::mysql {

struct LogEncoderOptions {
  // Which tables are captured (see IsCaptured).
  std::vector<std::string> tables;
  // A statement removes or replaces rows of a captured table without row events (ALTER TABLE ...
  // DROP PARTITION and the like): stop, or go on.
  bool stop_at_unlogged_changes = true;
  // Names of databases and tables are stored in lower case (lower_case_table_names=1).
  bool lower_case_names = false;
  // The log lacks the columns' names (binlog_row_metadata is not FULL): ask for a table's
  // definition as soon as it is altered, not only when rows come.
  bool ask_for_definitions = false;
  // MariaDB: hears where transactions end. Must outlive the encoder.
  CommitPlaces* commit_places = nullptr;
};

// Turns the events of a binlog dump into LogBatches. The stream's grammar:
//
//   stream = { control | group }
//   group  = gtid { table map | rows | query | ... } end
//   end    = xid | query COMMIT or ROLLBACK | xa prepare; or its one query, where the group has no
//            BEGIN (MariaDB: is standalone); or a transaction payload, which holds all but the gtid
//
// The position of a transaction and of its changes is where its gtid event starts; the frontier
// after it is where its last event ends. Control events and heartbeats move the frontier between
// groups.
//
// A group of up to kHeldBytesMax is delivered whole, since a ROLLBACK TO SAVEPOINT or ROLLBACK may
// still take rows back; of larger ones parts are delivered before their end.
//
// XA. The rows of a prepared transaction are passed over; its name and place are kept in the resume
// token. At XA COMMIT the group is wanted again: `wanted()` says which, and until it is over
// Consume takes the events of another dump that begins there, instead of the main one's. Its rows
// are then those of the transaction that XA COMMIT is.
//
// Restart: groups that the token names as delivered do not come again, but for the one that it
// names as partial, of which the delivered rows are passed over. With Naming::kFile the dump may
// begin before the token's offset: what ends at or before it is passed over as well, and the file
// must be the one that the token knows, which its first event's time tells.
//
// Names of columns. Where a TABLE_MAP has none (binlog_row_metadata is not FULL), the table's
// definition at that place must be known: from `definitions`, which are those of the place where
// the log is resumed, and from Catalog::DescribeTableAt after each statement that may have altered
// the table. What is learned goes out with the batches, as records.
//
// Errors of Consume, after which only Take may be called (what came before is intact): DataLoss:
// the stream is not as above, or the source lost events; FailedPrecondition: an operator must act:
// a change was logged as a statement, a schema cannot be known; others are the catalog's. One
// thread owns it.
class LogEncoder {
 public:
  static constexpr size_t kHeldBytesMax = 4 << 20;

  // All pointers must outlive it. `announced`: the ids of all schemas that the journal holds.
  // `delivered`: what resume.gtids says.
  LogEncoder(LogEncoderOptions options, ResumeToken resume,
             const std::vector<model::SchemaId>& announced, DeliveredGtids delivered,
             TableDefinitions definitions, Catalog* catalog, SchemaRegistry* registry,
             GtidNames* names);

  // Asks how these tables are defined where the log is resumed; what cannot be known is passed
  // over. Before the first Consume. REQUIRES: resume.file is known.
  absl::Status LearnDefinitions(const std::set<TableDefinitions::Name>& tables);

  // One event as the dump sent it. `capture_time_us`: now.
  absl::Status Consume(std::string_view event, uint64_t capture_time_us);
  // The event holds others (a compressed transaction), of which Consume took only a part: it must
  // stay in place until ConsumeMore has taken all of them.
  bool has_more() const { return has_more_; }
  absl::Status ConsumeMore();

  // The prepared group that Consume is to be fed now; nullopt: the main dump.
  const std::optional<PreparedTransaction>& wanted() const { return wanted_; }
  // All that was delivered wholly.
  const DeliveredGtids& delivered() const { return delivered_; }

  // Bytes of frames that Take would hand out, about.
  size_t pending_bytes() const;
  // Everything that ends at or before it has been consumed.
  const model::Position& frontier() const { return frontier_; }
  bool in_transaction() const { return group_.has_value(); }

  // What was encoded since the last call; may have no events.
  LogBatch Take();

 private:
  // One dump: where it is, its format and table maps.
  struct Dump : DumpPlace {
    explicit Dump(const std::vector<std::string>& captured) : tables(captured) {}
    std::optional<FormatDescription> format;
    TableCache tables;
  };
  // A place in a group, between two of its rows.
  struct Progress {
    BatchMark mark;
    uint64_t rows = 0;
    uint64_t changes = 0;
  };
  struct Savepoint {
    std::string name;
    Progress place;
  };
  struct Group {
    model::TransactionRef transaction;
    Gtid gtid;
    uint64_t offset = 0;  // in its file
    uint64_t commit_time_us = 0;
    uint64_t commit_id = 0;  // MariaDB: of its group commit
    // It has a BEGIN, or may have rows without one.
    bool begun = false;
    // Its statement is not executed here (MariaDB: START ALTER, ROLLBACK ALTER).
    bool idle = false;
    std::optional<XaId> prepares;  // its rows are passed over
    std::string commits;           // XaId::Key: the wanted group's rows are its own
    uint64_t rows = 0;             // of captured tables, so far
    uint64_t changes = 0;
    uint64_t rows_to_skip = 0;  // delivered before the restart
    bool delivered = false;     // in part
    BatchMark start;
    std::vector<Savepoint> savepoints;
    std::optional<Progress> before_last_change;  // while that is here
    bool lost_savepoints = false;                // some are before what was delivered
  };

  absl::Status ConsumeEvent(Dump& dump, std::string_view event);
  absl::Status ConsumeFormat(Dump& dump, const EventHeader& header, std::string_view event);
  absl::Status ConsumeRotate(Dump& dump, const EventHeader& header, std::string_view event);
  absl::Status LeaveUnfinishedGroup(const FormatDescription& format);
  absl::Status ConsumeBody(Dump& dump, const EventHeader& header, std::string_view body);
  absl::Status ConsumeInner(Dump& dump);
  absl::Status ConsumeHeartbeat(Dump& dump, const EventHeader& header, std::string_view body);
  bool OfWantedGroup(const EventHeader& header) const;
  bool ByFile(const Dump& dump) const { return resume_.naming == Naming::kFile && &dump == &main_; }
  bool WasDelivered(const Dump& dump) const;
  absl::Status FollowFile(uint64_t left_at);
  absl::Status CheckFile(const EventHeader& header);
  absl::Status CheckPartial(const Group& group) const;

  absl::Status OnGtid(const EventHeader& header, std::string_view body);
  absl::Status OnMariaDbGtid(const EventHeader& header, std::string_view body);
  absl::Status StartGroup(Group group);
  absl::Status OnQuery(Dump& dump, const EventHeader& header, std::string_view body);
  absl::Status OnStatement(const Statement& statement, std::string_view text);
  void NoteRewritten(const AlteredTables& tables);
  DefinitionTracker::Place Here() const { return {{main_.file, main_.end}, At(main_.end)}; }
  absl::StatusOr<std::shared_ptr<const CatalogTable>> DefinitionFor(const Dump& dump,
                                                                    const TableMap& map);
  absl::StatusOr<const RowLayout*> LayoutFor(const Dump& dump, CachedTable& table);
  absl::Status OnSoleStatement(const Statement& statement, std::string_view text);
  absl::Status OnTruncate(const TableName& table);
  absl::Status OnDefinition(const Statement& statement, std::string_view text);
  absl::Status OnDatabaseDropped(const std::string& database);
  void OnSavepoint(const Statement& statement);
  absl::Status OnRollbackTo(const Statement& statement);
  absl::Status OnRollback();
  absl::Status OnRows(Dump& dump, const EventHeader& header, std::string_view body);
  absl::Status OnRow(const RowLayout& layout, RowsKind kind);
  void Announce(const std::shared_ptr<const model::TableSchema>& schema);
  absl::Status OnXaPrepare(std::string_view body);
  absl::Status OnXaCommit(const XaId& xid);
  void ForgetPrepared(const std::string& key);
  void EndGroup();

  void StartChange();
  Progress progress() const;
  void RollBack(const Progress& before);
  bool Holds() const;
  void TakeBeforeGroup(LogBatch* batch);
  void TakePart(LogBatch* batch);
  void Rebase(const BatchMark& cut);
  model::Position At(uint64_t offset) const;

  const LogEncoderOptions options_;
  // What the next batch's token is, but for `gtids` and an open group's own progress.
  ResumeToken resume_;
  DeliveredGtids delivered_;
  DefinitionTracker definitions_;
  Catalog* catalog_;
  SchemaRegistry* registry_;
  GtidNames* names_;
  std::unordered_set<model::SchemaId> announced_;
  Dump main_;
  Dump side_;  // of the wanted group
  std::optional<PreparedTransaction> wanted_;
  bool wanted_began_ = false;
  model::Position frontier_;
  RowWriter writer_;
  RowCells before_;
  RowCells after_;
  model::Bytes scratch_;  // a decompressed event
  model::Bytes query_text_;
  PayloadReader payload_;
  bool has_more_ = false;
  uint64_t capture_time_us_ = 0;
  std::vector<model::TransactionRef> transactions_;
  std::vector<model::TableId> rewritten_;
  std::optional<Group> group_;
  uint64_t commit_time_us_ = 0;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_LOG_ENCODER_H_
