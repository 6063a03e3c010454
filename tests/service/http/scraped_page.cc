#include "tests/service/http/scraped_page.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/service/http/http_client.h"

namespace tidemark::testing {

Metrics Scrape(const std::string& address) {
  const HttpResult page = HttpGet(address, "/metrics");
  EXPECT_EQ(page.status, 200);
  Metrics series;
  const std::vector<std::string> lines = absl::StrSplit(page.body, '\n');
  for (const std::string& line : lines) {
    if (line.empty() || line.front() == '#') continue;
    const size_t value = line.rfind(' ');
    series[line.substr(0, value)] = std::atof(line.c_str() + value);
  }
  return series;
}

double Value(const Metrics& series, const std::string& name) {
  const auto found = series.find(name);
  EXPECT_NE(found, series.end()) << name;
  return found == series.end() ? -1 : found->second;
}

double Sum(const Metrics& series, const std::string& prefix) {
  double sum = 0;
  for (const auto& [name, value] : series) sum += absl::StartsWith(name, prefix) ? value : 0;
  return sum;
}

}  // namespace tidemark::testing
