#include "tests/debezium/expected_differences.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::debezium {

ExpectedDifferences::ExpectedDifferences(std::vector<ExpectedDifference> entries) {
  for (ExpectedDifference& entry : entries) {
    std::regex place(entry.place), theirs(entry.theirs), ours(entry.ours);
    entries_.push_back({std::move(entry), place, theirs, ours});
  }
}

bool ExpectedDifferences::Explains(const std::string& topic, const Difference& difference) {
  for (Entry* entry : EntriesOf(absl::StrCat(topic, " ", difference.path))) {
    if (!std::regex_match(difference.theirs, entry->theirs)) continue;
    if (!std::regex_match(difference.ours, entry->ours)) continue;
    entry->seen = true;
    return true;
  }
  return false;
}

const std::vector<ExpectedDifferences::Entry*>& ExpectedDifferences::EntriesOf(
    const std::string& place) {
  const auto [at, added] = of_places_.try_emplace(place);
  for (size_t i = 0; added && i < entries_.size(); ++i) {
    if (std::regex_match(place, entries_[i].place)) at->second.push_back(&entries_[i]);
  }
  return at->second;
}

std::vector<std::string> ExpectedDifferences::Unseen() const {
  std::vector<std::string> unseen;
  for (const Entry& entry : entries_) {
    if (!entry.seen) {
      unseen.push_back(absl::StrCat(entry.expected.place, " (", entry.expected.reason, ")"));
    }
  }
  return unseen;
}

}  // namespace tidemark::debezium
