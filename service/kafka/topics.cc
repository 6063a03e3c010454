#include "service/kafka/topics.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/sleep.h"

namespace tidemark::service::kafka {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kRequestMs = 5000;
constexpr milliseconds kPauseMin{50};
constexpr milliseconds kPauseMax{500};
// A topic that was made has leaders within moments, on a machine that has much to do within
// seconds. One that was there and has none waits for a broker, which may take hours.
constexpr milliseconds kNewTopicWait{10'000};
constexpr milliseconds kLeaderWait{2000};

absl::Status ResultOf(const std::string& name, rd_kafka_event_t* event) {
  const std::string what = absl::StrCat("cannot create topic ", name);
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return ToStatus(what, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  }
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* reason = rd_kafka_topic_result_error_string(results[i]);
    absl::Status status = ToStatus(what, error, reason == nullptr ? "" : reason);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

struct Look {
  bool exists = false;
  int32_t partitions = 0;
  int32_t leaderless = -1;  // the first partition without a leader; -1: none
};

absl::StatusOr<Look> LookAt(rd_kafka_t* client, const std::string& name,
                            const std::stop_token& stop) {
  const Handle<rd_kafka_topic_t> topic(rd_kafka_topic_new(client, name.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  const rd_kafka_resp_err_t asked = AskUnlessStopped(kRequestMs, stop, [&](int ms) {
    return rd_kafka_metadata(client, /*all_topics=*/0, topic.get(), &found, ms);
  });
  const Handle<const rd_kafka_metadata_t> metadata(found);
  const std::string what = absl::StrCat("cannot look at topic ", name);
  if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(what, asked);
  constexpr Look kNoLeader{.exists = true, .partitions = 0, .leaderless = 0};
  if (metadata->topic_cnt != 1) return kNoLeader;
  const rd_kafka_metadata_topic_t& about = metadata->topics[0];
  if (about.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return Look{};
  if (about.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) return kNoLeader;
  if (about.err != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(what, about.err);
  Look look{.exists = true, .partitions = about.partition_cnt, .leaderless = -1};
  for (int i = about.partition_cnt - 1; i >= 0; --i) {
    if (about.partitions[i].leader < 0) look.leaderless = about.partitions[i].id;
  }
  return look;
}

}  // namespace

absl::StatusOr<bool> TopicExists(rd_kafka_t* client, const std::string& name,
                                 const std::stop_token& stop) {
  const absl::StatusOr<Look> look = LookAt(client, name, stop);
  if (!look.ok()) return look.status();
  return look->exists;
}

absl::StatusOr<Topic> Topics::Ensure(const std::string& name, const TopicOptions& options,
                                     std::stop_token stop) {
  auto known = known_.find(name);
  if (known != known_.end()) return known->second;
  absl::StatusOr<int32_t> partitions = AwaitLeaders(name, &options, stop);
  if (!partitions.ok()) return partitions.status();
  Topic topic{*partitions};
  Describe(name, stop, &topic);
  return known_[name] = topic;
}

absl::StatusOr<int32_t> Topics::Partitions(const std::string& name, const std::stop_token& stop) {
  return AwaitLeaders(name, nullptr, stop);
}

absl::StatusOr<int32_t> Topics::AwaitLeaders(const std::string& name, const TopicOptions* options,
                                             const std::stop_token& stop) {
  bool created = false;
  Clock::time_point deadline = Clock::now() + kLeaderWait;
  for (milliseconds pause = kPauseMin;; pause = std::min(2 * pause, kPauseMax)) {
    absl::StatusOr<Look> look = LookAt(client_, name, stop);
    if (!look.ok()) return look.status();
    if (look->exists && look->leaderless < 0) {
      waits_->Ended(name);
      return look->partitions;
    }
    if (!look->exists && options == nullptr) {
      return absl::NotFoundError(absl::StrCat("topic ", name, " is gone"));
    }
    // A broker knows of it a moment later.
    if (!look->exists && !created) {
      if (absl::Status status = Create(name, *options, stop); !status.ok()) return status;
      created = true;
      deadline = Clock::now() + kNewTopicWait;
    }
    if (Clock::now() >= deadline) return waits_->Waits(name, std::max(look->leaderless, 0));
    if (!SleepUnlessStopped(pause, stop))
      return absl::CancelledError("the service is shutting down");
  }
}

// A user who may not ask for it gets the error of a record that does not fit from the broker.
void Topics::Describe(const std::string& name, const std::stop_token& stop, Topic* topic) {
  const Handle<rd_kafka_ConfigResource_t> resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  const Handle<rd_kafka_AdminOptions_t> admin(
      rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  const Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  rd_kafka_DescribeConfigs(client_, resources, 1, admin.get(), queue.get());
  const auto event = PollUnlessStopped(queue.get(), kRequestMs, stop);
  if (event == nullptr || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  size_t count = 0;
  const rd_kafka_ConfigResource_t** described = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) return;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(described[0], &count);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view property = rd_kafka_ConfigEntry_name(entries[i]);
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value == nullptr) continue;
    uint64_t bytes = 0;
    if (property == "cleanup.policy") topic->cleanup_policy = value;
    if (property == "max.message.bytes" && absl::SimpleAtoi(value, &bytes)) {
      topic->batch_bytes_max = bytes;
    }
  }
}

absl::Status Topics::Create(const std::string& name, const TopicOptions& options,
                            const std::stop_token& stop) {
  char error[512];
  const Handle<rd_kafka_NewTopic_t> topic(rd_kafka_NewTopic_new(
      name.c_str(), options.partitions == 0 ? -1 : options.partitions,
      options.replication == 0 ? -1 : options.replication, error, sizeof(error)));
  if (topic == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("cannot create topic ", name, ": ", error));
  }
  for (const auto& [key, value] : options.settings) {
    rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
  }
  const Handle<rd_kafka_AdminOptions_t> admin(
      rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), kRequestMs, error, sizeof(error));
  const Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client_));
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  rd_kafka_CreateTopics(client_, topics, 1, admin.get(), queue.get());
  const auto event = PollUnlessStopped(queue.get(), 2 * kRequestMs, stop);
  if (event != nullptr) return ResultOf(name, event.get());
  if (stop.stop_requested()) return absl::CancelledError("the service is shutting down");
  return absl::UnavailableError(absl::StrCat("cannot create topic ", name, ": no answer"));
}

}  // namespace tidemark::service::kafka
