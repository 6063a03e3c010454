#include "tests/support/kafka_consumer.h"

#include <regex.h>

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/kafka_client.h"

namespace tidemark::testing {
namespace {

constexpr int kRequestTimeoutMs = 3000;
constexpr int kPollMs = 100;

// A partition of a topic.
using Place = std::pair<std::string, int32_t>;

struct Ends {
  int64_t first = 0;
  int64_t end = 0;

  friend bool operator==(const Ends&, const Ends&) = default;
};

std::optional<std::string> Bytes(const void* data, size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

KafkaRecord RecordOf(const rd_kafka_message_t& message) {
  KafkaRecord record{.topic = rd_kafka_topic_name(message.rkt),
                     .partition = message.partition,
                     .offset = message.offset,
                     .key = Bytes(message.key, message.key_len),
                     .value = Bytes(message.payload, message.len),
                     .headers = {}};
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    record.headers.emplace_back(name, Bytes(value, size));
  }
  return record;
}

// An extended regular expression for whole names.
class Pattern {
 public:
  static absl::StatusOr<std::unique_ptr<Pattern>> Compile(const std::string& text) {
    std::unique_ptr<Pattern> pattern(new Pattern);
    const std::string whole = absl::StrCat("^(", text, ")$");
    pattern->compiled_ =
        regcomp(&pattern->expression_, whole.c_str(), REG_EXTENDED | REG_NOSUB) == 0;
    if (pattern->compiled_) return pattern;
    return absl::InvalidArgumentError(absl::StrCat("no regular expression: ", text));
  }
  ~Pattern() {
    if (compiled_) regfree(&expression_);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool Matches(const std::string& name) const {
    return regexec(&expression_, name.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  Pattern() = default;

  regex_t expression_;
  bool compiled_ = false;
};

std::string Name(const Place& place) { return absl::StrCat(place.first, "[", place.second, "]"); }

}  // namespace

class KafkaConsumer::Reader {
 public:
  Reader(std::string bootstrap, std::unique_ptr<Pattern> pattern, const char* isolation_level)
      : bootstrap_(std::move(bootstrap)),
        pattern_(std::move(pattern)),
        isolation_level_(isolation_level) {}

  // Anew for each attempt: a client that has lost a broker may take long to find the next leader.
  absl::Status Connect() {
    topics_.clear();
    absl::StatusOr<KafkaHandle<rd_kafka_t>> client =
        OpenKafkaClient(RD_KAFKA_CONSUMER, bootstrap_,
                        {{"isolation.level", isolation_level_},
                         {"enable.partition.eof", "true"},
                         {"auto.offset.reset", "error"},
                         {"check.crcs", "true"},
                         // Reading ends when the broker answers that nothing more is there.
                         {"fetch.wait.max.ms", "20"}});
    if (client.ok()) client_ = *std::move(client);
    return client.status();
  }

  absl::StatusOr<std::vector<KafkaRecord>> Read(absl::Duration timeout) {
    absl::StatusOr<std::map<Place, Ends>> ends = FindEnds(absl::Now() + timeout);
    if (!ends.ok()) return ends.status();
    queue_.reset(rd_kafka_queue_new(client_.get()));
    std::vector<KafkaRecord> records;
    absl::Status read = StartAll(*ends);
    if (read.ok()) read = ReadOpen(timeout, records);
    StopAll();
    if (!read.ok()) return read;
    return records;
  }

  // Brokers may be away, and partitions without a leader: it asks until all have answered.
  absl::StatusOr<std::map<Place, Ends>> FindEnds(absl::Time deadline) {
    for (;;) {
      absl::StatusOr<std::map<Place, Ends>> ends = TryFindEnds();
      if (ends.ok()) return ends;
      if (absl::Now() > deadline) return absl::DeadlineExceededError(ends.status().message());
      absl::SleepFor(absl::Milliseconds(kPollMs));
    }
  }

 private:
  absl::StatusOr<std::map<Place, Ends>> TryFindEnds() {
    if (absl::Status connected = Connect(); !connected.ok()) return connected;
    absl::StatusOr<std::vector<Place>> places = FindPlaces();
    if (!places.ok()) return places.status();
    absl::StatusOr<std::map<Place, int64_t>> firsts =
        ListOffsets(*places, RD_KAFKA_OFFSET_BEGINNING);
    if (!firsts.ok()) return firsts.status();
    absl::StatusOr<std::map<Place, int64_t>> ends = ListOffsets(*places, RD_KAFKA_OFFSET_END);
    if (!ends.ok()) return ends.status();
    std::map<Place, Ends> all;
    for (const auto& [place, first] : *firsts) all[place] = {first, ends->at(place)};
    return all;
  }

  // The first offset of each, or the one behind its last: Kafka has these in the place of a time.
  // One request for each broker, where rd_kafka_query_watermark_offsets takes several for each
  // partition, and long where a broker is away.
  absl::StatusOr<std::map<Place, int64_t>> ListOffsets(const std::vector<Place>& places,
                                                       int64_t which) {
    const KafkaHandle<rd_kafka_topic_partition_list_t> list(
        rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
    for (const Place& place : places) {
      rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset =
          which;
    }
    std::map<Place, int64_t> offsets;
    if (places.empty()) return offsets;
    const rd_kafka_resp_err_t error =
        rd_kafka_offsets_for_times(client_.get(), list.get(), kRequestTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus("ends of partitions", error);
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& found = list->elems[i];
      const Place place(found.topic, found.partition);
      if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(Name(place), found.err);
      offsets[place] = found.offset;
    }
    return offsets;
  }

  absl::StatusOr<std::vector<Place>> FindPlaces() {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(client_.get(), 1, nullptr, &metadata, kRequestTimeoutMs);
    const KafkaHandle<const rd_kafka_metadata_t> owned(metadata);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus("list of topics", error);
    std::vector<Place> places;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
      if (absl::StartsWith(topic.topic, "__") || !pattern_->Matches(topic.topic)) continue;
      if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(topic.topic, topic.err);
      for (int j = 0; j < topic.partition_cnt; ++j) {
        places.emplace_back(topic.topic, topic.partitions[j].id);
      }
    }
    return places;
  }

  absl::Status StartAll(const std::map<Place, Ends>& all) {
    for (const auto& [place, ends] : all) {
      const auto [next, is_new] = next_.try_emplace(place, ends.first);
      if (!is_new && next->second < ends.first) {
        return absl::DataLossError(absl::StrCat(Name(place), ": offsets ", next->second, " to ",
                                                ends.first - 1, " were deleted unread"));
      }
      if (next->second >= ends.end) continue;
      if (rd_kafka_consume_start_queue(TopicOf(place), place.second, next->second, queue_.get()) !=
          0) {
        return KafkaStatus(Name(place), rd_kafka_last_error());
      }
      open_.emplace(place, ends.end);
    }
    return absl::OkStatus();
  }

  absl::Status ReadOpen(absl::Duration timeout, std::vector<KafkaRecord>& records) {
    unfinished_ = open_;
    absl::Time deadline = absl::Now() + timeout;
    while (!unfinished_.empty()) {
      const KafkaHandle<rd_kafka_message_t> message(rd_kafka_consume_queue(queue_.get(), kPollMs));
      if (message != nullptr) {
        if (absl::Status taken = Take(*message, records); !taken.ok()) return taken;
        deadline = absl::Now() + timeout;
      } else if (absl::Now() > deadline) {
        const auto& [place, end] = *unfinished_.begin();
        return absl::DeadlineExceededError(
            absl::StrCat(Name(place), ": at ", next_[place], ", its end is ", end));
      }
    }
    return absl::OkStatus();
  }

  // Markers of transactions have offsets as well, so that the last record may lie before the end:
  // then the partition's own end tells that it is reached.
  absl::Status Take(const rd_kafka_message_t& message, std::vector<KafkaRecord>& records) {
    const Place place(rd_kafka_topic_name(message.rkt), message.partition);
    const bool at_end = message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR && !at_end) {
      return KafkaStatus(Name(place), message.err);
    }
    const auto unfinished = unfinished_.find(place);
    if (unfinished == unfinished_.end()) return absl::OkStatus();
    const int64_t end = unfinished->second;
    if (!at_end && message.offset < end) records.push_back(RecordOf(message));
    const int64_t next = message.offset + (at_end ? 0 : 1);
    next_[place] = std::min(next, end);
    if (next >= end) unfinished_.erase(unfinished);
    return absl::OkStatus();
  }

  void StopAll() {
    for (const auto& [place, end] : open_) rd_kafka_consume_stop(TopicOf(place), place.second);
    open_.clear();
    queue_.reset();
  }

  rd_kafka_topic_t* TopicOf(const Place& place) {
    KafkaHandle<rd_kafka_topic_t>& topic = topics_[place.first];
    if (topic == nullptr) {
      topic.reset(rd_kafka_topic_new(client_.get(), place.first.c_str(), nullptr));
    }
    return topic.get();
  }

  const std::string bootstrap_;
  const std::unique_ptr<Pattern> pattern_;
  const char* const isolation_level_;
  KafkaHandle<rd_kafka_t> client_;
  std::map<std::string, KafkaHandle<rd_kafka_topic_t>> topics_;
  KafkaHandle<rd_kafka_queue_t> queue_;
  // The offset that is read next.
  std::map<Place, int64_t> next_;
  // Those that are being consumed, and those of them that are not at their end yet.
  std::map<Place, int64_t> open_;
  std::map<Place, int64_t> unfinished_;
};

KafkaConsumer::KafkaConsumer(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}

KafkaConsumer::~KafkaConsumer() = default;

absl::StatusOr<std::unique_ptr<KafkaConsumer::Reader>> KafkaConsumer::OpenReader(
    const std::string& bootstrap, const std::string& pattern, const char* isolation_level) {
  absl::StatusOr<std::unique_ptr<Pattern>> compiled = Pattern::Compile(pattern);
  if (!compiled.ok()) return compiled.status();
  auto reader = std::make_unique<Reader>(bootstrap, *std::move(compiled), isolation_level);
  if (absl::Status connected = reader->Connect(); !connected.ok()) return connected;
  return reader;
}

absl::StatusOr<std::unique_ptr<KafkaConsumer>> KafkaConsumer::Open(const std::string& bootstrap,
                                                                   const std::string& pattern) {
  absl::StatusOr<std::unique_ptr<Reader>> reader = OpenReader(bootstrap, pattern, "read_committed");
  if (!reader.ok()) return reader.status();
  return std::unique_ptr<KafkaConsumer>(new KafkaConsumer(*std::move(reader)));
}

// An open transaction holds the end of what is committed back behind the end of all there is.
absl::Status KafkaConsumer::WaitForOpenTransactions(const std::string& bootstrap,
                                                    const std::string& pattern,
                                                    absl::Duration timeout) {
  absl::StatusOr<std::unique_ptr<Reader>> committed =
      OpenReader(bootstrap, pattern, "read_committed");
  if (!committed.ok()) return committed.status();
  absl::StatusOr<std::unique_ptr<Reader>> all = OpenReader(bootstrap, pattern, "read_uncommitted");
  if (!all.ok()) return all.status();
  const absl::Time deadline = absl::Now() + timeout;
  while (absl::Now() < deadline) {
    absl::StatusOr<std::map<Place, Ends>> all_ends = (*all)->FindEnds(deadline);
    if (!all_ends.ok()) return all_ends.status();
    absl::StatusOr<std::map<Place, Ends>> ends = (*committed)->FindEnds(deadline);
    if (!ends.ok()) return ends.status();
    if (*ends == *all_ends) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::DeadlineExceededError(absl::StrCat("a transaction stays open in ", pattern));
}

absl::StatusOr<std::vector<KafkaRecord>> KafkaConsumer::ReadToEnds(absl::Duration timeout) {
  return reader_->Read(timeout);
}

int KafkaClientVersion() { return rd_kafka_version(); }

absl::StatusOr<std::vector<KafkaRecord>> ReadCommitted(const std::string& bootstrap,
                                                       const std::string& pattern) {
  absl::Status closed = KafkaConsumer::WaitForOpenTransactions(bootstrap, pattern);
  if (!closed.ok()) return closed;
  absl::StatusOr<std::unique_ptr<KafkaConsumer>> consumer = KafkaConsumer::Open(bootstrap, pattern);
  if (!consumer.ok()) return consumer.status();
  return (*consumer)->ReadToEnds();
}

}  // namespace tidemark::testing
