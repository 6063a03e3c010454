#include "capture/postgres/log_setup.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "capture/postgres/pgoutput.h"
#include "capture/postgres/postgres_catalog.h"
#include "capture/postgres/postgres_error.h"
#include "capture/postgres/published_tables.h"

namespace tidemark::capture::postgres {
namespace {

using Severity = Problem::Severity;

// Creating a slot waits for the transactions that run now.
constexpr std::chrono::seconds kCreateSlotTimeout{30};
// As long may what committed before the slot take to become visible.
constexpr std::chrono::seconds kAwaitRunningTimeout{30};
constexpr std::chrono::milliseconds kAwaitRunningPoll{50};

std::string SlotQuery(int version) {
  absl::string_view lost = "''";
  if (version >= 170000) {
    lost = "coalesce(s.invalidation_reason, '')";
  } else if (version >= 160000) {
    lost = "CASE WHEN s.conflicting THEN 'conflict with recovery' ELSE '' END";
  }
  return absl::StrCat(
      "SELECT coalesce(s.plugin, ''), coalesce(s.database, ''), s.slot_type = 'logical', "
      "s.temporary,"
      " CASE WHEN s.active THEN concat('pid ', s.active_pid, ', ',"
      "   coalesce(host(a.client_addr), 'local'), ', application ', a.application_name)"
      "   ELSE '' END,"
      " CASE WHEN ",
      lost, " <> '' THEN ", lost,
      "   WHEN s.wal_status = 'lost' THEN 'wal_removed' ELSE '' END,"
      " s.confirmed_flush_lsn, s.two_phase, coalesce(s.wal_status = 'unreserved', false),"
      " coalesce(s.active_pid, 0)"
      " FROM pg_replication_slots s LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid"
      " WHERE s.slot_name = $1");
}

Problem Error(std::string message, std::string remedy) {
  return {Severity::kError, std::move(message), std::move(remedy)};
}

// What keeps a slot from being lost again for this reason
// (pg_replication_slots.invalidation_reason).
absl::string_view LossRemedy(absl::string_view reason) {
  if (reason == "idle_timeout") return "set idle_replication_slot_timeout to 0";
  if (reason == "wal_level_insufficient") return "set wal_level = logical on the primary";
  if (reason == "rows_removed" || reason == "conflict with recovery") {
    return "set hot_standby_feedback = on and primary_slot_name on the standby";
  }
  return "raise max_slot_wal_keep_size";
}

std::string DropSlotSql(const std::string& name) {
  return absl::StrCat("SELECT pg_drop_replication_slot('", name, "')");
}

// Those of the named tables ($$named$$: rows of place, schema and name) that publication $1 does
// not carry, by place. Under publish_via_partition_root a partition of a table that is listed comes
// under that one's name; otherwise it is carried as itself. By name, and not as regclass: that asks
// for a privilege on the schema.
constexpr char kMissingQuery[] = R"sql(
WITH $$listed$$
SELECT named.place FROM (VALUES $$named$$) named (place, nspname, relname)
WHERE NOT EXISTS (
  SELECT FROM publication p, pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE n.nspname = named.nspname AND t.relname = named.relname AND CASE
    WHEN p.puballtables THEN t.oid >= 16384 AND t.relkind IN ('r', 'p') AND t.relpersistence = 'p'
      AND NOT (p.pubviaroot AND t.relispartition)
    WHEN EXISTS (SELECT FROM pg_partition_ancestors(t.oid) a (relid) JOIN listed USING (relid)
                 WHERE a.relid <> t.oid) THEN NOT p.pubviaroot
    ELSE EXISTS (SELECT FROM $$tree$$ tree JOIN listed USING (relid)) END)
ORDER BY named.place)sql";

// Tables of the options that the publication lacks.
absl::StatusOr<std::vector<std::string>> MissingTables(Connection& sql,
                                                       const PostgresOptions& options) {
  std::vector<std::string> missing;
  if (options.tables.empty()) return missing;
  std::string named;
  for (size_t place = 0; place < options.tables.size(); ++place) {
    const auto [schema, name] = SplitTable(options.tables[place]);
    absl::StrAppend(&named, place == 0 ? "" : ", ", "(", place, ", ", sql.QuoteLiteral(schema),
                    "::name, ", sql.QuoteLiteral(name), "::name)");
  }
  absl::StatusOr<Result> rows = sql.Query(
      absl::StrReplaceAll(kMissingQuery, {{"$$listed$$", ListedTables(sql.server_version())},
                                          {"$$named$$", named},
                                          {"$$tree$$", PartitionTree("t.oid")}}),
      {options.publication});
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    missing.push_back(options.tables[static_cast<size_t>(rows->number(row, 0))]);
  }
  return missing;
}

