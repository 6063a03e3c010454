#include "bench/postgres_database.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/raw_client.h"

namespace tidemark::bench {
namespace {

constexpr char kTable[] = "public.orders";
constexpr uint64_t kRowsAtOnce = 500'000;

// Autovacuum would start in the middle of a measurement.
constexpr char kCreate[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, amount numeric(12,2),"
    " placed_at timestamptz, quantity bigint, note text) WITH (autovacuum_enabled = off)";

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Start() {
  auto server = testing::PostgresServer::Start(
      {.fsync = true,
       .settings = {
           {"shared_buffers", "512MB"}, {"max_wal_size", "8GB"}, {"checkpoint_timeout", "30min"}}});
  if (!server.ok()) return server.status();
  auto session = (*server)->Connect();
  absl::Status status = session.status();
  if (status.ok()) status = (*session)->Exec(kCreate);
  if (status.ok()) {
    status = (*session)->Exec(absl::StrCat("CREATE PUBLICATION ", kPublication, " FOR TABLE ",
                                           kTable, " WITH (publish_via_partition_root = true)"));
  }
  if (!status.ok()) return status;
  auto database = std::make_unique<PostgresDatabase>();
  database->server_ = *std::move(server);
  database->session_ = *std::move(session);
  return database;
}

std::string PostgresDatabase::title() {
  const std::string version = session_->QueryValue("SHOW server_version").value_or("");
  return absl::StrCat("PostgreSQL ", version.substr(0, version.find(' ')));
}

std::string PostgresDatabase::table() const { return kTable; }

testing::ServiceOptions PostgresDatabase::Capture() const {
  return {.connection = url(),
          .postgres_lines = {absl::StrCat("publication: ", kPublication)},
          .source_lines = {}};
}

std::string PostgresDatabase::InsertRows(uint64_t first, uint64_t last) const {
  return absl::StrCat(
      "INSERT INTO orders SELECT i, 'customer-' || lpad(i::text, 12, '0'), (i % 1000000) * 0.37,"
      " timestamptz '2024-01-01 00:00:00+00' + i * interval '1.013 second', i * 7919 % 1000003,"
      " 'note ' || md5(i::text) FROM generate_series(",
      first, "::bigint, ", last, "::bigint) i");
}

absl::Status PostgresDatabase::Fill(uint64_t rows) {
  absl::Status status = WriteRows(*this, rows, kRowsAtOnce);
  if (status.ok()) status = session_->Exec("VACUUM ANALYZE orders");
  if (status.ok()) status = session_->Exec("CHECKPOINT");
  return status;
}

std::string PostgresDatabase::prepare_put() const {
  return "PREPARE put (bigint) AS INSERT INTO orders VALUES ($1, 'customer-' || lpad($1::text, 12,"
         " '0'), ($1 % 1000000) * 0.37, now(), $1 * 7919 % 1000003, 'note ' || md5($1::text))";
}

std::string PostgresDatabase::Put(uint64_t key) const {
  return absl::StrCat("EXECUTE put(", key, ")");
}

// The server then writes its log, and sends it, when the WAL writer wakes up: every 200 ms unless
// it is told to be quick.
absl::Status PostgresDatabase::StopSyncingCommits() {
  for (const char* sql : {"ALTER SYSTEM SET wal_writer_delay = '1ms'",
                          "ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()"}) {
    if (absl::Status status = session_->Exec(sql); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<TableRead> PostgresDatabase::ReadTable() {
  absl::StatusOr<Discarded> read = DiscardCopy(url(), kTable);
  if (!read.ok()) return read.status();
  return TableRead{.seconds = read->seconds, .cpu_seconds = read->cpu_seconds};
}

absl::StatusOr<oracle::LogPosition> PostgresDatabase::MarkEndOfLog() {
  absl::StatusOr<std::string> text =
      session_->QueryValue("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
  if (!text.ok()) return text.status();
  uint64_t end = 0;
  if (!absl::SimpleAtoi(*text, &end)) return absl::InternalError("no position: " + *text);
  // What follows at once is what brings every reader past it.
  absl::Status status = session_->Exec("SELECT pg_logical_emit_message(true, 'bench', 'end')");
  if (!status.ok()) return status;
  return oracle::LogPosition(0, end);
}

}  // namespace tidemark::bench
