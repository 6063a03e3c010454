#ifndef TIDEMARK_CAPTURE_MYSQL_READ_VIEWS_H_
#define TIDEMARK_CAPTURE_MYSQL_READ_VIEWS_H_

#include <utility>

#include "capture/mysql/delivered_gtids.h"
#include "capture/mysql/gtid_set.h"
#include "model/position.h"
#include "model/transaction.h"

namespace tidemark::capture::mysql {

// MySQL: gtid_executed, read before a SELECT's view was opened. A transaction is in it only after
// the engine has committed it, so all of it was visible; what became visible between the two is
// not in it: a lower bound of V. Immutable.
class GtidView : public model::ReadView {
 public:
  // `names` must outlive it.
  GtidView(GtidSet executed, const GtidNames* names)
      : executed_(std::move(executed)), names_(names) {}

  bool Contains(const model::TransactionRef& transaction) const override;
  const GtidSet& executed() const { return executed_; }

 private:
  const GtidSet executed_;
  const GtidNames* const names_;
};

// A place in the binlog: all that starts before it was visible when a SELECT's view was opened;
// what became visible meanwhile is behind it: a lower bound of V. MariaDB: what was committed just
// before (visible_position.h). MySQL without GTIDs: where the binlog ended before a watermark was
// written (watermark.h). Immutable.
class PositionView : public model::ReadView {
 public:
  // Of nothing that is known.
  PositionView() : PositionView(model::Position{}) {}
  explicit PositionView(const model::Position& end) : end_(end) {}

  bool Contains(const model::TransactionRef& transaction) const override {
    return transaction.commit < end_;
  }
  const model::Position& end() const { return end_; }

 private:
  const model::Position end_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_READ_VIEWS_H_
