#include "service/http/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace tidemark::service {
namespace {

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Fields of /proc/self/stat (proc(5)) from the third on: the second one, the program's name in
// brackets, may hold blanks.
std::vector<std::string> StatFields() {
  const std::string stat = ReadAll("/proc/self/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(stat.substr(name_end + 1));
  return {std::istream_iterator<std::string>(rest), {}};
}

double SecondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Seconds since 1970-01-01 UTC. Once, so that a clock that is set right moves no start time. By the
// clocks, not by /proc/stat, which a unit with ProcSubset=pid does not see.
double BootTime() {
  static const double boot_s = SecondsOf(CLOCK_REALTIME) - SecondsOf(CLOCK_BOOTTIME);
  return boot_s;
}

void ReadStat(ProcessFigures* figures) {
  // Field 3 of proc(5) is the first one here.
  constexpr size_t kUserTicks = 14 - 3, kSystemTicks = 15 - 3, kStartTicks = 22 - 3;
  constexpr size_t kVirtualBytes = 23 - 3, kResidentPages = 24 - 3;
  const std::vector<std::string> fields = StatFields();
  if (fields.size() <= kResidentPages) return;
  auto number = [&](size_t at) { return std::strtod(fields[at].c_str(), nullptr); };
  const double ticks_per_s = static_cast<double>(sysconf(_SC_CLK_TCK));
  figures->cpu_s = (number(kUserTicks) + number(kSystemTicks)) / ticks_per_s;
  figures->virtual_bytes = static_cast<uint64_t>(number(kVirtualBytes));
  figures->resident_bytes = static_cast<uint64_t>(number(kResidentPages)) * sysconf(_SC_PAGESIZE);
  figures->start_s = BootTime() + number(kStartTicks) / ticks_per_s;
}

void ReadFiles(ProcessFigures* figures) {
  std::error_code error;
  std::filesystem::directory_iterator open("/proc/self/fd", error);
  for (; !error && open != std::filesystem::directory_iterator(); open.increment(error)) {
    ++figures->open_files;
  }
  // The folder itself was open.
  if (figures->open_files > 0) --figures->open_files;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures->open_files_max = limit.rlim_cur;
}

}  // namespace

ProcessFigures ReadProcessFigures() {
  ProcessFigures figures;
  ReadStat(&figures);
  ReadFiles(&figures);
  return figures;
}

}  // namespace tidemark::service
