#ifndef TIDEMARK_TESTS_CAPTURE_POSTGRES_SOURCE_FIXTURE_H_
#define TIDEMARK_TESTS_CAPTURE_POSTGRES_SOURCE_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/postgres/postgres_source.h"
#include "capture/source.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"
#include "tidemark/v1/change_stream.pb.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::capture::postgres {

// The change events that a log delivered, decoded, with what is needed to go on from there.
struct Delivered {
  std::vector<v1::Change> changes;
  std::vector<v1::TableSchema> schemas;
  std::vector<LogEvent> events;
  size_t transaction_ends = 0;
  std::string resume;
  model::Position frontier;
  bool mid_transaction = false;
};

// Appends `batch` to `delivered`.
inline void Deliver(const LogBatch& batch, Delivered* delivered) {
  for (const LogEvent& event : batch.events) {
    v1::SubscribeResponse response;
    ASSERT_TRUE(response.ParseFromArray(batch.frames.data() + event.frame.at,
                                        static_cast<int>(event.frame.size)));
    for (const v1::Event& decoded : response.events()) {
      if (decoded.has_change()) delivered->changes.push_back(decoded.change());
      if (decoded.has_schema()) delivered->schemas.push_back(decoded.schema());
      if (decoded.has_transaction_end()) ++delivered->transaction_ends;
    }
    delivered->events.push_back(event);
  }
  delivered->resume = batch.resume;
  delivered->frontier = batch.frontier;
  delivered->mid_transaction = batch.mid_transaction;
}

// One server for all tests of a binary, a database for each test. TIDEMARK_POSTGRES_VERSION names
// the server's major version; unset: the distribution's.
class SourceTest : public ::testing::Test {
 protected:
  static testing::PostgresServer& Server() {
    static testing::PostgresServer* const server = [] {
      const char* version = std::getenv("TIDEMARK_POSTGRES_VERSION");
      auto started =
          testing::PostgresServer::Start({.version = version == nullptr ? 0 : std::atoi(version)});
      if (!started.ok()) ADD_FAILURE() << started.status();
      return started.ok() ? started->release() : nullptr;
    }();
    return *server;
  }

  void SetUp() override {
    static int number = 0;
    database_ = absl::StrCat("db", ++number);
    ASSERT_OK(Server().Exec("CREATE DATABASE " + database_));
    ASSERT_OK_AND_ASSIGN(sql_, Server().Connect(database_));
    options_.connection = Server().ConnectionString(database_);
    options_.slot = "slot_" + database_;
  }

  void TearDown() override {
    log_.reset();
    chunks_.reset();
    sql_.reset();
    (void)Server().Exec("ALTER SYSTEM RESET ALL");
    (void)Server().Exec("SELECT pg_reload_conf()");
    (void)Server().Exec(absl::StrCat(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '",
        options_.slot, "'"));
  }

  void Exec(const std::string& sql) { ASSERT_OK(sql_->Exec(sql)) << sql; }

  std::string Value(const std::string& sql) {
    auto value = sql_->QueryValue(sql);
    EXPECT_OK(value) << sql;
    return value.value_or("");
  }

  Source& source() {
    if (source_ == nullptr) source_ = MakePostgresSource(options_);
    return *source_;
  }

  void OpenLog(const std::string& resume = "") {
    log_.reset();
    ASSERT_OK_AND_ASSIGN(log_, source().OpenLog(ResumeAt(resume), &registry_, {}));
  }

  // With all records that came, unless it is the start.
  LogResume ResumeAt(const std::string& token) const {
    LogResume resume{.token = token};
    if (token.empty()) return resume;
    for (const auto& [name, value] : records_) resume.records.push_back({name, value});
    return resume;
  }

  void KeepRecords(const LogBatch& batch) {
    for (const model::DriverRecord& record : batch.records) {
      if (record.value) records_[record.name] = *record.value;
      if (!record.value) records_.erase(record.name);
    }
  }

  // What the log ends with, at most after 10 s; `read` gets what it delivers before.
  absl::Status FirstError(Delivered* read = nullptr) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      auto batch = log_->Read(1 << 20, std::chrono::milliseconds(50));
      if (!batch.ok()) return batch.status();
      KeepRecords(*batch);
      if (read != nullptr) Deliver(*batch, read);
    }
    return absl::OkStatus();
  }


  void OpenChunks() { ASSERT_OK_AND_ASSIGN(chunks_, source().OpenChunkReader(&registry_, {})); }

  // Reads until `done`, at most 20 s.
  Delivered ReadUntil(const std::function<bool(const Delivered&)>& done,
                      size_t bytes_max = 1 << 20) {
    Delivered delivered;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done(delivered) && std::chrono::steady_clock::now() < deadline) {
      auto batch = log_->Read(bytes_max, std::chrono::milliseconds(50));
      EXPECT_OK(batch);
      if (!batch.ok()) break;
      KeepRecords(*batch);
      Deliver(*batch, &delivered);
    }
    EXPECT_TRUE(done(delivered)) << delivered.changes.size() << " changes came";
    return delivered;
  }

  Delivered ReadChanges(size_t count) {
    return ReadUntil([count](const Delivered& d) {
      return d.changes.size() >= count && !d.mid_transaction && d.transaction_ends > 0;
    });
  }

  model::TableId TableOf(const std::string& name) {
    return static_cast<model::TableId>(
        std::stoul(Value(absl::StrCat("SELECT '", name, "'::regclass::oid"))));
  }

  std::string database_;
  PostgresOptions options_;
  std::unique_ptr<testing::SqlConnection> sql_;
  SchemaRegistry registry_{{}};
  std::map<std::string, std::string> records_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<LogReader> log_;
  std::unique_ptr<ChunkReader> chunks_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_TESTS_CAPTURE_POSTGRES_SOURCE_FIXTURE_H_
