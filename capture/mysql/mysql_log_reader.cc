#include "capture/mysql/mysql_log_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/resume_check.h"
#include "capture/mysql/watermark_table.h"
#include "model/wall_clock.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kHeartbeat{250};
constexpr milliseconds kVisibleCheckInterval{20};
constexpr milliseconds kPositionCheckInterval{1000};
// Rarely: the server looks at every file of the binlog, and commits may wait for that.
constexpr milliseconds kRetentionCheckInterval{60'000};
constexpr milliseconds kStatementTimeout{30000};
// Each dump needs a server_id of its own, counted from the source's: the server would end the
// first.
constexpr uint32_t kPreparedId = 1;
constexpr uint32_t kLookAheadId = 2;
static_assert(kLookAheadId + 1 == kServerIdsTaken);

std::string LockName(const MysqlOptions& options) {
  return absl::StrCat("tidemark:", options.server_id);
}

// One service a server_id: the server itself would let two of them cut each other off in turn.
absl::Status TakeLock(Connection& sql, const MysqlOptions& options, const WaitLimits& limits) {
  const std::string name = sql.QuoteLiteral(LockName(options));
  absl::StatusOr<Result> taken =
      sql.Execute(absl::StrCat("SELECT GET_LOCK(", name, ", 0), IS_USED_LOCK(", name, ")"), limits);
  if (!taken.ok()) return taken.status();
  if (taken->number(0, 0) == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("another service captures this server with server_id ", options.server_id,
                   " (connection ", taken->str(0, 1), " holds the lock ", LockName(options),
                   "); stop it, or give this source another server_id"));
}

absl::Status CheckLogs(const ServerFacts& facts) {
  if (!facts.log_bin) {
    return absl::FailedPreconditionError(
        "the server writes no binlog; start it with log_bin and binlog_format=ROW");
  }
  if (facts.binlog_format != "ROW") {
    return absl::FailedPreconditionError(absl::StrCat(
        "binlog_format is ", facts.binlog_format,
        "; run: SET GLOBAL binlog_format = 'ROW', and reconnect the sessions that write"));
  }
  if (!facts.leader_commits) {
    return absl::FailedPreconditionError(
        "binlog_optimize_thread_scheduling is OFF: the server does not tell which transactions a "
        "SELECT sees; remove it from the server's configuration and restart the server");
  }
  return absl::OkStatus();
}

// Records that are of another server, not in step with the token, or about a log that lacks
// statements tell nothing, and are erased.
absl::StatusOr<TableDefinitions> LoadDefinitions(const LogResume& resume, const ResumeToken& token,
                                                 const BinlogEnd& end) {
  absl::StatusOr<TableDefinitions> definitions = TableDefinitions::Load(resume.records);
  if (!definitions.ok() || (token.definitions && !end.filtered)) return definitions;
  definitions->ForgetAll();
  definitions->Commit();
  return definitions;
}

absl::Status BeginCommitPlaces(SessionFactory& sessions, Connection& sql, const ResumeToken& token,
                               const WaitLimits& limits) {
  CommitPlaces& places = sessions.commit_places();
  places.Begin();
  if (token.naming != Naming::kMariaDbGtid || token.file.empty()) return absl::OkStatus();
  return PassCommitsBefore(sql, {token.server, token.moves}, token.file, token.offset, places,
                           limits);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogReader>> MysqlLogReader::Open(SessionFactory* sessions,
                                                                const LogResume& resume,
                                                                SchemaRegistry* registry,
                                                                std::stop_token stop) {
  const WaitLimits limits{.timeout = kStatementTimeout, .stop = stop};
  absl::StatusOr<SessionFactory::Session> session = sessions->OpenAny(limits);
  if (!session.ok()) return session.status();
  Connection& sql = *session->connection;
  absl::Status status = CheckLogs(session->facts);
  if (status.ok()) status = TakeLock(sql, sessions->options(), limits);
  if (!status.ok()) return status;
  absl::StatusOr<BinlogEnd> end = LoadBinlogEnd(sql, limits);
  if (!end.ok()) return end.status();
  absl::StatusOr<ResumeToken> token = PrepareToken(sql, session->facts, *end, resume.token, limits);
  if (!token.ok()) return token.status();
  if (token->naming == Naming::kFile) status = PrepareWatermarks(sql, sessions->options(), limits);
  if (!status.ok()) return status;
  absl::StatusOr<DeliveredGtids> delivered = DeliveredGtids::Parse(token->naming, token->gtids);
  if (!delivered.ok()) return delivered.status();
  absl::StatusOr<TableDefinitions> definitions = LoadDefinitions(resume, *token, *end);
  if (!definitions.ok()) return definitions.status();
  sessions->SetLog(*token);
  status = BeginCommitPlaces(*sessions, sql, *token, limits);
  if (!status.ok()) return status;
  auto reader =
      std::unique_ptr<MysqlLogReader>(new MysqlLogReader({.sessions = sessions,
                                                          .session = *std::move(session),
                                                          .token = *std::move(token),
                                                          .delivered = *std::move(delivered),
                                                          .definitions = *std::move(definitions),
                                                          .merged = *std::move(end),
                                                          .stop = stop},
                                                         registry));
  status = reader->LearnDefinitions();
  if (status.ok()) status = reader->OpenMain();
  if (!status.ok()) return status;
  return reader;
}

MysqlLogReader::MysqlLogReader(Wiring wiring, SchemaRegistry* registry)
    : wiring_(std::move(wiring)),
      catalog_(
          wiring_.session.connection.get(),
          [this](BinlogStart start) {
            return OpenStream(std::move(start),
                              wiring_.sessions->options().server_id + kLookAheadId);
          },
          wiring_.sessions->options().without_look_ahead, wiring_.stop),
      encoder_(
          {.tables = wiring_.sessions->options().tables,
           .stop_at_unlogged_changes = !wiring_.sessions->options().continue_at_unlogged_changes,
           .lower_case_names = wiring_.session.facts.lower_case_names,
           .ask_for_definitions = wiring_.session.facts.row_metadata != "FULL",
           .commit_places = wiring_.token.naming == Naming::kMariaDbGtid
                                ? &wiring_.sessions->commit_places()
                                : nullptr},
          wiring_.token, registry->journaled(), wiring_.delivered, std::move(wiring_.definitions),
          &catalog_, registry, &wiring_.sessions->names()),
      proof_(wiring_.sessions),
      // Each settle step's watermark proves that all before it is visible, of earlier sessions too.
      replaying_(wiring_.token.naming != Naming::kFile) {}

absl::StatusOr<std::unique_ptr<BinlogStream>> MysqlLogReader::OpenStream(BinlogStart start,
                                                                         uint32_t server_id) {
  absl::StatusOr<SessionFactory::Session> session =
      wiring_.sessions->OpenSql({.timeout = kStatementTimeout, .stop = wiring_.stop});
  if (!session.ok()) return session.status();
  return BinlogStream::Open(
      std::move(session->connection),
      {.server_id = server_id, .start = std::move(start), .heartbeat = kHeartbeat});
}

// Where the log lacks names, those that the tables have here, so that rows are exact which wait
// behind this place when the source is down for a while.
absl::Status MysqlLogReader::LearnDefinitions() {
  const bool named = wiring_.session.facts.row_metadata == "FULL";
  if (named || wiring_.token.file.empty()) return absl::OkStatus();
  const WaitLimits limits{.timeout = kStatementTimeout, .stop = wiring_.stop};
  absl::StatusOr<std::vector<ListedTable>> listed =
      ListCapturedTables(*wiring_.session.connection, wiring_.sessions->options().tables, limits);
  if (!listed.ok()) return listed.status();
  std::set<TableDefinitions::Name> names;
  for (const ListedTable& table : *listed) names.emplace(table.database, table.name);
  return encoder_.LearnDefinitions(names);
}

absl::Status MysqlLogReader::OpenMain() {
  BinlogStart start;
  if (wiring_.token.naming == Naming::kGtid) {
    start.gtid_set_encoded = wiring_.delivered.set().Encode();
  } else if (wiring_.token.naming == Naming::kFile) {
    start = StartAt(wiring_.token.file, wiring_.token.offset);
  } else {
    start.mariadb_position = wiring_.token.gtids;
  }
  absl::StatusOr<std::unique_ptr<BinlogStream>> stream =
      OpenStream(std::move(start), wiring_.sessions->options().server_id);
  if (!stream.ok()) return stream.status();
  main_ = *std::move(stream);
  return absl::OkStatus();
}

absl::Status MysqlLogReader::OpenSide(const PreparedTransaction& wanted) {
  BinlogStart start;
  if (wiring_.token.naming == Naming::kGtid) {
    Connection& sql = *wiring_.session.connection;
    absl::StatusOr<std::string> others =
        SubtractGtids(sql, "@@global.gtid_executed", sql.QuoteLiteral(wanted.gtid),
                      {.timeout = kStatementTimeout, .stop = wiring_.stop});
    if (!others.ok()) return others.status();
    absl::StatusOr<DeliveredGtids> set = DeliveredGtids::Parse(Naming::kGtid, *others);
    if (!set.ok()) return set.status();
    start.gtid_set_encoded = set->set().Encode();
  } else if (wanted.file.empty()) {
    return absl::DataLossError(
        absl::StrCat("XA transaction ", wanted.gtid,
                     " was prepared on another server, or in another binlog, than the one that "
                     "the log comes from now; remove the source's data and capture it anew"));
  } else {
    start = StartAt(wanted.file, wanted.offset);
  }
  absl::StatusOr<std::unique_ptr<BinlogStream>> stream =
      OpenStream(std::move(start), wiring_.sessions->options().server_id + kPreparedId);
  if (!stream.ok()) return stream.status();
  side_ = *std::move(stream);
  return absl::OkStatus();
}

absl::StatusOr<LogBatch> MysqlLogReader::Read(size_t bytes_max, milliseconds wait) {
  if (!failure_.ok()) return failure_;
  const Clock::time_point deadline = Clock::now() + wait;
  while (failure_.ok() && encoder_.pending_bytes() < bytes_max) {
    const Clock::time_point now = Clock::now();
    failure_ = KeepTime(now);
    if (!failure_.ok()) break;
    const bool idle = !HasSomething();
    if (idle && now >= deadline) break;
    milliseconds pause{0};
    if (idle) pause = std::chrono::ceil<milliseconds>(deadline - now);
    if (replaying_) pause = std::min(pause, kVisibleCheckInterval);
    absl::StatusOr<bool> consumed = ConsumeOne(pause);
    failure_ = consumed.status();
    if (failure_.ok() && !*consumed && !idle) break;
  }
  if (!failure_.ok() && !HasSomething()) return failure_;
  return TakeBatch();
}

absl::StatusOr<bool> MysqlLogReader::ConsumeOne(milliseconds wait) {
  if (encoder_.has_more()) {
    absl::Status status = encoder_.ConsumeMore();
    if (!status.ok()) return status;
    return true;
  }
  if (encoder_.wanted() && side_ == nullptr) {
    absl::Status status = OpenSide(*encoder_.wanted());
    if (!status.ok()) return status;
  }
  if (!encoder_.wanted()) side_.reset();
  absl::StatusOr<std::optional<std::string_view>> event =
      (side_ != nullptr ? side_ : main_)->Next(wait);
  if (!event.ok()) return event.status();
  if (!event->has_value()) return false;
  absl::Status status = encoder_.Consume(**event, model::NowUs());
  if (!status.ok()) return status;
  return true;
}

absl::Status MysqlLogReader::KeepTime(Clock::time_point now) {
  if (replaying_ && now - last_visible_check_ >= kVisibleCheckInterval) {
    last_visible_check_ = now;
    absl::StatusOr<bool> visible = MergedIsVisible();
    if (!visible.ok()) return visible.status();
    replaying_ = !*visible;
  }
  if (now - last_position_check_ < kPositionCheckInterval) return absl::OkStatus();
  last_position_check_ = now;
  absl::Status status = Examine();
  if (!status.ok() || now - last_retention_check_ < kRetentionCheckInterval) return status;
  last_retention_check_ = now;
  return NoteRetention();
}

// Where the server is, and that it still commits in order.
absl::Status MysqlLogReader::Examine() {
  const WaitLimits limits{.timeout = kStatementTimeout, .stop = wiring_.stop};
  Connection& sql = *wiring_.session.connection;
  if (wiring_.token.naming == Naming::kFile) {
    absl::Status ordered = CheckCommitOrder(sql, limits);
    if (!ordered.ok()) return ordered;
  }
  absl::StatusOr<model::Position> end =
      wiring_.sessions->LoadEnd(sql, {wiring_.token.server, wiring_.token.moves}, limits);
  if (!end.ok()) return end.status();
  server_file_ = end->file;
  server_offset_ = end->offset;
  return absl::OkStatus();
}

absl::Status MysqlLogReader::NoteRetention() {
  absl::StatusOr<LogRetention> retention = LoadRetention(
      *wiring_.session.connection, {.timeout = kStatementTimeout, .stop = wiring_.stop});
  if (!retention.ok()) return retention.status();
  retention->examined_us = model::NowUs();
  retention_.Set(*std::move(retention));
  return absl::OkStatus();
}

// Whether SELECTs see all that was merged before this session: it does not come again, but a commit
// is in the binlog before it is visible.
absl::StatusOr<bool> MysqlLogReader::MergedIsVisible() {
  Connection& sql = *wiring_.session.connection;
  const WaitLimits limits{.timeout = kStatementTimeout, .stop = wiring_.stop};
  if (wiring_.token.naming == Naming::kGtid) {
    absl::StatusOr<std::string> hidden = SubtractGtids(
        sql, sql.QuoteLiteral(MergedGtids(wiring_.token)), "@@global.gtid_executed", limits);
    if (!hidden.ok()) return hidden.status();
    hidden_ = *std::move(hidden);
    return hidden_.empty();
  }
  hidden_ = absl::StrCat("up to ", wiring_.token.gtids);
  const SessionFactory::Origin origin{wiring_.token.server, wiring_.token.moves};
  absl::StatusOr<model::Position> visible =
      LoadVisiblePosition(sql, origin, *wiring_.sessions, limits);
  if (!visible.ok()) return visible.status();
  const BinlogEnd& merged = wiring_.merged;
  if (*visible >= wiring_.sessions->PositionOf(merged.file, merged.offset)) return true;
  absl::Status status = proof_.Step(sql, origin, limits);
  if (!status.ok()) return status;
  return false;
}

bool MysqlLogReader::HasSomething() const {
  return first_ || encoder_.pending_bytes() > 0 || encoder_.frontier() != taken_frontier_ ||
         replaying_ != taken_replaying_ || (replaying_ && hidden_ != taken_hidden_);
}

LogBatch MysqlLogReader::TakeBatch() {
  LogBatch batch = encoder_.Take();
  batch.replaying = replaying_;
  if (!hidden_.empty()) {
    batch.hidden = absl::StrCat("commit of transactions ", hidden_, " to become visible (",
                                kCommitHolder, " would hold them)");
  }
  first_ = false;
  taken_frontier_ = encoder_.frontier();
  taken_replaying_ = replaying_;
  taken_hidden_ = hidden_;
  return batch;
}

model::Position MysqlLogReader::ServerPosition() const {
  return {server_file_.load(), server_offset_.load()};
}

}  // namespace tidemark::capture::mysql
