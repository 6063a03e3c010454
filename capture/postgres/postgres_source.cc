#include "capture/postgres/postgres_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/postgres/postgres_catalog.h"
#include "capture/postgres/postgres_check.h"
#include "capture/postgres/postgres_chunk_reader.h"
#include "capture/postgres/postgres_log_reader.h"
#include "capture/postgres/session.h"
#include "capture/postgres/table_facts.h"

namespace tidemark::capture::postgres {
namespace {

TableInfo InfoOf(const TableFacts& facts, const Connection& sql) {
  TableInfo info{.id = facts.table.oid,
                 .name_space = facts.table.name_space,
                 .name = facts.table.name,
                 .rows_estimated = facts.rows_estimated,
                 .obstacles = {}};
  for (const Problem& problem : TableProblems(facts, sql)) {
    if (problem.severity != Problem::Severity::kError) continue;
    info.obstacles.push_back(absl::StrCat(problem.message, "; ", problem.remedy));
  }
  return info;
}

class PostgresSource : public Source {
 public:
  explicit PostgresSource(PostgresOptions options) : sessions_(std::move(options)) {}

  CheckResult Check(std::stop_token stop) override { return CheckPostgres(sessions_, stop); }

  absl::StatusOr<std::unique_ptr<LogReader>> OpenLog(const LogResume& resume,
                                                     SchemaRegistry* registry,
                                                     std::stop_token stop) override {
    return PostgresLogReader::Open(&sessions_, resume, registry, stop);
  }

  absl::StatusOr<std::unique_ptr<ChunkReader>> OpenChunkReader(SchemaRegistry* registry,
                                                               std::stop_token stop) override {
    return OpenReader(registry, stop);
  }

  absl::StatusOr<std::vector<TableInfo>> ListTables(std::stop_token stop) override {
    absl::StatusOr<std::unique_ptr<Connection>> sql = sessions_.OpenSql({.stop = stop});
    if (!sql.ok()) return sql.status();
    const std::string& publication = sessions_.options().publication;
    PostgresCatalog catalog(sql->get(), publication);
    absl::StatusOr<std::vector<TableFacts>> facts = LoadTableFacts(**sql, catalog, publication);
    if (!facts.ok()) return facts.status();
    std::vector<TableInfo> tables;
    for (const TableFacts& table : *facts) tables.push_back(InfoOf(table, **sql));
    return tables;
  }

  absl::Status Validate(const ChunkRequest& request, std::stop_token stop) override {
    // What it resolves is not for the journal.
    SchemaRegistry registry({});
    absl::StatusOr<std::unique_ptr<PostgresChunkReader>> reader = OpenReader(&registry, stop);
    return reader.ok() ? (*reader)->Validate(request) : reader.status();
  }

  std::string Server() const override { return sessions_.server(); }
  ServerNames Names() const override {
    const std::string database = sessions_.database();
    return {database.empty() ? "" : "PostgreSQL", database};
  }

  std::string CaptureRemedy() const override {
    return absl::StrCat("add it to publication ", sessions_.options().publication);
  }

 private:
  absl::StatusOr<std::unique_ptr<PostgresChunkReader>> OpenReader(SchemaRegistry* registry,
                                                                  std::stop_token stop) {
    absl::StatusOr<std::unique_ptr<Connection>> sql = sessions_.OpenSql({.stop = stop});
    if (!sql.ok()) return sql.status();
    absl::StatusOr<ServerIdentity> identity = Identify(**sql);
    if (!identity.ok()) return identity.status();
    return std::make_unique<PostgresChunkReader>(*std::move(sql), sessions_.options().publication,
                                                 identity->standby, registry);
  }

  SessionFactory sessions_;
};

}  // namespace

std::unique_ptr<Source> MakePostgresSource(PostgresOptions options) {
  return std::make_unique<PostgresSource>(std::move(options));
}

}  // namespace tidemark::capture::postgres
