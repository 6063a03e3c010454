#ifndef TIDEMARK_SERVICE_LATENCY_HISTOGRAM_H_
#define TIDEMARK_SERVICE_LATENCY_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace tidemark::service {

// Upper bounds of the buckets, seconds; one more bucket has what is above.
inline constexpr std::array<double, 16> kLatencyBounds = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};

struct LatencyCounts {
  // Of each bucket alone.
  std::array<uint64_t, kLatencyBounds.size() + 1> buckets{};
  uint64_t sum_us = 0;
};

// How long something took, in buckets. One thread observes, any may look.
class LatencyHistogram {
 public:
  void Observe(uint64_t us) {
    const double s = static_cast<double>(us) / 1e6;
    const auto bound = std::lower_bound(kLatencyBounds.begin(), kLatencyBounds.end(), s);
    buckets_[bound - kLatencyBounds.begin()].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(us, std::memory_order_relaxed);
  }
  LatencyCounts Look() const {
    LatencyCounts counts;
    for (size_t i = 0; i < buckets_.size(); ++i) counts.buckets[i] = buckets_[i];
    counts.sum_us = sum_us_;
    return counts;
  }

 private:
  std::array<std::atomic<uint64_t>, kLatencyBounds.size() + 1> buckets_{};
  std::atomic<uint64_t> sum_us_ = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_LATENCY_HISTOGRAM_H_
