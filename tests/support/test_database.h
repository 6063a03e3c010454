#ifndef TIDEMARK_TESTS_SUPPORT_TEST_DATABASE_H_
#define TIDEMARK_TESTS_SUPPORT_TEST_DATABASE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/mysql_server.h"
#include "tests/support/postgres_server.h"
#include "tests/support/service_process.h"
#include "tests/support/session.h"

namespace tidemark::testing {

// A server that scenarios run against.
struct ServerKind {
  Engine engine = Engine::kPostgres;
  // The major version: 15, 18; 9; 10 (10.11), 11 (11.8).
  int version = 0;
  // MySQL: gtid_mode is OFF, and enforce_gtid_consistency.
  bool without_gtids = false;
};

// "Postgres15", "MySql9", "MySql9NoGtid", "MariaDb10", as part of a test's name.
std::string Name(const ServerKind& kind);

// The distribution's own PostgreSQL server, and 18.
std::vector<ServerKind> PostgresKinds();
// MySQL 9, MariaDB 10.11 and 11.8, and MySQL 9 without GTIDs.
std::vector<ServerKind> MysqlKinds();

// The server's programs. REQUIRES: not PostgreSQL.
MysqlProduct ProductOf(const ServerKind& kind);
// `options` with what makes a server of that kind. REQUIRES: not PostgreSQL.
MysqlOptions OptionsOf(const ServerKind& kind, MysqlOptions options);

// One database that tidemarkd captures, and its server. One thread at a time.
class TestDatabase {
 public:
  virtual ~TestDatabase() = default;

  virtual Engine engine() const = 0;
  // What its tables are named after in the stream: "public", "shop".
  virtual std::string name_space() const = 0;
  // OpenSession takes it.
  virtual std::string url() const = 0;
  // How tidemarkd reaches it: fills `connection` or `mysql_lines`.
  virtual void Describe(ServiceOptions& options) const = 0;

  // A clean shutdown, and a start.
  virtual absl::Status Restart() = 0;
  virtual absl::Status Kill9() = 0;
  virtual absl::Status StartAgain() = 0;
  // It keeps its connections and answers nothing, until Thaw.
  virtual void Freeze() = 0;
  virtual void Thaw() = 0;
};

// Database `shop` of a server of its own; REQUIRES: `server` lives longer.
class PostgresDatabase : public TestDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Make(PostgresServer& server);

  Engine engine() const override { return Engine::kPostgres; }
  std::string name_space() const override { return "public"; }
  std::string url() const override;
  void Describe(ServiceOptions& options) const override;
  absl::Status Restart() override;
  absl::Status Kill9() override { return server_.Kill9(); }
  absl::Status StartAgain() override { return server_.StartAgain(); }
  void Freeze() override { server_.Freeze(); }
  void Thaw() override { server_.Thaw(); }

 private:
  explicit PostgresDatabase(PostgresServer& server) : server_(server) {}
  PostgresServer& server_;
};

// Database `shop` of a server that may have held one of that name before: made anew. The log of the
// earlier one is still there. REQUIRES: `server` lives longer.
class MysqlDatabase : public TestDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<MysqlDatabase>> Make(MysqlServer& server);

  Engine engine() const override;
  std::string name_space() const override { return "shop"; }
  std::string url() const override;
  void Describe(ServiceOptions& options) const override;
  absl::Status Restart() override { return server_.Restart(); }
  absl::Status Kill9() override;
  absl::Status StartAgain() override { return server_.StartAgain(); }
  void Freeze() override { server_.Freeze(); }
  void Thaw() override { server_.Thaw(); }

 private:
  explicit MysqlDatabase(MysqlServer& server) : server_(server) {}
  MysqlServer& server_;
};

// A running server of this kind that lasts until the process ends, so that many scenarios share the
// time it takes to start. Errors: those of MysqlServer::Start.
absl::StatusOr<MysqlServer*> SharedMysqlServer(const ServerKind& kind);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_TEST_DATABASE_H_
