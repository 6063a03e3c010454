#ifndef TIDEMARK_SERVICE_KAFKA_NAME_PATTERN_H_
#define TIDEMARK_SERVICE_KAFKA_NAME_PATTERN_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tidemark/v1/event.pb.h"

namespace re2 {
class RE2;
}

namespace tidemark::service::kafka {

// "shop.orders": what the patterns of tables are held against, and how errors name a table.
std::string QualifiedName(const v1::TableSchema& schema);

// A regular expression (RE2's syntax, case-sensitive) over the whole of a name; matching takes time
// linear in the name. Immutable, so thread-safe.
class NamePattern {
 public:
  // InvalidArgument: why it is no expression.
  static absl::StatusOr<NamePattern> Make(std::string_view text);

  const std::string& text() const { return text_; }
  int group_count() const;
  bool Matches(std::string_view name) const;
  // As Matches; `groups`: what its groups matched, those that took no part are empty.
  bool Matches(std::string_view name, std::vector<std::string>* groups) const;

 private:
  NamePattern(std::string_view text, std::shared_ptr<const re2::RE2> expression)
      : text_(text), expression_(std::move(expression)) {}

  std::string text_;
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_NAME_PATTERN_H_
