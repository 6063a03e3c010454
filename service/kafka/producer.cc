#include "service/kafka/producer.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidemark::service::kafka {
namespace {

// A call to librdkafka ends after this time, so that the stop token is looked at.
constexpr int kCallMs = 500;
constexpr int kInitCallsMost = 20;
// What is under way, of one source. The client keeps 0.6 to 1 KiB beside the bytes of each record,
// most of it for headers: the records count for as much as the bytes.
constexpr char kQueueKiB[] = "16384";
constexpr char kQueueRecords[] = "20000";
// The memory of records that are written comes back when their reports are taken: so often, not
// only at the end of a transaction.
constexpr uint32_t kPollRecords = 256;
// Records that are given up leave within moments: a thread of the client has to come to it.
constexpr int kDropMs = 100;
constexpr int kDropsMost = 100;
// So long may brokers take for an answer before it is said.
constexpr std::chrono::milliseconds kSilence{5000};
// So many topics are named in an error.
constexpr size_t kTopicsNamed = 5;
// batch.size cannot be more.
constexpr uint64_t kBatchBytesMost = INT32_MAX;

// Before 2.6.1 librdkafka sent a nonce that brokers of 3.8.1, 4.0 and later refuse
// (confluentinc/librdkafka#4895).
constexpr int kScramMendedIn = 0x020601ff;

std::string ScramNote(const rd_kafka_t* client) {
  char mechanism[64] = "";
  size_t size = sizeof(mechanism);
  rd_kafka_conf_get(rd_kafka_conf(const_cast<rd_kafka_t*>(client)), "sasl.mechanism", mechanism,
                    &size);
  if (!std::string_view(mechanism).starts_with("SCRAM") || rd_kafka_version() >= kScramMendedIn) {
    return "";
  }
  return absl::StrCat(
      "; if the password is right: brokers of Kafka 3.8.1, 4.0 and later refuse SCRAM of "
      "librdkafka ",
      rd_kafka_version_str(),
      ", which is mended in 2.6.1 (Debian 13 has it); PLAIN over TLS works");
}

std::string Names(const std::set<std::string>& topics) {
  const auto end = std::next(topics.begin(), std::min(topics.size(), kTopicsNamed));
  return absl::StrCat(absl::StrJoin(topics.begin(), end, ", "),
                      topics.size() > kTopicsNamed ? ", ..." : "");
}

bool TakenByAnother(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

}  // namespace

size_t BatchBytes(const Record& record) {
  constexpr size_t kBatchHead = 61;
  constexpr size_t kVarintsMost = 40;
  size_t bytes =
      kBatchHead + kVarintsMost + record.key.value_or("").size() + record.value.value_or("").size();
  for (const auto& [name, value] : record.headers) {
    bytes += std::string_view(name).size() + value.size() + 10;
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<Producer>> Producer::Open(const ClusterOptions& cluster,
                                                         const std::string& transactional_id,
                                                         uint64_t batch_bytes_max) {
  std::unique_ptr<Producer> producer(new Producer(cluster.properties, transactional_id));
  Settings settings = {{"transactional.id", transactional_id},
                       {"enable.idempotence", "true"},
                       {"partitioner", "murmur2_random"},
                       // Else a broker makes a topic that is asked for, by its own defaults.
                       {"allow.auto.create.topics", "false"},
                       {"queue.buffering.max.kbytes", kQueueKiB},
                       {"queue.buffering.max.messages", kQueueRecords}};
  if (batch_bytes_max <= kBatchBytesMost) {
    settings.emplace_back("batch.size", absl::StrCat(batch_bytes_max));
  }
  auto conf = MakeConf(cluster, settings);
  if (!conf.ok()) return conf.status();
  rd_kafka_conf_set_opaque(conf->get(), producer.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), &OnDelivery);
  rd_kafka_conf_set_error_cb(conf->get(), &OnError);
  rd_kafka_conf_set_log_cb(conf->get(), nullptr);
  producer->tokens_.Prepare(conf->get(), [](rd_kafka_t* client, const char*, void* self) {
    static_cast<const Producer*>(self)->tokens_.Refresh(client);
  });
  auto client = MakeClient(RD_KAFKA_PRODUCER, *std::move(conf));
  if (!client.ok()) return client.status();
  producer->client_ = *std::move(client);
  if (absl::Status started = producer->tokens_.Start(producer->client()); !started.ok()) {
    return started;
  }
  return producer;
}

Producer::~Producer() {
  if (client_ == nullptr) return;  // Open failed
  Drop();
  topics_.clear();
}

// What is still queued is of a transaction that is not committed. The client must not be destroyed
// while one of its threads handles an answer to records: rd_kafka_txns_term frees the text of the
// error that ended the producer before those threads have ended, and each further answer that
// another producer has taken the id frees it again (rd_kafka_txn_set_fatal_error; in librdkafka
// 2.0.2, and still in 2.15.0-RC2). Records are under way until their answer is handled. The purge
// comes again because an answer that is handled beside it may put records back.
void Producer::Drop() {
  for (int drops = 0; drops < kDropsMost; ++drops) {
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                      RD_KAFKA_PURGE_F_NON_BLOCKING);
    if (rd_kafka_flush(client_.get(), kDropMs) == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  }
}

absl::Status Producer::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

absl::Status Producer::Explain(const absl::Status& status) {
  rd_kafka_poll(client_.get(), 0);
  const absl::Status last = last_error();
  if (!absl::IsUnavailable(status) || last.ok()) return status;
  const std::string both = absl::StrCat(status.message(), "; ", last.message());
  return ForOperator(absl::Status(last.code(), both));
}

// Runs within calls of this thread.
void Producer::OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* self) {
  auto* producer = static_cast<Producer*>(self);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer->answered_ = true;
    // A record that was sent twice has none.
    if (message->rkt == producer->watched_ && message->offset >= 0) {
      if (message->offset <= producer->watched_offset_) producer->watched_began_anew_ = true;
      producer->watched_offset_ = message->offset;
    }
    std::lock_guard lock(producer->mutex_);
    producer->last_error_ = absl::OkStatus();
    return;
  }
  const char* topic = rd_kafka_topic_name(message->rkt);
  if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE) producer->given_up_.insert(topic);
  const absl::Status status =
      ForOperator(ToStatus(absl::StrCat("cannot write to topic ", topic), message->err));
  if (producer->refusal_.ok() && absl::IsPermissionDenied(status)) producer->refusal_ = status;
}

