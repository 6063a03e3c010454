#ifndef TIDEMARK_TESTS_DEBEZIUM_JSON_VALUE_H_
#define TIDEMARK_TESTS_DEBEZIUM_JSON_VALUE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace tidemark::debezium {

// JSON (RFC 8259) taken apart, but for its scalars: those stay as they are written, so that 1.0 is
// not 1.00, and no digit of a number is lost.
struct JsonValue {
  enum class Kind { kScalar, kArray, kObject };

  Kind kind = Kind::kScalar;
  std::string scalar;  // with the quotes of a string
  std::vector<JsonValue> elements;
  std::vector<std::pair<std::string, JsonValue>> members;  // names without quotes, in order

  // Null: there is no such member.
  const JsonValue* Find(std::string_view name) const;
};

// InvalidArgument: it is no JSON; the message says where.
absl::StatusOr<JsonValue> ParseJson(std::string_view text);

// Back as text, without blanks.
std::string ToText(const JsonValue& value);

}  // namespace tidemark::debezium

#endif  // TIDEMARK_TESTS_DEBEZIUM_JSON_VALUE_H_
