#ifndef TIDEMARK_TESTS_FAULT_FAULT_TEST_H_
#define TIDEMARK_TESTS_FAULT_FAULT_TEST_H_

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/capture_test.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {

// What StartService takes to leave a step of the exact windows out: a test must then fail.
using Environment = std::vector<std::pair<std::string, std::string>>;
Environment WithoutSettle();
Environment WithoutFolding();
// MariaDB: the end of the binlog stands for the place of a view.
Environment WithoutExactView();

// A server and a service that a test damages. Its parameter is the server's kind and version.
class FaultTest : public contract::CaptureTest {
 protected:
  // Catches up and compares. A row moved to a new key with columns missing in the log is completed
  // a moment later (event.proto), so values that the stream has not shown yet may take a while;
  // everything else must be exact at once.
  void ExpectExactNow(const oracle::CompareOptions& options = {});

  // Where rows that the log has in part are still being read again: catches up until all is exact.
  void WaitUntilExact();

  // The tables of the workload, with rows.
  void LoadShop();
  // Writers of these tables, who begin at once.
  std::unique_ptr<workload::Writers> Write(int writers = 3, int transactions_per_second = 200);

  // A snapshot of all from its start to its completion, as soon as the service, which may still be
  // finding out about its server, takes it.
  void SnapshotWhenItCaptures();

  // Waits until Sources.Get reports an error that contains `text`; returns all it says.
  static v1::Source WaitForError(testing::ServiceProcess& service, const std::string& text);

  // The status of Snapshots.Create, whose snapshot nobody waits for.
  absl::Status TryCreate(const std::string& table, const std::string& predicate = "",
                         const std::vector<std::string>& key = {});
};

// PostgreSQL: the distribution's own.
#define TIDEMARK_ON_SYSTEM_SERVER(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Postgres, suite,                                                 \
                           ::testing::Values(::tidemark::testing::PostgresKinds().front()), \
                           ::tidemark::contract::KindName)

// MySQL 9, MariaDB 10.11 and 11.8, all with GTIDs.
#define TIDEMARK_ON_EVERY_GTID_SERVER(suite)                                        \
  INSTANTIATE_TEST_SUITE_P(MySql, suite,                                            \
                           ::testing::Values(::tidemark::testing::MysqlKinds()[0],  \
                                             ::tidemark::testing::MysqlKinds()[1],  \
                                             ::tidemark::testing::MysqlKinds()[2]), \
                           ::tidemark::contract::KindName)

// One server of each make: that PostgreSQL, MySQL 9 and MariaDB 10.11.
#define TIDEMARK_ON_EACH_MAKE(suite)                                                \
  TIDEMARK_ON_SYSTEM_SERVER(suite);                                                 \
  INSTANTIATE_TEST_SUITE_P(MySql, suite,                                            \
                           ::testing::Values(::tidemark::testing::MysqlKinds()[0],  \
                                             ::tidemark::testing::MysqlKinds()[1]), \
                           ::tidemark::contract::KindName)

}  // namespace tidemark::fault

#endif  // TIDEMARK_TESTS_FAULT_FAULT_TEST_H_
