#ifndef TIDEMARK_CAPTURE_MYSQL_MYSQL_LOG_READER_H_
#define TIDEMARK_CAPTURE_MYSQL_MYSQL_LOG_READER_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/mysql/binlog_stream.h"
#include "capture/mysql/log_encoder.h"
#include "capture/mysql/look_ahead_catalog.h"
#include "capture/mysql/session.h"
#include "capture/mysql/visible_position.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// Reads the binlog as a replica does. Nothing is acknowledged: a server keeps its binlog by age and
// size, whoever reads it. A server of another identity behind the same address is a failover: it is
// accepted if its GTIDs hold all that was merged, and refused where the log is read by file and
// offset, since nothing says where another server has the same transaction.
//
// MySQL without GTIDs (any gtid_mode but ON when the source is captured first) is read by file and
// offset, and stays so when the server is given GTIDs later: transactions with and without a name
// may come in any order. binlog_order_commits must be ON as long as the log is read.
class MysqlLogReader : public LogReader {
 public:
  // `sessions` and `registry` must outlive it. DataLoss: the binlog no longer reaches back to
  // `resume`, or the server lacks what was merged: the message names the transactions.
  static absl::StatusOr<std::unique_ptr<LogReader>> Open(SessionFactory* sessions,
                                                         const LogResume& resume,
                                                         SchemaRegistry* registry,
                                                         std::stop_token stop);

  absl::StatusOr<LogBatch> Read(size_t bytes_max, std::chrono::milliseconds wait) override;
  // The server waits for a reader that is full.
  absl::Status KeepAlive() override { return failure_; }
  void Acknowledge(const model::Position&) override {}
  // The server sends what it has, and heartbeats say where it is.
  void RequestFrontier(const model::Position&) override {}
  model::Position ServerPosition() const override;
  LogRetention Retention() const override { return retention_.Get(); }
  void OnProgress(std::function<void()> progressed) override {
    catalog_.OnProgress(std::move(progressed));
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Wiring {
    SessionFactory* sessions = nullptr;
    SessionFactory::Session session;
    ResumeToken token;
    DeliveredGtids delivered;
    TableDefinitions definitions;
    // What must be visible before windows may be opened: see LogBatch.replaying.
    BinlogEnd merged;
    std::stop_token stop;
  };

  MysqlLogReader(Wiring wiring, SchemaRegistry* registry);

  absl::Status LearnDefinitions();
  absl::Status OpenMain();
  absl::Status OpenSide(const PreparedTransaction& wanted);
  absl::StatusOr<std::unique_ptr<BinlogStream>> OpenStream(BinlogStart start, uint32_t server_id);
  // False: nothing is at hand.
  absl::StatusOr<bool> ConsumeOne(std::chrono::milliseconds wait);
  absl::Status KeepTime(Clock::time_point now);
  absl::StatusOr<bool> MergedIsVisible();
  absl::Status Examine();
  absl::Status NoteRetention();
  bool HasSomething() const;
  LogBatch TakeBatch();

  Wiring wiring_;
  LookAheadCatalog catalog_;
  LogEncoder encoder_;
  std::unique_ptr<BinlogStream> main_;
  std::unique_ptr<BinlogStream> side_;
  absl::Status failure_;
  bool first_ = true;  // the token is to be delivered
  VisibilityProof proof_;
  bool replaying_;
  bool taken_replaying_ = true;
  // What was merged before this session and is not visible yet, as a message says it.
  std::string hidden_;
  std::string taken_hidden_;
  model::Position taken_frontier_;
  Clock::time_point last_visible_check_;
  Clock::time_point last_position_check_;
  Clock::time_point last_retention_check_;
  std::atomic<uint64_t> server_file_ = 0;
  std::atomic<uint64_t> server_offset_ = 0;
  NewestLogRetention retention_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MYSQL_LOG_READER_H_
