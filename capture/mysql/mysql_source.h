#ifndef TIDEMARK_CAPTURE_MYSQL_MYSQL_SOURCE_H_
#define TIDEMARK_CAPTURE_MYSQL_MYSQL_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/mysql/connection.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// Where written watermarks go (watermark.h).
struct WatermarkTable {
  std::string database = "tidemark";
  std::string name = "watermark";
};

// The log, prepared transactions read again, statements looked for ahead.
inline constexpr uint32_t kServerIdsTaken = 3;

// How to reach and capture a MySQL (8.0 to 9) or MariaDB (10.11, 11) server.
struct MysqlOptions {
  ConnectionOptions connection;
  // Ours, as a replica: it and the numbers that follow, kServerIdsTaken in all, one a dump, are
  // unique among the server's replicas and the server itself; 1 to 2^32 - kServerIdsTaken.
  uint32_t server_id = 0;
  // What is captured: "database.table" or "database.*"; empty: all but the server's own databases.
  std::vector<std::string> tables;
  // When a statement changes rows without naming them in the binlog (ALTER TABLE ... DROP
  // PARTITION): go on instead of stopping.
  bool continue_at_unlogged_changes = false;
  // Of a MySQL server without GTIDs; others are never written to.
  WatermarkTable watermark_table;
  // Test-only: on MariaDB, takes the end of the binlog for the place of a view, to prove that the
  // tests then fail.
  bool without_exact_view = false;
  // Test-only: takes what the catalog says now for how a table was defined at any earlier place of
  // the log, likewise.
  bool without_look_ahead = false;
};

std::unique_ptr<Source> MakeMysqlSource(MysqlOptions options);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MYSQL_SOURCE_H_
