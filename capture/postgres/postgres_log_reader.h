#ifndef TIDEMARK_CAPTURE_POSTGRES_POSTGRES_LOG_READER_H_
#define TIDEMARK_CAPTURE_POSTGRES_POSTGRES_LOG_READER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/log_encoder.h"
#include "capture/postgres/postgres_catalog.h"
#include "capture/postgres/published_tables.h"
#include "capture/postgres/session.h"
#include "capture/source.h"

namespace tidemark::capture::postgres {

// The log of one slot, over a walsender connection; a second, ordinary session answers questions
// about the catalog and emits the logical messages that make an idle server move on. Status updates
// go out at least every third of wal_sender_timeout (10 s at most), whatever the session of the
// catalog waits for, at once when the server asks, and within 100 ms after Acknowledge; they carry
// exactly what was acknowledged. The destructor ends the stream so that the slot is free, within a
// second. Thread rule and errors: capture/source.h.
class PostgresLogReader : public LogReader {
 public:
  // `resume`: see Source::OpenLog. `sessions` and `registry` must outlive the reader.
  static absl::StatusOr<std::unique_ptr<LogReader>> Open(SessionFactory* sessions,
                                                         const LogResume& resume,
                                                         SchemaRegistry* registry,
                                                         std::stop_token stop);
  ~PostgresLogReader() override;

  absl::StatusOr<LogBatch> Read(size_t bytes_max, std::chrono::milliseconds wait) override;
  absl::Status KeepAlive() override;
  void Acknowledge(const model::Position& durable) override;
  void RequestFrontier(const model::Position& position) override;
  model::Position ServerPosition() const override;
  LogRetention Retention() const override { return retention_.Get(); }

 private:
  using Clock = std::chrono::steady_clock;

  // A catalog that refuses a partitioned table whose partitions log old rows otherwise than it.
  class LogCatalog : public PostgresCatalog {
   public:
    LogCatalog(Connection* sql, const std::string& publication)
        : PostgresCatalog(sql, publication), sql_(sql) {}
    absl::StatusOr<std::optional<CatalogTable>> DescribeTable(uint32_t oid) override;

   private:
    Connection* sql_;
  };

  struct Wiring {
    std::unique_ptr<Connection> sql;
    std::unique_ptr<Connection> stream;
    ResumeToken token;
    PublicationWatch watch;
    // What it noticed at the opening: told once what it remembers was handed out.
    absl::Status taken_out;
    bool standby = false;
    // Of the server's log.
    Lsn end = 0;
    std::chrono::milliseconds status_interval{0};
  };
  // A wish for the frontier that has not come true yet.
  struct Nudge {
    // UINT64_MAX: only the end of the replay is awaited.
    Lsn wanted = 0;
    Clock::time_point next_ping;
    Clock::time_point next_emit;
  };

  PostgresLogReader(Wiring wiring, SessionFactory* sessions, SchemaRegistry* registry, int wake);

  // Takes what is at hand; true if `bytes_max` was reached.
  absl::StatusOr<bool> ConsumeAtHand(size_t bytes_max);
  absl::Status Consume(std::string_view copy_data);
  absl::Status AwaitMore(Clock::time_point deadline);
  absl::Status KeepTime(Clock::time_point now);
  // Whether the server's set-up is still the one under which the log is whole.
  absl::Status Examine();
  absl::Status NoticePromotion();
  absl::Status NoteRetention();
  // Why the stream ended, where the server itself does not say it all.
  absl::Status CauseOf(const absl::Status& ended);
  absl::Status NudgeServer(Clock::time_point now);
  absl::Status EmitMessage();
  absl::Status SendStatus(bool reply_requested);
  // While the other session waits.
  void KeepReplying();
  bool HasSomething() const;
  LogBatch TakeBatch();

  SessionFactory* const sessions_;
  Wiring wiring_;
  LogCatalog catalog_;
  LogEncoder encoder_;
  // What stopped the stream; told once everything before it was handed out.
  absl::Status failure_;
  Lsn taken_frontier_;
  bool taken_replaying_ = true;
  Lsn sent_flush_ = 0;
  Clock::time_point last_status_;
  // When the newest piece of the log (not a keepalive) came, about.
  Clock::time_point last_log_;
  Clock::time_point last_examined_;
  bool log_received_ = false;
  std::optional<Nudge> nudge_;
  // An eventfd by which RequestFrontier ends a wait.
  const int wake_;
  std::atomic<Lsn> acknowledged_ = 0;  // 0: leaves the slot as it is
  std::atomic<Lsn> wanted_{0};
  std::atomic<Lsn> server_position_;
  NewestLogRetention retention_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_POSTGRES_LOG_READER_H_
