#include "service/kafka/publisher.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/wall_clock.h"
#include "service/kafka/checkpoint_topic.h"
#include "service/kafka/formats.h"
#include "service/kafka/producer.h"
#include "service/kafka/publish_session.h"
#include "service/kafka/topic_router.h"
#include "service/kafka/topics.h"
#include "service/kafka/transaction_size.h"
#include "service/log.h"
#include "service/sleep.h"

namespace tidemark::service::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBackoffMin{100};
constexpr milliseconds kBackoffMax{10'000};
constexpr milliseconds kGoodSession{5000};
// How often it is tried again where an operator must act.
constexpr milliseconds kOperatorWait{10'000};
// Before the transactional id is taken back: whoever has taken it says so in the topic meanwhile.
constexpr milliseconds kTakenWait{3000};
// How long nothing is looked for; state without events is published within a second.
constexpr milliseconds kIdleWait{200};
constexpr milliseconds kForgetInterval{500};
// How often a failure that lasts is logged.
constexpr milliseconds kSaidAgain{60'000};

// Small, and read whole by Restore alone.
TopicOptions CheckpointTopicOptions(const PublishOptions& options) {
  return {/*partitions=*/1,
          options.replication,
          {{"cleanup.policy", "compact"},
           {"segment.bytes", "16777216"},
           {"min.cleanable.dirty.ratio", "0.1"}}};
}

// Where records are dropped by their age the state is lost bit by bit.
absl::Status CheckIsCompacted(const std::string& name, const Topic& topic) {
  if (topic.cleanup_policy.empty() || topic.cleanup_policy == "compact") return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "topic ", name, " has cleanup.policy=", topic.cleanup_policy,
      ", which drops what a lost data folder is restored from; set it to compact (kafka-configs.sh "
      "--alter --entity-type topics --entity-name ",
      name,
      " --add-config cleanup.policy=compact); the state is then written anew if some of it "
      "is gone"));
}

class ThreadedPublisher final : public Publisher {
 public:
  explicit ThreadedPublisher(Parts parts);
  ~ThreadedPublisher() override;

  void BeginStop() override { thread_.request_stop(); }
  PublisherStatus status() const override;

 private:
  using Clock = std::chrono::steady_clock;

  void Run(std::stop_token stop);
  absl::Status RunSession(std::stop_token stop);
  absl::StatusOr<PublishedPlace> Start(Producer& producer, std::stop_token stop);
  PublishedPlace StartWithoutCheckpoint() const;
  void WarnIfForgotten() const;
  absl::Status CheckOurs(const PublishedPlace& place);
  // `before`: the committed one; null: there is none.
  absl::Status TakeName(const PublishedPlace* before);
  absl::Status Publish(PublishSession& session, EventWriter& writer, std::stop_token stop);
  void AddLag(const storage::Bounds& bounds, std::optional<uint64_t> end_bytes,
              PublisherStatus* status) const;
  void Count(uint64_t bytes);
  void CountError(const absl::Status& status);
  void Committed(const PublishSession::Place& place);
  void SetProducer(const Producer* producer);
  void SetState(PublisherState state, const std::string& error);

  const Parts parts_;
  const CheckpointTopic checkpoint_topic_;

  // Of the thread alone. A name was taken in this process.
  bool named_ = false;
  bool superseded_ = false;
  LeaderWaits leader_waits_;
  // The least that a topic takes.
  uint64_t batch_bytes_max_ = UINT64_MAX;
  // What one session has learned of the brokers holds for the next.
  std::optional<TransactionSize> size_;
  Clock::time_point last_forget_{};

  mutable std::mutex mutex_;
  PublisherStatus status_;
  PublishSession::Place committed_;
  // committed_ is known.
  bool begun_ = false;
  // When the log was told of status_; the epoch: it was not.
  Clock::time_point said_{};
  // Of the session; null: there is none.
  const Producer* producer_ = nullptr;

  std::jthread thread_;
};

ThreadedPublisher::ThreadedPublisher(Parts parts)
    : parts_(std::move(parts)),
      checkpoint_topic_(parts_.cluster, parts_.options.checkpoint_topic,
                        parts_.options.transactional_id),
      leader_waits_(parts_.source) {
  thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
}

ThreadedPublisher::~ThreadedPublisher() { BeginStop(); }

void ThreadedPublisher::Run(std::stop_token stop) {
  milliseconds backoff = kBackoffMin;
  while (!stop.stop_requested()) {
    const auto started = Clock::now();
    const absl::Status status = RunSession(stop);
    if (stop.stop_requested()) return;
    if (status.ok()) continue;
    CountError(status);
    if (superseded_) {
      // First, so that who sees the state knows that the source is told.
      parts_.superseded(status);
      SetState(PublisherState::kStopped, std::string(status.message()));
      return;
    }
    // One that only waited is no good one, however long it did.
    const bool published = this->status().state == PublisherState::kPublishing;
    // The transaction was aborted, or the broker has given the producer up: another one may do.
    const bool again = absl::IsUnavailable(status) || absl::IsFailedPrecondition(status) ||
                       absl::IsAborted(status);
    SetState(again ? PublisherState::kConnecting : PublisherState::kStopped,
             std::string(status.message()));
    if (published && Clock::now() - started > kGoodSession) backoff = kBackoffMin;
    milliseconds wait = again ? backoff : kOperatorWait;
    if (absl::IsFailedPrecondition(status)) wait = std::max(wait, kTakenWait);
    if (!SleepUnlessStopped(wait, stop)) return;
    backoff = std::min(backoff * 2, kBackoffMax);
  }
}

absl::Status ThreadedPublisher::RunSession(std::stop_token stop) {
  const capture::ServerNames names = parts_.names();
  auto encoders = MakeEncoders(parts_.source, parts_.options, parts_.registry, names, stop);
  if (!encoders.ok()) return encoders.status();
  auto router =
      TopicRouter::Make(parts_.options, parts_.source, names.database, parts_.topic_owners.get());
  if (!router.ok()) return router.status();
  auto transforms = TransformChoice::Make(parts_.options.transforms);
  if (!transforms.ok()) return transforms.status();
  auto opened = Producer::Open(parts_.cluster, parts_.options.transactional_id, batch_bytes_max_);
  if (!opened.ok()) return opened.status();
  Producer& producer = **opened;
  if (!size_) size_.emplace(producer.transaction_lasts_most());
  Topics topics(producer.client(), &leader_waits_);
  absl::StatusOr<Topic> made =
      topics.Ensure(parts_.options.checkpoint_topic, CheckpointTopicOptions(parts_.options), stop);
  if (!made.ok()) return ForOperator(producer.Explain(made.status()));
  absl::Status compacted = CheckIsCompacted(parts_.options.checkpoint_topic, *made);
  if (!compacted.ok()) return compacted;
  if (made->batch_bytes_max < producer.batch_bytes_max()) {
    batch_bytes_max_ = made->batch_bytes_max;
    return absl::OkStatus();
  }
  producer.Watch(parts_.options.checkpoint_topic);
  producer.TellSilence([this](const absl::Status& status) {
    SetState(PublisherState::kConnecting, std::string(status.message()));
  });
  absl::StatusOr<PublishedPlace> start = Start(producer, stop);
  if (!start.ok()) return start.status();
  EventWriter writer({.source = parts_.source,
                      .options = &parts_.options,
                      .journal = parts_.journal,
                      .transforms = &*transforms,
                      .router = &*router,
                      .encoders = encoders->get(),
                      .producer = &producer,
                      .topics = &topics});
  PublishSession session(
      {.journal = parts_.journal,
       .checkpoint_topic = &checkpoint_topic_,
       .producer = &producer,
       .writer = &writer,
       .size = &*size_,
       .name = parts_.journal->state_log().published_as().id,
       .state = RandomName(),
       .state_record_bytes_max = std::min(made->batch_bytes_max, producer.record_bytes_max()),
       .without_checkpoint_in_transaction = parts_.without_checkpoint_in_transaction},
      *start);
  SetProducer(&producer);
  Committed(session.committed());
  absl::Status status = Publish(session, writer, stop);
  SetProducer(nullptr);
  if (!writer.batch_bytes_wanted()) return status;
  batch_bytes_max_ = *writer.batch_bytes_wanted();
  return absl::OkStatus();
}

// Whoever published before is shut out first; then what is committed stays so.
absl::StatusOr<PublishedPlace> ThreadedPublisher::Start(Producer& producer, std::stop_token stop) {
  // A service that was replaced does not take the id from the one that publishes now.
  auto before = checkpoint_topic_.ReadPlace(stop);
  if (!before.ok()) return ForOperator(before.status());
  if (*before) {
    if (absl::Status ours = CheckOurs(**before); !ours.ok()) return ours;
  }
  if (absl::Status status = producer.Init(stop); !status.ok()) return status;
  auto found = checkpoint_topic_.ReadJudgedPlace(stop);
  if (!found.ok()) return ForOperator(found.status());
  const PublishedPlace* committed = *found ? &(*found)->place : nullptr;
  if (committed != nullptr) {
    if (absl::Status ours = CheckOurs(*committed); !ours.ok()) return ours;
  }
  if (*found && (*found)->lost) {
    LogWarning("the checkpoint topic has lost some of the state; the whole is written anew",
               {{"source", parts_.source}, {"topic", checkpoint_topic_.name()}});
  }
  const PublishedPlace start = committed != nullptr ? *committed : StartWithoutCheckpoint();
  if (absl::Status status = TakeName(committed); !status.ok()) return status;
  return start;
}

PublishedPlace ThreadedPublisher::StartWithoutCheckpoint() const {
  PublishedPlace start;
  if (begun_) {
    // Deleted while this service ran, which knows what it committed.
    start = committed_.published;
    start.restorable = false;
    return start;
  }
  WarnIfForgotten();
  start.next_sequence = parts_.journal->bounds().oldest;
  start.restorable = true;
  return start;
}

// Another cluster, or a topic that was deleted between two runs: what is still retained comes
// again.
void ThreadedPublisher::WarnIfForgotten() const {
  if (parts_.journal->state_log().published_as().id.empty()) return;
  LogWarning("Kafka has no checkpoint of a source that was published before; from its oldest event",
             {{"source", parts_.source}, {"topic", checkpoint_topic_.name()}});
}

absl::Status ThreadedPublisher::CheckOurs(const PublishedPlace& place) {
  const storage::PublishedAs name = parts_.journal->state_log().published_as();
  const bool ours = place.journal == name.id ||
                    (place.journal == name.previous && place.append == name.previous_append);
  const bool known = place.append <= name.reach.value_or(UINT64_MAX);
  if (ours && known) return absl::OkStatus();
  superseded_ = true;
  return absl::FailedPreconditionError(absl::StrCat(
      "topic ", checkpoint_topic_.name(), " says that ", parts_.source,
      ours ? " was published further than this data folder reaches"
           : " was published by another service, or from another data folder",
      ". Run one service only; to go on with this one, move its data folder away and start it "
      "again: the state comes back from Kafka"));
}

absl::Status ThreadedPublisher::TakeName(const PublishedPlace* before) {
  if (named_) return absl::OkStatus();
  storage::PublishedAs name;
  name.id = RandomName();
  if (before != nullptr) {
    name.previous = before->journal;
    name.previous_append = before->append;
  }
  absl::Status status = parts_.journal->state_log().SetPublishedAs(name);
  named_ = status.ok();
  return status;
}

absl::Status ThreadedPublisher::Publish(PublishSession& session, EventWriter& writer,
                                        std::stop_token stop) {
  uint64_t counted = writer.bytes();
  while (!stop.stop_requested()) {
    absl::StatusOr<bool> some = session.PublishSome(stop);
    // Also where a transaction was aborted: what is committed is then read, not concluded from what
    // the client says of it, and topics that are gone are made again.
    if (!some.ok()) return some.status();
    // Not before: a registry that is down is found out with the first event.
    SetState(PublisherState::kPublishing, "");
    if (*some) {
      Count(writer.bytes() - std::exchange(counted, writer.bytes()));
      Committed(session.committed());
    } else {
      WaitForEvent(parts_.journal, session.committed().published.next_sequence, kIdleWait, stop);
    }
  }
  return absl::OkStatus();
}

void ThreadedPublisher::CountError(const absl::Status& status) {
  // Of a producer that is at its end: what it had is written again by the next.
  const bool again = absl::IsFailedPrecondition(status) && !superseded_;
  std::lock_guard lock(mutex_);
  status_.errors.Count(again ? FailureCause::kAborted : CauseOf(status));
}

void ThreadedPublisher::Count(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  ++status_.transactions;
  status_.bytes += bytes;
}

void ThreadedPublisher::Committed(const PublishSession::Place& place) {
  const PublishedPlace& published = place.published;
  {
    std::lock_guard lock(mutex_);
    committed_ = place;
    begun_ = true;
  }
  if (published.restorable) parts_.published(published.frontier);
  if (Clock::now() - last_forget_ < kForgetInterval) return;
  last_forget_ = Clock::now();
  absl::Status status =
      parts_.journal->state_log().Forget(published.append, published.next_sequence);
  if (status.ok()) return;
  LogWarning("cannot drop what is published",
             {{"source", parts_.source}, {"error", status.message()}});
}

void ThreadedPublisher::SetProducer(const Producer* producer) {
  std::lock_guard lock(mutex_);
  producer_ = producer;
}

void ThreadedPublisher::SetState(PublisherState state, const std::string& error) {
  std::lock_guard lock(mutex_);
  const bool changed = status_.state != state || said_.time_since_epoch().count() == 0;
  status_.state = state;
  status_.error = error;
  // Attempts fail each few seconds, in more words than one.
  if (!changed && (error.empty() || Clock::now() - said_ < kSaidAgain)) return;
  said_ = Clock::now();
  if (state == PublisherState::kPublishing) {
    LogInfo("publishing", {{"source", parts_.source}, {"brokers", parts_.cluster.brokers}});
  } else if (state == PublisherState::kStopped) {
    LogError("publisher stopped", {{"source", parts_.source}, {"error", error}});
  } else if (!begun_) {
    LogInfo("publisher waits", {{"source", parts_.source}, {"for", error}});
  } else {
    LogError("publisher disconnected", {{"source", parts_.source}, {"error", error}});
  }
}

PublisherStatus ThreadedPublisher::status() const {
  const storage::Bounds bounds = parts_.journal->bounds();
  std::unique_lock lock(mutex_);
  PublisherStatus status = status_;
  if (status.error.empty() && producer_ != nullptr) {
    status.error = std::string(producer_->last_error().message());
  }
  status.known = begun_;
  if (!begun_) return status;
  status.published = committed_.published.next_sequence - 1;
  status.frontier = committed_.published.frontier;
  const std::optional<uint64_t> end_bytes = committed_.end_bytes;
  lock.unlock();
  AddLag(bounds, end_bytes, &status);
  return status;
}

// The journal tells how long events have waited, also those of before it was published; and about
// how many bytes they are, where it is not known exactly.
void ThreadedPublisher::AddLag(const storage::Bounds& bounds, std::optional<uint64_t> end_bytes,
                               PublisherStatus* status) const {
  status->lag_events = bounds.newest - std::min(bounds.newest, status->published);
  if (status->lag_events == 0) return;
  const auto backlog = parts_.journal->Behind(status->published);
  if (!backlog.ok()) return;
  status->lag_bytes =
      end_bytes ? bounds.end_bytes - std::min(bounds.end_bytes, *end_bytes) : backlog->bytes;
  const uint64_t now_us = model::NowUs();
  if (backlog->since_us != 0) status->lag_us = now_us - std::min(now_us, backlog->since_us);
}

}  // namespace

std::unique_ptr<Publisher> Publisher::Start(Parts parts) {
  return std::make_unique<ThreadedPublisher>(std::move(parts));
}

}  // namespace tidemark::service::kafka
