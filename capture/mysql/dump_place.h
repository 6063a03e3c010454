#ifndef TIDEMARK_CAPTURE_MYSQL_DUMP_PLACE_H_
#define TIDEMARK_CAPTURE_MYSQL_DUMP_PLACE_H_

#include <cstdint>
#include <string>

#include "capture/mysql/binlog_event.h"

namespace tidemark::capture::mysql {

// A place between two events of the binlog of one server, in the log's order.
struct LogPlace {
  std::string file;
  uint64_t offset = 4;

  bool operator<(const LogPlace& other) const;
};

// Where in the server's binlog the events of a dump are. Pure.
struct DumpPlace {
  std::string file;
  uint64_t start = 0;  // of the event that was passed last
  uint64_t end = 0;    // of it; where the next one starts

  // The next event of the dump. Some events of MariaDB do not say where they end, and those that
  // were made for the dump are nowhere in the file.
  void Pass(const EventHeader& header);
};

// The low 32 bits of a place in a file are known, and that it is not before `from`.
uint64_t WidenOffset(uint32_t low, uint64_t from);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_DUMP_PLACE_H_
