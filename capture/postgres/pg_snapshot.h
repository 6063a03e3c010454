#ifndef TIDEMARK_CAPTURE_POSTGRES_PG_SNAPSHOT_H_
#define TIDEMARK_CAPTURE_POSTGRES_PG_SNAPSHOT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/transaction.h"

namespace tidemark::capture::postgres {

// The read view that pg_current_snapshot() describes: exact, not only a lower bound. Its xids have
// 64 bits, the log's have 32: a log xid is taken for the 64-bit one nearest to xmax, which is right
// because every transaction the log delivers is within 2^31 of the present (the server stops before
// that). Immutable; thread-safe.
class PgSnapshot : public model::ReadView {
 public:
  // Parses "xmin:xmax:xip,xip,..." (src/backend/utils/adt/xid8funcs.c). DataLoss if it is anything
  // else.
  static absl::StatusOr<PgSnapshot> Parse(std::string_view text);

  bool Contains(const model::TransactionRef& transaction) const override;

  // The 64-bit xid of a log xid.
  uint64_t Widen(uint32_t xid) const;
  uint64_t xmin() const { return xmin_; }
  uint64_t xmax() const { return xmax_; }

 private:
  PgSnapshot() = default;

  uint64_t xmin_ = 0;              // every xid below is visible
  uint64_t xmax_ = 0;              // none from here on is
  std::vector<uint64_t> running_;  // between the two, not visible; sorted
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_PG_SNAPSHOT_H_
