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
#include "tests/support/postgres_server.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {

// A tidemarkd that captures the server's table, with the settings it has by default, once it does.
// `slot`: empty: the default name.
absl::StatusOr<std::unique_ptr<testing::ServiceProcess>> StartService(
    const testing::PostgresServer& server, const std::string& slot = "");

absl::StatusOr<v1::GetBoundsResponse> GetBounds(testing::ServiceProcess& service);

// Waits until the journal durably holds the log up to `offset`. Errors: DeadlineExceeded.
absl::Status WaitForFrontier(testing::ServiceProcess& service, uint64_t offset,
                             absl::Duration timeout);

// Where the server's log ends now; anything after it follows at once, so that every reader comes
// past it.
absl::StatusOr<uint64_t> MarkEndOfLog(testing::PostgresServer& server);

// True for the mark that ends a snapshot.
bool IsCompletedMark(const model::EventView& event);

// The key of a change, if it is one integer.
std::optional<int64_t> IntegerKey(const model::EventView& event);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_STREAM_STATE_H_
