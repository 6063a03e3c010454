#include "capture/mysql/mariadb_gtid.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tidemark::capture::mysql {
namespace {

absl::Status NoGtid(absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(text.substr(0, 80)), "\" is no GTID of MariaDB"));
}

template <typename Number>
bool ToNumber(absl::string_view digits, Number* number) {
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) &&
         absl::SimpleAtoi(digits, number);
}

absl::StatusOr<std::vector<MariaDbGtid>> ParseList(std::string_view text) {
  std::vector<MariaDbGtid> gtids;
  for (absl::string_view part : absl::StrSplit(absl::string_view(text.data(), text.size()), ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty()) continue;
    const absl::StatusOr<MariaDbGtid> gtid = MariaDbGtid::Parse({part.data(), part.size()});
    if (!gtid.ok()) return gtid.status();
    gtids.push_back(*gtid);
  }
  return gtids;
}

}  // namespace

absl::StatusOr<MariaDbGtid> MariaDbGtid::Parse(std::string_view text) {
  const absl::string_view given(text.data(), text.size());
  const std::vector<absl::string_view> parts = absl::StrSplit(given, '-');
  MariaDbGtid gtid;
  if (parts.size() != 3 || !ToNumber(parts[0], &gtid.domain) ||
      !ToNumber(parts[1], &gtid.server_id) || !ToNumber(parts[2], &gtid.sequence)) {
    return NoGtid(given);
  }
  return gtid;
}

std::string MariaDbGtid::ToString() const {
  return absl::StrCat(domain, "-", server_id, "-", sequence);
}

absl::StatusOr<MariaDbPosition> MariaDbPosition::Parse(std::string_view text) {
  const absl::StatusOr<std::vector<MariaDbGtid>> gtids = ParseList(text);
  if (!gtids.ok()) return gtids.status();
  MariaDbPosition position;
  for (const MariaDbGtid& gtid : *gtids) {
    if (!position.last_.emplace(gtid.domain, gtid).second) {
      return absl::InvalidArgumentError(absl::StrCat("domain ", gtid.domain, " is named twice"));
    }
  }
  return position;
}

absl::StatusOr<MariaDbPosition> MariaDbPosition::ParseState(std::string_view text) {
  const absl::StatusOr<std::vector<MariaDbGtid>> gtids = ParseList(text);
  if (!gtids.ok()) return gtids.status();
  MariaDbPosition position;
  for (const MariaDbGtid& gtid : *gtids) {
    if (!position.Contains(gtid)) position.Advance(gtid);
  }
  return position;
}

std::string MariaDbPosition::ToString() const {
  std::string text;
  for (const auto& [domain, gtid] : last_) {
    absl::StrAppend(&text, text.empty() ? "" : ",", gtid.ToString());
  }
  return text;
}

std::optional<MariaDbGtid> MariaDbPosition::Last(uint32_t domain) const {
  const auto found = last_.find(domain);
  if (found == last_.end()) return std::nullopt;
  return found->second;
}

bool MariaDbPosition::Contains(const MariaDbGtid& gtid) const {
  const auto found = last_.find(gtid.domain);
  return found != last_.end() && gtid.sequence <= found->second.sequence;
}

MariaDbPosition MariaDbPosition::Beyond(const MariaDbPosition& other) const {
  MariaDbPosition beyond;
  for (const auto& [domain, gtid] : last_) {
    if (!other.Contains(gtid)) beyond.Advance(gtid);
  }
  return beyond;
}

bool MariaDbPosition::Agrees(const MariaDbPosition& other) const {
  return std::all_of(other.last_.begin(), other.last_.end(),
                     [this](const auto& entry) { return Last(entry.first) == entry.second; });
}

}  // namespace tidemark::capture::mysql
