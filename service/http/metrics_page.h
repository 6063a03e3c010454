#ifndef TIDEMARK_SERVICE_HTTP_METRICS_PAGE_H_
#define TIDEMARK_SERVICE_HTTP_METRICS_PAGE_H_

#include <string>

#include "service/http/process_figures.h"
#include "service/observation.h"

namespace tidemark::service {

// What /metrics answers: the metrics of docs/metrics.md in Prometheus' text format, version 0.0.4.
std::string MetricsPage(const Observation& seen, const ProcessFigures& process,
                        const std::string& version);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_METRICS_PAGE_H_
