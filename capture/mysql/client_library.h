#ifndef TIDEMARK_CAPTURE_MYSQL_CLIENT_LIBRARY_H_
#define TIDEMARK_CAPTURE_MYSQL_CLIENT_LIBRARY_H_

// Private to the room: what differs between libmysqlclient and MariaDB's Connector/C, and nothing
// else. Only the files of tidemark_mysql_connection (CMakeLists.txt) include it.

#include <mysql.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "capture/mysql/connection.h"

namespace tidemark::capture::mysql {

struct CloseMysql {
  void operator()(MYSQL* mysql) const { mysql_close(mysql); }
};
using MysqlPtr = std::unique_ptr<MYSQL, CloseMysql>;

struct FreeMysqlResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using MysqlResultPtr = std::unique_ptr<MYSQL_RES, FreeMysqlResult>;

// Initializes the library, once a process.
void StartClientLibrary();

// A handle with the options of `options`, not yet connected; null: out of memory.
MysqlPtr NewClientHandle(const ConnectionOptions& options, unsigned connect_timeout_s);

// REQUIRES: connected.
int SocketOf(MYSQL* mysql);

// To be made and ended in each thread that calls the library.
class ClientThread {
 public:
  ClientThread() { mysql_thread_init(); }
  ~ClientThread() { mysql_thread_end(); }
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;
};

// Where COM_BINLOG_DUMP or, with a GTID set, COM_BINLOG_DUMP_GTID starts.
struct DumpRequest {
  uint32_t server_id = 0;
  bool stop_at_end = false;
  bool annotations = false;  // MariaDB sends ANNOTATE_ROWS events too
  const std::string* gtid_set_encoded = nullptr;
  std::string file;
  uint64_t offset = 4;
};

// The packets of a dump. On failure mysql_errno and mysql_error say why.
class DumpPackets {
 public:
  explicit DumpPackets(MYSQL* mysql) : mysql_(mysql) {}

  bool Start(const DumpRequest& request);

  enum class Got { kEvent, kEnd, kError };
  // Blocks for the next event; `event` is valid until the next call.
  Got Next(std::string_view* event);

 private:
  MYSQL* const mysql_;
#ifndef MARIADB_PACKAGE_VERSION
  DumpRequest request_;
  MYSQL_RPL dump_{};
#endif
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CLIENT_LIBRARY_H_
