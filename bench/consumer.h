#ifndef TIDEMARK_BENCH_CONSUMER_H_
#define TIDEMARK_BENCH_CONSUMER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tidemark::bench {

// A subscriber of tidemarkd's stream that takes the messages as bytes: what it costs is gRPC's
// receiving, not protobuf's parsing. One thread at a time.
class Consumer {
 public:
  // Subscribes from a sequence. The stream is cut after `timeout`.
  static absl::StatusOr<std::unique_ptr<Consumer>> Open(const std::string& address, uint64_t from,
                                                        absl::Duration timeout);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // The frames of the next message; they live until the next call. After an error, only the
  // destructor may be called. Errors: Unavailable: the stream ended (the message says why).
  absl::StatusOr<std::string_view> Next();

  // Makes Next return an error. May be called from any thread.
  void Cancel();

 private:
  struct Stream;
  explicit Consumer(std::unique_ptr<Stream> stream);

  std::unique_ptr<Stream> stream_;
};

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_CONSUMER_H_
