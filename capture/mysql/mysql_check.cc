#include "capture/mysql/mysql_check.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "capture/mysql/binlog_stream.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/mysql_error.h"
#include "capture/mysql/session.h"
#include "capture/mysql/watermark_table.h"

namespace tidemark::capture::mysql {
namespace {

using Severity = Problem::Severity;

// Below this a night without Tidemark may lose the log.
constexpr int64_t kShortRetentionSeconds = 24 * 3600;
constexpr int64_t kSecondsOfDay = 24 * 3600;
// SHOW BINARY LOG STATUS, SHOW REPLICAS and SHOW REPLICA STATUS since.
constexpr uint32_t kVersionOfNewNames = 80400;
constexpr std::chrono::seconds kProbeTimeout{10};
constexpr char kOtherServerId[] = "give the source one that no server and no other replica has";

const char* ProductOf(const Connection& sql) {
  return sql.flavour() == Flavour::kMariaDb ? "MariaDB" : "MySQL";
}

std::string QuotedName(const std::string& database, const std::string& table) {
  return absl::StrCat(Connection::QuoteIdentifier(database), ".",
                      table == "*" ? table : Connection::QuoteIdentifier(table));
}

// One examination of one server.
class Examination {
 public:
  Examination(Connection& sql, const MysqlOptions& options, std::stop_token stop)
      : sql_(sql),
        options_(options),
        stop_(std::move(stop)),
        mariadb_(sql.flavour() == Flavour::kMariaDb),
        new_names_(!mariadb_ && sql.server_version() >= kVersionOfNewNames) {}

  std::vector<Problem> Run() {
    Version();
    if (LoadVariables()) {
      BinaryLog();
      GroupCommit();
      RowImages();
      Metadata();
      Gtids();
      Durability();
      Retention();
      ServerId();
    }
    LogStatus();
    Replication();
    DumpPrivilege();
    Tables();
    Cascades();
    TimeZones();
    // The last, since a server that is read-only ends the session.
    Watermarks();
    return std::move(problems_);
  }

 private:
  void Error(std::string message, std::string remedy) {
    problems_.push_back({Severity::kError, std::move(message), std::move(remedy)});
  }
  void Warn(std::string message, std::string remedy) {
    problems_.push_back({Severity::kWarning, std::move(message), std::move(remedy)});
  }

  absl::StatusOr<Result> Execute(const std::string& query) {
    return sql_.Execute(query, {.stop = stop_});
  }
  void Unanswered(absl::string_view topic, const absl::Status& status) {
    Error(absl::StrCat("cannot examine ", topic, ": ", status.message()),
          "mend this, and check again");
  }
  // Null, and a problem, if the question could not be answered.
  std::optional<Result> Ask(absl::string_view topic, const std::string& query) {
    absl::StatusOr<Result> result = Execute(query);
    if (result.ok()) return *std::move(result);
    Unanswered(topic, result.status());
    return std::nullopt;
  }

  void Version() {
    if (sql_.server_version() >= (mariadb_ ? kOldestMariaDb : kOldestMySql)) return;
    Error(absl::StrCat(ProductOf(sql_), " ", sql_.version_text(), " is not supported"),
          "use MySQL 8.0 or later, or MariaDB 10.11 or later");
  }

  bool LoadVariables() {
    std::optional<Result> rows =
        Ask("the server's settings",
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format',"
            " 'binlog_row_image', 'binlog_row_metadata', 'binlog_row_value_options', 'gtid_mode',"
            " 'binlog_order_commits', 'sync_binlog', 'innodb_flush_log_at_trx_commit',"
            " 'binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge', 'expire_logs_days',"
            " 'max_binlog_total_size',"
            " 'server_id', 'log_replica_updates', 'log_slave_updates',"
            " 'replica_preserve_commit_order', 'replica_parallel_workers',"
            " 'innodb_native_foreign_keys', 'binlog_optimize_thread_scheduling')");
    if (!rows) return false;
    for (int row = 0; row < rows->rows(); ++row) variables_[rows->str(row, 0)] = rows->str(row, 1);
    return true;
  }
  bool Has(const std::string& name) const { return variables_.count(name) > 0; }
  const std::string& Variable(const std::string& name) { return variables_[name]; }
  int64_t Number(const std::string& name) {
    int64_t value = 0;
    return absl::SimpleAtoi(variables_[name], &value) ? value : 0;
  }

  // How to set a variable now and for ever.
  std::string Set(absl::string_view name, absl::string_view value) const {
    if (!mariadb_) return absl::StrCat("run: SET PERSIST ", name, " = ", value);
    return absl::StrCat("run: SET GLOBAL ", name, " = ", value,
                        ", and put it into the server's configuration");
  }

