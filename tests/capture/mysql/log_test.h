#ifndef TIDEMARK_TESTS_CAPTURE_MYSQL_LOG_TEST_H_
#define TIDEMARK_TESTS_CAPTURE_MYSQL_LOG_TEST_H_

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_source.h"
#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {

// Reads the log of a server with one table, test.t (id int PRIMARY KEY), which is opened again and
// again where `resume_` says.
class LogTest : public ServerTest {
 protected:
  void MakeTable() { ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY)")); }
  void MakeSource(const testing::MysqlServer& of) {
    MysqlOptions options;
    options.connection = OptionsFor(of);
    options.server_id = 1001;
    options.tables = {"test.*"};
    source_ = MakeMysqlSource(options);
  }
  absl::Status OpenLog() {
    log_.reset();
    absl::StatusOr<std::unique_ptr<LogReader>> log =
        source_->OpenLog({.token = resume_}, &registry_, {});
    if (log.ok()) log_ = *std::move(log);
    return log.status();
  }
  void Insert(int id) { ASSERT_OK(server().Exec(absl::StrCat("INSERT INTO t VALUES (", id, ")"))); }

  SchemaRegistry registry_{{}};
  std::unique_ptr<Source> source_;
  std::unique_ptr<LogReader> log_;
  std::string resume_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_TESTS_CAPTURE_MYSQL_LOG_TEST_H_
