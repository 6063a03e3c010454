#include "service/http/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/http/metric_list.h"
#include "tests/support/promtool.h"
#include "tests/support/status_matchers.h"

namespace tidemark::service {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A service in which everything is to be seen.
Observation Everything() {
  Observation seen;
  seen.time_us = 100'000'000;
  seen.store.emplace();
  seen.certificates = {{"grpc", 1'800'000'000}, {"kafka", 1'900'000'000}};
  SourceObservation& source = seen.sources.emplace_back();
  source.name = "shop";
  source.kind = "postgres";
  source.pipeline.status.state = PipelineState::kCapturing;
  source.pipeline.status.server = "PostgreSQL 15 at \"x\"\\y";
  source.pipeline.status.lag_bytes = 77;
  source.pipeline.connected = true;
  source.pipeline.lag_us = 1'500'000;
  source.pipeline.merged.Count(snapshot::EventClass::kUpdate, 3, 300);
  source.pipeline.restarts.Count(FailureCause::kDataLoss);
  source.pipeline.commit_to_journal.buckets = {1, 0, 2};
  source.pipeline.commit_to_journal.sum_us = 9000;
  source.pipeline.retention = {1'000'000, 10, 20, 30, "extended"};
  snapshot::JobStatus& job = source.snapshots.emplace_back();
  job.id = 4;
  job.rows_done = 5;
  job.rows_per_second = 2;
  job.eta_s = 6;
  source.consumers.push_back({"search", true, {.events = 7, .bytes = 8, .since_us = 99'000'000}});
  source.publisher.emplace();
  source.publisher->known = true;
  source.publisher->lag_us = 2'000'000;
  return seen;
}

std::string Page(const Observation& seen) { return MetricsPage(seen, {.cpu_s = 1.25}, "1.2.3"); }

std::vector<std::string> Lines(const std::string& page) { return absl::StrSplit(page, '\n'); }

std::set<std::string> FamiliesOf(const std::string& page) {
  constexpr char kType[] = "# TYPE ";
  std::set<std::string> names;
  for (const std::string& line : Lines(page)) {
    if (!absl::StartsWith(line, kType)) continue;
    const size_t begin = sizeof kType - 1;
    names.insert(line.substr(begin, line.find(' ', begin) - begin));
  }
  return names;
}

TEST(MetricsPageTest, EveryMetricOfTheListIsMadeAndNoOther) {
  std::set<std::string> listed;
  for (const MetricInfo& metric : AllMetrics()) listed.insert(metric.name);
  EXPECT_EQ(listed.size(), AllMetrics().size()) << "a name is there twice";
  EXPECT_THAT(FamiliesOf(Page(Everything())), ElementsAreArray(listed));
}

TEST(MetricsPageTest, LabelsAreThoseOfTheList) {
  std::map<std::string, std::string> labels;
  for (const MetricInfo& metric : AllMetrics()) labels[metric.name] = metric.labels;
  for (const std::string& line : Lines(Page(Everything()))) {
    if (line.empty() || line.front() == '#') continue;
    std::string name = line.substr(0, line.find_first_of("{ "));
    if (!labels.contains(name)) {  // the parts of a histogram
      if (!absl::EndsWith(name, "_bucket")) continue;
      name = std::string(absl::StripSuffix(name, "_bucket"));
    }
    std::vector<std::string> found;
    if (const size_t open = line.find('{'); open != std::string::npos) {
      const std::vector<std::string> pairs =
          absl::StrSplit(line.substr(open + 1, line.rfind('}') - open - 1), "\",");
      for (const std::string& pair : pairs) {
        if (!pair.empty()) found.push_back(pair.substr(0, pair.find('=')));
      }
    }
    EXPECT_EQ(absl::StrJoin(found, ", "), labels[name]) << line;
  }
}

TEST(MetricsPageTest, ValuesAreWhatWasSeen) {
  const std::string page = Page(Everything());
  for (const char* line :
       {"tidemark_build_info{version=\"1.2.3\"} 1\n",
        "tidemark_ready 1\n",
        "tidemark_certificate_expiry_timestamp_seconds{use=\"grpc\"} 1800000000\n",
        "tidemark_certificate_expiry_timestamp_seconds{use=\"kafka\"} 1900000000\n",
        "process_cpu_seconds_total 1.25\n",
        "server=\"PostgreSQL 15 at \\\"x\\\"\\\\y\"} 1\n",
        "tidemark_source_state{source=\"shop\",state=\"capturing\"} 1\n",
        "tidemark_source_state{source=\"shop\",state=\"stopped\"} 0\n",
        "tidemark_source_restarts_total{source=\"shop\",cause=\"data_loss\"} 1\n",
        "tidemark_source_restarts_total{source=\"shop\",cause=\"unavailable\"} 0\n",
        "tidemark_source_lag_seconds{source=\"shop\"} 1.5\n",
        "tidemark_source_lag_bytes{source=\"shop\"} 77\n",
        "tidemark_source_events_total{source=\"shop\",op=\"update\"} 3\n",
        "tidemark_source_event_bytes_total{source=\"shop\",op=\"update\"} 300\n",
        "tidemark_source_events_total{source=\"shop\",op=\"create\"} 0\n",
        "tidemark_source_commit_to_journal_seconds_bucket{source=\"shop\",le=\"0.005\"} 3\n",
        "tidemark_source_commit_to_journal_seconds_bucket{source=\"shop\",le=\"+Inf\"} 3\n",
        "tidemark_source_log_status{source=\"shop\",status=\"extended\"} 1\n",
        "tidemark_snapshot_rows_done{source=\"shop\",snapshot=\"4\"} 5\n",
        "tidemark_snapshots{source=\"shop\",state=\"running\"} 1\n",
        "tidemark_consumer_lag_seconds{source=\"shop\",consumer=\"search\"} 1\n",
        "tidemark_kafka_lag_seconds{source=\"shop\"} 2\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(MetricsPageTest, WhatIsNotKnownIsLeftOut) {
  Observation seen = Everything();
  seen.store.reset();
  SourceObservation& source = seen.sources[0];
  source.pipeline.connected = false;
  source.pipeline.retention.safe_bytes.reset();
  source.pipeline.retention.slot_status.clear();
  source.publisher->known = false;
  source.snapshots[0].state = snapshot::JobState::kCompleted;
  const std::string page = Page(seen);
  for (const char* name :
       {"tidemark_store", "tidemark_source_lag_bytes", "tidemark_source_log_safe_bytes",
        "tidemark_source_log_status", "tidemark_kafka_lag", "tidemark_snapshot_rows_done"}) {
    EXPECT_THAT(page, Not(HasSubstr(name)));
  }
  EXPECT_THAT(page, HasSubstr("tidemark_source_log_retained_bytes{source=\"shop\"} 10\n"));
}

TEST(MetricsPageTest, PromtoolAcceptsEveryMetric) {
  EXPECT_OK(testing::CheckMetrics(Page(Everything())));
}

TEST(MetricsPageTest, PromtoolRefusesAPageThatIsCutOrLacksAHelp) {
  const std::string page = Page(Everything());
  EXPECT_TRUE(absl::IsAborted(testing::CheckMetrics(page.substr(0, page.size() - 3))));
  const size_t help = page.find("# HELP tidemark_source_lag_seconds ");
  ASSERT_NE(help, std::string::npos);
  const size_t next = page.find('\n', help) + 1;
  EXPECT_TRUE(absl::IsAborted(testing::CheckMetrics(page.substr(0, help) + page.substr(next))));
}

TEST(LatencyHistogramTest, ABucketHoldsWhatIsNotAboveItsBound) {
  LatencyHistogram histogram;
  for (uint64_t us : {0, 1000, 1001, 300'000'000, 300'000'001}) histogram.Observe(us);
  const LatencyCounts counts = histogram.Look();
  EXPECT_EQ(counts.buckets[0], 2u);
  EXPECT_EQ(counts.buckets[1], 1u);
  EXPECT_EQ(counts.buckets[kLatencyBounds.size() - 1], 1u);
  EXPECT_EQ(counts.buckets[kLatencyBounds.size()], 1u);
  EXPECT_EQ(counts.sum_us, 600'002'002u);
}

TEST(ProcessFiguresTest, AreThoseOfThisProcess) {
  const ProcessFigures figures = ReadProcessFigures();
  EXPECT_GT(figures.resident_bytes, 1u << 20);
  EXPECT_GT(figures.virtual_bytes, figures.resident_bytes);
  EXPECT_GE(figures.open_files, 3u);
  EXPECT_GE(figures.open_files_max, figures.open_files);
  const double now_s = static_cast<double>(time(nullptr));
  EXPECT_LE(figures.start_s, now_s + 2);
  EXPECT_GT(figures.start_s, now_s - 3600);
}

// A row of a table of docs/metrics.md that names a metric.
struct DocumentedMetric {
  std::string name, type, labels, unit, meaning;
};

std::vector<DocumentedMetric> ReadDocumentation() {
  std::ifstream file(absl::StrCat(TIDEMARK_SOURCE_FOLDER, "/docs/metrics.md"));
  std::vector<DocumentedMetric> metrics;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (cells.size() != 5 || !absl::StartsWith(cells[0], "| `")) continue;
    metrics.push_back({cells[0].substr(3, cells[0].size() - 4), cells[1],
                       cells[2] == "–" ? "" : cells[2], cells[3] == "–" ? "" : cells[3],
                       std::string(absl::StripSuffix(cells[4], " |"))});
  }
  return metrics;
}

const char* NameOf(MetricType type) {
  return type == MetricType::kCounter ? "counter"
         : type == MetricType::kGauge ? "gauge"
                                      : "histogram";
}

TEST(MetricDocumentationTest, ListsExactlyTheMetricsThatExist) {
  const std::vector<DocumentedMetric> documented = ReadDocumentation();
  ASSERT_EQ(documented.size(), AllMetrics().size());
  for (size_t i = 0; i < documented.size(); ++i) {
    const MetricInfo& metric = AllMetrics()[i];
    EXPECT_EQ(documented[i].name, metric.name);
    EXPECT_EQ(documented[i].type, NameOf(metric.type)) << metric.name;
    EXPECT_EQ(documented[i].labels, metric.labels) << metric.name;
    std::string meaning = documented[i].meaning;
    std::erase(meaning, '`');
    EXPECT_EQ(meaning, metric.help) << metric.name;
  }
}

TEST(MetricDocumentationTest, NamesFollowPrometheusConventions) {
  for (const DocumentedMetric& metric : ReadDocumentation()) {
    EXPECT_TRUE(absl::StartsWith(metric.name, "tidemark_") ||
                absl::StartsWith(metric.name, "process_"))
        << metric.name;
    EXPECT_EQ(absl::EndsWith(metric.name, "_total"), metric.type == "counter") << metric.name;
    const std::string base(absl::StripSuffix(metric.name, "_total"));
    for (const char* unit : {"seconds", "bytes"}) {
      EXPECT_EQ(
          absl::EndsWith(base, absl::StrCat("_", unit)) && !absl::EndsWith(base, "_per_second"),
          metric.unit == unit)
          << metric.name;
    }
  }
}

}  // namespace
}  // namespace tidemark::service
