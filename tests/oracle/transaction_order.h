#ifndef TIDEMARK_TESTS_ORACLE_TRANSACTION_ORDER_H_
#define TIDEMARK_TESTS_ORACLE_TRANSACTION_ORDER_H_

#include <cstdint>
#include <string>

#include "tests/oracle/log_position.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// Checks that transactions come whole, once and in order: indexes 0, 1, 2, … over changes and
// messages; one position, commit time and id in all events of a transaction; positions that grow
// from one transaction to the next, so that no (position, index) comes twice; `last_in_transaction`
// on the last change and on no other; the right count at the end. Each method returns what is
// wrong, or "". Not for filtered streams.
class TransactionOrder {
 public:
  // A change of the log, not a snapshot's read.
  std::string OnChange(const v1::Change& change);
  std::string OnMessage(const v1::LogicalMessage& message);
  std::string OnEnd(const v1::TransactionEnd& end);

 private:
  std::string Advance(uint64_t transaction_id, const v1::Position& position, uint64_t index);

  bool open_ = false;
  uint64_t transaction_id_ = 0;
  LogPosition position_;
  uint64_t count_ = 0;
  // The newest event was a change, and was marked as its transaction's last.
  bool change_is_newest_ = false;
  bool last_seen_ = false;
  LogPosition finished_;
};

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_TRANSACTION_ORDER_H_
