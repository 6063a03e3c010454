#include "snapshot/settling.h"

#include <algorithm>

namespace tidemark::snapshot {

void Settling::Add(const std::vector<model::TransactionRef>& transactions) {
  for (const model::TransactionRef& transaction : transactions) {
    // Delivered again after a reconnect, or continued from the batch before.
    if (!waiting_.empty() && transaction.commit <= waiting_.back().commit) continue;
    waiting_.push_back(transaction);
  }
}

void Settling::Settle(const model::ReadView& view) {
  std::erase_if(waiting_, [&](const model::TransactionRef& transaction) {
    return view.Contains(transaction);
  });
}

std::vector<model::TransactionRef> Settling::list() const {
  return {waiting_.begin(), waiting_.end()};
}

model::Position Settling::Acknowledgeable(const model::Position& durable) const {
  return waiting_.empty() ? durable : std::min(durable, waiting_.front().commit);
}

}  // namespace tidemark::snapshot
