#ifndef TIDEMARK_CAPTURE_MYSQL_STATE_FIELDS_H_
#define TIDEMARK_CAPTURE_MYSQL_STATE_FIELDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "model/bytes.h"
#include "model/wire.h"

// Private to the room: fields of the messages in tidemark/state/state.proto that it writes itself,
// so that capture does without the protobuf library. As proto3 has them: no field for "" and 0.
namespace tidemark::capture::mysql {

inline void AppendText(model::Bytes& out, uint32_t field, std::string_view text) {
  if (!text.empty()) model::AppendLengthField(out, field, text);
}

inline void AppendNumber(model::Bytes& out, uint32_t field, uint64_t number) {
  if (number != 0) model::AppendVarintField(out, field, number);
}

// False: malformed.
inline bool ReadText(model::WireReader& in, std::string* text) {
  std::string_view bytes;
  if (!in.ReadLength(&bytes)) return false;
  *text = std::string(bytes);
  return true;
}

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_STATE_FIELDS_H_
