// The rules of Prometheus, the dashboard of Grafana, the metrics that they name, and the runbook.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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

}  // namespace
}  // namespace tidemark::testing