  void BinaryLog() {
    if (Variable("log_bin") != "ON") {
      Error("the server writes no binary log (log_bin is OFF)",
            "set log_bin in the server's configuration and restart it (managed servers: turn "
            "automated backups on)");
      return;
    }
    if (Variable("binlog_format") != "ROW") {
      Error(absl::StrCat("binlog_format is ", Variable("binlog_format"),
                         ": changes are logged as statements, which cannot be captured"),
            absl::StrCat(Set("binlog_format", "ROW"), "; sessions that are open keep the old one"));
    }
  }

  // MariaDB.
  void GroupCommit() {
    if (Variable("binlog_optimize_thread_scheduling") != "OFF") return;
    Error(
        "binlog_optimize_thread_scheduling is OFF: the server does not tell which transactions a "
        "SELECT sees",
        "remove it from the server's configuration and restart the server");
  }

  void RowImages() {
    const std::string& image = Variable("binlog_row_image");
    if (image != "FULL") {
      Warn(
          absl::StrCat("binlog_row_image is ", image,
                       ": events lack columns that did not change, which then come as unavailable"),
          Set("binlog_row_image", "FULL"));
    }
    if (!Variable("binlog_row_value_options").empty()) {
      Warn(absl::StrCat("binlog_row_value_options is ", Variable("binlog_row_value_options"),
                        ": JSON documents are logged as differences, which need the whole old row"),
           Set("binlog_row_value_options", "''"));
    }
  }

  void Metadata() {
    const std::string& metadata = Variable("binlog_row_metadata");
    if (metadata == "FULL") return;
    Warn(absl::StrCat("binlog_row_metadata is ", metadata,
                      ": the log lacks the columns' names, which are taken from the catalog; where "
                      "a table was altered more than once before the log was read up to there, "
                      "they cannot be known and the source stops"),
         Set("binlog_row_metadata", "FULL"));
  }

  bool WithoutGtids() { return !mariadb_ && Variable("gtid_mode") != "ON"; }

  void Gtids() {
    if (mariadb_) return;
    if (WithoutGtids()) {
      Warn(absl::StrCat("gtid_mode is ", Variable("gtid_mode"),
                        ": the binlog is read by file and offset, watermarks are written to the "
                        "server, and a failover to another server cannot be followed"),
           "before the source is captured first, run: SET PERSIST enforce_gtid_consistency = ON, "
           "and raise gtid_mode step by step (OFF_PERMISSIVE, ON_PERMISSIVE, ON) while the server "
           "runs");
    } else if (Variable("binlog_order_commits") != "ON") {
      Warn(
          "binlog_order_commits is OFF: transactions become visible in another order than that of "
          "the log",
          Set("binlog_order_commits", "ON"));
    }
  }

  void Watermarks() {
    if (variables_.empty() || !WithoutGtids()) return;
    for (Problem& problem : ExamineWatermarks(sql_, options_, stop_)) {
      problems_.push_back(std::move(problem));
    }
  }

  void Durability() {
    for (const char* name : {"sync_binlog", "innodb_flush_log_at_trx_commit"}) {
      if (!Has(name) || Number(name) == 1) continue;
      Warn(absl::StrCat(name, " is ", Variable(name),
                        ": when its machine fails, the server may lose transactions that were "
                        "captured already; the source then stops"),
           Set(name, "1"));
    }
  }

  void Retention() {
    RetentionBySize();
    int64_t seconds = Number("binlog_expire_logs_seconds");
    if (seconds == 0) seconds = Number("expire_logs_days") * kSecondsOfDay;
    const bool purges =
        !Has("binlog_expire_logs_auto_purge") || Variable("binlog_expire_logs_auto_purge") == "ON";
    if (seconds == 0 || seconds >= kShortRetentionSeconds || !purges) return;
    Warn(
        absl::StrCat("the server keeps its binary logs for ", seconds,
                     " s only: a longer pause of Tidemark loses changes, and needs a new snapshot"),
        absl::StrCat(Set("binlog_expire_logs_seconds", "604800"),
                     " (managed servers: raise 'binlog retention hours')"));
  }

  // MariaDB 11.4 and later.
  void RetentionBySize() {
    const int64_t bytes = Number("max_binlog_total_size");
    if (bytes == 0) return;
    Warn(absl::StrCat("the server deletes its oldest binary logs when all are larger than ", bytes,
                      " B (max_binlog_total_size), whoever still needs them: a pause of Tidemark in "
                      "which so much is written loses changes, and needs a new snapshot"),
         absl::StrCat("make sure that it is enough for the longest pause, or ",
                      Set("max_binlog_total_size", "0")));
  }

  void ServerId() {
    const int64_t theirs = Number("server_id");
    if (theirs == 0) {
      Error("the server's server_id is 0, with which it lets nobody read its log",
            Set("server_id", "1"));
    }
    if (options_.server_id == 0) {
      Error("the source has no server_id",
            "give it one that no server and no other replica has, 1 to 4294967293");
    } else if (IsTaken(static_cast<uint64_t>(theirs))) {
      Error(
          absl::StrCat("the server's own server_id ", theirs, " is one of the source's, ", Taken()),
          kOtherServerId);
    }
    OtherReplicas();
  }

