#ifndef TIDEMARK_CAPTURE_MYSQL_DELIVERED_GTIDS_H_
#define TIDEMARK_CAPTURE_MYSQL_DELIVERED_GTIDS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/binlog_event.h"
#include "capture/mysql/gtid_set.h"
#include "capture/mysql/mariadb_gtid.h"
#include "capture/mysql/resume_token.h"

namespace tidemark::capture::mysql {

// Where a MySQL GTID comes from: a server's uuid, with its tag or "".
struct GtidOrigin {
  Uuid uuid = {};
  std::string tag;

  friend auto operator<=>(const GtidOrigin&, const GtidOrigin&) = default;
};

// Numbers for origins, so that model::TransactionRef can name one by a number. The same for all
// readers of a source, as long as it lives. Thread-safe.
class GtidNames {
 public:
  uint32_t IndexOf(const GtidOrigin& origin);
  // REQUIRES: given out by IndexOf.
  GtidOrigin OriginOf(uint32_t index) const;

 private:
  mutable std::mutex mutex_;
  std::map<GtidOrigin, uint32_t> indexes_;
  std::vector<GtidOrigin> origins_;
};

// A transaction's name. `text` is empty where it has none (Naming::kFile).
struct Gtid {
  std::string text;   // "uuid:5", "uuid:tag:5", "0-1-5"
  GtidOrigin origin;  // MySQL
  uint64_t number = 0;
  MariaDbGtid mariadb;
};

// What was delivered wholly, by name. Not thread-safe.
class DeliveredGtids {
 public:
  // DataLoss: `text` is no set or position.
  static absl::StatusOr<DeliveredGtids> Parse(Naming naming, std::string_view text);

  void Add(const Gtid& gtid);
  std::string ToString() const;
  Naming naming() const { return naming_; }
  const GtidSet& set() const { return set_; }                    // Naming::kGtid
  const MariaDbPosition& position() const { return position_; }  // Naming::kMariaDbGtid

 private:
  Naming naming_ = Naming::kNone;
  GtidSet set_;
  MariaDbPosition position_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_DELIVERED_GTIDS_H_
