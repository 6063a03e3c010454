#include "capture/postgres/log_encoder.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/postgres/schema_builder.h"
#include "model/position.h"

namespace tidemark::capture::postgres {
namespace {

constexpr std::string_view kOwnPrefix = "tidemark";

std::string KindText(MessageKind kind) { return std::string(KindName(kind)); }

absl::Status OutOfPlace(MessageKind kind, const char* place) {
  return absl::DataLossError(
      absl::StrCat("the server sent a ", KindText(kind), " message ", place));
}

absl::Status Unrequested(std::string_view message) {
  auto parsed = ParseUnrequested(message);
  if (!parsed.ok()) return parsed.status();
  return absl::FailedPreconditionError(absl::StrCat(
      "the server sent a ", KindText(parsed->kind), " message (transaction ", parsed->xid,
      ") although neither streaming nor two-phase commit was asked for; if the slot was created "
      "with TWO_PHASE, drop it and let Tidemark create its own"));
}

// True if a Relation message would be the same for both: then what else differs stays unknown to
// the log. Other names of the same table are left as they are, since the message is taken at its
// word there.
bool AlikeToTheLog(const model::TableSchema& a, const model::TableSchema& b) {
  return a.name_space == b.name_space && a.name == b.name && a.key_columns == b.key_columns &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(),
                    [](const model::Column& x, const model::Column& y) {
                      return x.name == y.name && x.type->oid == y.type->oid &&
                             x.type->modifier == y.type->modifier;
                    });
}

}  // namespace

LogEncoder::LogEncoder(ResumeToken resume, const std::vector<model::SchemaId>& announced,
                       Catalog* catalog, SchemaRegistry* registry)
    : resume_(std::move(resume)),
      start_(resume_.lsn),
      partial_seen_(resume_.partial_commit_lsn == 0),
      catalog_(catalog),
      registry_(registry),
      announced_(announced.begin(), announced.end()) {}

absl::Status LogEncoder::Consume(const Envelope& envelope, uint64_t capture_time_us) {
  if (envelope.kind == Envelope::Kind::kKeepalive) return OnKeepalive(envelope.end_lsn);
  Progress before{writer_.mark()};
  if (transaction_.has_value()) {
    before.messages = transaction_->messages;
    before.changes = transaction_->changes;
  }
  absl::Status status = ConsumeMessage(envelope.message, capture_time_us);
  if (!status.ok()) RollBack(before);
  return status;
}

// Forgets what a message left behind that could not be dealt with.
void LogEncoder::RollBack(const Progress& before) {
  writer_.Truncate(before.mark);
  if (!transaction_.has_value()) return;
  transaction_->messages = before.messages;
  transaction_->changes = before.changes;
  std::optional<Progress>& held = transaction_->before_last_change;
  if (held.has_value() && held->messages >= before.messages) held.reset();
}

absl::Status LogEncoder::ConsumeMessage(std::string_view message, uint64_t capture_time_us) {
  auto kind = ParseKind(message);
  if (!kind.ok()) return kind.status();
  switch (*kind) {
    case MessageKind::kInsert:
    case MessageKind::kUpdate:
    case MessageKind::kDelete:
      return OnRow(*kind, message);
    case MessageKind::kBegin:
      return OnBegin(message, capture_time_us);
    case MessageKind::kCommit:
      return OnCommit(message);
    case MessageKind::kOrigin:
      return ParseOrigin(message).status();
    case MessageKind::kRelation:
      return OnRelation(message);
    case MessageKind::kType:
      return ParseType(message).status();
    case MessageKind::kTruncate:
      return OnTruncate(message);
    case MessageKind::kLogicalMessage:
      return OnLogicalMessage(message);
    default:
      return Unrequested(message);
  }
}

