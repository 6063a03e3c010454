#ifndef TIDEMARK_SERVICE_KAFKA_COLUMN_RULES_H_
#define TIDEMARK_SERVICE_KAFKA_COLUMN_RULES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/kafka/name_pattern.h"
#include "service/kafka/publish_options.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// What becomes of a column's values; what hides more comes later.
enum class ColumnAction : uint8_t { kKeep, kTruncate, kHash, kMask, kLeaveOut };

struct ColumnRule {
  ColumnAction action = ColumnAction::kKeep;
  uint32_t length_max = 0;  // kTruncate: characters
};

// The patterns of one TransformOptions, held against the columns of one table. Not thread-safe.
class ColumnRules {
 public:
  // InvalidArgument: a pattern that is none.
  static absl::StatusOr<ColumnRules> Make(const TransformOptions& options);

  // What hides most of what matches. `is_key`: `include` does not leave it out.
  ColumnRule RuleOf(const v1::Column& column, bool is_key);

  // Of the columns asked for so far: the patterns that matched none, "mask \"emial\"", and the
  // columns that `truncate` matched and cannot cut.
  std::vector<std::string> Unmatched() const;
  const std::vector<std::string>& uncut() const { return uncut_; }

 private:
  struct Pattern {
    const char* key;  // in the configuration
    NamePattern name;
    uint32_t length_max = 0;
    bool matched = false;
  };
  using Patterns = std::vector<Pattern>;

  static absl::Status Add(const char* key, const std::string& text, uint32_t length_max,
                          Patterns* patterns);
  // The first that matches, or null; marks all that do.
  static const Pattern* Find(const std::string& column, Patterns* patterns);

  Patterns include_, exclude_, mask_, hash_, truncate_;
  std::vector<std::string> uncut_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_COLUMN_RULES_H_
