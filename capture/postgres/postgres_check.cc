#include "capture/postgres/postgres_check.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "capture/postgres/log_setup.h"
#include "capture/postgres/postgres_catalog.h"
#include "capture/postgres/postgres_error.h"
#include "capture/postgres/table_facts.h"

namespace tidemark::capture::postgres {
namespace {

using Severity = Problem::Severity;

// Slots hold WAL back; a limit below this is soon passed by a busy server.
constexpr int64_t kSmallWalKeepMb = 1024;

// One examination of one server.
class Examination {
 public:
  // `log_sender`: see SessionFactory.
  Examination(Connection& sql, const PostgresOptions& options, int log_sender)
      : sql_(sql), options_(options), log_sender_(log_sender) {}

  std::vector<Problem> Run() {
    Version();
    Standby();
    Settings();
    Synchronous();
    EmitPrivilege();
    Capacity();
    Role();
    Publication();
    Slot();
    Tables();
    UnloggedTables();
    return std::move(problems_);
  }

  // After Run, which has told already why there is no replication connection, or found that none
  // is needed.
  bool Told(const absl::Status& no_replication) const {
    const std::string state = SqlState(no_replication);
    return state == kInsufficientPrivilege || (state == kTooManyConnections && senders_taken_);
  }

 private:
  void Add(Severity severity, std::string message, std::string remedy) {
    problems_.push_back({severity, std::move(message), std::move(remedy)});
  }
  void Error(std::string message, std::string remedy) {
    Add(Severity::kError, std::move(message), std::move(remedy));
  }
  void Warn(std::string message, std::string remedy) {
    Add(Severity::kWarning, std::move(message), std::move(remedy));
  }
  void AddAll(std::vector<Problem> problems) {
    for (Problem& problem : problems) problems_.push_back(std::move(problem));
  }

  // Null, and a problem, if the question could not be answered.
  std::optional<Result> Ask(absl::string_view topic, const std::string& query,
                            const std::vector<std::string>& parameters = {}) {
    absl::StatusOr<Result> result = sql_.Query(query, parameters);
    if (result.ok()) return *std::move(result);
    Unanswered(topic, result.status());
    return std::nullopt;
  }
  void Unanswered(absl::string_view topic, const absl::Status& status) {
    Error(absl::StrCat("cannot examine ", topic, ": ", status.message()),
          "mend this, and check again");
  }

  void Version() {
    const int version = sql_.server_version() / 10000;
    if (version >= 14 && version <= 18) return;
    Error(absl::StrCat("PostgreSQL ", version, " is not supported"), "use PostgreSQL 14 to 18");
  }

  void Standby() {
    std::optional<Result> row =
        Ask("the server's state",
            "SELECT pg_is_in_recovery(), pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS NULL,"
            " (SELECT setting <> '0' FROM pg_settings WHERE name = 'recovery_min_apply_delay')");
    if (!row || !row->flag(0, 0)) return;
    if (options_.allow_standby && row->flag(0, 1)) {
      Error("the standby streams from no primary, so that its snapshots cannot be exact",
            "set primary_conninfo on it");
    }
    if (options_.allow_standby && row->flag(0, 2)) {
      Warn("recovery_min_apply_delay is set: log and snapshots are late by as much", "set it to 0");
    }
    if (!options_.allow_standby) {
      Error("the server is a standby", "connect to the primary, or set allow_standby");
    } else if (sql_.server_version() < kVersionOfStandbyDecoding) {
      Error("a standby before PostgreSQL 16 cannot decode its log", "connect to the primary");
    } else {
      Warn(
          "the server is a standby: a new slot waits for the primary's next running-transactions "
          "record",
          "run SELECT pg_log_standby_snapshot() on the primary when the slot is made, and set "
          "hot_standby_feedback = on");
    }
  }

