#ifndef TIDEMARK_CAPTURE_SETTLE_H_
#define TIDEMARK_CAPTURE_SETTLE_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "capture/source.h"
#include "model/transaction.h"

namespace tidemark::capture {

// What a driver's settle step is made of.
struct SettleSteps {
  // The view of SELECTs that start now.
  absl::FunctionRef<absl::StatusOr<std::shared_ptr<const model::ReadView>>()> view;
  // "commit of transactions 734, 735 to become visible (...)", for the reporter.
  absl::FunctionRef<std::string(const std::vector<model::TransactionRef>& pending)> describe;
};

// ChunkReader::Settle by polling: asks for views, with growing pauses of 1 to 50 ms, until one
// shows all of `merged`. `report` hears of waits longer than half a second, and of their end.
// Errors: the view's; Cancelled.
absl::StatusOr<std::shared_ptr<const model::ReadView>> SettleByPolling(
    absl::Span<const model::TransactionRef> merged, const SettleSteps& steps,
    const WaitReporter& report, std::stop_token stop);

// "734, 735, ..." of at most ten; `name`: how one is shown.
std::string ListTransactions(const std::vector<model::TransactionRef>& transactions,
                             absl::FunctionRef<std::string(const model::TransactionRef&)> name);

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_SETTLE_H_
