#ifndef TIDEMARK_CAPTURE_MYSQL_MARIADB_GTID_H_
#define TIDEMARK_CAPTURE_MYSQL_MARIADB_GTID_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tidemark::capture::mysql {

// MariaDB's name of a transaction: "0-1-100". Within a domain the sequence grows along the binlog.
// Source: MariaDB 11.8 sql/rpl_gtid.h.
struct MariaDbGtid {
  uint32_t domain = 0;
  uint32_t server_id = 0;
  uint64_t sequence = 0;

  // InvalidArgument: not three numbers with dashes.
  static absl::StatusOr<MariaDbGtid> Parse(std::string_view text);
  std::string ToString() const;

  friend bool operator==(const MariaDbGtid&, const MariaDbGtid&) = default;
};

// A place in MariaDB's binlog: the last transaction of each domain. What @slave_connect_state and
// @@gtid_binlog_pos hold. Not thread-safe.
class MariaDbPosition {
 public:
  // "0-1-100,1-2-5", with any white space; "" is the place before everything. InvalidArgument: it
  // is no such text, or names a domain twice.
  static absl::StatusOr<MariaDbPosition> Parse(std::string_view text);
  // The same of a text that may name several transactions of a domain, as @@gtid_binlog_state does
  // (one of each server): the one with the greatest sequence counts. InvalidArgument: no such text.
  static absl::StatusOr<MariaDbPosition> ParseState(std::string_view text);
  // By domain.
  std::string ToString() const;

  // The transaction is now the last one of its domain.
  void Advance(const MariaDbGtid& gtid) { last_[gtid.domain] = gtid; }
  // nullopt: nothing of this domain yet.
  std::optional<MariaDbGtid> Last(uint32_t domain) const;
  // It is the last one of its domain, or before it. Exact where sequences grow, as
  // gtid_strict_mode=ON demands.
  bool Contains(const MariaDbGtid& gtid) const;
  // Those of its transactions that `other` does not contain.
  MariaDbPosition Beyond(const MariaDbPosition& other) const;
  // Each of other's is the last one of its domain here too.
  bool Agrees(const MariaDbPosition& other) const;
  bool empty() const { return last_.empty(); }

  friend bool operator==(const MariaDbPosition&, const MariaDbPosition&) = default;

 private:
  std::map<uint32_t, MariaDbGtid> last_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MARIADB_GTID_H_