  void Settings() {
    std::optional<Result> rows = Ask(
        "the server's settings",
        "SELECT name, setting FROM pg_settings WHERE name IN ('wal_level', 'wal_sender_timeout',"
        " 'max_slot_wal_keep_size', 'server_encoding', 'idle_replication_slot_timeout')");
    if (!rows) return;
    std::map<std::string, std::string> settings;
    for (int row = 0; row < rows->rows(); ++row) settings[rows->str(row, 0)] = rows->str(row, 1);
    if (settings["wal_level"] != "logical") {
      Error(absl::StrCat("wal_level is ", settings["wal_level"]),
            "run ALTER SYSTEM SET wal_level = logical and restart the server (managed servers: "
            "rds.logical_replication = 1, cloudsql.logical_decoding = on)");
    }
    if (settings["server_encoding"] == "SQL_ASCII") {
      Error("the database's encoding is SQL_ASCII, so that its texts may be in any encoding",
            "dump it and load it into a database with ENCODING 'UTF8'");
    }
    if (settings["wal_sender_timeout"] == "0") {
      Warn(
          "wal_sender_timeout is 0: the server never notices that a reader is dead, and keeps the "
          "slot in use",
          "run ALTER SYSTEM SET wal_sender_timeout = '60s' and SELECT pg_reload_conf()");
    }
    WalKeepSize(settings["max_slot_wal_keep_size"]);
    IdleTimeout(settings["idle_replication_slot_timeout"]);
  }

  void WalKeepSize(const std::string& setting) {
    int64_t megabytes = 0;
    if (!absl::SimpleAtoi(setting, &megabytes)) return;
    if (megabytes == -1) {
      Warn(
          "max_slot_wal_keep_size is -1: while Tidemark is down its slot keeps all WAL, and the "
          "disk may fill",
          "set a limit that the disk can bear (a slot past it is lost), or watch the slot's lag");
    } else if (megabytes < kSmallWalKeepMb) {
      Warn(absl::StrCat("max_slot_wal_keep_size is only ", megabytes,
                        " MB: a short pause of Tidemark may lose the slot"),
           "raise it to what the disk can bear");
    }
  }

  void IdleTimeout(const std::string& setting) {
    if (setting.empty() || setting == "0") return;
    Warn("idle_replication_slot_timeout is set: the slot is lost when Tidemark is down that long",
         "set it to 0, or longer than any pause");
  }

  void Synchronous() {
    absl::Status status = CheckNotSynchronous(sql_);
    if (status.code() == absl::StatusCode::kFailedPrecondition) {
      Error(std::string(status.message()), "remove the name from synchronous_standby_names");
    } else if (!status.ok()) {
      Unanswered("the synchronous standbys", status);
    }
  }

  void EmitPrivilege() {
    std::optional<Result> row =
        Ask("the privilege to write logical messages",
            "SELECT bool_and(has_function_privilege(p.oid, 'EXECUTE')) FROM pg_proc p"
            " WHERE p.pronamespace = 'pg_catalog'::regnamespace"
            " AND p.proname = 'pg_logical_emit_message' AND p.proargtypes[2] = 'text'::regtype");
    if (!row || row->flag(0, 0)) return;
    Error(
        "the role may not write logical messages, without which an idle server's log stands still",
        absl::StrCat("run: ", GrantEmitSql(sql_)));
  }

  void Capacity() {
    std::optional<Result> row =
        Ask("slots and senders",
            "SELECT (SELECT count(*) FROM pg_replication_slots),"
            " current_setting('max_replication_slots')::int,"
            " (SELECT count(*) FROM pg_stat_replication),"
            " current_setting('max_wal_senders')::int,"
            " EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1),"
            " EXISTS (SELECT FROM pg_replication_slots s JOIN pg_stat_replication r"
            "  ON r.pid = s.active_pid WHERE s.slot_name = $1)",
            {options_.slot});
    if (!row) return;
    if (!row->flag(0, 4) && row->number(0, 0) >= row->number(0, 1)) {
      Error(absl::StrCat("all ", row->str(0, 1), " replication slots are taken"),
            "raise max_replication_slots and restart the server, or drop an unused slot");
    }
    senders_taken_ = row->number(0, 2) >= row->number(0, 3);
    // One that sends from the slot is the one that a capture needs; Slot tells if it is another's.
    if (senders_taken_ && !row->flag(0, 5)) {
      Error(absl::StrCat("all ", row->str(0, 3), " senders (max_wal_senders) are taken"),
            "raise max_wal_senders and restart the server");
    }
  }