absl::Status CreatePublication(Connection& sql, const PostgresOptions& options) {
  absl::Status created = sql.Execute(CreatePublicationSql(sql, options)).status();
  if (created.ok() || SqlState(created) == kDuplicateObject) return absl::OkStatus();
  if (SqlState(created) == kReadOnlyTransaction) {
    return absl::FailedPreconditionError(
        absl::StrCat("publication ", options.publication,
                     " does not exist, and a standby cannot create it; run on the primary: ",
                     CreatePublicationSql(sql, options)));
  }
  if (created.code() == absl::StatusCode::kUnavailable) return created;
  return absl::FailedPreconditionError(
      absl::StrCat("creating the publication: ", created.message(),
                   "; let the tables' owner (for all tables: a superuser) run: ",
                   CreatePublicationSql(sql, options)));
}

std::string CreateSlotCommand(const Connection& sql, const PostgresOptions& options,
                              bool failover) {
  std::string command = absl::StrCat("CREATE_REPLICATION_SLOT ", sql.QuoteIdentifier(options.slot),
                                     " LOGICAL pgoutput ");
  if (sql.server_version() < 150000) return absl::StrCat(command, "NOEXPORT_SNAPSHOT");
  return absl::StrCat(command,
                      failover ? "(SNAPSHOT 'nothing', FAILOVER)" : "(SNAPSHOT 'nothing')");
}

// "; it waits for: pid 17 (app, idle in transaction since ...)".
std::string Blockers(Connection& sql) {
  absl::StatusOr<Result> blockers = sql.Execute(
      "SELECT concat('pid ', pid, ' (', usename, ', ', state, ', since ', "
      "xact_start::timestamp(0), ')')"
      " FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
      " UNION ALL SELECT concat('prepared transaction ', gid) FROM pg_prepared_xacts"
      " UNION ALL SELECT 'the primary; run SELECT pg_log_standby_snapshot() there'"
      "  WHERE pg_is_in_recovery() LIMIT 10");
  if (!blockers.ok() || blockers->rows() == 0) return "";
  std::vector<std::string> names;
  for (int row = 0; row < blockers->rows(); ++row) names.push_back(blockers->str(row, 0));
  return absl::StrCat("; it waits for transactions of: ", absl::StrJoin(names, "; "),
                      "; end them, or wait");
}

std::string CreateSlotRemedy(Connection& sql, const PostgresOptions& options,
                             const absl::Status& status) {
  if (SqlState(status) == kConfigurationLimitExceeded) {
    return "raise max_replication_slots and restart the server, or drop an unused slot";
  }
  return absl::StrCat("let a role with REPLICATION run: ", CreateSlotSql(sql, options));
}

absl::Status CreateSlotError(Connection& sql, const PostgresOptions& options,
                             const absl::Status& status) {
  if (status.code() == absl::StatusCode::kCancelled) return status;
  if (status.code() == absl::StatusCode::kUnavailable) {
    return Annotate(absl::Status(status.code(), absl::StrCat(status.message(), Blockers(sql))),
                    absl::StrCat("creating slot ", options.slot));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("creating slot ", options.slot, ": ", WithoutRemedy(status).message(), "; ",
                   CreateSlotRemedy(sql, options, status)));
}