void Producer::OnError(rd_kafka_t* client, int error, const char* reason, void* self) {
  auto* producer = static_cast<Producer*>(self);
  std::lock_guard lock(producer->mutex_);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  std::string text(reason);
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) text += ScramNote(client);
  producer->last_error_ = ToStatus("Kafka", code, text);
}

uint64_t Producer::Number(const char* property) const {
  char value[32] = "";
  size_t size = sizeof(value);
  uint64_t number = 0;
  rd_kafka_conf_get(rd_kafka_conf(client_.get()), property, value, &size);
  return absl::SimpleAtoi(value, &number) ? number : UINT64_MAX;
}

std::chrono::milliseconds Producer::transaction_lasts_most() const {
  const uint64_t transaction_ms = Number("transaction.timeout.ms");
  const uint64_t record_ms = Number("message.timeout.ms");
  // 0: without end.
  return std::chrono::milliseconds(record_ms == 0 ? transaction_ms
                                                  : std::min(transaction_ms, record_ms));
}

rd_kafka_topic_t* Producer::TopicOf(const std::string& topic) {
  Handle<rd_kafka_topic_t>& handle = topics_[topic];
  if (handle == nullptr) handle.reset(rd_kafka_topic_new(client_.get(), topic.c_str(), nullptr));
  return handle.get();
}

absl::Status Producer::Sort(std::string_view what, Handle<rd_kafka_error_t> error) {
  if (error == nullptr) return absl::OkStatus();
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
  const absl::Status status = ToStatus(what, code, rd_kafka_error_string(error.get()));
  if (TakenByAnother(code)) {
    return absl::FailedPreconditionError(absl::StrCat(
        status.message(), "; another producer has taken the transactional id ", transactional_id_,
        ", or the transaction took longer than transaction.timeout.ms"));
  }
  if (rd_kafka_error_txn_requires_abort(error.get())) return SortFailed(status);
  if (rd_kafka_error_is_fatal(error.get())) {
    return absl::IsFailedPrecondition(status) ? ForOperator(status)
                                              : absl::FailedPreconditionError(status.message());
  }
  if (rd_kafka_error_is_retriable(error.get())) return absl::UnavailableError(status.message());
  return ForOperator(status);
}

// A topic that may not be written is refused before its records are sent, and the client does not
// say which one it is.
absl::Status Producer::SortFailed(const absl::Status& status) {
  rd_kafka_flush(client_.get(), kCallMs);  // what became of each record
  if (!refusal_.ok()) return refusal_;
  if (!absl::IsFailedPrecondition(status)) return absl::AbortedError(status.message());
  return absl::PermissionDeniedError(
      given_up_.empty()
          ? std::string(status.message())
          : absl::StrCat(status.message(), "; not sent: records for ", Names(given_up_)));
}

// None can begin after one that has failed, and the client says why that has.
absl::Status Producer::WhyFailed() {
  const absl::Status status = Sort("the transaction has failed",
                                   Handle<rd_kafka_error_t>(rd_kafka_begin_transaction(client())));
  const bool at_end = absl::IsPermissionDenied(status) || absl::IsFailedPrecondition(status);
  return at_end ? status : absl::AbortedError(status.message());
}

