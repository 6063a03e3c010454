#include "capture/settle.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPollMin{1};
constexpr milliseconds kPollMax{50};
// A wait shorter than this is not worth a report.
constexpr milliseconds kQuiet{500};
constexpr size_t kListedMax = 10;

// Tells the reporter what a wait is for, and when it is over.
class WaitReport {
 public:
  explicit WaitReport(const WaitReporter& report) : report_(report) {}
  ~WaitReport() {
    if (!told_.empty()) report_("");
  }
  WaitReport(const WaitReport&) = delete;
  WaitReport& operator=(const WaitReport&) = delete;

  bool due() const { return report_ && Clock::now() - start_ >= kQuiet; }
  void Update(std::string now) {
    if (now == told_) return;
    told_ = std::move(now);
    report_(told_);
  }

 private:
  const WaitReporter& report_;
  const Clock::time_point start_ = Clock::now();
  std::string told_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const model::ReadView>> SettleByPolling(
    absl::Span<const model::TransactionRef> merged, const SettleSteps& steps,
    const WaitReporter& report, std::stop_token stop) {
  std::vector<model::TransactionRef> pending(merged.begin(), merged.end());
  WaitReport waiting(report);
  for (milliseconds pause = kPollMin;; pause = std::min(2 * pause, kPollMax)) {
    absl::StatusOr<std::shared_ptr<const model::ReadView>> view = steps.view();
    if (!view.ok()) return view.status();
    std::erase_if(pending, [&](const model::TransactionRef& t) { return (*view)->Contains(t); });
    if (pending.empty()) return view;
    if (waiting.due()) waiting.Update(steps.describe(pending));
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    std::this_thread::sleep_for(pause);
  }
}

std::string ListTransactions(const std::vector<model::TransactionRef>& transactions,
                             absl::FunctionRef<std::string(const model::TransactionRef&)> name) {
  std::string list;
  for (size_t i = 0; i < std::min(transactions.size(), kListedMax); ++i) {
    absl::StrAppend(&list, i == 0 ? "" : ", ", name(transactions[i]));
  }
  return transactions.size() > kListedMax ? list + ", ..." : list;
}

}  // namespace tidemark::capture
