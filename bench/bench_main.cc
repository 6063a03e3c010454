// tidemark-bench: measures a tidemarkd beside what its source offers, on this machine, in one run.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "bench/parts.h"
#include "bench/report.h"

namespace tidemark::bench {
namespace {

struct Part {
  std::string_view name;
  absl::Status (*measure)(Report& report);
};

constexpr Part kParts[] = {{"snapshot", MeasureSnapshot},
                           {"log", MeasureLog},
                           {"latency", MeasureLatency},
                           {"memory", MeasureMemory}};

const Part* FindPart(std::string_view name) {
  for (const Part& part : kParts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

int Usage(std::string_view argument) {
  std::fprintf(stderr, "tidemark-bench: no part '%.*s'; there are: snapshot log latency memory\n",
               static_cast<int>(argument.size()), argument.data());
  return 2;
}

int Main(const std::vector<std::string_view>& arguments) {
  std::vector<const Part*> chosen;
  for (std::string_view argument : arguments) {
    const Part* part = FindPart(argument);
    if (part == nullptr) return Usage(argument);
    chosen.push_back(part);
  }
  if (chosen.empty()) {
    for (const Part& part : kParts) chosen.push_back(&part);
  }
  Report report;
  for (const Part* part : chosen) {
    if (absl::Status status = part->measure(report); !status.ok()) {
      std::fprintf(stderr, "tidemark-bench: %s\n", status.ToString().c_str());
      return 1;
    }
  }
  std::printf("\n%s\nAs Markdown:\n\n%s", report.Text().c_str(), report.Markdown().c_str());
  return 0;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  return tidemark::bench::Main(std::vector<std::string_view>(argv + 1, argv + argc));
}
