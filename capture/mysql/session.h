#ifndef TIDEMARK_CAPTURE_MYSQL_SESSION_H_
#define TIDEMARK_CAPTURE_MYSQL_SESSION_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "capture/mysql/commit_places.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/delivered_gtids.h"
#include "capture/mysql/mysql_source.h"
#include "capture/mysql/resume_token.h"
#include "capture/mysql/watermark_rows.h"
#include "model/position.h"

namespace tidemark::capture::mysql {

// The oldest supported versions.
inline constexpr uint32_t kOldestMySql = 80000;
inline constexpr uint32_t kOldestMariaDb = 101100;

// Which server a session is on, and how it logs.
struct ServerFacts {
  Flavour flavour = Flavour::kMySql;
  uint32_t version = 0;
  // MySQL: server_uuid; MariaDB: server_id.
  std::string server;
  uint32_t server_id = 0;
  Naming naming = Naming::kNone;
  bool log_bin = false;
  std::string binlog_format;
  std::string row_metadata;       // binlog_row_metadata
  bool lower_case_names = false;  // lower_case_table_names=1
  bool leader_commits = true;     // MariaDB: binlog_optimize_thread_scheduling
};

// FailedPrecondition: an unsupported version.
absl::StatusOr<ServerFacts> LoadFacts(Connection& connection, const WaitLimits& limits);

// The end of the binlog now, and MySQL's gtid_executed with it.
struct BinlogEnd {
  std::string file;
  uint64_t offset = 0;
  std::string gtids;  // MySQL
  // binlog_do_db or binlog_ignore_db leaves databases out.
  bool filtered = false;
};
// FailedPrecondition: the privilege is missing (with the GRANT to run), or there is no binlog.
absl::StatusOr<BinlogEnd> LoadBinlogEnd(Connection& connection, const WaitLimits& limits);

// What there is of the binlog, and how long it is kept; `examined_us` is not set.
absl::StatusOr<LogRetention> LoadRetention(Connection& connection, const WaitLimits& limits);

// Who may keep commits that the binlog has from becoming visible.
inline constexpr char kCommitHolder[] = "a missing semi-synchronous replica";

// "MySQL 9.7.0 at 10.0.0.7:3306"
std::string Describe(const Connection& connection);

// Opens the sessions of one source, and keeps what they share: which server the log comes from, how
// it names transactions, how often the server has changed, numbers for GTIDs, rows for watermarks,
// and up to where all is visible. Refuses a server that is not the log's (a proxy, a moved
// address). Thread-safe.
class SessionFactory {
 public:
  explicit SessionFactory(MysqlOptions options) : options_(std::move(options)) {}

  SessionFactory(const SessionFactory&) = delete;
  SessionFactory& operator=(const SessionFactory&) = delete;

  // Which binlog the log comes from: of which server, after how many moves.
  struct Origin {
    std::string server;
    uint64_t moves = 0;
    friend bool operator==(const Origin&, const Origin&) = default;
  };
  struct Session {
    std::unique_ptr<Connection> connection;
    ServerFacts facts;
    // Where the log came from when it was opened.
    Origin origin;
  };

  const MysqlOptions& options() const { return options_; }
  GtidNames& names() { return names_; }
  WatermarkRows& watermark_rows() { return watermark_rows_; }
  CommitPlaces& commit_places() { return commit_places_; }  // MariaDB

  // An SQL session on the server that the log comes from. Unavailable: on another one. What it
  // tells counts only as long as CheckOrigin of its origin is OK.
  absl::StatusOr<Session> OpenSql(const WaitLimits& limits = {});
  // On whichever server this is.
  absl::StatusOr<Session> OpenAny(const WaitLimits& limits = {});

  // The log comes from the server that `token` names now, and is read as it says.
  void SetLog(const ResumeToken& token);
  // How the log's transactions are named; kNone before the first SetLog. It stays kFile when the
  // server is given GTIDs later.
  Naming log_naming() const;
  // A place in that server's binlog, as a position of the source.
  model::Position PositionOf(const std::string& file, uint64_t offset) const;
  // In the binlog of that origin.
  static model::Position PositionOf(const Origin& origin, const std::string& file,
                                    uint64_t offset);
  // Unavailable: the log has moved, and a session of that origin has to be opened again. The server
  // that it leads to may live on, and tells of another binlog than the log's.
  absl::Status CheckOrigin(const Origin& origin) const;
  // The end of the binlog now on a session of that origin. Unavailable: as CheckOrigin; or it was
  // further on already, so that the binlog was begun anew: the log has to be opened again.
  absl::StatusOr<model::Position> LoadEnd(Connection& connection, const Origin& origin,
                                          const WaitLimits& limits);

  // Describe() of the last session; "" before the first.
  std::string server() const;
  // "MySQL" or "MariaDB"; "" before the first.
  std::string product() const;

 private:
  absl::Status CheckOriginLocked(const Origin& origin) const;

  const MysqlOptions options_;
  GtidNames names_;
  WatermarkRows watermark_rows_;
  CommitPlaces commit_places_;
  mutable std::mutex mutex_;
  std::optional<Origin> log_origin_;
  Naming log_naming_ = Naming::kNone;
  // The furthest end that LoadEnd has found since SetLog.
  model::Position furthest_end_;
  std::string described_;
  std::string product_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_SESSION_H_
