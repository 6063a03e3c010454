#include "bench/mysql_database.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "tests/oracle/stream.h"
#include "tests/support/open_session.h"
#include "tests/support/process.h"

namespace tidemark::bench {
namespace {

using testing::MysqlProduct;
using testing::MysqlServer;

constexpr char kDatabase[] = "shop";
constexpr uint64_t kRowsAtOnce = 500'000;
constexpr absl::Duration kTimeout = absl::Seconds(120);

constexpr char kCreate[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer varchar(100) NOT NULL, amount"
    " decimal(12,2), placed_at timestamp(6) NULL, quantity bigint, note varchar(200))";

std::vector<std::pair<std::string, std::string>> Settings(MysqlProduct product) {
  return {{"innodb_buffer_pool_size", "512M"},
          {testing::IsMariaDb(product) ? "innodb_log_file_size" : "innodb_redo_log_capacity", "2G"},
          {"sync_binlog", "1"},
          {"innodb_flush_log_at_trx_commit", "1"}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<MysqlDatabase>> MysqlDatabase::Start(Product wanted) {
  const MysqlProduct product =
      wanted == Product::kMySql ? MysqlProduct::kMySql9 : MysqlProduct::kMariaDb11;
  auto server =
      MysqlServer::Start({.product = product, .fsync = true, .settings = Settings(product)});
  if (!server.ok()) return server.status();
  auto database = std::make_unique<MysqlDatabase>();
  database->server_ = *std::move(server);
  absl::Status status = database->server_->Exec(absl::StrCat("CREATE DATABASE ", kDatabase));
  if (!status.ok()) return status;
  auto session = testing::OpenSession(database->url());
  if (!session.ok()) return session.status();
  database->session_ = *std::move(session);
  status = database->session_->Exec(kCreate);
  if (!status.ok()) return status;
  return database;
}

std::string MysqlDatabase::ProgramName(const std::string& name) const {
  if (!server_->mariadb()) return name;
  return name == "mysql" ? "mariadb" : "mariadb-binlog";
}

std::vector<std::string> MysqlDatabase::Program(const std::string& name) const {
  return {absl::StrCat(server_->programs().clients, "/", ProgramName(name)),
          "--no-defaults",
          "--protocol=tcp",
          "--host=127.0.0.1",
          absl::StrCat("--port=", server_->port()),
          "--user=root",
          server_->mariadb() ? "--skip-ssl" : "--ssl-mode=DISABLED"};
}

std::string MysqlDatabase::title() {
  const std::string version = session_->QueryValue("SELECT version()").value_or("");
  return absl::StrCat(server_->mariadb() ? "MariaDB " : "MySQL ",
                      version.substr(0, version.find('-')));
}

std::string MysqlDatabase::table() const { return absl::StrCat(kDatabase, ".orders"); }

std::string MysqlDatabase::url() const {
  return testing::MysqlUrl("root", server_->port(), kDatabase);
}

testing::ServiceOptions MysqlDatabase::Capture() const {
  return {.mysql_lines = {"host: 127.0.0.1", absl::StrCat("port: ", server_->port()), "user: root",
                          "tls: {mode: disabled}", absl::StrCat("tables: [", kDatabase, ".*]")},
          .source_lines = {}};
}

std::string MysqlDatabase::InsertRows(uint64_t first, uint64_t last) const {
  return absl::StrCat(
      "INSERT INTO orders SELECT i, concat('customer-', lpad(i, 12, '0')), (i % 1000000) * 0.37,"
      " timestamp '2024-01-01 00:00:00' + INTERVAL i * 1.013 SECOND, i * 7919 % 1000003,"
      " concat('note ', left(sha2(i, 256), 32)) FROM ",
      testing::Series(session_->engine(), static_cast<int64_t>(first), static_cast<int64_t>(last)));
}

absl::Status MysqlDatabase::Fill(uint64_t rows) {
  absl::Status status = WriteRows(*this, rows, kRowsAtOnce);
  if (status.ok()) status = session_->Exec("ANALYZE TABLE orders");
  return status;
}

std::string MysqlDatabase::Put(uint64_t key) const {
  return absl::Substitute(
      "INSERT INTO orders VALUES ($0, concat('customer-', lpad($0, 12, '0')), ($0 % 1000000) * "
      "0.37,"
      " now(6), $0 * 7919 % 1000003, concat('note ', left(sha2($0, 256), 32)))",
      key);
}

absl::Status MysqlDatabase::StopSyncingCommits() {
  return session_->Exec("SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 2");
}

absl::StatusOr<TableRead> MysqlDatabase::ReadTable() {
  std::vector<std::string> command = Program("mysql");
  command.insert(command.end(), {"--quick", "--batch", "--skip-column-names",
                                 "'--execute=SELECT * FROM shop.orders'", ">/dev/null"});
  const absl::Time start = absl::Now();
  absl::Status status =
      testing::RunProgram({"/bin/sh", "-c", absl::StrJoin(command, " ")}, kTimeout).status();
  if (!status.ok()) return status;
  return TableRead{.seconds = absl::ToDoubleSeconds(absl::Now() - start)};
}

absl::StatusOr<oracle::LogPosition> MysqlDatabase::MarkEndOfLog() {
  return oracle::EndOfLog(*session_);
}

}  // namespace tidemark::bench