  bool IsTaken(uint64_t server_id) const {
    return server_id >= options_.server_id && server_id - options_.server_id < kServerIdsTaken;
  }
  std::string Taken() const {
    return absl::StrCat(options_.server_id, " to ", options_.server_id + kServerIdsTaken - 1);
  }

  // Replicas that registered themselves. Tidemark does not.
  void OtherReplicas() {
    absl::StatusOr<Result> rows = Execute(new_names_ ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS");
    if (!rows.ok()) return NotSeen("replicas with the same server_id", rows.status());
    for (int row = 0; row < rows->rows(); ++row) {
      const uint64_t theirs = rows->unsigned_number(row, 0);
      if (!IsTaken(theirs)) continue;
      Error(absl::StrCat("a replica with server_id ", theirs, ", one of the source's, ", Taken(),
                         ", is connected to the server"),
            kOtherServerId);
    }
  }

  // What needs a privilege that capturing does not.
  void NotSeen(absl::string_view what, const absl::Status& status) {
    if (ErrorCode(status) != kErrPrivilegeMissing) return Unanswered(what, status);
    Warn(absl::StrCat("cannot see ", what, ": ", status.message()),
         "capturing does without; grant it, or look for yourself");
  }

  void LogStatus() {
    std::optional<Result> row =
        Ask("the binary log's state", new_names_ ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    if (!row || row->rows() == 0 || row->columns() < 4) return;
    constexpr const char* kFilters[] = {"binlog_do_db", "binlog_ignore_db"};
    for (int at = 0; at < 2; ++at) {
      if (row->text(0, 2 + at).empty()) continue;
      Error(absl::StrCat(kFilters[at], " is ", row->str(0, 2 + at),
                         ": changes of some databases are not logged"),
            "remove it from the server's configuration and restart the server");
    }
  }

  // A server that is itself a replica.
  void Replication() {
    absl::StatusOr<Result> rows = Execute(new_names_ ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS");
    if (!rows.ok()) return NotSeen("whether the server is a replica", rows.status());
    if (rows->rows() == 0) return;
    const char* updates = Has("log_replica_updates") ? "log_replica_updates" : "log_slave_updates";
    if (Variable(updates) == "OFF") {
      Error(absl::StrCat("the server is a replica and does not log what it replicates (", updates,
                         " is OFF)"),
            absl::StrCat("set ", updates, " in its configuration, or connect to its source"));
    }
    if (Number("replica_parallel_workers") > 1 &&
        Variable("replica_preserve_commit_order") == "OFF") {
      Error(
          "the server is a replica that commits in another order than its source "
          "(replica_preserve_commit_order is OFF)",
          Set("replica_preserve_commit_order", "ON"));
    }
  }

  // Reads one event of the log, as mysqlbinlog does: server_id 0 gets in nobody's way.
  void DumpPrivilege() {
    if (Variable("log_bin") != "ON") return;
    absl::Status status = ReadOneEvent();
    if (status.ok()) return;
    if (ErrorCode(status) == kErrPrivilegeMissing || ErrorCode(status) == kErrAccessDenied) {
      Error(absl::StrCat("the account may not read the binary log: ", status.message()),
            absl::StrCat("run: GRANT REPLICATION SLAVE ON *.* TO ", sql_.account()));
    } else {
      Unanswered("the binary log", status);
    }
  }

  absl::Status ReadOneEvent() {
    absl::StatusOr<std::unique_ptr<Connection>> connection =
        Connection::Open(options_.connection, {.stop = stop_});
    if (!connection.ok()) return connection.status();
    BinlogStreamOptions options{.server_id = 0, .stop_at_end = true};
    absl::StatusOr<std::unique_ptr<BinlogStream>> stream =
        BinlogStream::Open(*std::move(connection), options);
    if (!stream.ok()) return stream.status();
    return (*stream)->Next(kProbeTimeout).status();
  }

  void Tables() {
    absl::StatusOr<std::vector<ListedTable>> tables =
        ListCapturedTables(sql_, options_.tables, {.stop = stop_});
    if (!tables.ok()) return Unanswered("the tables", tables.status());
    MissingTables(*tables);
    for (const ListedTable& table : *tables) ExamineTable(table);
  }

  void ExamineTable(const ListedTable& table) {
    const std::string name = absl::StrCat(table.database, ".", table.name);
    const std::string quoted = QuotedName(table.database, table.name);
    if (table.system_versioned) {
      Warn(absl::StrCat("table ", name,
                        " has SYSTEM VERSIONING: a snapshot of it is refused. Its stream has rows "
                        "of the past beside those of now, by a key that ends with the end of a "
                        "row's time: an UPDATE also creates the row as it was, a DELETE is a "
                        "change of the key"),
           absl::StrCat("leave it out by the source's list of tables, or set unlogged_changes: "
                        "continue for the source and run: ALTER TABLE ",
                        quoted, " DROP SYSTEM VERSIONING"));
    } else if (table.key_columns.empty()) {
      Warn(absl::StrCat("table ", name,
                        " has neither a primary key nor a unique key of columns that are NOT NULL: "
                        "no snapshot of it can be exact"),
           absl::StrCat("run: ALTER TABLE ", quoted, " ADD PRIMARY KEY (...)"));
    }
    if (table.engine != kExactEngine) {
      Warn(absl::StrCat("table ", name, " is of engine ", table.engine,
                        " and not InnoDB: a snapshot of it is refused"),
           absl::StrCat("run: ALTER TABLE ", quoted, " ENGINE = InnoDB"));
    }
    absl::Status readable = Execute(absl::StrCat("SELECT 1 FROM ", quoted, " LIMIT 0")).status();
    // It may have been dropped meanwhile.
    if (readable.ok() || absl::IsNotFound(readable)) return;
    Error(absl::StrCat("table ", name, " cannot be read: ", readable.message()),
          absl::StrCat("run: GRANT SELECT ON ", quoted, " TO ", sql_.account()));
  }

  // Names of the source's list that stand for nothing, or for what the account may not see.
  void MissingTables(const std::vector<ListedTable>& tables) {
    for (const std::string& name : options_.tables) {
      const bool seen = std::any_of(tables.begin(), tables.end(), [&](const ListedTable& table) {
        return IsCaptured({name}, table.database, table.name);
      });
      if (seen) continue;
      const size_t dot = name.find('.');
      const std::string quoted =
          dot == std::string::npos ? name : QuotedName(name.substr(0, dot), name.substr(dot + 1));
      Error(absl::StrCat("there is no table ", name, " that the account may see"),
            absl::StrCat("correct the source's list of tables (database.table or database.*), or "
                         "run: GRANT SELECT ON ",
                         quoted, " TO ", sql_.account()));
    }
  }

  // MySQL logs what a foreign key changes since 9.6, unless the old way is chosen.
  bool CascadesAreLogged() {
    return Has("innodb_native_foreign_keys") && Variable("innodb_native_foreign_keys") == "OFF";
  }

  void Cascades() {
    if (CascadesAreLogged()) return;
    absl::StatusOr<std::vector<CascadingKey>> keys = ListCascadingKeys(sql_, {.stop = stop_});
    if (!keys.ok()) return Unanswered("the foreign keys", keys.status());
    for (const CascadingKey& key : *keys) {
      if (!IsCaptured(options_.tables, key.child_database, key.child)) continue;
      Warn(absl::StrCat("foreign key ", key.name, " of ", key.child_database, ".", key.child,
                        " changes rows when ", key.parent_database, ".", key.parent, " changes (",
                        key.on_delete.empty() ? absl::StrCat("ON UPDATE ", key.on_update)
                                              : absl::StrCat("ON DELETE ", key.on_delete),
                        "): the server does not log those changes"),
           absl::StrCat("make it ON DELETE RESTRICT and change the rows in the application, ",
                        mariadb_ ? "" : "or use MySQL 9.6 or later, ", "or take a new snapshot of ",
                        key.child, " after such changes"));
    }
  }

  void TimeZones() {
    std::optional<Result> row =
        Ask("the time zones", "SELECT CONVERT_TZ('2024-07-01 12:00:00', 'UTC', 'Europe/Berlin')");
    if (!row || !row->null(0, 0)) return;
    Warn("the server's time zone tables are empty: predicates with named time zones fail",
         "run: mysql_tzinfo_to_sql /usr/share/zoneinfo | mysql -u root mysql");
  }

  Connection& sql_;
  const MysqlOptions& options_;
  const std::stop_token stop_;
  const bool mariadb_;
  const bool new_names_;
  std::map<std::string, std::string> variables_;
  std::vector<Problem> problems_;
};

}  // namespace

CheckResult CheckMysql(const MysqlOptions& options, std::stop_token stop) {
  CheckResult result;
  absl::StatusOr<std::unique_ptr<Connection>> sql =
      Connection::Open(options.connection, {.stop = stop});
  if (!sql.ok()) {
    result.problems.push_back({Severity::kError, std::string(sql.status().message()),
                               "check host, port, user, password and tls of the connection"});
    return result;
  }
  result.server =
      absl::StrCat(ProductOf(**sql), " ", (*sql)->version_text(), " at ", (*sql)->address());
  result.problems = Examination(**sql, options, stop).Run();
  return result;
}

}  // namespace tidemark::capture::mysql
