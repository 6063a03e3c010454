#include "service/streams.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace tidemark::service {

uint64_t Streams::Open(const std::string& source, const std::string& consumer, End end) {
  Name name(source, consumer);
  if (!consumer.empty()) {
    EndConsumer(source, consumer,
                absl::AbortedError(absl::StrCat("another stream took over the consumer \"",
                                                consumer, "\" of source \"", source, "\"")));
  }
  absl::Status stopped;
  uint64_t id;
  {
    std::lock_guard lock(mutex_);
    id = next_id_++;
    streams_[id] = {name, end};
    if (!consumer.empty()) names_[name] = id;
    stopped = end_all_;
  }
  if (!stopped.ok()) end(stopped);
  return id;
}

void Streams::Close(uint64_t id) {
  std::lock_guard lock(mutex_);
  auto stream = streams_.find(id);
  if (stream == streams_.end()) return;
  auto named = names_.find(stream->second.first);
  if (named != names_.end() && named->second == id) names_.erase(named);
  streams_.erase(stream);
}

bool Streams::IsConnected(const std::string& source, const std::string& consumer) const {
  std::lock_guard lock(mutex_);
  return names_.contains(Name(source, consumer));
}

void Streams::EndConsumer(const std::string& source, const std::string& consumer,
                          const absl::Status& status) {
  End end;
  {
    std::lock_guard lock(mutex_);
    auto named = names_.find(Name(source, consumer));
    if (named == names_.end()) return;
    end = streams_[named->second].second;
  }
  end(status);
}

void Streams::EndAll(const absl::Status& status) {
  std::vector<End> ends;
  {
    std::lock_guard lock(mutex_);
    end_all_ = status;
    for (const auto& [id, stream] : streams_) ends.push_back(stream.second);
  }
  for (const End& end : ends) end(status);
}

size_t Streams::size() const {
  std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace tidemark::service
