#ifndef TIDEMARK_CAPTURE_SETTLE_H_
#define TIDEMARK_CAPTURE_SETTLE_H_

#include <memory>
#include <stop_token>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "capture/source.h"
#include "model/transaction.h"

namespace tidemark::capture {

// The view of SELECTs that start now. While that takes long, `waiting` is to be called now and
// then.
using CurrentView = absl::FunctionRef<absl::StatusOr<std::shared_ptr<const model::ReadView>>(
    absl::FunctionRef<void()> waiting)>;

// ChunkReader::Settle by polling: asks for views, once at least, with growing pauses of 1 to 50 ms,
// until one shows all of `merged`. `report` hears of waits longer than half a second, and of their
// end; `holder`: who may hold commits back, for it. Errors: the view's; Cancelled.
absl::StatusOr<std::shared_ptr<const model::ReadView>> SettleByPolling(
    absl::Span<const model::TransactionRef> merged, CurrentView view, absl::string_view holder,
    const WaitReporter& report, std::stop_token stop);

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_SETTLE_H_
