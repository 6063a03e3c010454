#include "capture/mysql/mysql_chunk_reader.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/mysql/chunk_encoder.h"
#include "capture/mysql/chunk_query.h"
#include "capture/mysql/mysql_error.h"
#include "capture/mysql/schema_builder.h"
#include "capture/mysql/visible_position.h"
#include "capture/mysql/watermark.h"
#include "capture/settle.h"
#include "model/wall_clock.h"

namespace tidemark::capture::mysql {
namespace {

constexpr std::chrono::seconds kStatementTimeout{30};
// A predicate may read a huge table for few rows.
constexpr std::chrono::hours kReadTimeout{6};
// How often it is looked whether all is visible, where nobody waits for it.
constexpr std::chrono::milliseconds kLookInterval{200};

WaitLimits Within(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  return {.timeout = timeout, .stop = stop};
}

void Assign(Connection::Row row, std::vector<SqlField>* fields) {
  fields->resize(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    (*fields)[i] = {.null = !row[i].has_value(), .bytes = row[i].value_or(std::string_view())};
  }
}

// What the server says of a predicate is for the user who wrote it.
absl::Status Explained(const ChunkRequest& request, const absl::Status& status) {
  return request.predicate.empty() ? status : AsUserSqlError(status);
}

absl::Status Redefined(const std::string& database, const std::string& name) {
  return absl::AbortedError(
      absl::StrCat("table ", database, ".", name, " was altered, renamed or dropped meanwhile"));
}

// Rows come in their columns' own charsets; the catalog's are UTF-8 all the same.
absl::StatusOr<SessionFactory::Session> OpenForRows(SessionFactory& sessions,
                                                    const std::stop_token& stop) {
  const WaitLimits limits = Within(kStatementTimeout, stop);
  absl::StatusOr<SessionFactory::Session> session = sessions.OpenSql(limits);
  if (!session.ok()) return session.status();
  absl::Status status = session->connection->SetRawResults(true, limits);
  if (!status.ok()) return status;
  return session;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MysqlChunkReader>> MysqlChunkReader::Open(SessionFactory* sessions,
                                                                         SchemaRegistry* registry,
                                                                         std::stop_token stop) {
  absl::StatusOr<SessionFactory::Session> session = OpenForRows(*sessions, stop);
  if (!session.ok()) return session.status();
  return std::unique_ptr<MysqlChunkReader>(
      new MysqlChunkReader(sessions, *std::move(session), registry));
}

absl::StatusOr<std::shared_ptr<const model::ReadView>> MysqlChunkReader::CurrentView(
    absl::FunctionRef<void()> waiting, std::stop_token stop) {
  auto view =
      sessions_->log_naming() == Naming::kFile ? WriteWatermark(waiting, stop) : LoadView(stop);
  if (!view.ok()) return view.status();
  absl::Status status = sessions_->CheckOrigin(origin_);
  if (!status.ok()) return status;
  return view;
}

absl::StatusOr<std::shared_ptr<const model::ReadView>> MysqlChunkReader::WriteWatermark(
    absl::FunctionRef<void()> waiting, std::stop_token stop) {
  if (!row_) row_.emplace(&sessions_->watermark_rows());
  const MysqlOptions& options = sessions_->options();
  const Watermark watermark(options.watermark_table, options.server_id, row_->number());
  absl::StatusOr<BinlogEnd> end = watermark.Write(*connection_, waiting, stop);
  if (!end.ok()) return end.status();
  watermarked_ = std::make_shared<PositionView>(sessions_->PositionOf(end->file, end->offset));
  return watermarked_;
}

absl::StatusOr<std::shared_ptr<const model::ReadView>> MysqlChunkReader::LoadView(
    std::stop_token stop) {
  const WaitLimits limits = Within(kStatementTimeout, stop);
  if (facts_.flavour == Flavour::kMariaDb) {
    absl::StatusOr<model::Position> end =
        sessions_->options().without_exact_view
            ? Bound(origin_, stop)
            : LoadVisiblePosition(*connection_, origin_, *sessions_, limits);
    if (!end.ok()) return end.status();
    return std::make_shared<PositionView>(*end);
  }
  absl::StatusOr<Result> executed = connection_->Execute("SELECT @@global.gtid_executed", limits);
  if (!executed.ok()) return executed.status();
  absl::StatusOr<GtidSet> set = GtidSet::Parse(executed->text(0, 0));
  if (!set.ok()) return set.status();
  return std::make_shared<GtidView>(*std::move(set), &sessions_->names());
}

absl::StatusOr<std::shared_ptr<const model::ReadView>> MysqlChunkReader::OpenView(
    std::stop_token stop) {
  absl::StatusOr<std::shared_ptr<const model::ReadView>> view(watermarked_);
  if (sessions_->log_naming() != Naming::kFile) view = LoadView(stop);
  if (!view.ok()) return view.status();
  absl::Status status = connection_
                            ->Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
                                      Within(kStatementTimeout, stop))
                            .status();
  if (!status.ok()) return status;
  return view;
}

absl::Status MysqlChunkReader::EndTransaction(std::stop_token stop) {
  return connection_->Execute("COMMIT", Within(kStatementTimeout, stop)).status();
}

absl::StatusOr<std::shared_ptr<const model::ReadView>> MysqlChunkReader::Settle(
    absl::Span<const model::TransactionRef> merged, const WaitReporter& report,
    std::stop_token stop) {
  const bool provable = facts_.flavour == Flavour::kMariaDb;
  const auto current = [&](absl::FunctionRef<void()> waiting) {
    absl::StatusOr<std::shared_ptr<const model::ReadView>> view = CurrentView(waiting, stop);
    if (!view.ok() || !provable) return view;
    absl::Status status = LookFurther(**view, merged, stop);
    if (!status.ok()) view = status;
    return view;
  };
  return SettleByPolling(merged, current, kCommitHolder, report, stop);
}

// Who names nothing wants to see all there is, in time.
absl::Status MysqlChunkReader::LookFurther(const model::ReadView& view,
                                           absl::Span<const model::TransactionRef> merged,
                                           std::stop_token stop) {
  const bool shown = std::ranges::all_of(
      merged, [&](const model::TransactionRef& t) { return view.Contains(t); });
  const auto now = std::chrono::steady_clock::now();
  if (shown && (!merged.empty() || now - looked_further_ < kLookInterval)) return absl::OkStatus();
  looked_further_ = now;
  return proof_.Step(*connection_, origin_, Within(kStatementTimeout, stop));
}

absl::StatusOr<MysqlChunkReader::TableName> MysqlChunkReader::LookUpName(model::TableId table,
                                                                         std::stop_token stop) {
  if (auto known = names_.find(table); known != names_.end()) return known->second;
  absl::StatusOr<Result> rows = connection_->Execute(
      "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
      " WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')",
      Within(kStatementTimeout, stop));
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    const model::TableId id = TableIdOf(rows->text(row, 0), rows->text(row, 1));
    names_[id] = {rows->str(row, 0), rows->str(row, 1)};
  }
  if (auto known = names_.find(table); known != names_.end()) return known->second;
  return absl::NotFoundError("the table is no longer there");
}

// Once the transaction has opened the table, nobody can alter it before its end; a table that was
// altered after the view was opened cannot be opened in it.
absl::StatusOr<MysqlChunkReader::OpenTable> MysqlChunkReader::OpenInView(const TableName& name,
                                                                         std::stop_token stop) {
  absl::Status opened =
      connection_
          ->Execute(absl::StrCat("SELECT 1 FROM ", Connection::QuoteIdentifier(name.database), ".",
                                 Connection::QuoteIdentifier(name.name), " LIMIT 0"),
                    Within(kStatementTimeout, stop))
          .status();
  if (!opened.ok()) return opened;
  absl::StatusOr<std::optional<CatalogTable>> table =
      catalog_.DescribeTable(name.database, name.name);
  if (!table.ok()) return table.status();
  if (!table->has_value()) return Redefined(name.database, name.name);
  absl::StatusOr<BuiltTable> built = BuildFromCatalog(**table);
  if (!built.ok()) return built.status();
  auto layout = std::make_shared<RowLayout>(registry_->Resolve(std::move(built->schema)),
                                            std::move(built->codecs));
  return OpenTable{**std::move(table), std::move(layout)};
}

absl::StatusOr<bool> MysqlChunkReader::StreamRows(const OpenTable& open,
                                                  const ChunkRequest& request,
                                                  ChunkEncoder& encoder, std::stop_token stop) {
  const size_t bytes_max = request.bytes_max != 0 ? request.bytes_max : SIZE_MAX;
  std::vector<SqlField> fields;
  auto add = [&](Connection::Row row) -> absl::StatusOr<bool> {
    Assign(row, &fields);
    absl::Status status = encoder.AddRow(fields);
    if (!status.ok()) return status;
    return encoder.frame_bytes() < bytes_max;
  };
  return connection_->Stream(ChunkSelect(open.table, request), add, Within(kReadTimeout, stop));
}

// The last key that a chunk with a predicate may look at; empty: the range ends before.
absl::StatusOr<KeyText> MysqlChunkReader::ScanEnd(const OpenTable& open,
                                                  const ChunkRequest& request,
                                                  std::stop_token stop) {
  KeyText end;
  auto keep = [&](Connection::Row key) -> absl::StatusOr<bool> {
    std::vector<SqlField> columns;
    Assign(key, &columns);
    std::vector<SqlField> row(open.layout->column_count());
    for (size_t i = 0; i < columns.size(); ++i) row[open.table.key[i]] = columns[i];
    end = open.layout->KeyTexts(row);
    return true;
  };
  absl::Status status = connection_
                            ->Stream(KeyAfterSelect(open.table, request, request.rows_max), keep,
                                     Within(kReadTimeout, stop))
                            .status();
  if (!status.ok()) return status;
  return end;
}

absl::StatusOr<Chunk> MysqlChunkReader::ReadRange(const OpenTable& open, ChunkRequest request,
                                                  std::stop_token stop) {
  ChunkEncoder encoder(open.layout, request.snapshot_id, model::NowUs());
  const uint64_t rows_max = request.rows_max;
  KeyText scan_end;
  if (!request.predicate.empty() && rows_max != 0) {
    absl::StatusOr<KeyText> end = ScanEnd(open, request, stop);
    if (!end.ok()) return end.status();
    scan_end = *std::move(end);
    if (!scan_end.empty()) request.range.upper = scan_end;
    request.rows_max = 0;
  }
  absl::StatusOr<bool> whole = StreamRows(open, request, encoder, stop);
  if (!whole.ok()) return whole.status();
  const uint64_t rows = encoder.row_count();
  Chunk chunk = encoder.Finish();
  chunk.exhausted =
      *whole && scan_end.empty() && (request.rows_max == 0 || rows < request.rows_max);
  if (*whole && !scan_end.empty()) chunk.last_key = std::move(scan_end);
  chunk.rows_scanned = request.rows_max == rows_max ? rows : std::max(rows, rows_max);
  return chunk;
}

// One by one, so that no more is read than the bound of bytes and one row.
absl::StatusOr<Chunk> MysqlChunkReader::ReadKeys(const OpenTable& open, const ChunkRequest& request,
                                                 std::stop_token stop) {
  ChunkEncoder encoder(open.layout, request.snapshot_id, model::NowUs());
  size_t read = 0;
  while (read < request.keys.size() &&
         (read == 0 || request.bytes_max == 0 || encoder.frame_bytes() < request.bytes_max)) {
    ChunkRequest one = request;
    one.keys = {request.keys[read++]};
    one.bytes_max = 0;
    absl::Status status = StreamRows(open, one, encoder, stop).status();
    if (!status.ok()) return status;
  }
  Chunk chunk = encoder.Finish();
  chunk.exhausted = read == request.keys.size();
  chunk.keys_read = read;
  chunk.rows_scanned = chunk.rows.size();
  return chunk;
}

absl::StatusOr<Chunk> MysqlChunkReader::ReadInView(const ChunkRequest& request,
                                                   std::shared_ptr<const model::ReadView> view,
                                                   std::stop_token stop) {
  absl::StatusOr<TableName> name = LookUpName(request.table, stop);
  if (!name.ok()) return name.status();
  absl::StatusOr<OpenTable> open = OpenInView(*name, stop);
  if (!open.ok()) return open.status();
  absl::Status status = CheckRequest(open->table, request);
  if (!status.ok()) return status;
  absl::StatusOr<Chunk> chunk =
      request.keys.empty() ? ReadRange(*open, request, stop) : ReadKeys(*open, request, stop);
  if (!chunk.ok()) return chunk.status();
  chunk->view = std::move(view);
  return chunk;
}

// Called once the view is open: the end of the binlog is past all that it holds. `origin`: that of
// the session that the view was opened on.
absl::StatusOr<model::Position> MysqlChunkReader::Bound(const SessionFactory::Origin& origin,
                                                        std::stop_token stop) {
  return sessions_->LoadEnd(*connection_, origin, Within(kStatementTimeout, stop));
}

// A SELECT that was ended early takes its connection with it.
absl::Status MysqlChunkReader::Reconnect(std::stop_token stop) {
  if (connection_->healthy()) return absl::OkStatus();
  absl::StatusOr<SessionFactory::Session> session = OpenForRows(*sessions_, stop);
  if (!session.ok()) return session.status();
  connection_ = std::move(session->connection);
  origin_ = std::move(session->origin);
  catalog_ = MysqlCatalog(connection_.get());
  return absl::OkStatus();
}

absl::StatusOr<Chunk> MysqlChunkReader::Read(const ChunkRequest& request, std::stop_token stop) {
  absl::Status status = Reconnect(stop);
  if (!status.ok()) return status;
  const SessionFactory::Origin origin = origin_;
  absl::StatusOr<std::shared_ptr<const model::ReadView>> view = OpenView(stop);
  if (!view.ok()) return view.status();
  absl::StatusOr<Chunk> chunk = ReadInView(request, *view, stop);
  if (!chunk.ok()) {
    if (connection_->healthy()) (void)EndTransaction(stop);
    names_.erase(request.table);
    return Explained(request, chunk.status());
  }
  status = connection_->healthy() ? EndTransaction(stop) : Reconnect(stop);
  if (!status.ok()) return status;
  absl::StatusOr<model::Position> bound = Bound(origin, stop);
  if (!bound.ok()) return bound.status();
  chunk->bound = *bound;
  return chunk;
}

absl::StatusOr<std::vector<KeyRange>> MysqlChunkReader::PlanRanges(model::TableId table,
                                                                   size_t count,
                                                                   std::stop_token stop) {
  absl::StatusOr<TableName> name = LookUpName(table, stop);
  if (!name.ok()) return name.status();
  absl::StatusOr<std::optional<CatalogTable>> described =
      catalog_.DescribeTable(name->database, name->name);
  if (!described.ok()) return described.status();
  if (!described->has_value()) return Redefined(name->database, name->name);
  if (count <= 1 || (*described)->key.empty()) return std::vector<KeyRange>(1);
  return PlanKeyRanges(*connection_, **described, count, Within(kStatementTimeout, stop));
}

absl::Status MysqlChunkReader::Validate(const ChunkRequest& request, std::stop_token stop) {
  absl::StatusOr<TableName> name = LookUpName(request.table, stop);
  if (!name.ok()) return name.status();
  absl::StatusOr<std::optional<CatalogTable>> table =
      catalog_.DescribeTable(name->database, name->name);
  if (!table.ok()) return table.status();
  if (!table->has_value()) return Redefined(name->database, name->name);
  absl::Status status = CheckRequest(**table, request);
  if (!status.ok()) return status;
  for (const std::string& select : ExplainSelects(**table, request)) {
    status = connection_->Execute(select, Within(kStatementTimeout, stop)).status();
    if (!status.ok()) break;
  }
  return Annotate(Explained(request, status),
                  absl::StrCat("table ", name->database, ".", name->name));
}

}  // namespace tidemark::capture::mysql
