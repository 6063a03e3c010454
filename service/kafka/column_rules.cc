#include "service/kafka/column_rules.h"

#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {

absl::StatusOr<ColumnRules> ColumnRules::Make(const TransformOptions& options) {
  ColumnRules rules;
  const std::tuple<const char*, const std::vector<std::string>*, Patterns*> lists[] = {
      {"include", &options.include, &rules.include_},
      {"exclude", &options.exclude, &rules.exclude_},
      {"mask", &options.mask, &rules.mask_},
      {"hash", &options.hash, &rules.hash_}};
  for (const auto& [key, texts, patterns] : lists) {
    for (const std::string& text : *texts) {
      absl::Status status = Add(key, text, 0, patterns);
      if (!status.ok()) return status;
    }
  }
  for (const auto& [text, length_max] : options.truncate) {
    absl::Status status = Add("truncate", text, length_max, &rules.truncate_);
    if (!status.ok()) return status;
  }
  return rules;
}

absl::Status ColumnRules::Add(const char* key, const std::string& text, uint32_t length_max,
                              Patterns* patterns) {
  absl::StatusOr<NamePattern> name = NamePattern::Make(text);
  if (!name.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(key, ": ", name.status().message()));
  }
  patterns->push_back({key, *std::move(name), length_max});
  return absl::OkStatus();
}

const ColumnRules::Pattern* ColumnRules::Find(const std::string& column, Patterns* patterns) {
  const Pattern* first = nullptr;
  for (Pattern& pattern : *patterns) {
    if (!pattern.name.Matches(column)) continue;
    pattern.matched = true;
    if (first == nullptr) first = &pattern;
  }
  return first;
}

ColumnRule ColumnRules::RuleOf(const v1::Column& column, bool is_key) {
  // Each is asked, so that it is known which patterns match nothing.
  const bool included = Find(column.name(), &include_) != nullptr || include_.empty() || is_key;
  const bool excluded = Find(column.name(), &exclude_) != nullptr;
  const bool masked = Find(column.name(), &mask_) != nullptr;
  const bool hashed = Find(column.name(), &hash_) != nullptr;
  const Pattern* truncated = Find(column.name(), &truncate_);
  if (excluded || !included) return {ColumnAction::kLeaveOut};
  if (masked) return {ColumnAction::kMask};
  if (hashed) return {ColumnAction::kHash};
  if (truncated == nullptr) return {};
  if (column.type().kind() == v1::TYPE_KIND_TEXT) {
    return {ColumnAction::kTruncate, truncated->length_max};
  }
  uncut_.push_back(column.name());
  return {};
}

std::vector<std::string> ColumnRules::Unmatched() const {
  std::vector<std::string> unmatched;
  for (const Patterns* patterns : {&include_, &exclude_, &mask_, &hash_, &truncate_}) {
    for (const Pattern& pattern : *patterns) {
      if (pattern.matched) continue;
      unmatched.push_back(absl::StrCat(pattern.key, " \"", pattern.name.text(), "\""));
    }
  }
  return unmatched;
}

}  // namespace tidemark::service::kafka
