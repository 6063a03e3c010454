#ifndef TIDEMARK_SERVICE_STREAMS_H_
#define TIDEMARK_SERVICE_STREAMS_H_

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace tidemark::service {

// Streams of one source.
struct StreamCounts {
  uint64_t open = 0;
  // Since the service started.
  uint64_t opened = 0;
  uint64_t sent_bytes = 0;
};

// The open streams of all consumers: ends them at shutdown, and sees to it that a named consumer
// has one at most. Thread-safe.
class Streams {
 public:
  // Ends a stream soon, with this status; must be quick, and may come more than once.
  using End = std::function<void(const absl::Status&)>;

  // Registers a stream; with a name, a stream that has the same one ends with ABORTED. Returns its
  // id. At shutdown the new stream is ended at once.
  uint64_t Open(const std::string& source, const std::string& consumer, End end);
  void Close(uint64_t id);

  bool IsConnected(const std::string& source, const std::string& consumer) const;
  // Ends the stream of a consumer, if there is one.
  void EndConsumer(const std::string& source, const std::string& consumer,
                   const absl::Status& status);
  // Ends all streams, those opened later too.
  void EndAll(const absl::Status& status);
  size_t size() const;

  // What a stream of the source was given to send.
  void Sent(const std::string& source, uint64_t bytes);
  StreamCounts CountsOf(const std::string& source) const;

 private:
  using Name = std::pair<std::string, std::string>;  // source, consumer

  // Gives the name to stream `id`; what ends the one that had it. REQUIRES: mutex_ is held.
  End TakeName(const Name& name, uint64_t id);

  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::pair<Name, End>> streams_;
  std::map<Name, uint64_t> names_;
  // By source; `open` is not kept here.
  std::map<std::string, StreamCounts> counts_;
  absl::Status end_all_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_STREAMS_H_
