#ifndef TIDEMARK_BENCH_POSTGRES_DATABASE_H_
#define TIDEMARK_BENCH_POSTGRES_DATABASE_H_

#include <memory>
#include <string>

#include "bench/database.h"
#include "tests/support/postgres_server.h"

namespace tidemark::bench {

// The publication of the table. Made with it, so that every reader of the log uses the same.
inline constexpr char kPublication[] = "bench";

// The distribution's own PostgreSQL. Its table is read by COPY.
class PostgresDatabase : public Database {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Start();

  testing::PostgresServer& server() { return *server_; }

  std::string title() override;
  std::string table() const override;
  std::string url() const override { return server_->ConnectionString(); }
  testing::Session& session() override { return *session_; }
  testing::ServiceOptions Capture() const override;
  std::string InsertRows(uint64_t first, uint64_t last) const override;
  absl::Status Fill(uint64_t rows) override;
  std::string prepare_put() const override;
  std::string Put(uint64_t key) const override;
  absl::Status StopSyncingCommits() override;
  absl::StatusOr<TableRead> ReadTable() override;
  std::string table_reader() const override { return "COPY … TO STDOUT, discarded"; }
  absl::StatusOr<oracle::LogPosition> MarkEndOfLog() override;

 private:
  std::unique_ptr<testing::PostgresServer> server_;
  std::unique_ptr<testing::Session> session_;
};

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_POSTGRES_DATABASE_H_
