#ifndef TIDEMARK_TESTS_CONTRACT_CAPTURE_TEST_H_
#define TIDEMARK_TESTS_CONTRACT_CAPTURE_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/oracle/compare.h"
#include "tests/oracle/fold.h"
#include "tests/oracle/stream.h"
#include "tests/support/postgres_server.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"

namespace tidemark::contract {

// One PostgreSQL server of the version that is the parameter, and one real tidemarkd that captures
// its database `shop`. A scenario drives SQL and ends with ExpectExact. Failures of the helpers are
// failures of the test.
class CaptureTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override;
  // Settings of the server, for scenarios that need others.
  virtual testing::PostgresOptions ServerOptions() const { return {}; }
  // Of the service, likewise.
  virtual testing::ServiceOptions ServiceSettings() const {
    return {.connection = ConnectionString()};
  }

  testing::PostgresServer& server() { return *server_; }
  testing::ServiceProcess& service() { return *service_; }
  std::string ConnectionString() const { return server_->ConnectionString("shop"); }

  // On one session of database shop, opened again when it was lost.
  void Sql(const std::string& statements);
  std::string Value(const std::string& query);
  std::unique_ptr<testing::SqlConnection> NewSession();

  // Starts tidemarkd and waits until it captures.
  void StartService(std::vector<std::pair<std::string, std::string>> environment = {});
  void StopService();
  // After StopService or Kill9: waits until it captures again.
  void StartServiceAgain();

  // A snapshot from its start to its completion; no tables: all.
  v1::Snapshot Snapshot(const std::vector<std::string>& tables = {});

  // Folds what the stream has gained up to the end of the server's log, and of the journal.
  void CatchUp();
  // Catches up and compares. The fold is one for the whole scenario: it starts at the oldest event.
  void ExpectExact(const oracle::CompareOptions& options = {});

  const oracle::Fold& fold() const { return fold_; }
  // All changes that came so far, of this op, in one table ("public.t").
  std::vector<v1::Change> Changes(v1::Op op, const std::string& table);

 private:
  void EnsureSession();

  std::unique_ptr<testing::PostgresServer> server_;
  std::unique_ptr<testing::ServiceProcess> service_;
  std::unique_ptr<testing::SqlConnection> session_;
  oracle::Fold fold_{{.first_sequence = 1}};
};

// The distribution's own server, and 18.
std::vector<int> Versions();
std::string VersionName(const ::testing::TestParamInfo<int>& info);

#define TIDEMARK_ON_EVERY_SERVER(suite)                                                            \
  INSTANTIATE_TEST_SUITE_P(Postgres, suite, ::testing::ValuesIn(::tidemark::contract::Versions()), \
                           ::tidemark::contract::VersionName)

}  // namespace tidemark::contract

#endif  // TIDEMARK_TESTS_CONTRACT_CAPTURE_TEST_H_
