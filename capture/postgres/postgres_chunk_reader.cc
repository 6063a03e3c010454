#include "capture/postgres/postgres_chunk_reader.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "capture/postgres/chunk_encoder.h"
#include "capture/postgres/log_setup.h"
#include "capture/postgres/pg_snapshot.h"
#include "capture/postgres/postgres_error.h"
#include "capture/postgres/replay_view.h"
#include "capture/postgres/schema_builder.h"
#include "capture/settle.h"
#include "model/wall_clock.h"

namespace tidemark::capture::postgres {
namespace {

using std::chrono::milliseconds;

// A predicate may read a huge table for few rows.
constexpr std::chrono::hours kReadTimeout{6};
constexpr std::chrono::minutes kSampleTimeout{5};
// Tables up to this size are one range.
constexpr uint64_t kSmallTablePages = 64;
// Blocks sampled for each range: sizes then differ by about a fifth.
constexpr double kSampledPagesPerRange = 30;

constexpr absl::string_view kBound = "pg_current_wal_insert_lsn()";
// A commit that is visible may be the record that is being replayed, which counts as replayed only
// afterwards; but what is streamed has been received before. Promoted meanwhile: as on any primary.
constexpr absl::string_view kStandbyBound =
    "CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_insert_lsn()"
    " WHEN pg_last_wal_receive_lsn() >= pg_last_wal_replay_lsn() THEN pg_last_wal_receive_lsn() "
    "END";

bool PrintsBySearchPath(const model::Type& type) {
  if (type.element != nullptr && PrintsBySearchPath(*type.element)) return true;
  for (const model::TypeField& field : type.fields) {
    if (PrintsBySearchPath(*field.type)) return true;
  }
  return type.kind == model::TypeKind::kServerText && absl::StartsWith(type.name, "reg");
}

bool PrintsBySearchPath(const model::TableSchema& schema) {
  return std::any_of(schema.columns.begin(), schema.columns.end(),
                     [](const model::Column& c) { return PrintsBySearchPath(*c.type); });
}

KeyText KeyAt(const Result& rows, int row) {
  KeyText key;
  for (int column = 0; column < rows.columns(); ++column) key.push_back(rows.str(row, column));
  return key;
}

bool IsMissingTable(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  return sqlstate == kUndefinedTable || sqlstate == kInvalidSchemaName;
}

std::string ExplainText(const Result& rows) {
  std::string text;
  for (int row = 0; row < rows.rows(); ++row) absl::StrAppend(&text, rows.str(row, 0), "\n");
  return text;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const model::ReadView>> PostgresChunkReader::CurrentView(
    std::stop_token stop) {
  const WaitLimits limits{.timeout = std::chrono::seconds(30), .stop = stop};
  if (standby_) {
    absl::StatusOr<Result> replayed =
        connection_->Execute("SELECT pg_is_in_recovery(), pg_last_wal_replay_lsn()", limits);
    if (!replayed.ok()) return replayed.status();
    standby_ = replayed->flag(0, 0);
    if (standby_) return std::make_shared<const ReplayView>(ParseLsn(replayed->text(0, 1)));
  }
  absl::StatusOr<Result> row = connection_->Execute("SELECT pg_current_snapshot()", limits);
  if (!row.ok()) return row.status();
  absl::StatusOr<PgSnapshot> snapshot = PgSnapshot::Parse(row->str(0, 0));
  if (!snapshot.ok()) return snapshot.status();
  return std::make_shared<const PgSnapshot>(*std::move(snapshot));
}

absl::StatusOr<std::shared_ptr<const model::ReadView>> PostgresChunkReader::Settle(
    absl::Span<const model::TransactionRef> merged, const WaitReporter& report,
    std::stop_token stop) {
  return SettleByPolling(
      merged, [&](auto) { return CurrentView(stop); }, "a missing synchronous standby", report,
      stop);
}

absl::StatusOr<PostgresChunkReader::TableName> PostgresChunkReader::LookUpName(
    model::TableId table) {
  absl::StatusOr<Result> row = connection_->Query(
      "SELECT n.nspname, c.relname, c.relkind = 'p',"
      " (SELECT coalesce(sum(pg_relation_size(l.oid)), 0)::int8 FROM pg_class l"
      "  WHERE l.relkind = 'r' AND l.oid IN " + PartitionTree("c.oid") + ")"
      " / current_setting('block_size')::int8"
      " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.oid = $1 AND c.relkind IN ('r', 'p')",
      {absl::StrCat(table)});
  if (!row.ok()) return row.status();
  if (row->rows() == 0) {
    names_.erase(table);
    return absl::NotFoundError(absl::StrCat("table with oid ", table, " is no longer there"));
  }
  TableName name{.name_space = row->str(0, 0),
                 .name = row->str(0, 1),
                 .partitioned = row->flag(0, 2),
                 .pages = static_cast<uint64_t>(row->number(0, 3))};
  names_[table] = name;
  return name;
}

absl::Status PostgresChunkReader::Lock(const TableName& table, std::stop_token stop) {
  return connection_
      ->Execute(absl::StrCat("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE ",
                             table.partitioned ? "" : "ONLY ",
                             connection_->QuoteIdentifier(table.name_space), ".",
                             connection_->QuoteIdentifier(table.name), " IN ACCESS SHARE MODE"),
                {.timeout = std::chrono::seconds(60), .stop = stop})
      .status();
}

absl::Status PostgresChunkReader::Vanished(model::TableId table, const TableName& name) {
  const std::string shown = absl::StrCat("table ", name.name_space, ".", name.name);
  absl::StatusOr<TableName> now = LookUpName(table);
  names_.erase(table);
  if (!now.ok() && !absl::IsNotFound(now.status())) return now.status();
  if (!now.ok() || !now->SameAs(name)) {
    return absl::AbortedError(absl::StrCat(shown, " was renamed or dropped meanwhile"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      shown, " is no longer in publication ", publication_,
      " as a table of its own, so that its changes are missing; run: ALTER PUBLICATION ",
      connection_->QuoteIdentifier(publication_), " ADD TABLE ",
      connection_->QuoteIdentifier(name.name_space), ".", connection_->QuoteIdentifier(name.name),
      " (and ALTER TABLE ... SET LOGGED if it is unlogged), and take a new snapshot of it"));
}

absl::StatusOr<PostgresChunkReader::OpenTable> PostgresChunkReader::DescribeLocked(
    model::TableId table, const TableName& name) {
  absl::StatusOr<std::optional<CatalogTable>> described = catalog_.DescribeTable(table);
  if (!described.ok()) return described.status();
  const bool same = described->has_value() && (*described)->name_space == name.name_space &&
                    (*described)->name == name.name;
  if (!same) return Vanished(table, name);
  absl::StatusOr<model::TableSchema> schema = SchemaFromCatalog(**described, catalog_);
  if (!schema.ok()) return schema.status();
  OpenTable open{.schema = registry_->Resolve(*std::move(schema)),
                 .marks = std::move((*described)->marks),
                 .view = nullptr,
                 .query = nullptr};
  auto& [known_id, query] = queries_[table];
  if (known_id != open.schema->id) {
    absl::StatusOr<ChunkTable> built =
        DescribeChunkTable(*connection_, *open.schema, name.partitioned);
    if (!built.ok()) return built.status();
    query = *std::move(built);
    known_id = open.schema->id;
  }
  open.query = &query;
  return open;
}

absl::StatusOr<PostgresChunkReader::OpenTable> PostgresChunkReader::OpenTransaction(
    const ChunkRequest& request, std::stop_token stop) {
  auto known = names_.find(request.table);
  absl::StatusOr<TableName> name =
      known != names_.end() ? known->second : LookUpName(request.table);
  if (!name.ok()) return name.status();
  // On a standby: what was replayed before the snapshot is taken. Else: that snapshot.
  absl::StatusOr<std::shared_ptr<const model::ReadView>> view = nullptr;
  if (standby_) view = CurrentView(stop);
  if (!view.ok()) return view.status();
  absl::Status locked = Lock(*name, stop);
  if (!locked.ok()) {
    names_.erase(request.table);
    if (!IsMissingTable(locked)) return locked;
    return absl::AbortedError(absl::StrCat("table ", name->name_space, ".", name->name,
                                           " was renamed or dropped meanwhile"));
  }
  if (!standby_) view = CurrentView(stop);
  if (!view.ok()) return view.status();
  absl::StatusOr<OpenTable> table = DescribeLocked(request.table, *name);
  if (!table.ok()) return table.status();
  table->view = *view;
  absl::Status status = CheckRequest(*table->query, request);
  if (status.ok()) status = ApplySettings(*table, request);
  if (!status.ok()) return status;
  return table;
}

// Rows in key order must come from the key's index at once: sorting first would read the whole
// range.
absl::Status PostgresChunkReader::ApplySettings(const OpenTable& table,
                                                const ChunkRequest& request) {
  std::string settings;
  if (NeedsOrder(request)) {
    absl::StrAppend(&settings, "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off;",
                    "SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off;");
  } else if (!request.keys.empty()) {
    absl::StrAppend(&settings, "SET LOCAL enable_seqscan = off; SET LOCAL jit = off;");
  }
  if (!request.predicate.empty() && !PrintsBySearchPath(*table.schema)) {
    absl::StrAppend(&settings, "SELECT set_config('search_path', ",
                    connection_->QuoteLiteral(connection_->role_search_path()), ", true);");
  }
  return settings.empty() ? absl::OkStatus() : connection_->Execute(settings).status();
}

absl::StatusOr<bool> PostgresChunkReader::CopyRows(const OpenTable& table,
                                                   const ChunkRequest& request,
                                                   ChunkEncoder& encoder, std::stop_token stop) {
  const size_t bytes_max = request.bytes_max != 0 ? request.bytes_max : SIZE_MAX;
  auto add = [&](std::string_view line) -> absl::StatusOr<bool> {
    absl::Status status = encoder.AddRow(line);
    if (!status.ok()) return status;
    return encoder.frame_bytes() < bytes_max;
  };
  return connection_->CopyOut(
      absl::StrCat("COPY (", ChunkSelect(*connection_, *table.query, request), ") TO STDOUT"), add,
      {.timeout = kReadTimeout, .stop = stop});
}

absl::StatusOr<Chunk> PostgresChunkReader::CopyRange(const OpenTable& table, ChunkRequest request,
                                                     ChunkEncoder& encoder, std::stop_token stop) {
  const uint64_t rows_max = request.rows_max;
  KeyText scan_end;
  if (NeedsScanBound(request)) {
    absl::StatusOr<Result> nth = connection_->Execute(
        NthKeySelect(*connection_, *table.query, request), {.timeout = kReadTimeout, .stop = stop});
    if (!nth.ok()) return nth.status();
    if (nth->rows() != 0) request.range.upper = scan_end = KeyAt(*nth, 0);
    request.rows_max = 0;
  }
  absl::StatusOr<bool> whole = CopyRows(table, request, encoder, stop);
  if (!whole.ok()) return whole.status();
  const uint64_t rows = encoder.row_count();
  Chunk chunk = encoder.Finish();
  chunk.exhausted =
      *whole && scan_end.empty() && (request.rows_max == 0 || rows < request.rows_max);
  if (*whole && !scan_end.empty()) chunk.last_key = std::move(scan_end);
  chunk.rows_scanned = request.rows_max == rows_max ? rows : std::max(rows, rows_max);
  return chunk;
}

// In groups, so that no more is read than the bound of bytes and one row. A group that reaches it
// is left to the next chunk, unless it is one key.
absl::StatusOr<Chunk> PostgresChunkReader::CopyKeys(const OpenTable& table,
                                                    const ChunkRequest& request,
                                                    ChunkEncoder& encoder, std::stop_token stop) {
  const size_t count = request.keys.size();
  ChunkRequest part = request;
  bool whole = true;
  size_t read = 0;
  for (size_t group = request.bytes_max == 0 ? count : 1; whole && read < count;) {
    part.keys.assign(request.keys.begin() + read,
                     request.keys.begin() + std::min(read + group, count));
    const size_t rows_before = encoder.row_count();
    absl::StatusOr<bool> copied = CopyRows(table, part, encoder, stop);
    if (!copied.ok()) return copied.status();
    whole = *copied;
    if (!whole && part.keys.size() > 1) {
      encoder.KeepRows(rows_before);
      break;
    }
    read += part.keys.size();
    const size_t key_bytes = std::max<size_t>(encoder.frame_bytes() / read, 1);
    const size_t left = request.bytes_max - std::min(request.bytes_max, encoder.frame_bytes());
    group = std::clamp<size_t>(left / key_bytes, 1, 2 * part.keys.size());
  }
  Chunk chunk = encoder.Finish();
  chunk.exhausted = read == count;
  chunk.keys_read = read;
  chunk.rows_scanned = chunk.rows.size();
  return chunk;
}

absl::StatusOr<Chunk> PostgresChunkReader::CopyChunk(const OpenTable& table,
                                                     const ChunkRequest& request,
                                                     std::stop_token stop) {
  ChunkEncoder encoder(table.schema, request.snapshot_id, model::NowUs());
  absl::StatusOr<Chunk> chunk = request.keys.empty() ? CopyRange(table, request, encoder, stop)
                                                     : CopyKeys(table, request, encoder, stop);
  if (!chunk.ok()) return chunk;
  chunk->marks = table.marks;
  chunk->view = table.view;
  return chunk;
}

absl::StatusOr<model::Position> PostgresChunkReader::FinishAndBound() {
  const std::string sql = absl::StrCat("ROLLBACK; SELECT ", standby_ ? kStandbyBound : kBound);
  absl::StatusOr<Result> row = connection_->Execute(sql);
  // A cancel that came after the end of the chunk may hit this instead.
  if (SqlState(row.status()) == kQueryCanceled) row = connection_->Execute(sql);
  if (!row.ok()) return row.status();
  if (row->null(0, 0)) {
    return absl::UnavailableError(
        "the standby replays a log that it does not stream from its primary, so that it does not "
        "tell where its rows belong; see primary_conninfo and pg_stat_wal_receiver there");
  }
  return model::Position{.file = 0, .offset = ParseLsn(row->text(0, 0))};
}

absl::Status PostgresChunkReader::CheckBounds(const ChunkRequest& request) {
  auto known = queries_.find(request.table);
  if (known == queries_.end()) return absl::OkStatus();
  const std::string select = BoundsSelect(*connection_, known->second.second, request);
  if (select.empty()) return absl::OkStatus();
  absl::Status status = connection_->Execute(select).status();
  return IsDataException(status) ? absl::OutOfRangeError(status.message()) : absl::OkStatus();
}

absl::Status PostgresChunkReader::Fail(const ChunkRequest& request, const absl::Status& status) {
  if (connection_->healthy()) (void)connection_->Execute("ROLLBACK");
  // The same statement would fail again and again.
  if (SqlState(status) == kInternalError) return absl::FailedPreconditionError(status.message());
  if (IsMissingTable(status) && request.table != 0) {
    // The lock keeps the table, but neither its schema's name nor what the predicate names.
    const TableName read = names_[request.table];
    absl::StatusOr<TableName> now = LookUpName(request.table);
    if (request.predicate.empty() || !now.ok() || !now->SameAs(read)) {
      names_.erase(request.table);
      return absl::AbortedError(status.message());
    }
  }
  if (IsDataException(status) && connection_->healthy()) {
    if (absl::Status bounds = CheckBounds(request); !bounds.ok()) return bounds;
    if (!request.predicate.empty()) return PredicateFailure(status);
  }
  return request.predicate.empty() ? status : AsUserSqlError(status);
}

absl::StatusOr<Chunk> PostgresChunkReader::Read(const ChunkRequest& request, std::stop_token stop) {
  absl::StatusOr<OpenTable> table = OpenTransaction(request, stop);
  if (!table.ok()) return Fail({}, table.status());
  absl::StatusOr<Chunk> chunk = CopyChunk(*table, request, stop);
  if (!chunk.ok()) return Fail(request, chunk.status());
  absl::StatusOr<model::Position> bound = FinishAndBound();
  if (!bound.ok()) return bound.status();
  chunk->bound = *bound;
  return chunk;
}

absl::StatusOr<std::vector<KeyRange>> PostgresChunkReader::PlanRanges(model::TableId table,
                                                                      size_t count,
                                                                      std::stop_token stop) {
  absl::StatusOr<TableName> name = LookUpName(table);
  if (!name.ok()) return name.status();
  if (count <= 1 || name->pages <= kSmallTablePages) return std::vector<KeyRange>(1);
  absl::StatusOr<OpenTable> open = DescribeLocked(table, *name);
  if (!open.ok()) return open.status();
  if (open->query->key.empty()) return std::vector<KeyRange>(1);
  const double percent = std::clamp(
      100.0 * kSampledPagesPerRange * static_cast<double>(count) / static_cast<double>(name->pages),
      0.0001, 100.0);
  absl::StatusOr<Result> bounds = connection_->Execute(SampleSelect(*open->query, percent, count),
                                                       {.timeout = kSampleTimeout, .stop = stop});
  if (!bounds.ok()) return bounds.status();
  std::vector<KeyRange> ranges(1);
  for (int row = 0; row < bounds->rows(); ++row) {
    ranges.back().upper = KeyAt(*bounds, row);
    ranges.push_back({.lower = ranges.back().upper, .upper = {}});
  }
  return ranges;
}

// Both with and without parentheses: what parses either way is one expression ("true) OR (true" is
// not).
absl::Status PostgresChunkReader::ExplainPredicate(const OpenTable& table,
                                                   const ChunkRequest& request) {
  if (request.predicate.empty()) return absl::OkStatus();
  absl::Status status = connection_
                            ->Query(absl::StrCat("EXPLAIN SELECT FROM ", table.query->only,
                                                 table.query->name, " WHERE ", request.predicate),
                                    {})
                            .status();
  if (SqlState(status) != kProtocolViolation) return status;
  return absl::InvalidArgumentError(
      "the predicate has a parameter such as $1 (SQLSTATE 08P01); write the value in its place");
}

absl::StatusOr<std::string> PostgresChunkReader::ExplainOpen(const ChunkRequest& request) {
  absl::StatusOr<OpenTable> table = OpenTransaction(request, {});
  if (!table.ok()) return table.status();
  absl::Status status = ExplainPredicate(*table, request);
  if (!status.ok()) return AsUserSqlError(status);
  absl::StatusOr<Result> plan = connection_->Query(
      absl::StrCat("EXPLAIN ", ChunkSelect(*connection_, *table->query, request)), {});
  if (!plan.ok()) return AsUserSqlError(plan.status());
  return ExplainText(*plan);
}

absl::StatusOr<std::string> PostgresChunkReader::Explain(const ChunkRequest& request) {
  absl::StatusOr<std::string> plan = ExplainOpen(request);
  if (connection_->healthy()) (void)connection_->Execute("ROLLBACK");
  return plan;
}

absl::Status PostgresChunkReader::Validate(const ChunkRequest& request) {
  absl::Status status = Explain(request).status();
  if (absl::IsOutOfRange(status)) status = absl::InvalidArgumentError(status.message());
  auto name = names_.find(request.table);
  if (name == names_.end()) return status;
  return Annotate(status, absl::StrCat("table ", name->second.name_space, ".", name->second.name));
}

}  // namespace tidemark::capture::postgres
