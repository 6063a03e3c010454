#ifndef TIDEMARK_SERVICE_SOURCES_H_
#define TIDEMARK_SERVICE_SOURCES_H_

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
};

// The sources of this service, by name. Immutable, so thread-safe.
class Sources {
 public:
  explicit Sources(std::vector<CapturedSource> sources) : sources_(std::move(sources)) {}

  const std::vector<CapturedSource>& all() const { return sources_; }

  // InvalidArgument: `name` is empty. NotFound: there is none; the message lists those there are.
  absl::StatusOr<const CapturedSource*> Find(const std::string& name) const;

 private:
  std::string Names() const;

  std::vector<CapturedSource> sources_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SOURCES_H_
