#ifndef TIDEMARK_CAPTURE_MYSQL_MYSQL_CHUNK_READER_H_
#define TIDEMARK_CAPTURE_MYSQL_MYSQL_CHUNK_READER_H_

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "capture/mysql/chunk_encoder.h"
#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/read_views.h"
#include "capture/mysql/row_layout.h"
#include "capture/mysql/session.h"
#include "capture/mysql/visible_position.h"
#include "capture/mysql/watermark_rows.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// Reads chunks over one SQL session.
//
// A chunk is one transaction with a consistent snapshot. What its view holds is learned without
// locks, just before it is opened: on MySQL from gtid_executed, since a transaction gets in there
// only after the engine has committed it, or, where the log is read without GTIDs, from the last
// watermark that Settle wrote; on MariaDB from LoadVisiblePosition. All are lower bounds; the end
// of the binlog, once the chunk is read, is past all that it holds. The table is opened in that
// transaction before it is described, so that no ALTER TABLE can come between.
//
// Thread rule and errors: capture/source.h.
class MysqlChunkReader : public ChunkReader {
 public:
  // `sessions` and `registry` must outlive the reader.
  static absl::StatusOr<std::unique_ptr<MysqlChunkReader>> Open(SessionFactory* sessions,
                                                                SchemaRegistry* registry,
                                                                std::stop_token stop);

  absl::StatusOr<std::shared_ptr<const model::ReadView>> Settle(
      absl::Span<const model::TransactionRef> merged, const WaitReporter& report,
      std::stop_token stop) override;
  absl::StatusOr<Chunk> Read(const ChunkRequest& request, std::stop_token stop) override;
  absl::StatusOr<std::vector<KeyRange>> PlanRanges(model::TableId table, size_t count,
                                                   std::stop_token stop) override;

  // As Read, but only plans the SELECT and reads nothing.
  absl::Status Validate(const ChunkRequest& request, std::stop_token stop);

 private:
  MysqlChunkReader(SessionFactory* sessions, SessionFactory::Session session,
                   SchemaRegistry* registry)
      : sessions_(sessions),
        connection_(std::move(session.connection)),
        facts_(std::move(session.facts)),
        origin_(std::move(session.origin)),
        catalog_(connection_.get()),
        registry_(registry),
        proof_(sessions) {}

  struct TableName {
    std::string database;
    std::string name;
  };
  // A table as one transaction sees it.
  struct OpenTable {
    CatalogTable table;
    std::shared_ptr<const RowLayout> layout;
  };

  absl::StatusOr<TableName> LookUpName(model::TableId table, std::stop_token stop);
  // What views that are opened from now on hold; without GTIDs, a watermark is written for it.
  absl::StatusOr<std::shared_ptr<const model::ReadView>> CurrentView(
      absl::FunctionRef<void()> waiting, std::stop_token stop);
  absl::StatusOr<std::shared_ptr<const model::ReadView>> WriteWatermark(
      absl::FunctionRef<void()> waiting, std::stop_token stop);
  // The same, from what the server tells. REQUIRES: the log has GTIDs.
  absl::StatusOr<std::shared_ptr<const model::ReadView>> LoadView(std::stop_token stop);
  // A view shows too little: whether more is visible than what is shown tells.
  absl::Status LookFurther(const model::ReadView& view,
                           absl::Span<const model::TransactionRef> merged, std::stop_token stop);
  // What the view holds that is opened.
  absl::StatusOr<std::shared_ptr<const model::ReadView>> OpenView(std::stop_token stop);
  absl::StatusOr<OpenTable> OpenInView(const TableName& name, std::stop_token stop);
  absl::StatusOr<Chunk> ReadInView(const ChunkRequest& request,
                                   std::shared_ptr<const model::ReadView> view,
                                   std::stop_token stop);
  absl::StatusOr<Chunk> ReadRange(const OpenTable& open, ChunkRequest request,
                                  std::stop_token stop);
  absl::StatusOr<Chunk> ReadKeys(const OpenTable& open, const ChunkRequest& request,
                                 std::stop_token stop);
  absl::StatusOr<KeyText> ScanEnd(const OpenTable& open, const ChunkRequest& request,
                                  std::stop_token stop);
  // False: the encoder has the request's bytes before all rows came.
  absl::StatusOr<bool> StreamRows(const OpenTable& open, const ChunkRequest& request,
                                  ChunkEncoder& encoder, std::stop_token stop);
  absl::StatusOr<model::Position> Bound(const SessionFactory::Origin& origin, std::stop_token stop);
  absl::Status EndTransaction(std::stop_token stop);
  absl::Status Reconnect(std::stop_token stop);

  SessionFactory* const sessions_;
  std::unique_ptr<Connection> connection_;
  const ServerFacts facts_;
  SessionFactory::Origin origin_;  // of connection_
  MysqlCatalog catalog_;
  SchemaRegistry* const registry_;
  std::map<model::TableId, TableName> names_;
  // Naming::kFile: this reader's row, once it wrote one, and what the last watermark showed.
  std::optional<WatermarkRows::Lease> row_;
  std::shared_ptr<const model::ReadView> watermarked_ = std::make_shared<PositionView>();
  VisibilityProof proof_;  // MariaDB
  std::chrono::steady_clock::time_point looked_further_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MYSQL_CHUNK_READER_H_
