#include "service/kafka/name_pattern.h"

#include <re2/re2.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {

std::string QualifiedName(const v1::TableSchema& schema) {
  return absl::StrCat(schema.namespace_(), ".", schema.name());
}

absl::StatusOr<NamePattern> NamePattern::Make(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);  // "." is any character: a name may hold a line's end
  auto expression =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!expression->ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", std::string(text), "\" is no regular expression: ", expression->error()));
  }
  return NamePattern(text, std::move(expression));
}

int NamePattern::group_count() const { return expression_->NumberOfCapturingGroups(); }

bool NamePattern::Matches(std::string_view name) const { return Matches(name, nullptr); }

bool NamePattern::Matches(std::string_view name, std::vector<std::string>* groups) const {
  const re2::StringPiece whole(name.data(), name.size());
  std::vector<re2::StringPiece> parts(groups == nullptr ? 0 : group_count() + 1);
  if (!expression_->Match(whole, 0, whole.size(), re2::RE2::ANCHOR_BOTH, parts.data(),
                          static_cast<int>(parts.size()))) {
    return false;
  }
  if (groups == nullptr) return true;
  groups->clear();
  for (size_t i = 1; i < parts.size(); ++i) groups->emplace_back(parts[i].data(), parts[i].size());
  return true;
}

}  // namespace tidemark::service::kafka
