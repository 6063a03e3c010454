#include "service/kafka/transaction_size.h"

#include <algorithm>

namespace tidemark::service::kafka {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kBytesWanted = 4 << 20;
// The less Kafka is behind the journal, the more does soon count, and the less much at once. A part
// of how far it is behind: the delay then shrinks with each transaction, down to what commits take.
constexpr milliseconds kTimeWantedLeast{10};
constexpr milliseconds kTimeWantedMost{100};
constexpr int kPartOfBehind = 4;
constexpr milliseconds kTimeMost{5000};
constexpr milliseconds kRestWait{200};

}  // namespace

bool TransactionSize::IsFull(const Content& content) const {
  // The rest of its time is for the commit, which waits for what is still under way.
  const auto time_most = std::min<Clock::duration>(kTimeMost, lasts_most_ / 4);
  if (content.bytes >= bytes_most_ || content.took >= time_most) return true;
  const auto time_wanted = std::clamp<Clock::duration>(content.behind / kPartOfBehind,
                                                       kTimeWantedLeast, kTimeWantedMost);
  return !content.inside && (content.bytes >= kBytesWanted || content.took >= time_wanted);
}

bool TransactionSize::AwaitsRest(const Content& content, Clock::duration idle) const {
  return content.inside && idle < kRestWait && !IsFull(content);
}

void TransactionSize::Committed(Clock::duration took) {
  if (took < lasts_most_ / 4) bytes_most_ = std::min(bytes_most_ * 2, kBytesMost);
}

void TransactionSize::Failed(uint64_t bytes, Clock::duration took) {
  if (took < lasts_most_ / 2) return;
  bytes_most_ = std::clamp(bytes / 2, kBytesLeast, bytes_most_);
}

}  // namespace tidemark::service::kafka
