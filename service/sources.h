#ifndef TIDEMARK_SERVICE_SOURCES_H_
#define TIDEMARK_SERVICE_SOURCES_H_

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/source.h"
#include "service/pipeline.h"
#include "storage/journal.h"

namespace tidemark::service {

namespace kafka {
class Publisher;
}

// One captured server with everything that the gRPC services need of it. Owns nothing.
struct CapturedSource {
  std::string name;
  // "postgres", "mysql"
  std::string kind;
  capture::Source* source = nullptr;
  storage::Journal* journal = nullptr;
  Pipeline* pipeline = nullptr;
  // Null: it is not published to Kafka.
  kafka::Publisher* publisher = nullptr;
  // What of the journal is kept.
  storage::Retention retention = {};
};

// A configured source that is not at work.
struct WaitingSource {
  std::string name;
  std::string kind;
  // Connecting or stopped, and why.
  PipelineStatus status;
};

// The sources of this service, by name, in the order of the configuration. Thread-safe.
class Sources {
 public:
  // Configured, but not at work until Add.
  void Expect(const std::string& name, const std::string& kind);
  // Why it is not at work yet, or if it is stopped never will be. REQUIRES: it is expected.
  void Wait(const std::string& name, PipelineState state, const std::string& why);
  // It is at work from now on, to the end of the service; so are pointers to it.
  void Add(CapturedSource source);

  // Those at work.
  std::vector<const CapturedSource*> all() const;
  // The others.
  std::vector<WaitingSource> waiting() const;

  // One at work. InvalidArgument: `name` is empty. NotFound: there is none; the message lists those
  // there are. Unavailable: it is not at work yet. FailedPrecondition: it is stopped.
  absl::StatusOr<const CapturedSource*> Find(const std::string& name) const;

 private:
  struct Entry {
    CapturedSource captured;
    PipelineStatus waits;
    bool at_work = false;
  };

  // REQUIRES: mutex_ is held.
  Entry* EntryOf(const std::string& name);
  std::string Names() const;

  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SOURCES_H_
