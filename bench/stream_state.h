#ifndef TIDEMARK_BENCH_STREAM_STATE_H_
#define TIDEMARK_BENCH_STREAM_STATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/event.h"
#include "tests/oracle/log_position.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {

// A tidemarkd, once it captures.
absl::StatusOr<std::unique_ptr<testing::ServiceProcess>> StartService(
    const testing::ServiceOptions& options);

absl::StatusOr<v1::GetBoundsResponse> GetBounds(testing::ServiceProcess& service);

// Waits until the journal durably holds the log up to `end`. Errors: DeadlineExceeded.
absl::Status WaitForFrontier(testing::ServiceProcess& service, oracle::LogPosition end,
                             absl::Duration timeout);

// True for the mark that ends a snapshot.
bool IsCompletedMark(const model::EventView& event);

// The key of a change, if it is one integer.
std::optional<int64_t> IntegerKey(const model::EventView& event);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_STREAM_STATE_H_
