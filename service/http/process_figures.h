#ifndef TIDEMARK_SERVICE_HTTP_PROCESS_FIGURES_H_
#define TIDEMARK_SERVICE_HTTP_PROCESS_FIGURES_H_

#include <cstdint>

namespace tidemark::service {

// What the kernel says of this process. 0: it does not say.
struct ProcessFigures {
  double cpu_s = 0;
  uint64_t resident_bytes = 0;
  uint64_t virtual_bytes = 0;
  uint64_t open_files = 0;
  uint64_t open_files_max = 0;
  // Seconds since 1970-01-01 UTC.
  double start_s = 0;
};

// From /proc.
ProcessFigures ReadProcessFigures();

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_PROCESS_FIGURES_H_
