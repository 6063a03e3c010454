#ifndef TIDEMARK_BENCH_RAW_CLIENT_H_
#define TIDEMARK_BENCH_RAW_CLIENT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace tidemark::bench {

// What a reader that looks at nothing has read.
struct Discarded {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  double seconds = 0;
  // Processor time of the calling thread and of the server's process, together. Of DiscardCopy.
  double cpu_seconds = 0;
};

// Reads `COPY table TO STDOUT` with libpq and throws the rows away: as fast as a table can be read
// with one connection. The time of connecting is not counted. The server runs on this machine.
absl::StatusOr<Discarded> DiscardCopy(const std::string& connection, const std::string& table);

// Reads a slot with pgoutput up to the position `end` with libpq and throws the messages away: as
// fast as a log can be read. Counts inserts as rows. The time of connecting is counted, as it is
// for the programs it stands beside.
absl::StatusOr<Discarded> DiscardLog(const std::string& connection, const std::string& slot,
                                     const std::string& publication, uint64_t end);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_RAW_CLIENT_H_
