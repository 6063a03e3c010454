#ifndef TIDEMARK_SERVICE_KAFKA_TRANSACTION_SIZE_H_
#define TIDEMARK_SERVICE_KAFKA_TRANSACTION_SIZE_H_

#include <chrono>
#include <cstdint>

namespace tidemark::service::kafka {

// How much goes into one Kafka transaction: enough at once to be quick, and never more than the
// brokers take within the time that it may last. What one that failed by its time had is halved for
// the next, again and again; and doubled by those that end in good time. One thread.
class TransactionSize {
 public:
  using Clock = std::chrono::steady_clock;

  // What a transaction has so far.
  struct Content {
    uint64_t bytes = 0;
    Clock::duration took{};
    bool inside = false;  // a source transaction
    // How long ago the newest of it was appended.
    Clock::duration behind = Clock::duration::max();
  };

  // `lasts_most`: then it fails.
  explicit TransactionSize(Clock::duration lasts_most) : lasts_most_(lasts_most) {}

  // It ends here: where a source transaction does once it is large or took long enough, and
  // anywhere once it cannot be larger or take longer.
  bool IsFull(const Content& content) const;
  // Where nothing more is there: whether the rest of a source transaction is waited for. `idle`:
  // since when nothing more of it came.
  bool AwaitsRest(const Content& content, Clock::duration idle) const;

  // Of a transaction as a whole, with its commit.
  void Committed(Clock::duration took);
  void Failed(uint64_t bytes, Clock::duration took);

 private:
  const Clock::duration lasts_most_;
  uint64_t bytes_most_ = kBytesMost;

  // Not less: small source transactions stay whole, whatever made the last one fail.
  static constexpr uint64_t kBytesLeast = 64 << 10;
  static constexpr uint64_t kBytesMost = 32 << 20;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TRANSACTION_SIZE_H_