absl::Status CreateSlot(Connection& sql, Connection& replication, const PostgresOptions& options,
                        std::stop_token stop) {
  const WaitLimits limits{.timeout = kCreateSlotTimeout, .stop = stop};
  const bool offers_failover = sql.server_version() >= 170000;
  absl::Status created =
      replication.Execute(CreateSlotCommand(sql, options, offers_failover), limits).status();
  // Slots of a standby cannot be failover slots (ReplicationSlotCreate): then without.
  if (offers_failover && SqlState(created) == kFeatureNotSupported) {
    created = replication.Execute(CreateSlotCommand(sql, options, false), limits).status();
  }
  if (created.ok() || SqlState(created) == kDuplicateObject) return absl::OkStatus();
  return CreateSlotError(sql, options, created);
}

absl::Status CheckUsable(Connection& sql, const PostgresOptions& options, const SlotInfo& slot) {
  absl::Status usable = ProblemsStatus(SlotProblems(slot, options.slot, sql.database()));
  if (!usable.ok()) return usable;
  return slot.holder.empty() ? absl::OkStatus() : SlotHeld(options.slot, slot.holder);
}

// Row filters, each an error.
absl::StatusOr<std::vector<Problem>> RowFilters(Connection& sql, const PostgresOptions& options) {
  std::vector<Problem> problems;
  if (sql.server_version() < 150000) return problems;
  absl::StatusOr<Result> rows = sql.Query(
      "SELECT n.nspname, c.relname FROM pg_publication p"
      " JOIN pg_publication_rel r ON r.prpubid = p.oid JOIN pg_class c ON c.oid = r.prrelid"
      " JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE p.pubname = $1 AND r.prqual IS NOT NULL AND NOT EXISTS ("
      "  SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid AND s.pnnspid = n.oid)"
      " ORDER BY 1, 2",
      {options.publication});
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    const std::string publication = sql.QuoteIdentifier(options.publication);
    const std::string table = absl::StrCat(sql.QuoteIdentifier(rows->text(row, 0)), ".",
                                           sql.QuoteIdentifier(rows->text(row, 1)));
    problems.push_back(Error(
        absl::StrCat("publication ", options.publication, " filters the rows of table ",
                     rows->str(row, 0), ".", rows->str(row, 1)),
        absl::StrCat("run: ALTER PUBLICATION ", publication, " DROP TABLE ", table,
                     "; ALTER PUBLICATION ", publication, " ADD TABLE ", table)));
  }
  return problems;
}

// FailedPrecondition: the log lacks, or will lack, what it is to carry.
absl::Status CheckCarries(Connection& sql, const PostgresOptions& options) {
  absl::StatusOr<std::vector<Problem>> problems = PublicationProblems(sql, options);
  if (!problems.ok()) return problems.status();
  absl::StatusOr<std::vector<Problem>> filters = RowFilters(sql, options);
  if (!filters.ok()) return filters.status();
  problems->insert(problems->end(), filters->begin(), filters->end());
  return ProblemsStatus(*problems);
}

absl::Status EnsurePublication(Connection& sql, const PostgresOptions& options, bool slot_exists) {
  absl::StatusOr<std::optional<PublicationInfo>> found = LoadPublication(sql, options.publication);
  if (!found.ok()) return found.status();
  if (!found->has_value() && slot_exists) {
    return absl::FailedPreconditionError(absl::StrCat(
        "publication ", options.publication, " is missing while slot ", options.slot,
        " exists: changes since the slot was made are not published; drop the slot with ",
        DropSlotSql(options.slot), " and take a new snapshot"));
  }
  if (!found->has_value() && options.create_publication) {
    absl::Status created = CreatePublication(sql, options);
    if (!created.ok()) return created;
  }
  return CheckCarries(sql, options);
}

