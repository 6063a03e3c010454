#include "model/position.h"

#include "absl/strings/str_format.h"

namespace tidemark::model {

std::string ToString(const Position& position) {
  if (position.file == 0) {
    return absl::StrFormat("%X/%X", position.offset >> 32, position.offset & 0xffffffff);
  }
  const uint64_t moves = position.file >> 32;
  const uint64_t file = position.file & 0xffffffff;
  if (moves == 0) return absl::StrFormat("%d:%d", file, position.offset);
  return absl::StrFormat("%d.%d:%d", moves, file, position.offset);
}

}  // namespace tidemark::model
