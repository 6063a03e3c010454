#ifndef TIDEMARK_CAPTURE_MYSQL_JSON_CONTAINER_H_
#define TIDEMARK_CAPTURE_MYSQL_JSON_CONTAINER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/bytes.h"

namespace tidemark::capture::mysql {

// Types of values in MySQL's binary JSON.
enum class JsonType : uint8_t {
  kSmallObject = 0,
  kLargeObject = 1,
  kSmallArray = 2,
  kLargeArray = 3,
  kLiteral = 4,
  kInt16 = 5,
  kUint16 = 6,
  kInt32 = 7,
  kUint32 = 8,
  kInt64 = 9,
  kUint64 = 10,
  kDouble = 11,
  kString = 12,
  kOpaque = 15,
};

inline constexpr int kJsonDepthMax = 100;

// One value: its type and the bytes from its start on (more may follow that are not its own).
struct JsonView {
  JsonType type = JsonType::kLiteral;
  std::string_view bytes;

  bool is_object() const {
    return type == JsonType::kSmallObject || type == JsonType::kLargeObject;
  }
  bool is_array() const { return type == JsonType::kSmallArray || type == JsonType::kLargeArray; }
};

// An object or array, its items seen by index. Format: number of items, size, then for objects an
// offset and length of each key, then type and value or offset of each item; offsets from the start
// of the number of items. Small ones have 16-bit numbers, large ones 32-bit.
class JsonContainer {
 public:
  // False: malformed. REQUIRES: an object or array.
  bool Open(const JsonView& view);

  size_t count() const { return count_; }
  bool Key(size_t index, std::string_view* key) const;
  bool Item(size_t index, JsonView* item) const;

 private:
  uint32_t Number(size_t at) const;

  std::string_view bytes_;  // of the container alone
  bool object_ = false;
  size_t width_ = 2;  // of an offset
  size_t count_ = 0;
};

// Whole document; an empty one is null. False: malformed.
bool OpenJson(std::string_view binary, JsonView* view);

// Appends the text of a value that is no container.
bool AppendJsonScalar(model::Bytes& out, const JsonView& view);
// Appends text in quotes, escaped.
void AppendJsonString(model::Bytes& out, std::string_view text);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_JSON_CONTAINER_H_