// The next name of a list, without its quotes; what follows it stays in `list`.
std::string TakeName(absl::string_view* list) {
  std::string name;
  bool quoted = false;
  size_t at = 0;
  for (; at < list->size() && (quoted || (*list)[at] != ','); ++at) {
    if ((*list)[at] != '"') {
      name.push_back((*list)[at]);
      continue;
    }
    // Two quotes inside of quotes are one.
    if (!quoted && at > 0 && (*list)[at - 1] == '"') name.push_back('"');
    quoted = !quoted;
  }
  list->remove_prefix(std::min(at + 1, list->size()));
  return std::string(absl::StripAsciiWhitespace(name));
}

}  // namespace

// "a, b", "2 (a, b)", "FIRST 2 (a, b)", "ANY 2 (a, b)" (replication/syncrep_gram.y).
bool NamesStandby(absl::string_view setting, absl::string_view application) {
  const size_t open = setting.find('(');
  if (open != absl::string_view::npos && open < setting.find('"')) {
    setting.remove_prefix(open + 1);
    setting = setting.substr(0, setting.rfind(')'));
  }
  while (!setting.empty()) {
    const std::string name = TakeName(&setting);
    if (name == "*" || (!name.empty() && absl::EqualsIgnoreCase(name, application))) return true;
  }
  return false;
}

absl::Status CheckNotSynchronous(Connection& sql) {
  absl::StatusOr<Result> row = sql.Execute(
      "SELECT current_setting('synchronous_standby_names'), current_setting('application_name'),"
      " pg_is_in_recovery()");
  if (!row.ok()) return row.status();
  if (row->flag(0, 2) || !NamesStandby(row->text(0, 0), row->text(0, 1))) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "synchronous_standby_names ('", row->str(0, 0), "') makes this reader (application_name ",
      row->str(0, 1),
      ") a synchronous standby: commits would wait for it for ever; name only the standbys there "
      "(ALTER SYSTEM SET synchronous_standby_names = ...; SELECT pg_reload_conf())"));
}

absl::Status AwaitRunning(Connection& sql, std::stop_token stop) {
  const WaitLimits limits{.timeout = kAwaitRunningTimeout, .stop = stop};
  absl::StatusOr<Result> standby = sql.Execute("SELECT pg_is_in_recovery()", limits);
  if (!standby.ok()) return standby.status();
  // There a commit is replayed, and so visible, before it is decoded.
  if (standby->flag(0, 0)) return absl::OkStatus();
  // An xid of our own, since a snapshot does not list those that run past the newest ended one.
  absl::StatusOr<Result> next = sql.Execute("SELECT pg_current_xact_id()", limits);
  if (!next.ok()) return next.status();
  const auto deadline = std::chrono::steady_clock::now() + kAwaitRunningTimeout;
  while (true) {
    absl::StatusOr<Result> left = sql.Query(
        "SELECT pg_snapshot_xmin(pg_current_snapshot()) < $1::xid8", {next->str(0, 0)}, limits);
    if (!left.ok()) return left.status();
    if (!left->flag(0, 0)) return absl::OkStatus();
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(kAwaitRunningPoll);
  }
  return absl::UnavailableError(
      absl::StrCat("transactions from before the new slot are not visible yet", Blockers(sql),
                   " (a commit may also wait for a missing synchronous standby)"));
}

uint64_t ParseLsn(absl::string_view text) {
  std::pair<absl::string_view, absl::string_view> halves = absl::StrSplit(text, '/');
  uint32_t high = 0, low = 0;
  if (!absl::SimpleHexAtoi(halves.first, &high) || !absl::SimpleHexAtoi(halves.second, &low)) {
    return 0;
  }
  return uint64_t{high} << 32 | low;
}

