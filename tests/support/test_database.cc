#include "tests/support/test_database.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/open_session.h"
#include "tests/support/postgres_programs.h"

namespace tidemark::testing {
namespace {

constexpr char kDatabase[] = "shop";

// What an earlier scenario left prepared would hold its locks for ever.
absl::Status EndPreparedTransactions(MysqlServer& server) {
  absl::StatusOr<SqlRows> prepared = server.Query("XA RECOVER");
  if (!prepared.ok()) return prepared.status();
  absl::Status status;
  for (const SqlRow& row : *prepared) {
    status.Update(server.Exec(absl::StrCat("XA ROLLBACK '", *row[3], "'")));
  }
  return status;
}

}  // namespace

MysqlProduct ProductOf(const ServerKind& kind) {
  if (kind.engine == Engine::kMySql) return MysqlProduct::kMySql9;
  return kind.version == 10 ? MysqlProduct::kMariaDb10 : MysqlProduct::kMariaDb11;
}

MysqlOptions OptionsOf(const ServerKind& kind, MysqlOptions options) {
  options.product = ProductOf(kind);
  if (kind.without_gtids) {
    options.settings.push_back({"gtid_mode", "OFF"});
    options.settings.push_back({"enforce_gtid_consistency", "OFF"});
  }
  return options;
}

std::string Name(const ServerKind& kind) {
  if (kind.engine == Engine::kPostgres) return absl::StrCat("Postgres", kind.version);
  return absl::StrCat(Name(ProductOf(kind)), kind.without_gtids ? "NoGtid" : "");
}

std::vector<ServerKind> PostgresKinds() {
  // 0: none is installed; each test then fails and names the remedy.
  const int system = SystemPostgresVersion().value_or(0);
  std::vector<ServerKind> kinds = {{Engine::kPostgres, system}};
  if (system != 18) kinds.push_back({Engine::kPostgres, 18});
  return kinds;
}

std::vector<ServerKind> MysqlKinds() {
  return {{Engine::kMySql, 9},
          {Engine::kMariaDb, 10},
          {Engine::kMariaDb, 11},
          {Engine::kMySql, 9, true}};
}

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Make(PostgresServer& server) {
  absl::Status made = server.Exec(absl::StrCat("CREATE DATABASE ", kDatabase));
  if (!made.ok()) return made;
  return std::unique_ptr<PostgresDatabase>(new PostgresDatabase(server));
}

std::string PostgresDatabase::url() const { return server_.ConnectionString(kDatabase); }

void PostgresDatabase::Describe(ServiceOptions& options) const { options.connection = url(); }

absl::Status PostgresDatabase::Restart() {
  return server_.Restart(PostgresServer::StopMode::kFast);
}

absl::StatusOr<std::unique_ptr<MysqlDatabase>> MysqlDatabase::Make(MysqlServer& server) {
  absl::Status made = EndPreparedTransactions(server);
  if (made.ok()) {
    made = server.Exec(
        absl::StrCat("DROP DATABASE IF EXISTS ", kDatabase, "; CREATE DATABASE ", kDatabase));
  }
  if (!made.ok()) return made;
  return std::unique_ptr<MysqlDatabase>(new MysqlDatabase(server));
}

Engine MysqlDatabase::engine() const {
  return server_.mariadb() ? Engine::kMariaDb : Engine::kMySql;
}

std::string MysqlDatabase::url() const { return MysqlUrl("root", server_.port(), kDatabase); }

void MysqlDatabase::Describe(ServiceOptions& options) const {
  options.mysql_lines = {"host: 127.0.0.1", absl::StrCat("port: ", server_.port()), "user: root",
                         "server_id: 1001", absl::StrCat("tables: [", kDatabase, ".*]")};
}

absl::Status MysqlDatabase::Kill9() {
  server_.Kill9();
  return absl::OkStatus();
}

absl::StatusOr<MysqlServer*> SharedMysqlServer(const ServerKind& kind) {
  static auto& servers = *new std::map<std::string, std::unique_ptr<MysqlServer>>;
  std::unique_ptr<MysqlServer>& shared = servers[Name(kind)];
  if (shared == nullptr) {
    absl::StatusOr<std::unique_ptr<MysqlServer>> started = MysqlServer::Start(OptionsOf(kind, {}));
    if (!started.ok()) return started.status();
    shared = *std::move(started);
    std::atexit([] { servers.clear(); });
  }
  return shared.get();
}

}  // namespace tidemark::testing
