#ifndef TIDEMARK_SERVICE_FAILURE_CAUSE_H_
#define TIDEMARK_SERVICE_FAILURE_CAUSE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

namespace tidemark::service {

// Why a session with a server or with brokers ended, by whom it concerns.
enum class FailureCause : uint8_t { kUnavailable, kAborted, kOperator, kDataLoss, kOther };
inline constexpr size_t kFailureCauses = 5;

inline FailureCause CauseOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return FailureCause::kUnavailable;
    case absl::StatusCode::kAborted:
      return FailureCause::kAborted;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return FailureCause::kOperator;
    case absl::StatusCode::kDataLoss:
      return FailureCause::kDataLoss;
    default:
      return FailureCause::kOther;
  }
}

// It may go away by itself.
inline bool IsTransient(const absl::Status& status) {
  const FailureCause cause = CauseOf(status);
  return cause == FailureCause::kUnavailable || cause == FailureCause::kAborted;
}

// How often, by cause.
struct FailureCounts {
  void Count(FailureCause cause) { ++by_cause[static_cast<size_t>(cause)]; }
  std::array<uint64_t, kFailureCauses> by_cause{};
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_FAILURE_CAUSE_H_
