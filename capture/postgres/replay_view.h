#ifndef TIDEMARK_CAPTURE_POSTGRES_REPLAY_VIEW_H_
#define TIDEMARK_CAPTURE_POSTGRES_REPLAY_VIEW_H_

#include <cstdint>

#include "model/transaction.h"

namespace tidemark::capture::postgres {

// The read view of a SELECT on a standby whose snapshot was taken when the log had been replayed up
// to `replayed` or further. A lower bound of what it could see: a commit is visible before the end
// of its record counts as replayed. (The snapshots that a standby's SQL shows do not tell which
// transactions still run.) Immutable; thread-safe.
class ReplayView : public model::ReadView {
 public:
  explicit ReplayView(uint64_t replayed) : replayed_(replayed) {}

  // TransactionRef.commit is where the commit record starts, and `replayed` is the end of a record.
  bool Contains(const model::TransactionRef& transaction) const override {
    return transaction.commit.offset < replayed_;
  }

 private:
  uint64_t replayed_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_REPLAY_VIEW_H_
