#ifndef TIDEMARK_TESTS_SUPPORT_PROMTOOL_H_
#define TIDEMARK_TESTS_SUPPORT_PROMTOOL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidemark::testing {

// Runs promtool of dev/deploy-tools in `folder`. Its output; Aborted: what it found wrong.
absl::StatusOr<std::string> RunPromtool(const std::string& folder,
                                        const std::vector<std::string>& arguments);

// Whether promtool can read a page of metrics and finds its names, types and helps as Prometheus
// wants them. Aborted: what it found wrong.
absl::Status CheckMetrics(const std::string& page);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_PROMTOOL_H_