absl::Status LogEncoder::OnBegin(std::string_view message, uint64_t capture_time_us) {
  if (transaction_.has_value()) return OutOfPlace(MessageKind::kBegin, "inside a transaction");
  auto begin = ParseBegin(message);
  if (!begin.ok()) return begin.status();
  absl::Status status = CheckOrder(*begin);
  if (!status.ok()) return status;
  Transaction& transaction = transaction_.emplace(Transaction{});
  transaction.begin = *begin;
  transaction.skip = begin->commit_lsn < start_;
  transaction.first_event = writer_.mark().events;
  if (begin->commit_lsn == resume_.partial_commit_lsn) {
    transaction.delivered = true;
    partial_seen_ = true;
    transaction.messages_to_skip = resume_.partial_messages;
    transaction.changes = resume_.partial_changes;
  }
  seen_ = std::max(seen_, begin->commit_lsn);
  model::Position position{0, begin->commit_lsn};
  transactions_.push_back({begin->xid, 0, position});
  commit_time_us_ = static_cast<uint64_t>(begin->commit_time_us);
  writer_.SetTransaction({position, begin->xid, commit_time_us_, capture_time_us},
                         last_transaction());
  return absl::OkStatus();
}

absl::Status LogEncoder::CheckOrder(const BeginMessage& begin) const {
  if (begin.commit_lsn >= start_ && begin.commit_lsn < resume_.lsn) {
    return absl::DataLossError(absl::StrCat("the server sent the transaction that commits at ",
                                            LsnText(begin.commit_lsn), " after it had announced ",
                                            LsnText(resume_.lsn)));
  }
  if (resume_.partial_commit_lsn != 0 && begin.commit_lsn > resume_.partial_commit_lsn) {
    return absl::DataLossError(
        absl::StrCat("the server did not send the rest of the transaction that commits at ",
                     LsnText(resume_.partial_commit_lsn), ", of which a part is in the journal"));
  }
  return absl::OkStatus();
}

absl::Status LogEncoder::OnCommit(std::string_view message) {
  if (!transaction_.has_value()) return OutOfPlace(MessageKind::kCommit, "outside a transaction");
  auto commit = ParseCommit(message);
  if (!commit.ok()) return commit.status();
  if (commit->commit_lsn != transaction_->begin.commit_lsn ||
      commit->end_lsn <= commit->commit_lsn) {
    return OutOfPlace(MessageKind::kCommit, "that does not belong to the transaction it ends");
  }
  if (transaction_->messages_to_skip > transaction_->messages) {
    return absl::DataLossError(absl::StrCat("the transaction that commits at ",
                                            LsnText(commit->commit_lsn),
                                            " is shorter than the part that is in the journal"));
  }
  if (!transaction_->skip && transaction_->changes > 0) {
    if (transaction_->before_last_change.has_value()) writer_.MarkLast();
    writer_.WriteTransactionEnd(transaction_->changes);
  }
  transaction_.reset();
  if (commit->commit_lsn == resume_.partial_commit_lsn) {
    resume_.partial_commit_lsn = resume_.partial_messages = resume_.partial_changes = 0;
  }
  Advance(commit->end_lsn);
  return absl::OkStatus();
}

absl::Status LogEncoder::OnRelation(std::string_view message) {
  auto parsed = ParseRelation(message);
  if (!parsed.ok()) return parsed.status();
  ForgetNewest();
  uint32_t oid = parsed->oid;
  Relation& relation = relations_[oid] = {};
  relation.message = *std::move(parsed);
  return absl::OkStatus();
}

absl::Status LogEncoder::OnRow(MessageKind kind, std::string_view message) {
  if (!transaction_.has_value()) return OutOfPlace(kind, "outside a transaction");
  if (!CountMessage()) return absl::OkStatus();
  absl::Status status = ParseRow(message, &row_);
  if (!status.ok()) return status;
  status = WriteRow(kind);
  if (!status.ok() || !writer_.misfit() || !GiveUpLayout(row_.relation)) return status;
  // Once more, under the types as they are now.
  writer_.Truncate(transaction_->before_last_change->mark);
  transaction_->changes = transaction_->before_last_change->changes;
  return WriteRow(kind);
}

