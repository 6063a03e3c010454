#include "service/kafka/publish_session.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/wall_clock.h"
#include "service/kafka/change_view.h"

namespace tidemark::service::kafka {
namespace {

using std::chrono::milliseconds;

// How long an append is waited for that the store has already.
constexpr milliseconds kReadableWait{5000};
// Of the tests that want events doubled.
constexpr milliseconds kControlWait{300};
// Appends without events are published together.
constexpr milliseconds kStateInterval{1000};
constexpr size_t kChangeBytes = 1 << 20;
constexpr milliseconds kRenewInterval{3000};
// How often the rest of a source transaction is looked for.
constexpr milliseconds kRestLook{20};

absl::Status NotRetained(const absl::Status& status) {
  if (!absl::IsOutOfRange(status)) return status;
  return absl::PermissionDeniedError(absl::StrCat(
      "events that Kafka has not are gone (they are held back only while the source is "
      "published): ",
      status.message(),
      ". To go on without them, delete the checkpoint topic, start again and take a snapshot"));
}

// The first letters of its keys are those of storage/FORMAT.md.
const char* StateRecordName(std::string_view key) {
  switch (key.empty() ? '\0' : key.front()) {
    case 'c':
      return "the checkpoint";
    case 's':
      return "a table's schema";
    case 'j':
      return "a snapshot job";
    case 'r':
      return "a key to read again";
    default:
      return "a record of the driver";
  }
}

}  // namespace

PublishSession::PublishSession(const Parts& parts, const PublishedPlace& start) : parts_(parts) {
  committed_.published = start;
  committed_.published.journal = parts.name;
}

// Those whose events can be read already.
absl::StatusOr<std::vector<storage::StateChange>> PublishSession::NextChanges(
    uint64_t append) const {
  auto changes = parts_.journal->state_log().After(append, kChangeBytes);
  if (!changes.ok()) return changes.status();
  const model::Sequence readable = parts_.journal->bounds().newest + 1;
  while (!changes->empty() && changes->back().next_sequence > readable) changes->pop_back();
  return changes;
}

absl::StatusOr<bool> PublishSession::PublishSome(std::stop_token stop) {
  if (whole_) return PublishTowardsWhole(std::move(stop));
  auto changes = NextChanges(committed_.published.append);
  if (!committed_.published.restorable || absl::IsOutOfRange(changes.status())) {
    if (absl::Status status = LoadWhole(stop); !status.ok()) return status;
    return PublishTowardsWhole(std::move(stop));
  }
  if (!changes.ok()) return changes.status();
  if (changes->empty()) {
    if (absl::Status status = Renew(std::move(stop)); !status.ok()) return status;
    return false;
  }
  const bool only_state = changes->back().next_sequence == committed_.published.next_sequence;
  if (only_state && Clock::now() - last_commit_ < kStateInterval) return false;
  if (absl::Status status = PublishChanges(*std::move(changes), std::move(stop)); !status.ok()) {
    return status;
  }
  return true;
}

absl::Status PublishSession::Renew(std::stop_token stop) {
  const bool published = !committed_.published.checkpoint.empty();
  if (!published || Clock::now() - last_commit_ < kRenewInterval) return absl::OkStatus();
  if (absl::Status status = parts_.producer->Begin(); !status.ok()) return status;
  Transaction transaction = NewTransaction();
  transaction.piece = committed_.published.open_pieces;  // It carries none.
  return Finish(absl::OkStatus(), std::move(transaction), std::move(stop));
}

PublishSession::Transaction PublishSession::NewTransaction() const {
  Transaction transaction;
  transaction.place = committed_;
  PublishedPlace& place = transaction.place.published;
  if (place.restorable && place.state.empty()) place.state = parts_.state;
  transaction.inside = committed_.published.open_pieces > 0;
  transaction.piece = committed_.published.open_pieces + 1;
  transaction.bytes_before = parts_.writer->bytes();
  transaction.begun = Clock::now();
  return transaction;
}

absl::Status PublishSession::PublishChanges(std::vector<storage::StateChange> changes,
                                            std::stop_token stop) {
  if (absl::Status status = parts_.producer->Begin(); !status.ok()) return status;
  Transaction transaction = NewTransaction();
  absl::Status status = AddChanges(std::move(changes), &transaction, stop);
  return Finish(std::move(status), std::move(transaction), std::move(stop));
}

absl::Status PublishSession::AddChanges(std::vector<storage::StateChange> changes,
                                        Transaction* transaction, std::stop_token stop) {
  PublishedPlace& place = transaction->place.published;
  while (!changes.empty()) {
    for (storage::StateChange& change : changes) {
      absl::Status status = WriteEvents(change.next_sequence, transaction, stop);
      if (!status.ok()) return status;
      for (storage::StateRecord& record : change.records) {
        if (record.key == storage::kCheckpointRecord) place.checkpoint = record.value.value_or("");
        transaction->records[std::move(record.key)] = std::move(record.value);
      }
      place.append = change.append;
      place.frontier = change.frontier;
      transaction->place.end_bytes = change.end_bytes;
      const uint64_t now_us = model::NowUs();
      transaction->behind = std::chrono::microseconds(now_us - std::min(now_us, change.time_us));
      if (IsFull(*transaction)) return absl::OkStatus();
    }
    auto more = MoreChanges(*transaction, stop);
    if (!more.ok()) return more.status();
    changes = *std::move(more);
  }
  return absl::OkStatus();
}

// None: it ends here.
absl::StatusOr<std::vector<storage::StateChange>> PublishSession::MoreChanges(
    const Transaction& transaction, const std::stop_token& stop) const {
  const PublishedPlace& place = transaction.place.published;
  const Clock::time_point written = Clock::now();
  while (true) {
    const Clock::duration idle = Clock::now() - written;
    auto more = NextChanges(place.append);
    if (!more.ok()) return absl::AbortedError(more.status().message());
    if (!more->empty() || !parts_.size->AwaitsRest(ContentOf(transaction), idle)) return more;
    WaitForEvent(parts_.journal, place.next_sequence, kRestLook, stop);
    if (stop.stop_requested()) return absl::CancelledError("the service is shutting down");
  }
}

TransactionSize::Content PublishSession::ContentOf(const Transaction& transaction) const {
  return {.bytes = parts_.writer->bytes() - transaction.bytes_before,
          .took = Clock::now() - transaction.begun,
          .inside = transaction.inside,
          .behind = transaction.behind};
}

bool PublishSession::IsFull(const Transaction& transaction) const {
  return parts_.size->IsFull(ContentOf(transaction));
}

absl::Status PublishSession::WriteEvents(model::Sequence until, Transaction* transaction,
                                         std::stop_token stop) {
  model::Sequence& next = transaction->place.published.next_sequence;
  if (next >= until) return absl::OkStatus();
  if (cursor_ == nullptr || cursor_->place() != next) {
    auto cursor = parts_.journal->Read(next);
    if (!cursor.ok()) return NotRetained(cursor.status());
    cursor_ = *std::move(cursor);
  }
  while (next < until) {
    auto block = cursor_->Next();
    if (!block.ok()) return NotRetained(block.status());
    if (!block->has_value()) {
      return absl::InternalError(absl::StrCat("the journal ends at ", next, ", not at ", until));
    }
    if (absl::Status status = WriteBlock(**block, transaction, stop); !status.ok()) return status;
    next = (*block)->last() + 1;
    if (whole_ && IsFull(*transaction)) break;
  }
  return absl::OkStatus();
}

absl::Status PublishSession::WriteBlock(const storage::Block& block, Transaction* transaction,
                                        std::stop_token stop) {
  model::FrameScanner scanner(block.frames);
  model::EventView event;
  while (scanner.Next(&event)) {
    if (event.kind == model::EventKind::kChange && event.op != model::Op::kRead) {
      transaction->inside = true;
    }
    absl::Status status = parts_.writer->Write(event, transaction->piece, stop);
    if (!status.ok()) return status;
    if (event.kind == model::EventKind::kTransactionEnd) {
      transaction->inside = false;
      transaction->piece = 1;
    }
  }
  return scanner.malformed() ? MalformedEvent() : absl::OkStatus();
}

absl::Status PublishSession::WriteStateRecord(std::string_view key,
                                              std::optional<std::string_view> value,
                                              std::stop_token stop) {
  const std::string& topic = parts_.checkpoint_topic->name();
  const Record record = StateRecordOf(key, value);
  const uint64_t bytes = BatchBytes(record);
  if (bytes <= parts_.state_record_bytes_max) {
    return parts_.producer->Produce(topic, record, std::move(stop));
  }
  return absl::PermissionDeniedError(absl::StrCat(
      "a record of the source's state (", StateRecordName(key), ") does not fit into topic ", topic,
      ": it has ", bytes, " bytes, the limit is ", parts_.state_record_bytes_max,
      "; raise message.max.bytes in kafka.properties and max.message.bytes of the topic "
      "(kafka-configs.sh --alter --entity-type topics --entity-name ",
      topic, " --add-config max.message.bytes=", 2 * bytes, ")"));
}

absl::Status PublishSession::WriteState(const Transaction& transaction, std::stop_token stop) {
  PublishedPlace place = transaction.place.published;
  absl::Status status;
  if (place.state != committed_.published.state) {
    status = WriteStateRecord(kStateMark, place.state, stop);
  }
  for (const auto& [key, value] : transaction.records) {
    if (!status.ok()) return status;
    if (key != storage::kCheckpointRecord) status = WriteStateRecord(key, value, stop);
  }
  if (!status.ok()) return status;
  place.open_pieces = transaction.inside ? transaction.piece : 0;
  return WriteStateRecord(storage::kCheckpointRecord, PlaceValue(place), std::move(stop));
}

// Commits, or aborts where something is wrong.
absl::Status PublishSession::Finish(absl::Status status, Transaction transaction,
                                    std::stop_token stop) {
  if (status.ok() && parts_.without_checkpoint_in_transaction) {
    status = parts_.producer->Commit(stop);
    // So that a kill is likely to come in between.
    std::this_thread::sleep_for(kControlWait);
    if (status.ok()) status = parts_.producer->Begin();
  }
  if (status.ok()) status = WriteState(transaction, stop);
  if (status.ok()) status = parts_.producer->Commit(stop);
  const TransactionSize::Content content = ContentOf(transaction);
  if (status.ok()) {
    parts_.size->Committed(content.took);
    committed_ = std::move(transaction.place);
    committed_.published.open_pieces = transaction.inside ? transaction.piece : 0;
    last_commit_ = Clock::now();
    if (!parts_.producer->watched_began_anew()) return status;
    return absl::AbortedError(
        absl::StrCat("topic ", parts_.checkpoint_topic->name(),
                     " was deleted and made again; the whole state is written anew"));
  }
  parts_.size->Failed(content.bytes, content.took);
  cursor_.reset();
  if (absl::IsFailedPrecondition(status)) return status;
  absl::Status aborted = parts_.producer->Abort(std::move(stop));
  return aborted.ok() || absl::IsCancelled(aborted) ? status : aborted;
}

absl::Status PublishSession::LoadWhole(std::stop_token stop) {
  auto whole = parts_.journal->state_log().Whole();
  if (!whole.ok()) return whole.status();
  // The store shows an append a moment before readers of events do.
  WaitForEvent(parts_.journal, whole->next_sequence - 1, kReadableWait, stop);
  auto stored = parts_.checkpoint_topic->ReadState(std::move(stop));
  if (!stored.ok()) return ForOperator(stored.status());
  std::set<std::string> keys;
  for (const storage::StateRecord& record : whole->records) keys.insert(record.key);
  if (*stored) {
    for (const storage::StateRecord& record : (*stored)->records) {
      if (!keys.contains(record.key)) whole->records.push_back({record.key, std::nullopt});
    }
  }
  whole_ = *std::move(whole);
  committed_.published.restorable = false;
  return absl::OkStatus();
}

// The state belongs to the events up to its append: they come first, in as many transactions as
// they take.
absl::StatusOr<bool> PublishSession::PublishTowardsWhole(std::stop_token stop) {
  if (absl::Status status = parts_.producer->Begin(); !status.ok()) return status;
  Transaction transaction = NewTransaction();
  transaction.place.end_bytes.reset();
  absl::Status status = WriteEvents(whole_->next_sequence, &transaction, stop);
  const bool reached = transaction.place.published.next_sequence >= whole_->next_sequence;
  if (status.ok() && reached) {
    PublishedPlace& place = transaction.place.published;
    for (const storage::StateRecord& record : whole_->records) {
      if (record.key == storage::kCheckpointRecord) place.checkpoint = record.value.value_or("");
      transaction.records[record.key] = record.value;
    }
    place.append = whole_->append;
    place.frontier = whole_->frontier;
    place.restorable = true;
    place.state = parts_.state;
  }
  status = Finish(std::move(status), std::move(transaction), std::move(stop));
  if (!status.ok()) return status;
  if (reached) whole_.reset();
  return true;
}

bool WaitForEvent(storage::Journal* journal, model::Sequence sequence, milliseconds wait,
                  std::stop_token stop) {
  // Shared with the callback, which may run while this returns.
  struct Signal {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool there = false;
  };
  auto signal = std::make_shared<Signal>();
  const uint64_t handle = journal->WaitFor(sequence, [signal] {
    std::lock_guard lock(signal->mutex);
    signal->there = true;
    signal->changed.notify_all();
  });
  bool there = false;
  {
    std::unique_lock lock(signal->mutex);
    there = signal->changed.wait_for(lock, stop, wait, [&] { return signal->there; });
  }
  journal->StopWaiting(handle);
  return there;
}

}  // namespace tidemark::service::kafka
