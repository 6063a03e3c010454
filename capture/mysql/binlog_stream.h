#ifndef TIDEMARK_CAPTURE_MYSQL_BINLOG_STREAM_H_
#define TIDEMARK_CAPTURE_MYSQL_BINLOG_STREAM_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "capture/mysql/connection.h"

namespace tidemark::capture::mysql {

// Where a dump starts. Exactly one form:
//   gtid_set_encoded   MySQL: COM_BINLOG_DUMP_GTID with this set (GtidSet::Encode); the server
//   sends
//                      every transaction that is not in it
//   mariadb_position   MariaDB: @slave_connect_state, then COM_BINLOG_DUMP; "" is a valid position
//   file, offset       COM_BINLOG_DUMP; offset below 4 GiB
struct BinlogStart {
  std::optional<std::string> gtid_set_encoded = {};
  std::optional<std::string> mariadb_position = {};
  std::string file = {};
  uint64_t offset = 4;
};

// By file and offset. A dump cannot begin above 4 GiB: it begins with the file then, and who reads
// it passes over what comes before the place.
BinlogStart StartAt(const std::string& file, uint64_t offset);

struct BinlogStreamOptions {
  uint32_t server_id = 0;  // ours; unique among the server's replicas
  BinlogStart start = {};
  // How often the server says that it is alive while nothing is logged. The stream counts as broken
  // after three times as long without a packet.
  std::chrono::milliseconds heartbeat = std::chrono::seconds(1);
  // Ends at the end of the log instead of waiting for more.
  bool stop_at_end = false;
};

// The server's binlog as it sends it to a replica, event by event, undecoded. Never asks for
// semi-sync: the source must not wait for us. One thread owns it.
class BinlogStream {
 public:
  // Takes the connection over. Errors as mysql_error.h says; most of what the server refuses comes
  // with the first Next. FailedPrecondition: an offset above 4 GiB.
  static absl::StatusOr<std::unique_ptr<BinlogStream>> Open(std::unique_ptr<Connection> connection,
                                                            const BinlogStreamOptions& options);
  ~BinlogStream();

  // The next event (header, body, checksum if the log has one). Waits at most `wait`: nullopt then.
  // Valid until the next call. An empty view: the end of the log (stop_at_end). Returns at once
  // with what is at hand. Unavailable: the connection is lost, or the server ended it. DataLoss
  // (the log is purged, or another server's), FailedPrecondition (another replica with our
  // server_id, GTID mode off): the server ended the dump (error 1236), with cause and remedy.
  absl::StatusOr<std::optional<std::string_view>> Next(std::chrono::milliseconds wait);

 private:
  struct Impl;
  explicit BinlogStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_BINLOG_STREAM_H_
