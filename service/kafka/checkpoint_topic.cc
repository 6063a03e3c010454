#include "service/kafka/checkpoint_topic.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "service/kafka/client.h"
#include "service/kafka/oauth_tokens.h"
#include "service/kafka/topics.h"
#include "tidemark/state/state.pb.h"

namespace tidemark::service::kafka {
namespace {

constexpr int kRequestMs = 5000;
constexpr int kPollMs = 200;
// No answer for so long: the brokers are away.
constexpr int kSilentPollsMost = 50;
// Every transaction ends with a checkpoint, so that a few offsets behind the end hold one.
constexpr int64_t kTailOffsets = 500;

// False: nothing more is wanted.
using Visit = std::function<bool(std::string_view key, std::optional<std::string_view> value)>;

// The first offset and the one behind the last that is committed. Both 0: there is no such topic.
struct Bounds {
  int64_t begin = 0;
  int64_t end = 0;
};

// Reads a partition as it is now.
class TopicReader {
 public:
  static absl::StatusOr<TopicReader> Open(const ClusterOptions& cluster, const std::string& topic,
                                          const std::string& group) {
    auto conf = MakeConf(cluster, {{"group.id", group},
                                   {"isolation.level", "read_committed"},
                                   {"enable.auto.commit", "false"},
                                   {"enable.auto.offset.store", "false"},
                                   {"enable.partition.eof", "true"},
                                   {"auto.offset.reset", "error"},
                                   {"allow.auto.create.topics", "false"}});
    if (!conf.ok()) return conf.status();
    rd_kafka_conf_set_log_cb(conf->get(), nullptr);
    Settings properties = cluster.properties;
    auto tokens = std::make_unique<OauthTokens>(&properties);
    rd_kafka_conf_set_opaque(conf->get(), tokens.get());
    tokens->Prepare(conf->get(), [](rd_kafka_t* of, const char*, void* self) {
      static_cast<const OauthTokens*>(self)->Refresh(of);
    });
    auto client = MakeClient(RD_KAFKA_CONSUMER, *std::move(conf));
    if (!client.ok()) return client.status();
    if (absl::Status started = tokens->Start(client->get()); !started.ok()) return started;
    rd_kafka_poll_set_consumer(client->get());
    return TopicReader(std::move(tokens), *std::move(client), topic);
  }

  const std::string& topic() const { return topic_; }

  absl::StatusOr<bool> Exists(const std::stop_token& stop) {
    return TopicExists(client_.get(), topic_, stop);
  }

  absl::StatusOr<Bounds> FindBounds(const std::stop_token& stop) {
    auto begin = Offset(RD_KAFKA_OFFSET_BEGINNING, stop);
    if (!begin.ok()) return begin.status();
    auto end = Offset(RD_KAFKA_OFFSET_END, stop);
    if (!end.ok()) return end.status();
    return Bounds{*begin, *end};
  }

