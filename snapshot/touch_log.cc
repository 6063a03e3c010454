#include "snapshot/touch_log.h"

#include <algorithm>

namespace tidemark::snapshot {
namespace {

constexpr size_t kSegmentBytes = 64 << 10;

}  // namespace

std::string_view TouchLog::Keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  // A segment never grows once it has been handed out from: views point into it.
  if (segments_.empty() ||
      segments_.back().bytes.capacity() - segments_.back().bytes.size() < bytes.size()) {
    segments_.emplace_back();
    segments_.back().bytes.Reserve(std::max(kSegmentBytes, bytes.size()));
    bytes_ += segments_.back().bytes.capacity();
  }
  Segment& segment = segments_.back();
  const char* at = segment.bytes.end();
  segment.bytes.Append(bytes);
  segment.last_touch = end();
  return {at, bytes.size()};
}

void TouchLog::Add(const Touch& touch) {
  Touch kept = touch;
  kept.key = Keep(touch.key);
  kept.after = touch.partial ? Keep(touch.after) : std::string_view();
  touches_.push_back(kept);
  bytes_ += sizeof(Touch);
}

void TouchLog::DropBefore(uint64_t index) {
  while (first_ < index && !touches_.empty()) {
    touches_.pop_front();
    bytes_ -= sizeof(Touch);
    ++first_;
  }
  while (!segments_.empty() && segments_.front().last_touch < first_) {
    bytes_ -= segments_.front().bytes.capacity();
    segments_.pop_front();
  }
}

}  // namespace tidemark::snapshot
