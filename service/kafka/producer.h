#ifndef TIDEMARK_SERVICE_KAFKA_PRODUCER_H_
#define TIDEMARK_SERVICE_KAFKA_PRODUCER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/client.h"
#include "service/kafka/oauth_tokens.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

// A record to write. Bytes are copied.
struct Record {
  std::optional<std::string_view> key;    // nullopt: null
  std::optional<std::string_view> value;  // nullopt: a tombstone
  // Static names, texts.
  absl::InlinedVector<std::pair<const char*, std::string_view>, 7> headers;
  // Kafka's time of the record, milliseconds since 1970-01-01 UTC. 0: now.
  int64_t time_ms = 0;
  // nullopt: by its key, as the Java client does.
  std::optional<int32_t> partition;
};

// What it takes in a batch of its own, at most.
size_t BatchBytes(const Record& record);

// Writes transactions under one transactional id, each record once and in order. What calls may
// return besides OK:
//
//   Unavailable         the brokers do not answer: call again; nothing is lost
//   Cancelled           the stop token was triggered
//   Aborted             the transaction is not to be saved: Abort, then write it again
//   OutOfRange          (Produce) the record is larger than message.max.bytes; the transaction
//                       goes on
//   FailedPrecondition  this producer is at its end: another one has taken its transactional id,
//                       or the broker has given it up. Open and Init another one.
//   PermissionDenied    an operator must act; trying again is of no use before. Also where a broker
//                       refuses a record for good; the message names its topic
//
// One thread, but for last_error().
class Producer {
 public:
  // `batch_bytes_max`: no topic takes batches of less. InvalidArgument: the properties are wrong.
  static absl::StatusOr<std::unique_ptr<Producer>> Open(const ClusterOptions& cluster,
                                                        const std::string& transactional_id,
                                                        uint64_t batch_bytes_max);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // Takes the transactional id: whoever had it before can write no more, and what it has not
  // committed is aborted when this returns. Unavailable after ten seconds without an answer.
  absl::Status Init(std::stop_token stop);

  absl::Status Begin();
  // Waits for room where more is under way than memory is given.
  absl::Status Produce(const std::string& topic, const Record& record, std::stop_token stop);
  // Waits until all of it is written and committed.
  absl::Status Commit(std::stop_token stop);
  // Waits until nothing of it can be seen any more. `stop`: then the broker does it in time.
  absl::Status Abort(std::stop_token stop);

  // From now on it is looked whether offsets of this topic's one partition grow.
  void Watch(const std::string& topic) { watched_ = TopicOf(topic); }
  // They did not, once: the topic was deleted and made again.
  bool watched_began_anew() const { return watched_began_anew_; }

  // From now on it is told where a call waits and no broker has answered for five seconds, and
  // again while that lasts: what it waits for, and why. Within calls of this thread.
  using OnSilence = std::function<void(const absl::Status&)>;
  void TellSilence(OnSilence on_silence) { on_silence_ = std::move(on_silence); }

  // Of a batch (batch.size), and of a record in it (message.max.bytes).
  uint64_t batch_bytes_max() const { return Number("batch.size"); }
  uint64_t record_bytes_max() const { return Number("message.max.bytes"); }
  // Then the broker or the client gives a transaction up: transaction.timeout.ms, or less where the
  // operator gives records less (message.timeout.ms).
  std::chrono::milliseconds transaction_lasts_most() const;
  // What the client last said of its brokers; OK: nothing is wrong.
  absl::Status last_error() const;
  // The status of a request to brokers that did not answer, with what is known of why: of wrong
  // credentials and certificates the client tells apart from the requests that wait for them.
  absl::Status Explain(const absl::Status& status);

  // For requests of other kinds.
  rd_kafka_t* client() { return client_.get(); }

 private:
  using Clock = std::chrono::steady_clock;

  Producer(Settings properties, std::string transactional_id)
      : tokens_(&properties), transactional_id_(std::move(transactional_id)) {}

  static void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self);
  static void OnError(rd_kafka_t*, int error, const char* reason, void* self);

  // Gives up what is under way; returns when nothing is, after ten seconds at the latest.
  void Drop();
  uint64_t Number(const char* property) const;
  rd_kafka_topic_t* TopicOf(const std::string& topic);
  absl::Status Sort(std::string_view what, Handle<rd_kafka_error_t> error);
  // Of an error after which the transaction can only be aborted.
  absl::Status SortFailed(const absl::Status& status);
  absl::Status WhyFailed();
  // Of a call that has waited since `begun`.
  void LookForSilence(Clock::time_point begun, const absl::Status& status);
  template <typename Call>
  absl::Status Repeat(std::string_view what, std::stop_token stop, Call call);

  const OauthTokens tokens_;
  const std::string transactional_id_;
  mutable std::mutex mutex_;
  absl::Status last_error_;
  // Of the transaction: why a broker never takes a record, and the topics of records that were not
  // sent any more.
  absl::Status refusal_;
  std::set<std::string> given_up_;
  OnSilence on_silence_;
  // A broker, of a record, since it was looked; and when it was seen.
  bool answered_ = false;
  Clock::time_point answer_seen_{};
  uint32_t produced_ = 0;
  Handle<rd_kafka_t> client_;
  std::map<std::string, Handle<rd_kafka_topic_t>, std::less<>> topics_;
  const rd_kafka_topic_t* watched_ = nullptr;
  int64_t watched_offset_ = -1;  // the newest
  bool watched_began_anew_ = false;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PRODUCER_H_