void Producer::LookForSilence(Clock::time_point begun, const absl::Status& status) {
  const Clock::time_point now = Clock::now();
  if (std::exchange(answered_, false)) answer_seen_ = now;
  if (on_silence_ && now - std::max(begun, answer_seen_) >= kSilence) on_silence_(Explain(status));
}

// `call` is told how long it may take; what it has begun goes on at the next call.
template <typename Call>
absl::Status Producer::Repeat(std::string_view what, std::stop_token stop, Call call) {
  const Clock::time_point begun = Clock::now();
  while (true) {
    rd_kafka_poll(client_.get(), 0);
    absl::Status status = Sort(what, Handle<rd_kafka_error_t>(call(kCallMs)));
    if (!absl::IsUnavailable(status)) return status;
    if (stop.stop_requested()) return absl::CancelledError("the service is shutting down");
    LookForSilence(begun, status);
  }
}

absl::Status Producer::Init(std::stop_token stop) {
  const std::string what = absl::StrCat("cannot take the transactional id ", transactional_id_);
  absl::Status status;
  for (int calls = 0; calls < kInitCallsMost; ++calls) {
    rd_kafka_poll(client_.get(), 0);
    status =
        Sort(what, Handle<rd_kafka_error_t>(rd_kafka_init_transactions(client_.get(), kCallMs)));
    if (!absl::IsUnavailable(status)) return status;
    if (stop.stop_requested()) return absl::CancelledError("the service is shutting down");
  }
  return Explain(status);
}

absl::Status Producer::Begin() {
  refusal_ = absl::OkStatus();
  given_up_.clear();
  return Sort("cannot begin a transaction",
              Handle<rd_kafka_error_t>(rd_kafka_begin_transaction(client_.get())));
}

absl::Status Producer::Produce(const std::string& topic, const Record& record,
                               std::stop_token stop) {
  Handle<rd_kafka_headers_t> headers;
  if (!record.headers.empty()) {
    headers.reset(rd_kafka_headers_new(record.headers.size()));
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers.get(), name, -1, value.data(),
                          static_cast<ssize_t>(value.size()));
    }
  }
  rd_kafka_vu_t fields[8];
  size_t count = 0;
  fields[count].vtype = RD_KAFKA_VTYPE_RKT;
  fields[count++].u.rkt = TopicOf(topic);
  fields[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[count++].u.i32 = record.partition.value_or(RD_KAFKA_PARTITION_UA);
  fields[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[count++].u.i = RD_KAFKA_MSG_F_COPY;
  fields[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  fields[count++].u.i64 = record.time_ms;
  // A view of no bytes may be null, which would make the field null.
  auto bytes = [&](rd_kafka_vtype_t type, const std::optional<std::string_view>& view) {
    if (!view) return;
    fields[count].vtype = type;
    fields[count].u.mem.ptr = const_cast<char*>(view->empty() ? "" : view->data());
    fields[count++].u.mem.size = view->size();
  };
  bytes(RD_KAFKA_VTYPE_KEY, record.key);
  bytes(RD_KAFKA_VTYPE_VALUE, record.value);
  if (headers != nullptr) {
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count++].u.headers = headers.get();
  }
  std::optional<Clock::time_point> full;  // since then
  while (true) {
    Handle<rd_kafka_error_t> error(rd_kafka_produceva(client_.get(), fields, count));
    if (error == nullptr) {
      headers.release();  // librdkafka's now
      if (++produced_ % kPollRecords == 0) rd_kafka_poll(client_.get(), 0);
      return absl::OkStatus();
    }
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      return absl::OutOfRangeError(rd_kafka_error_string(error.get()));
    }
    if (code == RD_KAFKA_RESP_ERR__STATE) return WhyFailed();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      absl::Status status = Sort(absl::StrCat("cannot write to topic ", topic), std::move(error));
      return absl::IsUnavailable(status) ? absl::AbortedError(status.message()) : status;
    }
    rd_kafka_poll(client_.get(), 50);
    if (stop.stop_requested()) return absl::CancelledError("the service is shutting down");
    if (!full) full = Clock::now();
    LookForSilence(*full, absl::UnavailableError(absl::StrCat("cannot write to topic ", topic,
                                                              ": no answer to earlier records")));
  }
}

absl::Status Producer::Commit(std::stop_token stop) {
  return Repeat("cannot commit a transaction", std::move(stop), [this](int timeout_ms) {
    return rd_kafka_commit_transaction(client_.get(), timeout_ms);
  });
}

absl::Status Producer::Abort(std::stop_token stop) {
  return Repeat("cannot abort a transaction", std::move(stop), [this](int timeout_ms) {
    return rd_kafka_abort_transaction(client_.get(), timeout_ms);
  });
}

}  // namespace tidemark::service::kafka
