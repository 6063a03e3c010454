#include "capture/postgres/pg_snapshot.h"

#include <algorithm>
#include <charconv>

#include "absl/status/status.h"

namespace tidemark::capture::postgres {
namespace {

// Takes a number off the front of `text`.
bool TakeNumber(std::string_view& text, uint64_t* value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error != std::errc()) return false;
  text.remove_prefix(end - text.data());
  return true;
}

bool TakeChar(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

absl::StatusOr<PgSnapshot> PgSnapshot::Parse(std::string_view text) {
  const absl::Status malformed =
      absl::DataLossError("the server's pg_current_snapshot() is not xmin:xmax:xip,...");
  PgSnapshot snapshot;
  if (!TakeNumber(text, &snapshot.xmin_) || !TakeChar(text, ':') ||
      !TakeNumber(text, &snapshot.xmax_) || !TakeChar(text, ':') ||
      snapshot.xmin_ > snapshot.xmax_) {
    return malformed;
  }
  while (!text.empty()) {
    if (!snapshot.running_.empty() && !TakeChar(text, ',')) return malformed;
    uint64_t xid = 0;
    if (!TakeNumber(text, &xid) || xid < snapshot.xmin_ || xid >= snapshot.xmax_) return malformed;
    snapshot.running_.push_back(xid);
  }
  std::sort(snapshot.running_.begin(), snapshot.running_.end());
  return snapshot;
}

uint64_t PgSnapshot::Widen(uint32_t xid) const {
  int64_t distance = static_cast<int32_t>(xid - static_cast<uint32_t>(xmax_));
  // Before the first epoch there is nothing: such an xid is above xmax.
  if (distance < 0 && static_cast<uint64_t>(-distance) > xmax_) return xid;
  return xmax_ + static_cast<uint64_t>(distance);
}

bool PgSnapshot::Contains(const model::TransactionRef& transaction) const {
  uint64_t xid = Widen(static_cast<uint32_t>(transaction.number));
  if (xid < xmin_) return true;
  if (xid >= xmax_) return false;
  return !std::binary_search(running_.begin(), running_.end(), xid);
}

}  // namespace tidemark::capture::postgres
