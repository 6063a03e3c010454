#ifndef TIDEMARK_TESTS_DEBEZIUM_RECORD_DIFFERENCE_H_
#define TIDEMARK_TESTS_DEBEZIUM_RECORD_DIFFERENCE_H_

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidemark::debezium {

// A record of a topic.
struct Record {
  // nullopt: null.
  std::optional<std::string> key;
  std::optional<std::string> value;
  // Not OK: there is none, since ours was refused with this error.
  absl::Status refused = absl::OkStatus();
};

// Where a record of Debezium's and ours say different things.
struct Difference {
  // "value.payload.after.price", "value.schema.after.price.optional", "key", ... The fields of a
  // Connect schema go by their names.
  std::string path;
  // JSON; "absent" where there is none; "refused: ..." of ours.
  std::string theirs;
  std::string ours;

  bool operator<(const Difference& other) const {
    return std::tie(path, theirs, ours) < std::tie(other.path, other.theirs, other.ours);
  }
};

// Field by field: of objects the members and their order, of arrays the elements. InvalidArgument:
// one of them is no JSON.
absl::StatusOr<std::vector<Difference>> Compare(const Record& theirs, const Record& ours);

}  // namespace tidemark::debezium

#endif  // TIDEMARK_TESTS_DEBEZIUM_RECORD_DIFFERENCE_H_
