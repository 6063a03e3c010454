#ifndef TIDEMARK_SERVICE_HTTP_METRIC_LIST_H_
#define TIDEMARK_SERVICE_HTTP_METRIC_LIST_H_

#include <span>

namespace tidemark::service {

enum class MetricType { kCounter, kGauge, kHistogram };

// One metric, as docs/metrics.md lists it. Static text.
struct MetricInfo {
  const char* name;
  MetricType type;
  // As the page has them: "source, op"; "": none.
  const char* labels;
  const char* help;
};

// Every metric that there is, in the order of the page.
std::span<const MetricInfo> AllMetrics();

// The metric's place in the list; a name that is not there is a bug of the caller: CHECK.
const MetricInfo& FindMetric(const char* name);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_METRIC_LIST_H_