  // Up to `end`, not less: the replica that answers may, after a change of leaders, not know yet
  // how far the partition is committed. And not more: under a service that writes all the time
  // there is no moment without a record to come, in which the client would tell the end.
  absl::Status Read(int64_t from, int64_t end, std::stop_token stop, const Visit& visit) {
    const Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0)->offset = from;
    const rd_kafka_resp_err_t assigned = rd_kafka_assign(client_.get(), list.get());
    if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(What(), assigned);
    for (int silent = 0; silent < kSilentPollsMost;) {
      if (stop.stop_requested()) return absl::CancelledError("the service is shutting down");
      const Handle<rd_kafka_message_t> message(rd_kafka_consumer_poll(client_.get(), kPollMs));
      if (message == nullptr) {
        ++silent;
        continue;
      }
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (message->offset >= end) return absl::OkStatus();
        continue;
      }
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        absl::Status status =
            ToStatus(What(), message->err, rd_kafka_message_errstr(message.get()));
        if (!absl::IsUnavailable(status)) return status;
        ++silent;
        continue;
      }
      if (message->offset >= end) return absl::OkStatus();
      silent = 0;
      std::optional<std::string_view> value;
      if (message->payload != nullptr) {
        value = {static_cast<const char*>(message->payload), message->len};
      }
      if (!visit({static_cast<const char*>(message->key), message->key_len}, value)) {
        return absl::OkStatus();
      }
    }
    return absl::UnavailableError(absl::StrCat(What(), ": the brokers do not answer"));
  }

 private:
  TopicReader(std::unique_ptr<OauthTokens> tokens, Handle<rd_kafka_t> client, std::string topic)
      : tokens_(std::move(tokens)), client_(std::move(client)), topic_(std::move(topic)) {}
  std::string What() const { return absl::StrCat("cannot read the checkpoint topic ", topic_); }

  // Not rd_kafka_query_watermark_offsets: before librdkafka 2.3 it waits for a leader that is down
  // for ever (confluentinc/librdkafka#4460).
  absl::StatusOr<int64_t> Offset(int64_t which, const std::stop_token& stop) {
    const Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_t* asked =
        rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0);
    rd_kafka_resp_err_t error = AskUnlessStopped(kRequestMs, stop, [&](int ms) {
      asked->offset = which;
      return rd_kafka_offsets_for_times(client_.get(), list.get(), ms);
    });
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = asked->err;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(What(), error);
    return asked->offset;
  }

  // Of the client, which ends first.
  std::unique_ptr<OauthTokens> tokens_;
  Handle<rd_kafka_t> client_;
  std::string topic_;
};

absl::Status Malformed(const std::string& topic) {
  return absl::DataLossError(absl::StrCat(
      "topic ", topic,
      " holds what is no checkpoint of Tidemark; give the source a checkpoint_topic of its own, "
      "or update this version"));
}

absl::StatusOr<std::optional<PublishedPlace>> NewestPlace(TopicReader& reader, const Bounds& bounds,
                                                          const std::stop_token& stop) {
  for (int64_t back = kTailOffsets; bounds.end > bounds.begin; back *= 100) {
    const int64_t from = std::max(bounds.begin, bounds.end - back);
    std::optional<std::string> newest;
    absl::Status read = reader.Read(
        from, bounds.end, stop, [&](std::string_view key, std::optional<std::string_view> value) {
          if (key == storage::kCheckpointRecord && value) newest = *value;
          return true;
        });
    if (!read.ok()) return read;
    PublishedPlace place;
    if (newest) {
      if (!ParsePlace(*newest, &place)) return Malformed(reader.topic());
      return place;
    }
    if (from == bounds.begin) break;
  }
  return std::nullopt;
}

// Whether the topic has all that was written of the state `state`. It is the oldest record that
// counts: compaction leaves little before it.
absl::StatusOr<bool> BeginsWithMark(TopicReader& reader, const Bounds& bounds,
                                    const std::string& state, const std::stop_token& stop) {
  bool found = false;
  if (bounds.end == bounds.begin || state.empty()) return found;
  absl::Status read = reader.Read(bounds.begin, bounds.end, stop,
                                  [&](std::string_view key, std::optional<std::string_view> value) {
                                    found = key == kStateMark && value == state;
                                    return !found;
                                  });
  if (!read.ok()) return read;
  return found;
}

}  // namespace

// Asked by a consumer: a producer may make the topic by asking for it.
absl::StatusOr<bool> CheckpointTopic::Exists(std::stop_token stop) const {
  auto reader = TopicReader::Open(cluster_, topic_, group_);
  return reader.ok() ? reader->Exists(stop) : reader.status();
}

absl::StatusOr<std::optional<PublishedPlace>> CheckpointTopic::ReadPlace(
    std::stop_token stop) const {
  auto reader = TopicReader::Open(cluster_, topic_, group_);
  if (!reader.ok()) return reader.status();
  auto bounds = reader->FindBounds(stop);
  if (!bounds.ok()) return bounds.status();
  return NewestPlace(*reader, *bounds, stop);
}

