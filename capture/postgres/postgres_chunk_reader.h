#ifndef TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CHUNK_READER_H_
#define TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CHUNK_READER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/postgres/chunk_encoder.h"
#include "capture/postgres/chunk_query.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/postgres_catalog.h"
#include "capture/source.h"

namespace tidemark::capture::postgres {

// Reads chunks over one SQL session.
//
// A chunk is one REPEATABLE READ transaction: first the table is locked in ACCESS SHARE mode, then
// the snapshot is taken. The order matters: a rewriting ALTER TABLE or a TRUNCATE that came between
// would show the table empty to that snapshot, and rows would be lost without an event in the log.
// The schema is the one that this snapshot sees.
//
// A predicate finds unqualified names in the role's own search_path. In a table with columns of
// reg* types, which print according to search_path, only pg_catalog is searched: such a predicate
// must qualify its names.
//
// On a standby the view is what had been replayed before the snapshot was taken: see ReplayView. A
// standby may be promoted while the reader is at work.
//
// Thread rule and errors: capture/source.h.
class PostgresChunkReader : public ChunkReader {
 public:
  // `registry` must outlive the reader. `standby`: the session is on one.
  PostgresChunkReader(std::unique_ptr<Connection> connection, const std::string& publication,
                      bool standby, SchemaRegistry* registry)
      : connection_(std::move(connection)),
        catalog_(connection_.get(), publication),
        publication_(publication),
        standby_(standby),
        registry_(registry) {}

  absl::StatusOr<std::shared_ptr<const model::ReadView>> Settle(
      absl::Span<const model::TransactionRef> merged, const WaitReporter& report,
      std::stop_token stop) override;
  absl::StatusOr<Chunk> Read(const ChunkRequest& request, std::stop_token stop) override;
  absl::StatusOr<std::vector<KeyRange>> PlanRanges(model::TableId table, size_t count,
                                                   std::stop_token stop) override;

  // As Read, but only plans the SELECT and reads nothing.
  absl::Status Validate(const ChunkRequest& request);
  // The plan of Read's SELECT, a line each.
  absl::StatusOr<std::string> Explain(const ChunkRequest& request);

 private:
  struct TableName {
    std::string name_space;
    std::string name;
    bool partitioned = false;
    uint64_t pages = 0;

    bool SameAs(const TableName& other) const {
      return name_space == other.name_space && name == other.name;
    }
  };
  // A table as one transaction sees it.
  struct OpenTable {
    std::shared_ptr<const model::TableSchema> schema;
    RewriteMarks marks;
    std::shared_ptr<const model::ReadView> view;
    const ChunkTable* query = nullptr;
  };

  absl::StatusOr<TableName> LookUpName(model::TableId table);
  absl::StatusOr<OpenTable> OpenTransaction(const ChunkRequest& request, std::stop_token stop);
  absl::Status Lock(const TableName& table, std::stop_token stop);
  absl::StatusOr<std::shared_ptr<const model::ReadView>> CurrentView(std::stop_token stop);
  absl::StatusOr<OpenTable> DescribeLocked(model::TableId table, const TableName& name);
  absl::Status ApplySettings(const OpenTable& table, const ChunkRequest& request);
  absl::StatusOr<Chunk> CopyChunk(const OpenTable& table, const ChunkRequest& request,
                                  std::stop_token stop);
  absl::StatusOr<Chunk> CopyRange(const OpenTable& table, ChunkRequest request,
                                  ChunkEncoder& encoder, std::stop_token stop);
  absl::StatusOr<Chunk> CopyKeys(const OpenTable& table, const ChunkRequest& request,
                                 ChunkEncoder& encoder, std::stop_token stop);
  // False: the bound of bytes was reached, and the transaction is over.
  absl::StatusOr<bool> CopyRows(const OpenTable& table, const ChunkRequest& request,
                                ChunkEncoder& encoder, std::stop_token stop);
  absl::StatusOr<model::Position> FinishAndBound();
  absl::StatusOr<std::string> ExplainOpen(const ChunkRequest& request);
  absl::Status ExplainPredicate(const OpenTable& table, const ChunkRequest& request);
  // Outside a transaction. OutOfRange: a bound or key of the request is no key's text any more.
  absl::Status CheckBounds(const ChunkRequest& request);
  // Why the table under a cached name is not the one that is wanted any more.
  absl::Status Vanished(model::TableId table, const TableName& name);
  // Ends the transaction of a read that failed; `status` as the port wants it. `request`: what the
  // SELECT was for; without a table: it had not begun.
  absl::Status Fail(const ChunkRequest& request, const absl::Status& status);

  std::unique_ptr<Connection> connection_;
  PostgresCatalog catalog_;
  const std::string publication_;
  // As far as known: a promotion is noticed at the next chunk.
  bool standby_;
  SchemaRegistry* registry_;
  std::map<model::TableId, TableName> names_;
  // What the newest schema of each table needs in SQL.
  std::map<model::TableId, std::pair<model::SchemaId, ChunkTable>> queries_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_POSTGRES_CHUNK_READER_H_
