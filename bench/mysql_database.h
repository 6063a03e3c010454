#ifndef TIDEMARK_BENCH_MYSQL_DATABASE_H_
#define TIDEMARK_BENCH_MYSQL_DATABASE_H_

#include <memory>
#include <string>
#include <vector>

#include "bench/database.h"
#include "tests/support/mysql_server.h"

namespace tidemark::bench {

// MySQL 9 or MariaDB 11.8. Its table is read by its own command line. No connection is encrypted:
// those of the server's programs neither.
class MysqlDatabase : public Database {
 public:
  static absl::StatusOr<std::unique_ptr<MysqlDatabase>> Start(Product product);

  testing::MysqlServer& server() { return *server_; }
  // One of the server's own programs, `mysql` or `mysqlbinlog` (MariaDB's have other names), with
  // the options that connect it.
  std::vector<std::string> Program(const std::string& name) const;
  // What the product calls it.
  std::string ProgramName(const std::string& name) const;

  std::string title() override;
  std::string table() const override;
  std::string url() const override;
  testing::Session& session() override { return *session_; }
  testing::ServiceOptions Capture() const override;
  std::string InsertRows(uint64_t first, uint64_t last) const override;
  absl::Status Fill(uint64_t rows) override;
  std::string prepare_put() const override { return ""; }
  std::string Put(uint64_t key) const override;
  absl::Status StopSyncingCommits() override;
  absl::StatusOr<TableRead> ReadTable() override;
  std::string table_reader() const override { return ProgramName("mysql") + " --quick"; }
  absl::StatusOr<oracle::LogPosition> MarkEndOfLog() override;

 private:
  std::unique_ptr<testing::MysqlServer> server_;
  std::unique_ptr<testing::Session> session_;
};

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_MYSQL_DATABASE_H_
