#include "tests/oracle/transaction_order.h"

#include "absl/strings/str_cat.h"

namespace tidemark::oracle {

std::string TransactionOrder::Advance(uint64_t transaction_id, uint64_t offset, uint64_t index) {
  std::string wrong;
  if (!open_) {
    open_ = true;
    transaction_id_ = transaction_id;
    offset_ = offset;
    count_ = 0;
    last_seen_ = false;
    if (offset <= finished_offset_) {
      wrong = absl::StrCat("transaction ", transaction_id, " at ", offset,
                           " comes after the transaction that ended at ", finished_offset_);
    }
  } else if (transaction_id != transaction_id_ || offset != offset_) {
    wrong = absl::StrCat("transaction ", transaction_id, " at ", offset, " begins inside ",
                         transaction_id_, " at ", offset_);
  }
  if (index != count_) wrong = absl::StrCat("transaction_index ", index, " instead of ", count_);
  if (last_seen_) wrong = absl::StrCat("transaction ", transaction_id, " goes on after its last");
  count_ = index + 1;
  return wrong;
}

std::string TransactionOrder::OnChange(const v1::Change& change) {
  std::string wrong =
      Advance(change.transaction_id(), change.position().offset(), change.transaction_index());
  change_is_newest_ = true;
  last_seen_ = change.last_in_transaction();
  return wrong;
}

std::string TransactionOrder::OnMessage(const v1::LogicalMessage& message) {
  if (message.transaction_id() == 0) return "";
  const bool last_before = last_seen_;
  last_seen_ = false;
  std::string wrong =
      Advance(message.transaction_id(), message.position().offset(), message.transaction_index());
  change_is_newest_ = false;
  last_seen_ = open_ && last_before;
  return wrong;
}

std::string TransactionOrder::OnEnd(const v1::TransactionEnd& end) {
  std::string wrong;
  const uint64_t offset = end.position().offset();
  if (open_ && (end.transaction_id() != transaction_id_ || offset != offset_)) {
    wrong = absl::StrCat("transaction ", end.transaction_id(), " at ", offset, " ends inside ",
                         transaction_id_, " at ", offset_);
  } else if (const uint64_t count = open_ ? count_ : 0; end.change_count() != count) {
    wrong = absl::StrCat("transaction ", end.transaction_id(), " counts ", end.change_count(),
                         " changes, but ", count, " came");
  } else if (open_ && change_is_newest_ && !last_seen_) {
    wrong = absl::StrCat("transaction ", end.transaction_id(), " ended without a last change");
  } else if (offset <= finished_offset_) {
    wrong = absl::StrCat("a transaction ended at ", offset, " after one at ", finished_offset_);
  }
  open_ = false;
  change_is_newest_ = false;
  last_seen_ = false;
  finished_offset_ = offset;
  return wrong;
}

}  // namespace tidemark::oracle