// Encodes `row_` as a change.
absl::Status LogEncoder::WriteRow(MessageKind kind) {
  auto layout = Announced(row_.relation);
  if (!layout.ok()) return layout.status();
  StartChange();
  absl::Status status = writer_.WriteRow(kind, **layout, row_, &transaction_->changes);
  EndChange();
  return status;
}

absl::Status LogEncoder::OnTruncate(std::string_view message) {
  if (!transaction_.has_value()) {
    return OutOfPlace(MessageKind::kTruncate, "outside a transaction");
  }
  if (!CountMessage()) return absl::OkStatus();
  auto truncate = ParseTruncate(message);
  if (!truncate.ok()) return truncate.status();
  std::vector<const RowLayout*> layouts;
  for (uint32_t relation : truncate->relations) {
    auto layout = Announced(relation);
    if (!layout.ok()) return layout.status();
    layouts.push_back(*layout);
  }
  if (layouts.empty()) return absl::OkStatus();
  StartChange();
  for (const RowLayout* layout : layouts) {
    writer_.WriteTruncate(*layout->schema(), &transaction_->changes);
  }
  EndChange();
  return absl::OkStatus();
}

absl::Status LogEncoder::OnLogicalMessage(std::string_view message) {
  auto parsed = ParseLogicalMessage(message);
  if (!parsed.ok()) return parsed.status();
  if (parsed->transactional) return OnTransactionalMessage(*parsed);
  OnPlainMessage(*parsed);
  return absl::OkStatus();
}

absl::Status LogEncoder::OnTransactionalMessage(const LogicalMessageView& message) {
  if (!transaction_.has_value()) {
    return OutOfPlace(MessageKind::kLogicalMessage, "that is transactional outside a transaction");
  }
  if (!CountMessage() || message.prefix == kOwnPrefix) return absl::OkStatus();
  const BeginMessage& begin = transaction_->begin;
  writer_.WriteMessage({message.prefix, message.content, model::Position{0, begin.commit_lsn},
                        begin.xid, transaction_->changes++,
                        static_cast<uint64_t>(begin.commit_time_us)});
  if (writer_.frame_bytes() - transaction_->last_change_end > kHeldBytesMax) {
    transaction_->before_last_change.reset();
  }
  return absl::OkStatus();
}

void LogEncoder::OnPlainMessage(const LogicalMessageView& message) {
  if (message.lsn <= start_) return;
  if (message.prefix != kOwnPrefix) {
    writer_.WriteMessage({message.prefix, message.content, model::Position{0, message.lsn}});
  }
  if (!transaction_.has_value()) Advance(message.lsn);
}

absl::Status LogEncoder::OnKeepalive(Lsn end_lsn) {
  if (transaction_.has_value()) return absl::OkStatus();
  if (resume_.partial_commit_lsn != 0 && end_lsn > resume_.partial_commit_lsn) {
    return CheckOrder({end_lsn, 0, 0});
  }
  Advance(end_lsn);
  return absl::OkStatus();
}

bool LogEncoder::CountMessage() {
  uint64_t number = transaction_->messages++;
  return !transaction_->skip && number >= transaction_->messages_to_skip;
}

void LogEncoder::StartChange() {
  transaction_->before_last_change =
      Progress{writer_.mark(), transaction_->messages - 1, transaction_->changes};
}

void LogEncoder::EndChange() { transaction_->last_change_end = writer_.frame_bytes(); }

absl::StatusOr<const RowLayout*> LogEncoder::Announced(uint32_t relation) {
  const uint64_t versions = registry_->latest_changes();
  if (relation == newest_relation_ && versions == newest_versions_) return newest_layout_;
  auto found = relations_.find(relation);
  if (found == relations_.end()) {
    return absl::DataLossError(
        absl::StrCat("the server sent a change of relation ", relation, " without describing it"));
  }
  ForgetNewest();
  if (std::exchange(found->second.versions_seen, versions) != versions) {
    CompareWithLatest(found->second);
  }
  auto layout = Resolve(found->second);
  if (!layout.ok()) return layout.status();
  const auto& schema = (*layout)->schema();
  if (announced_.insert(schema->id).second) writer_.WriteSchema(schema);
  newest_relation_ = relation;
  newest_versions_ = versions;
  newest_layout_ = *layout;
  return *layout;
}