std::pair<std::string, std::string> SplitTable(const std::string& table) {
  std::pair<std::string, std::string> parts = absl::StrSplit(table, absl::MaxSplits('.', 1));
  if (parts.second.empty()) parts = {"public", table};
  return parts;
}

std::string QuoteTable(const Connection& sql, const std::string& table) {
  const std::pair<std::string, std::string> parts = SplitTable(table);
  return absl::StrCat(sql.QuoteIdentifier(parts.first), ".", sql.QuoteIdentifier(parts.second));
}

std::string CreatePublicationSql(const Connection& sql, const PostgresOptions& options) {
  std::string tables = "ALL TABLES";
  if (!options.tables.empty()) {
    tables = absl::StrCat(
        "TABLE ", absl::StrJoin(options.tables, ", ", [&](std::string* out, const std::string& t) {
          absl::StrAppend(out, QuoteTable(sql, t));
        }));
  }
  return absl::StrCat("CREATE PUBLICATION ", sql.QuoteIdentifier(options.publication), " FOR ",
                      tables, " WITH (publish_via_partition_root = true",
                      sql.server_version() >= 180000 ? ", publish_generated_columns = stored" : "",
                      ")");
}

std::string CreateSlotSql(const Connection& sql, const PostgresOptions& options) {
  return absl::StrCat("SELECT pg_create_logical_replication_slot(", sql.QuoteLiteral(options.slot),
                      ", 'pgoutput'", sql.server_version() >= 170000 ? ", failover => true)" : ")");
}

std::string GrantEmitSql(const Connection& sql) {
  return absl::StrCat("GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text",
                      sql.server_version() >= 170000 ? ", boolean" : "", ") TO ",
                      sql.QuoteIdentifier(sql.user()));
}

absl::StatusOr<std::optional<SlotInfo>> LoadSlot(Connection& sql, const std::string& name) {
  absl::StatusOr<Result> row = sql.Query(SlotQuery(sql.server_version()), {name});
  if (!row.ok()) return row.status();
  if (row->rows() == 0) return std::nullopt;
  return SlotInfo{.plugin = row->str(0, 0),
                  .database = row->str(0, 1),
                  .logical = row->flag(0, 2),
                  .temporary = row->flag(0, 3),
                  .holder = row->str(0, 4),
                  .sender_pid = static_cast<int>(row->number(0, 9)),
                  .lost = row->str(0, 5),
                  .two_phase = row->flag(0, 7),
                  .unreserved = row->flag(0, 8),
                  .confirmed_flush_lsn = ParseLsn(row->text(0, 6))};
}

absl::StatusOr<LogRetention> LoadRetention(Connection& sql, const std::string& slot) {
  absl::StatusOr<Result> row = sql.Query(
      // Below 0: the next checkpoint may take log that the slot needs.
      "SELECT wal_status, CASE WHEN safe_wal_size < 0 THEN 0 ELSE safe_wal_size END,"
      " coalesce(pg_wal_lsn_diff("
      "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,"
      " restart_lsn)::int8, -1) FROM pg_replication_slots WHERE slot_name = $1",
      {slot});
  if (!row.ok()) return row.status();
  LogRetention retention;
  if (row->rows() == 0) return retention;
  retention.slot_status = row->str(0, 0);
  if (!row->null(0, 1)) retention.safe_bytes = row->number(0, 1);
  if (row->number(0, 2) >= 0) retention.retained_bytes = row->number(0, 2);
  return retention;
}

