#include "service/streams.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace tidemark::service {

uint64_t Streams::Open(const std::string& source, const std::string& consumer, End end) {
  End other;
  absl::Status stopped;
  uint64_t id;
  {
    std::lock_guard lock(mutex_);
    id = next_id_++;
    if (!consumer.empty()) other = TakeName({source, consumer}, id);
    streams_[id] = {{source, consumer}, end};
    ++counts_[source].opened;
    stopped = end_all_;
  }
  if (other) {
    other(absl::AbortedError(absl::StrCat("another stream took over the consumer \"", consumer,
                                          "\" of source \"", source, "\"")));
  }
  if (!stopped.ok()) end(stopped);
  return id;
}

Streams::End Streams::TakeName(const Name& name, uint64_t id) {
  uint64_t other = std::exchange(names_[name], id);
  auto stream = streams_.find(other);
  return stream == streams_.end() ? End() : stream->second.second;
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

void Streams::Sent(const std::string& source, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  counts_[source].sent_bytes += bytes;
}

StreamCounts Streams::CountsOf(const std::string& source) const {
  std::lock_guard lock(mutex_);
  auto found = counts_.find(source);
  StreamCounts counts = found == counts_.end() ? StreamCounts{} : found->second;
  for (const auto& [id, stream] : streams_) counts.open += stream.first.first == source;
  return counts;
}

size_t Streams::size() const {
  std::lock_guard lock(mutex_);
  return streams_.size();
}

}  // namespace tidemark::service
