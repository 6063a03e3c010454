#include "capture/settle.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidemark::capture {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kPollMin{1};
constexpr milliseconds kPollMax{50};
// A wait shorter than this is not worth a report.
constexpr milliseconds kQuiet{500};
constexpr size_t kListedMax = 10;

std::string WaitingFor(const std::vector<model::TransactionRef>& pending,
                       absl::string_view holder) {
  // What was merged before the log was opened again has no name here.
  if (pending.empty()) {
    return absl::StrCat("earlier commits to become visible (", holder, " would hold them)");
  }
  const size_t shown = std::min(pending.size(), kListedMax);
  std::string numbers = absl::StrJoin(
      pending.begin(), pending.begin() + static_cast<ptrdiff_t>(shown), ", ",
      [](std::string* out, const model::TransactionRef& t) { absl::StrAppend(out, t.number); });
  if (shown < pending.size()) absl::StrAppend(&numbers, ", ...");
  return absl::StrCat("commit of transactions ", numbers, " to become visible (", holder,
                      " would hold them)");
}

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
    absl::Span<const model::TransactionRef> merged, CurrentView view, absl::string_view holder,
    const WaitReporter& report, std::stop_token stop) {
  std::vector<model::TransactionRef> pending(merged.begin(), merged.end());
  WaitReport report_of_wait(report);
  const auto waiting = [&] {
    if (report_of_wait.due()) report_of_wait.Update(WaitingFor(pending, holder));
  };
  for (milliseconds pause = kPollMin;; pause = std::min(2 * pause, kPollMax)) {
    absl::StatusOr<std::shared_ptr<const model::ReadView>> shown = view(waiting);
    if (!shown.ok()) return shown.status();
    std::erase_if(pending, [&](const model::TransactionRef& t) { return (*shown)->Contains(t); });
    if (pending.empty()) return shown;
    waiting();
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace tidemark::capture
