#ifndef TIDEMARK_TESTS_CONTRACT_CAPTURE_TEST_H_
#define TIDEMARK_TESTS_CONTRACT_CAPTURE_TEST_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/compare.h"
#include "tests/oracle/fold.h"
#include "tests/oracle/stream.h"
#include "tests/support/open_session.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_database.h"

namespace tidemark::contract {

// A database of the server that is the parameter, and one real tidemarkd that captures it. A
// scenario drives SQL and ends with ExpectExact. Failures of the helpers are failures of the test.
// PostgreSQL's server is the test's own; those of MySQL and MariaDB are shared by all tests of the
// process that do not ask for one of their own, and each test gets the database anew.
class CaptureTest : public ::testing::TestWithParam<testing::ServerKind> {
 protected:
  void SetUp() override;
  void TearDown() override;
  // Settings of a PostgreSQL server, for scenarios that need others.
  virtual testing::PostgresOptions ServerOptions() const { return {}; }
  // Of a MySQL or MariaDB server of the test's own; nullopt: the shared one. The product is set.
  virtual std::optional<testing::MysqlOptions> MysqlServerOptions() const { return std::nullopt; }
  // Of the service, likewise.
  virtual testing::ServiceOptions ServiceSettings() const;

  testing::Engine engine() const { return GetParam().engine; }
  bool mysql() const { return engine() == testing::Engine::kMySql; }
  bool mariadb() const { return engine() == testing::Engine::kMariaDb; }
  testing::TestDatabase& database() { return *database_; }
  // REQUIRES: PostgreSQL.
  testing::PostgresServer& server() { return *postgres_; }
  // REQUIRES: MySQL or MariaDB.
  testing::MysqlServer& mysql_server() { return *mysql_; }
  testing::ServiceProcess& service() { return *service_; }
  // What OpenSession takes.
  std::string ConnectionString() const { return database_->url(); }

  // A table's name in the stream: "public.t", "shop.t".
  std::string Named(const std::string& table) const;
  // What a FROM clause names to get rows whose column `i` runs from `first` to `last`.
  std::string Rows(int64_t first, int64_t last) const {
    return testing::Series(engine(), first, last);
  }

  // On one session of database shop, opened again when it was lost.
  void Sql(const std::string& statements);
  std::string Value(const std::string& query);
  std::unique_ptr<testing::Session> NewSession();

  // Starts tidemarkd and waits until it captures.
  void StartService(std::vector<std::pair<std::string, std::string>> environment = {});
  void StopService();
  // After StopService or Kill9: waits until it captures again.
  void StartServiceAgain();

  // The source's status once it has stopped, or after ten seconds.
  v1::Source WaitUntilStopped();

  // A snapshot from its start to its completion; no tables: all.
  v1::Snapshot Snapshot(const std::vector<std::string>& tables = {});

  // A snapshot (no tables: of all) of whose first table some chunks are done and most are not; it
  // goes on slowly. Returns its id.
  uint64_t StartSlowSnapshot(const std::vector<std::string>& tables = {});
  v1::Snapshot FinishSlowSnapshot(uint64_t id);

  // Another server has taken over the source's address: positions go on in its binlog.
  void NoteFailover() { ++failovers_; }

  // Folds what the stream has gained up to the end of the server's log, and of the journal.
  void CatchUp();
  // Catches up and compares. The fold is one for the whole scenario: it starts at the oldest event.
  void ExpectExact(const oracle::CompareOptions& options = {});

  const oracle::Fold& fold() const { return fold_; }
  // All changes that came so far, with their table ("public.t").
  void ForEachChange(
      const std::function<void(const std::string& table, const v1::Change& change)>& visit);
  // Those of one op in one table.
  std::vector<v1::Change> Changes(v1::Op op, const std::string& table);

 private:
  void EnsureSession();

  absl::Status StartMysqlServer();

  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<testing::MysqlServer> own_mysql_;
  testing::MysqlServer* mysql_ = nullptr;
  std::unique_ptr<testing::TestDatabase> database_;
  std::unique_ptr<testing::ServiceProcess> service_;
  std::unique_ptr<testing::Session> session_;
  uint64_t failovers_ = 0;
  oracle::Fold fold_{{.first_sequence = 1, .engine = GetParam().engine}};
};

std::string KindName(const ::testing::TestParamInfo<testing::ServerKind>& info);

#define TIDEMARK_ON_EVERY_POSTGRES(suite)                                             \
  INSTANTIATE_TEST_SUITE_P(Postgres, suite,                                           \
                           ::testing::ValuesIn(::tidemark::testing::PostgresKinds()), \
                           ::tidemark::contract::KindName)

#define TIDEMARK_ON_EVERY_MYSQL(suite)                                                           \
  INSTANTIATE_TEST_SUITE_P(MySql, suite, ::testing::ValuesIn(::tidemark::testing::MysqlKinds()), \
                           ::tidemark::contract::KindName)

#define TIDEMARK_ON_EVERY_MARIADB(suite)                                            \
  INSTANTIATE_TEST_SUITE_P(MySql, suite,                                            \
                           ::testing::Values(::tidemark::testing::MysqlKinds()[1],  \
                                             ::tidemark::testing::MysqlKinds()[2]), \
                           ::tidemark::contract::KindName)

#define TIDEMARK_ON_EVERY_SERVER(suite) \
  TIDEMARK_ON_EVERY_POSTGRES(suite);    \
  TIDEMARK_ON_EVERY_MYSQL(suite)

}  // namespace tidemark::contract

#endif  // TIDEMARK_TESTS_CONTRACT_CAPTURE_TEST_H_
