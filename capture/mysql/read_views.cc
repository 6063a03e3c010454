#include "capture/mysql/read_views.h"

namespace tidemark::capture::mysql {

bool GtidView::Contains(const model::TransactionRef& transaction) const {
  const GtidOrigin origin = names_->OriginOf(transaction.domain);
  return executed_.Contains(origin.uuid, origin.tag, transaction.number);
}

}  // namespace tidemark::capture::mysql