std::vector<Problem> SlotProblems(const SlotInfo& slot, const std::string& name,
                                  const std::string& database) {
  const std::string other_name = "choose another slot name, or drop it with " + DropSlotSql(name);
  std::vector<Problem> problems;
  if (!slot.logical || slot.plugin != "pgoutput") {
    problems.push_back(Error(absl::StrCat("slot ", name, " is not of plugin pgoutput but ",
                                          slot.logical ? slot.plugin : "physical"),
                             other_name));
  } else if (slot.database != database) {
    problems.push_back(Error(
        absl::StrCat("slot ", name, " belongs to database ", slot.database, ", not to ", database),
        other_name));
  }
  if (slot.temporary)
    problems.push_back(Error(absl::StrCat("slot ", name, " is temporary"), other_name));
  if (slot.two_phase) {
    problems.push_back(
        Error(absl::StrCat("slot ", name,
                           " decodes prepared transactions (two_phase), which may still "
                           "be rolled back"),
              other_name));
  }
  if (slot.unreserved) {
    problems.push_back({Severity::kWarning,
                        absl::StrCat("slot ", name,
                                     " is past max_slot_wal_keep_size (wal_status "
                                     "unreserved): the next checkpoint may end it"),
                        "let Tidemark catch up, and raise max_slot_wal_keep_size"});
  }
  if (!slot.lost.empty()) {
    problems.push_back(Error(
        absl::StrCat("slot ", name, " has lost its log (", slot.lost, "): changes are missing"),
        absl::StrCat("drop it with ", DropSlotSql(name), ", ", LossRemedy(slot.lost),
                     ", and start again with an empty journal and a new snapshot")));
  }
  return problems;
}

absl::StatusOr<std::optional<PublicationInfo>> LoadPublication(Connection& sql,
                                                               const std::string& name) {
  absl::StatusOr<Result> row = sql.Query(
      "SELECT oid, puballtables, pubviaroot, concat_ws(', ',"
      " CASE WHEN NOT pubinsert THEN 'insert' END, CASE WHEN NOT pubupdate THEN 'update' END,"
      " CASE WHEN NOT pubdelete THEN 'delete' END, CASE WHEN NOT pubtruncate THEN 'truncate' END)"
      " FROM pg_publication WHERE pubname = $1",
      {name});
  if (!row.ok()) return row.status();
  if (row->rows() == 0) return std::nullopt;
  return PublicationInfo{.oid = static_cast<uint64_t>(row->number(0, 0)),
                         .all_tables = row->flag(0, 1),
                         .via_root = row->flag(0, 2),
                         .left_out = row->str(0, 3)};
}

absl::StatusOr<std::vector<Problem>> PublicationProblems(Connection& sql,
                                                         const PostgresOptions& options) {
  absl::StatusOr<std::optional<PublicationInfo>> found = LoadPublication(sql, options.publication);
  if (!found.ok()) return found.status();
  const std::string name = sql.QuoteIdentifier(options.publication);
  std::vector<Problem> problems;
  if (!found->has_value()) {
    problems.push_back(Error(absl::StrCat("publication ", options.publication, " does not exist"),
                             absl::StrCat("run: ", CreatePublicationSql(sql, options))));
    return problems;
  }
  if (!(*found)->left_out.empty()) {
    problems.push_back(Error(
        absl::StrCat("publication ", options.publication, " leaves out: ", (*found)->left_out),
        absl::StrCat("run: ALTER PUBLICATION ", name,
                     " SET (publish = 'insert, update, delete, truncate')")));
  }
  absl::StatusOr<std::vector<std::string>> missing = MissingTables(sql, options);
  if (!missing.ok()) return missing.status();
  for (const std::string& table : *missing) {
    problems.push_back(Error(
        absl::StrCat("table ", table, " is not in publication ", options.publication),
        absl::StrCat("run: ALTER PUBLICATION ", name, " ADD TABLE ", QuoteTable(sql, table))));
  }
  return problems;
}

