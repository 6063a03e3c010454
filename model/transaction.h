#ifndef TIDEMARK_MODEL_TRANSACTION_H_
#define TIDEMARK_MODEL_TRANSACTION_H_

#include <cstdint>

#include "model/position.h"

namespace tidemark::model {

// Identity of a transaction of the log.
struct TransactionRef {
  // PostgreSQL: the top-level xid, 32 bits, as Begin carries it. MySQL: the GTID's number; without a GTID, commit.offset.
  uint64_t number = 0;
  // MySQL: index of the GTID's source id in the driver's table; MariaDB: the domain. PostgreSQL: 0.
  uint32_t domain = 0;
  // PostgreSQL: where its commit record starts. MySQL, MariaDB: where it starts in the binlog. Its place in the log's
  // order, as far as it is known when its first change is encoded; it ends later.
  Position commit;
};

// What a SELECT could see: the set V of the exact-window rule.
class ReadView {
 public:
  virtual ~ReadView() = default;

  // True only if the transaction was visible. May be false for a visible one (a lower bound is
  // enough), but a view must answer the same for the same transaction for ever. `transaction` must
  // have been delivered by the log.
  virtual bool Contains(const TransactionRef& transaction) const = 0;
};

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_TRANSACTION_H_