  void Role() {
    std::optional<Result> row =
        Ask("the role",
            "SELECT r.rolsuper, r.rolsuper OR r.rolreplication OR EXISTS (SELECT FROM pg_roles g"
            "  WHERE g.rolname = 'rds_replication' AND pg_has_role(r.oid, g.oid, 'member')),"
            " has_database_privilege(current_database(), 'CREATE'), quote_ident(r.rolname),"
            " quote_ident(current_database()) FROM pg_roles r WHERE r.rolname = current_user");
    if (!row || row->rows() == 0) return;
    const std::string role = row->str(0, 3);
    if (!row->flag(0, 1)) {
      Error(absl::StrCat("role ", role, " may not replicate"),
            absl::StrCat("run: ALTER ROLE ", role,
                         " REPLICATION (Amazon RDS: GRANT rds_replication TO ", role, ")"));
    }
    may_create_publication_ = row->flag(0, 0) || (!options_.tables.empty() && row->flag(0, 2));
    database_grant_ = absl::StrCat("GRANT CREATE ON DATABASE ", row->str(0, 4), " TO ", role);
  }

  void Publication() {
    absl::StatusOr<std::optional<PublicationInfo>> found =
        LoadPublication(sql_, options_.publication);
    if (!found.ok()) return Unanswered("the publication", found.status());
    if (found->has_value()) return ExistingPublication(**found);
    publication_missing_ = true;
    if (options_.create_publication && may_create_publication_) return;
    std::string remedy = absl::StrCat("let the tables' owner (for all tables: a superuser) run: ",
                                      CreatePublicationSql(sql_, options_));
    if (options_.create_publication && !options_.tables.empty()) {
      absl::StrAppend(&remedy, "; or ", database_grant_);
    }
    Error(absl::StrCat("publication ", options_.publication, " does not exist",
                       options_.create_publication ? " and this role may not create it" : ""),
          remedy);
  }

  void ExistingPublication(const PublicationInfo& publication) {
    absl::StatusOr<std::vector<Problem>> problems = PublicationProblems(sql_, options_);
    if (!problems.ok()) return Unanswered("the publication", problems.status());
    AddAll(*std::move(problems));
    if (publication.via_root) return;
    Warn(absl::StrCat("publication ", options_.publication,
                      " names partitions, not their partitioned table"),
         absl::StrCat("run: ALTER PUBLICATION ", sql_.QuoteIdentifier(options_.publication),
                      " SET (publish_via_partition_root = true)"));
  }

  void Slot() {
    absl::StatusOr<std::optional<SlotInfo>> slot = LoadSlot(sql_, options_.slot);
    if (!slot.ok()) return Unanswered("the slot", slot.status());
    if (!slot->has_value()) {
      if (!options_.create_slot) {
        Error(absl::StrCat("slot ", options_.slot, " does not exist"),
              absl::StrCat("run: ", CreateSlotSql(sql_, options_)));
      }
      return;
    }
    AddAll(SlotProblems(**slot, options_.slot, sql_.database()));
    if (!(*slot)->holder.empty() && (*slot)->sender_pid != log_sender_) {
      Warn(absl::StrCat("slot ", options_.slot, " is in use by ", (*slot)->holder),
           "right if this is the running tidemarkd; else stop it");
    }
  }

