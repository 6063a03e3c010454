#include "capture/mysql/mysql_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/mysql_check.h"
#include "capture/mysql/mysql_chunk_reader.h"
#include "capture/mysql/mysql_log_reader.h"
#include "capture/mysql/schema_builder.h"
#include "capture/mysql/session.h"

namespace tidemark::capture::mysql {
namespace {

constexpr std::chrono::seconds kTimeout{30};

// Why a table cannot be read exactly.
std::vector<std::string> Obstacles(const ListedTable& table) {
  std::vector<std::string> obstacles;
  const std::string name = absl::StrCat(table.database, ".", table.name);
  const std::string alter =
      absl::StrCat("ALTER TABLE ", Connection::QuoteIdentifier(table.database), ".",
                   Connection::QuoteIdentifier(table.name));
  if (table.system_versioned) {
    obstacles.push_back(absl::StrCat(
        name,
        " has SYSTEM VERSIONING: the log has rows of the past, and the end of a row's time in the "
        "key, which a SELECT does not show; set unlogged_changes: continue for the source and "
        "run: ",
        alter, " DROP SYSTEM VERSIONING"));
  } else if (table.key_columns.empty()) {
    obstacles.push_back(absl::StrCat(name,
                                     " has neither a primary key nor a unique key of columns that "
                                     "cannot be NULL; add one"));
  }
  if (table.engine != kExactEngine) {
    obstacles.push_back(absl::StrCat(name, " has the engine ", table.engine,
                                     ": only of InnoDB is known what a SELECT saw; run: ", alter,
                                     " ENGINE=InnoDB"));
  }
  return obstacles;
}

class MysqlSource : public Source {
 public:
  explicit MysqlSource(MysqlOptions options) : sessions_(std::move(options)) {}

  CheckResult Check(std::stop_token stop) override { return CheckMysql(sessions_.options(), stop); }

  absl::StatusOr<std::unique_ptr<LogReader>> OpenLog(const LogResume& resume,
                                                     SchemaRegistry* registry,
                                                     std::stop_token stop) override {
    return MysqlLogReader::Open(&sessions_, resume, registry, stop);
  }

  absl::StatusOr<std::unique_ptr<ChunkReader>> OpenChunkReader(SchemaRegistry* registry,
                                                               std::stop_token stop) override {
    return MysqlChunkReader::Open(&sessions_, registry, stop);
  }

  absl::StatusOr<std::vector<TableInfo>> ListTables(std::stop_token stop) override {
    absl::StatusOr<SessionFactory::Session> session =
        sessions_.OpenSql({.timeout = kTimeout, .stop = stop});
    if (!session.ok()) return session.status();
    absl::StatusOr<std::vector<ListedTable>> listed = ListCapturedTables(
        *session->connection, sessions_.options().tables, {.timeout = kTimeout, .stop = stop});
    if (!listed.ok()) return listed.status();
    std::vector<TableInfo> tables;
    for (const ListedTable& table : *listed) {
      tables.push_back({.id = TableIdOf(table.database, table.name),
                        .name_space = table.database,
                        .name = table.name,
                        .rows_estimated = table.rows_estimated,
                        .obstacles = Obstacles(table)});
    }
    return tables;
  }

  absl::Status Validate(const ChunkRequest& request, std::stop_token stop) override {
    // What it resolves is not for the journal.
    SchemaRegistry registry({});
    absl::StatusOr<std::unique_ptr<MysqlChunkReader>> reader =
        MysqlChunkReader::Open(&sessions_, &registry, stop);
    return reader.ok() ? (*reader)->Validate(request, stop) : reader.status();
  }

  std::string Server() const override { return sessions_.server(); }
  ServerNames Names() const override { return {sessions_.product()}; }

  std::string CaptureRemedy() const override {
    // The catalog shows a table only to users who have a privilege on it.
    const std::string grant =
        absl::StrCat("grant SELECT on it to user ", sessions_.options().connection.user);
    return sessions_.options().tables.empty()
               ? grant
               : absl::StrCat("add it to `tables` of the source in the configuration and ", grant);
  }

 private:
  SessionFactory sessions_;
};

}  // namespace

std::unique_ptr<Source> MakeMysqlSource(MysqlOptions options) {
  return std::make_unique<MysqlSource>(std::move(options));
}

}  // namespace tidemark::capture::mysql