absl::StatusOr<const RowLayout*> LogEncoder::Resolve(Relation& relation) {
  if (relation.layout != nullptr) return relation.layout.get();
  if (transaction_.has_value()) {
    absl::Status visible =
        catalog_->WaitForTransaction(static_cast<uint32_t>(transactions_.back().number));
    if (!visible.ok()) return visible;
  }
  auto previous = registry_->Latest(relation.message.oid);
  auto built = SchemaFromRelation(relation.message, previous.get(), *catalog_);
  if (!built.ok()) return built.status();
  auto schema = registry_->Resolve(*std::move(built));
  if (std::exchange(relation.schema, schema->id) != schema->id) relation.misfits = 0;
  relation.layout = std::make_unique<RowLayout>(std::move(schema));
  return relation.layout.get();
}

// One version questions a layout once: where the two go on to differ, the catalog has no answer.
void LogEncoder::CompareWithLatest(Relation& relation) {
  if (relation.layout == nullptr) return;
  auto latest = registry_->Latest(relation.message.oid);
  if (latest == nullptr || latest->id == relation.schema || latest->id == relation.questioned_by ||
      !AlikeToTheLog(*latest, *relation.layout->schema())) {
    return;
  }
  relation.questioned_by = latest->id;
  relation.layout.reset();
}

bool LogEncoder::GiveUpLayout(uint32_t relation) {
  Relation& described = relations_.at(relation);
  if (!std::has_single_bit(++described.misfits)) return false;
  ForgetNewest();
  described.layout.reset();
  return true;
}

void LogEncoder::ForgetNewest() {
  newest_relation_ = 0;
  newest_layout_ = nullptr;
}

void LogEncoder::Advance(Lsn lsn) {
  seen_ = std::max(seen_, lsn);
  resume_.lsn = std::max(resume_.lsn, lsn);
}

size_t LogEncoder::pending_bytes() const {
  if (transaction_.has_value() && transaction_->before_last_change.has_value()) {
    return transaction_->before_last_change->mark.frames;
  }
  return writer_.frame_bytes();
}

LogBatch LogEncoder::Take() {
  LogBatch batch;
  batch.frontier = {0, resume_.lsn};
  batch.replaying = replaying();
  batch.commit_time_us = std::exchange(commit_time_us_, 0);
  batch.transactions.swap(transactions_);
  if (transaction_.has_value()) {
    TakePart(&batch);
  } else {
    writer_.CutInto(writer_.mark(), &batch);
    batch.resume = resume_.Encode();
  }
  return batch;
}

// An open transaction is in the batch from its first event on; what is held back is not.
void LogEncoder::TakePart(LogBatch* batch) {
  Transaction& open = *transaction_;
  Progress cut =
      open.before_last_change.value_or(Progress{writer_.mark(), open.messages, open.changes});
  if (cut.mark.events > open.first_event) open.delivered = true;
  transactions_.push_back(batch->transactions.back());
  writer_.CutInto(cut.mark, batch);
  open.first_event = 0;
  if (open.before_last_change.has_value()) open.before_last_change->mark = {};
  open.last_change_end -= std::min(open.last_change_end, cut.mark.frames);
  commit_time_us_ = static_cast<uint64_t>(open.begin.commit_time_us);
  if (open.delivered) {
    batch->mid_transaction = true;
  } else {
    batch->transactions.pop_back();
  }
  if (open.delivered && !open.skip && open.messages > open.messages_to_skip) {
    resume_.partial_commit_lsn = open.begin.commit_lsn;
    resume_.partial_messages = cut.messages;
    resume_.partial_changes = cut.changes;
  }
  batch->resume = resume_.Encode();
}

}  // namespace tidemark::capture::postgres
