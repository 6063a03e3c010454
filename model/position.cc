#include "model/position.h"

#include "absl/strings/str_format.h"

namespace tidemark::model {

std::string ToString(const Position& position) {
  if (position.file == 0) {
    return absl::StrFormat("%X/%X", position.offset >> 32, position.offset & 0xffffffff);
  }
  return absl::StrFormat("%d:%d", position.file, position.offset);
}

}  // namespace tidemark::model