absl::StatusOr<uint64_t> EnsureLogSetup(Connection& sql, Connection& replication,
                                        const PostgresOptions& options, std::stop_token stop) {
  absl::StatusOr<std::optional<SlotInfo>> slot = LoadSlot(sql, options.slot);
  if (!slot.ok()) return slot.status();
  // First, since what is said of the publication is only right if the slot is ours.
  absl::Status usable = slot->has_value() ? CheckUsable(sql, options, **slot) : absl::OkStatus();
  if (!usable.ok()) return usable;
  absl::Status published = EnsurePublication(sql, options, slot->has_value());
  if (!published.ok()) return published;
  if (!slot->has_value()) {
    if (!options.create_slot) {
      return absl::FailedPreconditionError(absl::StrCat(
          "slot ", options.slot, " does not exist; run: ", CreateSlotSql(sql, options)));
    }
    absl::Status created = CreateSlot(sql, replication, options, stop);
    if (!created.ok()) return created;
    slot = LoadSlot(sql, options.slot);
    if (!slot.ok()) return slot.status();
    if (!slot->has_value()) return absl::UnavailableError("the new slot was dropped at once");
  }
  usable = CheckUsable(sql, options, **slot);
  if (usable.ok()) usable = AwaitRunning(sql, stop);
  if (!usable.ok()) return usable;
  return (*slot)->confirmed_flush_lsn;
}

absl::Status CheckLogSetup(Connection& sql, const PostgresOptions& options, uint64_t resume_lsn) {
  absl::StatusOr<std::optional<SlotInfo>> slot = LoadSlot(sql, options.slot);
  if (!slot.ok()) return slot.status();
  if (!slot->has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "slot ", options.slot, " is gone, and with it the changes after ", LsnText(resume_lsn),
        " (was it dropped, or the server replaced by one without it?); a new slot would leave a "
        "gap: "
        "start again with an empty journal and a new snapshot"));
  }
  absl::Status usable = CheckUsable(sql, options, **slot);
  if (!usable.ok()) return usable;
  if ((*slot)->confirmed_flush_lsn > resume_lsn) {
    return absl::FailedPreconditionError(absl::StrCat(
        "slot ", options.slot, " was moved on to ", LsnText((*slot)->confirmed_flush_lsn),
        " by another client, but the journal ends at ", LsnText(resume_lsn),
        ": the changes between are missing; start again with an empty journal and a new snapshot, "
        "and give each reader a slot of its own"));
  }
  return CheckPublished(sql, options);
}

absl::Status CheckPublished(Connection& sql, const PostgresOptions& options) {
  absl::Status status = CheckCarries(sql, options);
  if (!absl::IsFailedPrecondition(status)) return status;
  return absl::FailedPreconditionError(
      absl::StrCat(status.message(),
                   ". What was written meanwhile is not in the log: then take a new snapshot"));
}

absl::StatusOr<uint64_t> CheckSamePublication(Connection& sql, const PostgresOptions& options,
                                              uint64_t known) {
  absl::StatusOr<std::optional<PublicationInfo>> found = LoadPublication(sql, options.publication);
  if (!found.ok()) return found.status();
  const uint64_t oid = found->has_value() ? (*found)->oid : 0;
  if (known == 0 || oid == known) return oid;
  return absl::FailedPreconditionError(absl::StrCat(
      "publication ", options.publication,
      oid == 0 ? " was dropped" : " was dropped and made again",
      ": the log lacks what was written meanwhile; drop the slot with ", DropSlotSql(options.slot),
      ", and start again with an empty journal and a new snapshot"));
}

absl::Status SlotHeld(const std::string& name, const std::string& holder) {
  return absl::UnavailableError(absl::StrCat("slot ", name, " is in use by ", holder,
                                             " (a second tidemarkd, or an old connection that the "
                                             "server has not noticed to be dead); stop "
                                             "it or wait"));
}

absl::Status ProblemsStatus(const std::vector<Problem>& problems) {
  std::vector<std::string> sentences;
  for (const Problem& problem : problems) {
    if (problem.severity != Severity::kError) continue;
    sentences.push_back(absl::StrCat(problem.message, "; ", problem.remedy));
  }
  if (sentences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(sentences, ". "));
}

}  // namespace tidemark::capture::postgres