absl::StatusOr<std::optional<CheckpointTopic::Judged>> CheckpointTopic::ReadJudgedPlace(
    std::stop_token stop) const {
  auto reader = TopicReader::Open(cluster_, topic_, group_);
  if (!reader.ok()) return reader.status();
  auto bounds = reader->FindBounds(stop);
  if (!bounds.ok()) return bounds.status();
  auto place = NewestPlace(*reader, *bounds, stop);
  if (!place.ok()) return place.status();
  if (!*place) return std::nullopt;
  auto whole = BeginsWithMark(*reader, *bounds, (*place)->state, stop);
  if (!whole.ok()) return whole.status();
  Judged judged{**std::move(place)};
  judged.lost = judged.place.restorable && !*whole;
  if (judged.lost) judged.place.restorable = false;
  return judged;
}

absl::StatusOr<std::optional<CheckpointTopic::State>> CheckpointTopic::ReadState(
    std::stop_token stop) const {
  auto reader = TopicReader::Open(cluster_, topic_, group_);
  if (!reader.ok()) return reader.status();
  auto bounds = reader->FindBounds(stop);
  if (!bounds.ok()) return bounds.status();
  std::map<std::string, std::string, std::less<>> records;
  if (bounds->end > bounds->begin) {
    absl::Status read =
        reader->Read(bounds->begin, bounds->end, stop,
                     [&](std::string_view key, std::optional<std::string_view> value) {
                       if (value) {
                         records.insert_or_assign(std::string(key), std::string(*value));
                       } else {
                         records.erase(std::string(key));
                       }
                       return true;
                     });
    if (!read.ok()) return read;
  }
  if (records.empty()) return std::nullopt;
  auto stored = records.find(storage::kCheckpointRecord);
  State state;
  if (stored == records.end() || !ParsePlace(stored->second, &state.place)) {
    return Malformed(topic_);
  }
  stored->second = state.place.checkpoint;
  auto mark = records.find(kStateMark);
  if (mark == records.end() || mark->second != state.place.state) state.place.restorable = false;
  if (mark != records.end()) records.erase(mark);
  for (auto& [key, value] : records) state.records.push_back({key, std::move(value)});
  return state;
}

Record StateRecordOf(std::string_view key, std::optional<std::string_view> value) {
  Record record;
  record.partition = 0;
  record.key = key;
  record.value = value;
  return record;
}

std::string RandomName() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&name, absl::Hex(random(), absl::kZeroPad8));
  return name;
}

std::string PlaceValue(const PublishedPlace& place) {
  tidemark::state::PublishedCheckpoint stored;
  stored.set_journal(place.journal);
  stored.set_append(place.append);
  stored.set_next_sequence(place.next_sequence);
  stored.mutable_frontier()->set_file(place.frontier.file);
  stored.mutable_frontier()->set_offset(place.frontier.offset);
  stored.set_restorable(place.restorable);
  stored.set_open_pieces(place.open_pieces);
  stored.set_checkpoint(place.checkpoint);
  stored.set_state(place.state);
  return stored.SerializeAsString();
}

bool ParsePlace(std::string_view value, PublishedPlace* place) {
  tidemark::state::PublishedCheckpoint stored;
  if (!stored.ParseFromArray(value.data(), static_cast<int>(value.size()))) return false;
  place->journal = stored.journal();
  place->append = stored.append();
  place->next_sequence = stored.next_sequence();
  place->frontier = {stored.frontier().file(), stored.frontier().offset()};
  place->restorable = stored.restorable();
  place->open_pieces = stored.open_pieces();
  place->checkpoint = std::move(*stored.mutable_checkpoint());
  place->state = stored.state();
  return !place->journal.empty() && place->next_sequence > 0;
}

}  // namespace tidemark::service::kafka
