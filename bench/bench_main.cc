// tidemark-bench: measures a tidemarkd beside what its source offers, on this machine, in one run.

#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/parts.h"
#include "bench/report.h"

namespace tidemark::bench {
namespace {

struct Part {
  const char* name;
  absl::Status (*measure)(Product product, Report& report);
};

absl::Status MeasureLog(Product product, Report& report) {
  return product == Product::kPostgres ? MeasureWal(report) : MeasureBinlog(product, report);
}

constexpr Part kParts[] = {{"snapshot", MeasureSnapshot}, {"log", MeasureLog},
                           {"latency", MeasureLatency},   {"memory", MeasureMemory},
                           {"kafka", MeasureKafka},       {"kafka-latency", MeasureKafkaLatency}};

struct Server {
  const char* name;
  Product product;
};

constexpr Server kServers[] = {
    {"postgres", Product::kPostgres}, {"mysql", Product::kMySql}, {"mariadb", Product::kMariaDb}};

// What the arguments choose.
struct Choice {
  std::vector<Server> servers;
  std::vector<Part> parts;
};

template <typename T, size_t size>
bool Choose(const T (&all)[size], std::string_view name, std::vector<T>& chosen) {
  for (const T& one : all) {
    if (one.name != name) continue;
    chosen.push_back(one);
    return true;
  }
  return false;
}

int Usage(std::string_view argument) {
  std::fprintf(stderr,
               "tidemark-bench: no server or part '%.*s'; there are: postgres mysql mariadb;"
               " snapshot log latency memory kafka kafka-latency\n",
               static_cast<int>(argument.size()), argument.data());
  return 2;
}

absl::Status Measure(const Choice& choice, Report& report) {
  for (const Server& server : choice.servers) {
    for (const Part& part : choice.parts) {
      Say(absl::StrCat(server.name, " ", part.name));
      absl::Status status = part.measure(server.product, report);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

int Main(const std::vector<std::string_view>& arguments) {
  Choice choice;
  for (std::string_view argument : arguments) {
    if (!Choose(kServers, argument, choice.servers) && !Choose(kParts, argument, choice.parts)) {
      return Usage(argument);
    }
  }
  if (choice.servers.empty()) choice.servers = {kServers[0], kServers[1]};
  if (choice.parts.empty()) choice.parts.assign(std::begin(kParts), std::end(kParts));
  Report report;
  if (absl::Status status = Measure(choice, report); !status.ok()) {
    std::fprintf(stderr, "tidemark-bench: %s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("\n%s\nAs Markdown:\n\n%s", report.Text().c_str(), report.Markdown().c_str());
  return 0;
}

}  // namespace
}  // namespace tidemark::bench

int main(int argc, char** argv) {
  return tidemark::bench::Main(std::vector<std::string_view>(argv + 1, argv + argc));
}
