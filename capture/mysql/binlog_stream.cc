#include "capture/mysql/binlog_stream.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/mysql/connection_handle.h"
#include "capture/mysql/event_queue.h"
#include "capture/mysql/mysql_error.h"

namespace tidemark::capture::mysql {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr absl::string_view kReading = "reading the log";
// The server's end of the socket may stay full as long as the pipeline behind us is.
constexpr int kWriteTimeoutSeconds = 3600;
// MARIA_SLAVE_CAPABILITY_GTID: GTID events come as such (MariaDB's sql/log_event.h).
constexpr int kMariaDbCapability = 4;
constexpr int kMissedHeartbeats = 3;

// What the server wants to know before a dump. Old and new names: a server looks at those it knows.
std::vector<std::string> SetUpStatements(const Connection& connection,
                                         const BinlogStreamOptions& options) {
  const int64_t heartbeat_ns = std::chrono::nanoseconds(options.heartbeat).count();
  std::vector<std::string> statements = {
      "SET @master_binlog_checksum = @@global.binlog_checksum,"
      " @source_binlog_checksum = @@global.binlog_checksum",
      absl::StrCat("SET @master_heartbeat_period = ", heartbeat_ns,
                   ", @source_heartbeat_period = ", heartbeat_ns),
      absl::StrCat("SET net_write_timeout = ", kWriteTimeoutSeconds)};
  if (connection.flavour() == Flavour::kMySql) return statements;
  statements.push_back(absl::StrCat("SET @mariadb_slave_capability = ", kMariaDbCapability));
  if (options.start.mariadb_position.has_value()) {
    statements.push_back(absl::StrCat(
        "SET @slave_connect_state = ", connection.QuoteLiteral(*options.start.mariadb_position),
        ", @slave_gtid_strict_mode = 1, @slave_gtid_ignore_duplicates = 0"));
  }
  return statements;
}

DumpRequest RequestOf(const Connection& connection, const BinlogStreamOptions& options) {
  DumpRequest request;
  request.server_id = options.server_id;
  request.stop_at_end = options.stop_at_end;
  // Without them a sum of event sizes is no file position.
  request.annotations = connection.flavour() == Flavour::kMariaDb;
  if (options.start.gtid_set_encoded.has_value()) {
    request.gtid_set_encoded = &*options.start.gtid_set_encoded;
  } else if (!options.start.mariadb_position.has_value()) {
    request.file = options.start.file;
    request.offset = options.start.offset;
  }
  return request;
}

absl::Status CheckStart(const BinlogStreamOptions& options) {
  if (options.start.offset <= UINT32_MAX) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the log cannot be read from an offset above 4 GiB (", options.start.offset, " of ",
      options.start.file, "); use GTIDs, or start the source anew with a new snapshot"));
}

}  // namespace

BinlogStart StartAt(const std::string& file, uint64_t offset) {
  return {.file = file, .offset = offset <= UINT32_MAX ? offset : 4};
}

// A thread of its own reads the packets, because both libraries block within one, and neither says
// whether it has another at hand.
struct BinlogStream::Impl {
  explicit Impl(std::unique_ptr<Connection> opened)
      : connection(std::move(opened)), handle(*connection->handle_), packets(handle.mysql.get()) {}

  ~Impl() {
    queue.Close();
    handle.Break();
    if (reader.joinable()) reader.join();
  }

  void Read() {
    const ClientThread thread;
    std::string_view event;
    while (true) {
      waiting_since.store(Clock::now().time_since_epoch().count());
      const DumpPackets::Got got = packets.Next(&event);
      waiting_since.store(0);
      if (got == DumpPackets::Got::kError) {
        const uint32_t code = mysql_errno(handle.mysql.get());
        end = ServerError(kReading, code, mysql_error(handle.mysql.get()), handle.account);
      }
      if (got != DumpPackets::Got::kEvent || !queue.Push(event)) break;
    }
    queue.Finish();
  }

  // How long the server has said nothing while it was listened to.
  Clock::duration Silence() const {
    const Clock::rep since = waiting_since.load();
    return since == 0 ? Clock::duration(0)
                      : Clock::now().time_since_epoch() - Clock::duration(since);
  }

  absl::StatusOr<std::optional<std::string_view>> Ended() const {
    if (!end.ok()) return end;
    if (stop_at_end) return std::string_view();
    return absl::UnavailableError(
        absl::StrCat(kReading, ": the server ended the log; it is probably shutting down"));
  }

  std::unique_ptr<Connection> connection;
  Connection::Handle& handle;
  DumpPackets packets;
  milliseconds silence_max{0};
  bool stop_at_end = false;
  EventQueue queue;
  std::atomic<Clock::rep> waiting_since = 0;
  absl::Status end;  // of the reader, before queue.Finish()
  std::thread reader;
};

BinlogStream::BinlogStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BinlogStream::~BinlogStream() = default;

absl::StatusOr<std::unique_ptr<BinlogStream>> BinlogStream::Open(
    std::unique_ptr<Connection> connection, const BinlogStreamOptions& options) {
  if (absl::Status valid = CheckStart(options); !valid.ok()) return valid;
  for (const std::string& statement : SetUpStatements(*connection, options)) {
    absl::StatusOr<Result> done = connection->Execute(statement);
    if (!done.ok()) return done.status();
  }
  auto impl = std::make_unique<Impl>(std::move(connection));
  impl->silence_max = options.heartbeat * kMissedHeartbeats;
  impl->stop_at_end = options.stop_at_end;
  const DumpRequest request = RequestOf(*impl->connection, options);
  absl::Status started =
      impl->handle.Run("starting the log", {}, [&] { return impl->packets.Start(request); });
  if (!started.ok()) return started;
  impl->reader = std::thread(&Impl::Read, impl.get());
  return std::unique_ptr<BinlogStream>(new BinlogStream(std::move(impl)));
}

absl::StatusOr<std::optional<std::string_view>> BinlogStream::Next(milliseconds wait) {
  std::optional<std::string_view> event = impl_->queue.Pop(wait);
  if (event.has_value()) return event;
  if (impl_->queue.ended()) return impl_->Ended();
  if (impl_->Silence() <= impl_->silence_max) return std::nullopt;
  impl_->handle.Break();
  return absl::UnavailableError(absl::StrCat(kReading, ": the server has said nothing for ",
                                             impl_->silence_max.count(), " ms"));
}

}  // namespace tidemark::capture::mysql
