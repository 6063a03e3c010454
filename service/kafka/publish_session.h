#ifndef TIDEMARK_SERVICE_KAFKA_PUBLISH_SESSION_H_
#define TIDEMARK_SERVICE_KAFKA_PUBLISH_SESSION_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/position.h"
#include "service/kafka/checkpoint_topic.h"
#include "service/kafka/event_writer.h"
#include "service/kafka/producer.h"
#include "service/kafka/transaction_size.h"
#include "storage/journal.h"

namespace tidemark::service::kafka {

// Carries the journal into Kafka, one transaction after the other, from a committed place on. A
// transaction has whole appends: their events, and in the checkpoint topic what they changed of the
// state. It ends where a source transaction ends, unless that is too large or does not come to its
// end. One thread.
class PublishSession {
 public:
  // All must outlive it.
  struct Parts {
    storage::Journal* journal = nullptr;
    const CheckpointTopic* checkpoint_topic = nullptr;
    Producer* producer = nullptr;
    EventWriter* writer = nullptr;
    TransactionSize* size = nullptr;
    // storage::PublishedAs.id
    std::string name;
    // Random: PublishedPlace::state of a state that this session begins.
    std::string state;
    // What the checkpoint topic and the producer take.
    uint64_t state_record_bytes_max = UINT64_MAX;
    // Publisher::Parts.
    bool without_checkpoint_in_transaction = false;
  };

  // How far something reaches.
  struct Place {
    PublishedPlace published;
    // storage::Bounds::end_bytes there; nullopt: not known before an append was published.
    std::optional<uint64_t> end_bytes;
  };

  PublishSession(const Parts& parts, const PublishedPlace& start);

  // One transaction; false: there is nothing to publish for now. Then the checkpoint is written
  // again every kRenewInterval, so that whoever was replaced by another service, or whose topic was
  // made anew, notices without an event. What Producer's calls and
  // EventWriter's may return; then only the checkpoint topic tells what was committed, and another
  // session goes on from there.
  absl::StatusOr<bool> PublishSome(std::stop_token stop);

  const Place& committed() const { return committed_; }

 private:
  using Clock = TransactionSize::Clock;
  using Records = std::map<std::string, std::optional<std::string>>;
  // What one transaction brings.
  struct Transaction {
    Place place;
    Records records;
    // Number of the Kafka transaction within the source transaction that an event belongs to.
    uint64_t piece = 1;
    bool inside = false;  // a source transaction
    // How long ago the newest of it was appended, when it was written.
    Clock::duration behind = Clock::duration::max();
    uint64_t bytes_before = 0;
    Clock::time_point begun;
  };

  absl::Status Renew(std::stop_token stop);
  absl::StatusOr<std::vector<storage::StateChange>> NextChanges(uint64_t append) const;
  absl::Status PublishChanges(std::vector<storage::StateChange> changes, std::stop_token stop);
  absl::Status AddChanges(std::vector<storage::StateChange> changes, Transaction* transaction,
                          std::stop_token stop);
  absl::StatusOr<std::vector<storage::StateChange>> MoreChanges(const Transaction& transaction,
                                                                const std::stop_token& stop) const;
  absl::StatusOr<bool> PublishTowardsWhole(std::stop_token stop);
  absl::Status LoadWhole(std::stop_token stop);
  // Up to `until`; where a whole state is to be reached, to where the transaction is full.
  absl::Status WriteEvents(model::Sequence until, Transaction* transaction, std::stop_token stop);
  absl::Status WriteBlock(const storage::Block& block, Transaction* transaction,
                          std::stop_token stop);
  absl::Status WriteStateRecord(std::string_view key, std::optional<std::string_view> value,
                                std::stop_token stop);
  absl::Status WriteState(const Transaction& transaction, std::stop_token stop);
  Transaction NewTransaction() const;
  absl::Status Finish(absl::Status status, Transaction transaction, std::stop_token stop);
  TransactionSize::Content ContentOf(const Transaction& transaction) const;
  bool IsFull(const Transaction& transaction) const;

  const Parts parts_;
  Place committed_;
  Clock::time_point last_commit_{};
  std::unique_ptr<storage::Cursor> cursor_;
  // The state to reach where changes were not kept, with tombstones for what it has not.
  std::optional<storage::StateChange> whole_;
};

// Waits until the journal has `sequence`, but not longer than `wait`. False: it has not.
bool WaitForEvent(storage::Journal* journal, model::Sequence sequence,
                  std::chrono::milliseconds wait, std::stop_token stop);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PUBLISH_SESSION_H_