  // The tables that a publication made from the options would carry, by oid; those that are named
  // but cannot be published are problems.
  std::vector<std::string> PlannedTables() {
    std::vector<std::string> oids;
    for (const std::string& table : options_.tables) PlanTable(table, oids);
    if (!options_.tables.empty()) return oids;
    std::optional<Result> rows =
        Ask("the tables to be published",
            "SELECT oid FROM pg_class WHERE relkind IN ('r', 'p') AND relpersistence = 'p'"
            " AND oid >= 16384 AND NOT relispartition");
    for (int row = 0; rows && row < rows->rows(); ++row) oids.push_back(rows->str(row, 0));
    return oids;
  }

  // By name, and not as regclass: that asks for a privilege on the schema.
  void PlanTable(const std::string& table, std::vector<std::string>& oids) {
    const auto [schema, name] = SplitTable(table);
    std::optional<Result> row =
        Ask("the tables to be published",
            "SELECT c.oid, c.relkind IN ('r', 'p') AND c.relpersistence = 'p',"
            " pg_has_role(c.relowner, 'usage')"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = $1 AND c.relname = $2",
            {schema, name});
    if (!row) return;
    if (row->rows() == 0) {
      return Error(absl::StrCat("table ", table, " does not exist"),
                   "correct the source's list of tables (schema.table, in the server's spelling)");
    }
    if (!row->flag(0, 1)) {
      return Error(absl::StrCat(table, " is no ordinary table whose changes are logged"),
                   "take it out of the source's list of tables; where it is an unlogged table, "
                   "ALTER TABLE ... SET LOGGED does too");
    }
    oids.push_back(row->str(0, 0));
    if (!options_.create_publication || !may_create_publication_ || row->flag(0, 2)) return;
    Error(absl::StrCat("table ", table, " belongs to another role, so that it cannot be published"),
          absl::StrCat("let its owner run: ", CreatePublicationSql(sql_, options_)));
  }

  void Tables() {
    std::vector<std::string> planned;
    if (publication_missing_) planned = PlannedTables();
    PostgresCatalog catalog(
        &sql_, options_.publication,
        publication_missing_ ? PublicationState::kPlanned : PublicationState::kExisting);
    absl::StatusOr<std::vector<TableFacts>> tables =
        LoadTableFacts(sql_, catalog, options_.publication, planned);
    if (!tables.ok()) return Unanswered("the tables", tables.status());
    for (const TableFacts& table : *tables) AddAll(TableProblems(table, sql_));
  }

  void UnloggedTables() {
    std::optional<Result> rows = Ask(
        "unlogged tables",
        "SELECT coalesce(string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY 1), '')"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND c.relpersistence = 'u'");
    if (!rows || rows->text(0, 0).empty() || !options_.tables.empty()) return;
    Warn(absl::StrCat("unlogged tables are not captured: ", rows->str(0, 0)),
         "run ALTER TABLE ... SET LOGGED for those that matter");
  }

  Connection& sql_;
  const PostgresOptions& options_;
  const int log_sender_;
  bool may_create_publication_ = false;
  bool publication_missing_ = false;
  bool senders_taken_ = false;
  std::string database_grant_;
  std::vector<Problem> problems_;
};

Problem Unreachable(const absl::Status& status) {
  return {Severity::kError, std::string(status.message()),
          "check host, port, user, password and dbname of the connection, and pg_hba.conf"};
}

}  // namespace

CheckResult CheckPostgres(SessionFactory& sessions, std::stop_token stop) {
  CheckResult result;
  absl::StatusOr<std::unique_ptr<Connection>> sql = sessions.OpenUnchecked({.stop = stop});
  if (!sql.ok()) {
    result.problems.push_back(Unreachable(sql.status()));
    return result;
  }
  result.server = Describe(**sql);
  Examination examination(**sql, sessions.options(), sessions.log_sender());
  result.problems = examination.Run();
  absl::Status replication = sessions.OpenReplication({.stop = stop}).status();
  if (!replication.ok() && !examination.Told(replication)) {
    result.problems.push_back(Unreachable(Annotate(replication, "replication connection")));
  }
  return result;
}

}  // namespace tidemark::capture::postgres
