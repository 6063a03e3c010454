#ifndef TIDEMARK_SNAPSHOT_SETTLING_H_
#define TIDEMARK_SNAPSHOT_SETTLING_H_

#include <deque>
#include <vector>

#include "capture/log_batch.h"
#include "model/transaction.h"

namespace tidemark::snapshot {

// The transactions that were merged and of which it is not known yet that new SELECTs see them: a
// server publishes a commit to its log before it makes it visible. Kept at all times, not only
// while snapshots run, and made complete again after a restart: the source is acknowledged only up
// to the oldest of them, so that it delivers them again. Not thread-safe.
class Settling {
 public:
  // The transactions of a merged batch, also of one that stops inside its last transaction: a
  // window that opens then must find the whole transaction visible, since it does not know the
  // touches already merged.
  void Add(const std::vector<model::TransactionRef>& transactions);
  // Forgets those that `view` shows.
  void Settle(const model::ReadView& view);

  std::vector<model::TransactionRef> list() const;
  size_t size() const { return waiting_.size(); }
  // What may be acknowledged to the source when everything up to `durable` is in the journal.
  model::Position Acknowledgeable(const model::Position& durable) const;

 private:
  std::deque<model::TransactionRef> waiting_;  // in log order
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_SETTLING_H_
