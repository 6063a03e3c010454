#include "service/refusal_log.h"

#include "absl/strings/str_cat.h"
#include "service/log.h"

namespace tidemark::service {
namespace {

constexpr auto kLogWindow = std::chrono::seconds(10);
constexpr int kLinesMax = 20;

}  // namespace

void RefusalLog::Write(const std::string& peer, const std::string& reason) {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - window_start_ >= kLogWindow) {
    if (left_out_ > 0) {
      LogWarning(absl::StrCat("more ", what_, "s were refused"), {{"count", left_out_}});
    }
    window_start_ = now;
    logged_ = left_out_ = 0;
  }
  if (++logged_ > kLinesMax) {
    ++left_out_;
    return;
  }
  LogWarning(absl::StrCat(what_, " refused"), {{"peer", peer}, {"reason", reason}});
}

}  // namespace tidemark::service
