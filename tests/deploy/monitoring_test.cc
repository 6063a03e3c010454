// The rules of Prometheus, the dashboard of Grafana, the metrics that they name, and the runbook.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/deploy/deploy_files.h"
#include "tests/support/promtool.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRules[] = "deploy/prometheus/rules.yaml";
constexpr char kDashboard[] = "deploy/grafana/tidemark.json";
constexpr char kRunbook[] = "docs/runbook.md";

std::set<std::string> Alerts() { return WordsAfter(SourceText(kRules), "- alert: "); }

// A histogram's series are named after it.
std::string WithoutSeries(std::string name) {
  for (const char* series : {"_bucket", "_sum", "_count"}) {
    if (absl::EndsWith(name, series)) return std::string(absl::StripSuffix(name, series));
  }
  return name;
}

std::set<std::string> MetricsOf(absl::string_view text) {
  std::set<std::string> metrics;
  for (const char* prefix : {"tidemark_", "process_"}) {
    for (const std::string& word : WordsAfter(text, prefix)) {
      metrics.insert(WithoutSeries(absl::StrCat(prefix, word)));
    }
  }
  return metrics;
}

// Those of the text that docs/metrics.md does not have.
std::set<std::string> UnknownMetrics(absl::string_view text) {
  const std::string documented = SourceText("docs/metrics.md");
  std::set<std::string> unknown;
  for (const std::string& metric : MetricsOf(text)) {
    if (!absl::StrContains(documented, absl::StrCat("| `", metric, "` |"))) unknown.insert(metric);
  }
  return unknown;
}

// Adjacent literals are one text: what stands between the quotes of two of them is left out.
std::string WithLiteralsJoined(absl::string_view source) {
  std::string joined;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '"') {
      const size_t next = source.find_first_not_of(" \n", i + 1);
      if (next != source.npos && next > i + 1 && source[next] == '"') {
        i = next;
        continue;
      }
    }
    joined += source[i];
  }
  return joined;
}

// All sources that may name an error.
std::string Sources() {
  std::string all;
  for (const char* folder : {"service", "capture", "storage", "snapshot"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SourcePath(folder))) {
      const std::string path = entry.path().string();
      if (!absl::EndsWith(path, ".cc") && !absl::EndsWith(path, ".h")) continue;
      absl::StrAppend(&all, WithLiteralsJoined(ReadFile(path)), "\n");
    }
  }
  return all;
}

// The phrases, in backticks or quotes, in the first column of the tables of errors. "…" stands for
// what differs: what is around it is a phrase each.
std::vector<std::string> ErrorPhrases(absl::string_view runbook) {
  std::vector<std::string> phrases;
  const std::vector<absl::string_view> halves = absl::StrSplit(runbook, "\n## Errors\n");
  for (absl::string_view line : absl::StrSplit(halves.back(), '\n')) {
    if (!absl::ConsumePrefix(&line, "| ")) continue;
    const absl::string_view cell = line.substr(0, line.find(" | "));
    for (const char quote : {'`', '"'}) {
      const std::vector<absl::string_view> parts = absl::StrSplit(cell, quote);
      for (size_t i = 1; i < parts.size(); i += 2) {
        for (absl::string_view phrase : absl::StrSplit(parts[i], "…")) {
          phrase = absl::StripAsciiWhitespace(phrase);
          if (!phrase.empty()) phrases.emplace_back(phrase);
        }
      }
    }
  }
  return phrases;
}

std::vector<std::string> UnknownPhrases(absl::string_view runbook) {
  const std::string sources = Sources();
  std::vector<std::string> unknown;
  for (std::string& phrase : ErrorPhrases(runbook)) {
    if (!absl::StrContains(sources, phrase)) unknown.push_back(std::move(phrase));
  }
  return unknown;
}

TEST(RulesTest, PromtoolAcceptsThem) {
  EXPECT_OK(RunPromtool(SourcePath("deploy/prometheus"), {"check", "rules", "rules.yaml"}));
  EXPECT_OK(RunPromtool(SourcePath("deploy/prometheus"),
                        {"check", "config", "--syntax-only", "prometheus.yaml"}));
}

TEST(RulesTest, EachAlertFiresWhenItHasToAndOnlyThen) {
  EXPECT_OK(RunPromtool(SourcePath("deploy/prometheus"), {"test", "rules", "rules_test.yaml"}));
  const std::string tests = SourceText("deploy/prometheus/rules_test.yaml");
  for (const std::string& alert : Alerts()) {
    EXPECT_THAT(tests, HasSubstr(absl::StrCat("name: ", alert, " fires\n")));
    EXPECT_THAT(tests, HasSubstr(absl::StrCat("name: ", alert, " is quiet\n")));
  }
}

TEST(MetricNamesTest, RulesAndDashboardNameMetricsThatExist) {
  EXPECT_THAT(UnknownMetrics(SourceText(kRules)), IsEmpty());
  EXPECT_THAT(UnknownMetrics(SourceText(kDashboard)), IsEmpty());
  EXPECT_GE(MetricsOf(SourceText(kDashboard)).size(), 40u);
}

TEST(MetricNamesTest, AMetricThatDoesNotExistIsFound) {
  EXPECT_THAT(UnknownMetrics("rate(tidemark_source_evens_total[5m]) + tidemark_ready"),
              ::testing::ElementsAre("tidemark_source_evens_total"));
}

TEST(RunbookTest, EachAlertHasItsHeadingAndLeadsThere) {
  const std::string runbook = SourceText(kRunbook);
  const std::string rules = SourceText(kRules);
  EXPECT_GE(Alerts().size(), 21u);
  for (const std::string& alert : Alerts()) {
    EXPECT_THAT(runbook, HasSubstr(absl::StrCat("\n### ", alert, "\n")));
    EXPECT_THAT(rules, HasSubstr(absl::StrCat("runbook_url: docs/runbook.md#",
                                              absl::AsciiStrToLower(alert), "\n")));
  }
}

TEST(RunbookTest, ItKnowsNoAlertThatIsGone) {
  const std::set<std::string> alerts = Alerts();
  for (const std::string& heading : WordsAfter(SourceText(kRunbook), "\n### Tidemark")) {
    EXPECT_TRUE(alerts.contains(absl::StrCat("Tidemark", heading))) << heading;
  }
}

TEST(RunbookTest, ErrorsAreNamedByWordsOfTheSources) {
  const std::string runbook = SourceText(kRunbook);
  EXPECT_GE(ErrorPhrases(runbook).size(), 100u);
  EXPECT_THAT(UnknownPhrases(runbook), IsEmpty());
}

TEST(RunbookTest, AnErrorThatIsGoneIsFound) {
  EXPECT_THAT(
      UnknownPhrases("\n## Errors\n| `the call has no token`, `slot … is gnoe` | `x` | y |\n"),
      ::testing::ElementsAre("is gnoe"));
}

}  // namespace
}  // namespace tidemark::testing
