#ifndef TIDEMARK_CAPTURE_MYSQL_GTID_SET_H_
#define TIDEMARK_CAPTURE_MYSQL_GTID_SET_H_

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/binlog_event.h"

namespace tidemark::capture::mysql {

// "3e11fa47-71ca-11e1-9e33-c80aa9429562".
std::string UuidText(const Uuid& uuid);
// InvalidArgument: no uuid. Either case; with dashes, or without.
absl::StatusOr<Uuid> ParseUuid(std::string_view text);

// A set of MySQL's GTIDs: of each origin (a server's uuid, with a tag or without) the numbers, as
// intervals; holes are normal. Source: MySQL 8.4 sql/rpl_gtid_set.cc and libs/mysql/gtid/tag.h.
// Not thread-safe.
class GtidSet {
 public:
  // Greatest number + 1: numbers are from 1 to kEnd - 1.
  static constexpr uint64_t kEnd = uint64_t{1} << 63;

  GtidSet() = default;

  // As the server prints it: "uuid:1-5:7:tag_a:1-3,uuid2:9", with any white space. "" is the empty
  // set. InvalidArgument: it is no such text.
  static absl::StatusOr<GtidSet> Parse(std::string_view text);
  // The body of a PREVIOUS_GTIDS event, or what Encode gave. DataLoss: malformed.
  static absl::StatusOr<GtidSet> Decode(std::string_view encoded);

  // The server's own form: sorted, lower case, without white space.
  std::string ToString() const;
  // For COM_BINLOG_DUMP_GTID: in the old format unless there are tags, which servers before 8.3 do
  // not know.
  std::string Encode() const;

  // The next number of an origin takes constant time. REQUIRES: 1 <= number < kEnd.
  void Add(const Uuid& uuid, std::string_view tag, uint64_t number);
  void Add(const GtidSet& other);
  // Takes what is in `other` out.
  void Subtract(const GtidSet& other);

  bool Contains(const Uuid& uuid, std::string_view tag, uint64_t number) const;
  // All of `other` is in it.
  bool Contains(const GtidSet& other) const;
  bool empty() const { return origins_.empty(); }

  friend bool operator==(const GtidSet&, const GtidSet&) = default;

 private:
  // [begin, end)
  struct Interval {
    uint64_t begin = 0;
    uint64_t end = 0;
    friend bool operator==(const Interval&, const Interval&) = default;
  };
  // Sorted, apart from each other, never empty.
  using Intervals = std::vector<Interval>;

  struct OriginView {
    const Uuid& uuid;
    std::string_view tag;
  };
  struct Origin {
    Uuid uuid = {};
    std::string tag;
    friend bool operator==(const Origin&, const Origin&) = default;
  };
  struct OriginLess {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      if (a.uuid != b.uuid) return a.uuid < b.uuid;
      return std::string_view(a.tag) < std::string_view(b.tag);
    }
  };

  static void AddInterval(Interval added, Intervals& intervals);
  static Intervals Without(const Intervals& intervals, const Intervals& removed);
  static absl::StatusOr<Interval> ParseInterval(std::string_view text);
  absl::Status ParseOrigin(std::string_view text);
  Intervals& At(const Uuid& uuid, std::string_view tag);

  std::map<Origin, Intervals, OriginLess> origins_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_GTID_SET_H_
