#ifndef TIDEMARK_TESTS_ORACLE_LOG_POSITION_H_
#define TIDEMARK_TESTS_ORACLE_LOG_POSITION_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// v1::Position, by its order.
struct LogPosition {
  uint64_t file = 0;
  uint64_t offset = 0;

  LogPosition() = default;
  LogPosition(uint64_t file_number, uint64_t offset_in_file)
      : file(file_number), offset(offset_in_file) {}
  explicit LogPosition(const v1::Position& position)
      : file(position.file()), offset(position.offset()) {}

  auto operator<=>(const LogPosition&) const = default;
};

// "3:1234"; without a file "1234".
inline std::string Show(const LogPosition& position) {
  if (position.file == 0) return absl::StrCat(position.offset);
  return absl::StrCat(position.file, ":", position.offset);
}

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_LOG_POSITION_H_
