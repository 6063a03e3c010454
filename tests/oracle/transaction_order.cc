#include "tests/oracle/transaction_order.h"

#include "absl/strings/str_cat.h"

namespace tidemark::oracle {

std::string TransactionOrder::Advance(uint64_t transaction_id, const v1::Position& position,
                                      uint64_t index) {
  const LogPosition at(position);
  std::string wrong;
  if (!open_) {
    open_ = true;
    transaction_id_ = transaction_id;
    position_ = at;
    count_ = 0;
    last_seen_ = false;
    if (at <= finished_) {
      wrong = absl::StrCat("transaction ", transaction_id, " at ", Show(at),
                           " comes after the transaction that ended at ", Show(finished_));
    }
  } else if (transaction_id != transaction_id_ || at != position_) {
    wrong = absl::StrCat("transaction ", transaction_id, " at ", Show(at), " begins inside ",
                         transaction_id_, " at ", Show(position_));
  }
  if (index != count_) wrong = absl::StrCat("transaction_index ", index, " instead of ", count_);
  if (last_seen_) wrong = absl::StrCat("transaction ", transaction_id, " goes on after its last");
  count_ = index + 1;
  return wrong;
}

std::string TransactionOrder::OnChange(const v1::Change& change) {
  std::string wrong =
      Advance(change.transaction_id(), change.position(), change.transaction_index());
  change_is_newest_ = true;
  last_seen_ = change.last_in_transaction();
  return wrong;
}

std::string TransactionOrder::OnMessage(const v1::LogicalMessage& message) {
  if (message.transaction_id() == 0) return "";
  const bool last_before = last_seen_;
  last_seen_ = false;
  std::string wrong =
      Advance(message.transaction_id(), message.position(), message.transaction_index());
  change_is_newest_ = false;
  last_seen_ = open_ && last_before;
  return wrong;
}

std::string TransactionOrder::OnEnd(const v1::TransactionEnd& end) {
  std::string wrong;
  const LogPosition at(end.position());
  if (open_ && (end.transaction_id() != transaction_id_ || at != position_)) {
    wrong = absl::StrCat("transaction ", end.transaction_id(), " at ", Show(at), " ends inside ",
                         transaction_id_, " at ", Show(position_));
  } else if (const uint64_t count = open_ ? count_ : 0; end.change_count() != count) {
    wrong = absl::StrCat("transaction ", end.transaction_id(), " counts ", end.change_count(),
                         " changes, but ", count, " came");
  } else if (open_ && change_is_newest_ && !last_seen_) {
    wrong = absl::StrCat("transaction ", end.transaction_id(), " ended without a last change");
  } else if (at <= finished_) {
    wrong = absl::StrCat("a transaction ended at ", Show(at), " after one at ", Show(finished_));
  }
  open_ = false;
  change_is_newest_ = false;
  last_seen_ = false;
  finished_ = at;
  return wrong;
}

}  // namespace tidemark::oracle
