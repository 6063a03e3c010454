#include "service/sources.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::service {

absl::StatusOr<const CapturedSource*> Sources::Find(const std::string& name) const {
  if (name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("source: is empty; expected one of: ", Names()));
  }
  for (const CapturedSource& source : sources_) {
    if (source.name == name) return &source;
  }
  return absl::NotFoundError(
      absl::StrCat("source \"", name, "\" is not configured here; there are: ", Names()));
}

std::string Sources::Names() const {
  std::string names;
  for (const CapturedSource& source : sources_) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", source.name);
  }
  return names;
}

}  // namespace tidemark::service
