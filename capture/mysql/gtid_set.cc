#include "capture/mysql/gtid_set.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "capture/mysql/byte_reader.h"

namespace tidemark::capture::mysql {
namespace {

constexpr size_t kTagSizeMax = 32;

absl::string_view Abseil(std::string_view text) { return {text.data(), text.size()}; }
std::string_view Std(absl::string_view text) { return {text.data(), text.size()}; }

absl::Status NoGtidSet(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(Abseil(text.substr(0, 80))), "\" is no set of GTIDs"));
}

bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > kTagSizeMax || absl::ascii_isdigit(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

void AppendFixed(uint64_t value, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

// How many origins a set has, and in the first and last byte which format: 1 with tags, else 0.
struct SetHead {
  bool tagged = false;
  uint64_t origins = 0;
};

SetHead ReadHead(ByteReader& in) {
  constexpr uint64_t kFormatTagged = 1;
  const uint64_t head = in.U64();
  if (head >> 56 == 0) return {false, head};
  if (head >> 56 != kFormatTagged || (head & 0xff) != kFormatTagged) {
    in.Fail("a format of a newer server");
  }
  return {true, head >> 8 & ((uint64_t{1} << 48) - 1)};
}

}  // namespace

std::string UuidText(const Uuid& uuid) {
  std::string text = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(uuid.data()), uuid.size()));
  for (const size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
  return text;
}

absl::StatusOr<Uuid> ParseUuid(std::string_view text) {
  constexpr size_t kDigits = 32;
  std::string digits(text);
  if (text.size() == kDigits + 4) {
    for (const size_t at : {23, 18, 13, 8}) {
      if (digits[at] == '-') digits.erase(at, 1);
    }
  }
  const bool hex = std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit);
  if (digits.size() != kDigits || !hex) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", absl::CHexEscape(Abseil(text.substr(0, 80))), "\" is no uuid"));
  }
  const std::string bytes = absl::HexStringToBytes(digits);
  Uuid uuid = {};
  std::copy(bytes.begin(), bytes.end(), uuid.begin());
  return uuid;
}

absl::StatusOr<GtidSet::Interval> GtidSet::ParseInterval(std::string_view text) {
  const size_t dash = text.find('-');
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = dash == std::string_view::npos ? first : text.substr(dash + 1);
  Interval interval;
  const auto is_number = [](std::string_view digits) {
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit);
  };
  if (!is_number(first) || !is_number(last) || !absl::SimpleAtoi(Abseil(first), &interval.begin) ||
      !absl::SimpleAtoi(Abseil(last), &interval.end) || interval.begin == 0 ||
      interval.end >= kEnd) {
    return NoGtidSet(text);
  }
  // The server takes an interval that ends before it begins as an empty one.
  interval.end = std::max(interval.begin, interval.end + 1);
  return interval;
}

// uuid, then intervals and tags in any order; a tag is that of the intervals behind it.
absl::Status GtidSet::ParseOrigin(std::string_view text) {
  std::vector<absl::string_view> parts = absl::StrSplit(Abseil(text), ':');
  for (absl::string_view& part : parts) part = absl::StripAsciiWhitespace(part);
  const absl::StatusOr<Uuid> uuid = ParseUuid(Std(parts[0]));
  if (!uuid.ok()) return uuid.status();
  if (parts.size() == 1) return NoGtidSet(text);
  std::string tag;
  for (size_t i = 1; i < parts.size(); ++i) {
    if (IsTag(Std(parts[i]))) {
      tag = absl::AsciiStrToLower(parts[i]);
      continue;
    }
    const absl::StatusOr<Interval> interval = ParseInterval(Std(parts[i]));
    if (!interval.ok()) return interval.status();
    if (interval->begin < interval->end) AddInterval(*interval, At(*uuid, tag));
  }
  return absl::OkStatus();
}

absl::StatusOr<GtidSet> GtidSet::Parse(std::string_view text) {
  GtidSet set;
  for (absl::string_view part : absl::StrSplit(Abseil(text), ',')) {
    part = absl::StripAsciiWhitespace(part);
    if (part.empty()) continue;
    if (absl::Status status = set.ParseOrigin(Std(part)); !status.ok()) return status;
  }
  return set;
}

absl::StatusOr<GtidSet> GtidSet::Decode(std::string_view encoded) {
  constexpr size_t kIntervalSize = 16;
  ByteReader in(encoded);
  const SetHead head = ReadHead(in);
  GtidSet set;
  for (uint64_t i = 0; i < head.origins && !in.failed(); ++i) {
    Uuid uuid = {};
    const std::string_view bytes = in.Bytes(uuid.size());
    std::copy(bytes.begin(), bytes.end(), uuid.begin());
    const std::string_view tag = head.tagged ? in.Bytes(in.U8() >> 1) : std::string_view();
    if (!tag.empty() && !IsTag(tag)) in.Fail("no tag");
    const uint64_t count = in.U64();
    if (count > in.left() / kIntervalSize) in.Fail("fewer intervals than it says");
    for (uint64_t j = 0; j < count && !in.failed(); ++j) {
      const Interval interval = {in.U64(), in.U64()};
      if (interval.begin == 0 || interval.begin >= interval.end || interval.end > kEnd) {
        in.Fail("no interval");
      } else {
        AddInterval(interval, set.At(uuid, tag));
      }
    }
  }
  if (absl::Status status = in.Check("PREVIOUS_GTIDS"); !status.ok()) return status;
  return set;
}

std::string GtidSet::ToString() const {
  std::string text;
  const Uuid* last = nullptr;
  for (const auto& [origin, intervals] : origins_) {
    if (last == nullptr || *last != origin.uuid) {
      absl::StrAppend(&text, text.empty() ? "" : ",", UuidText(origin.uuid));
    }
    last = &origin.uuid;
    if (!origin.tag.empty()) absl::StrAppend(&text, ":", origin.tag);
    for (const Interval& interval : intervals) {
      absl::StrAppend(&text, ":", interval.begin);
      if (interval.end > interval.begin + 1) absl::StrAppend(&text, "-", interval.end - 1);
    }
  }
  return text;
}

std::string GtidSet::Encode() const {
  const bool tagged = std::any_of(origins_.begin(), origins_.end(),
                                  [](const auto& entry) { return !entry.first.tag.empty(); });
  std::string out;
  const uint64_t count = origins_.size();
  AppendFixed(tagged ? uint64_t{1} << 56 | count << 8 | 1 : count, &out);
  for (const auto& [origin, intervals] : origins_) {
    out.append(origin.uuid.begin(), origin.uuid.end());
    if (tagged) {
      out.push_back(static_cast<char>(origin.tag.size() << 1));
      out += origin.tag;
    }
    AppendFixed(intervals.size(), &out);
    for (const Interval& interval : intervals) {
      AppendFixed(interval.begin, &out);
      AppendFixed(interval.end, &out);
    }
  }
  return out;
}

GtidSet::Intervals& GtidSet::At(const Uuid& uuid, std::string_view tag) {
  const auto found = origins_.find(OriginView{uuid, tag});
  return found != origins_.end() ? found->second : origins_[Origin{uuid, std::string(tag)}];
}

void GtidSet::AddInterval(Interval added, Intervals& intervals) {
  if (!intervals.empty() && intervals.back().end == added.begin) {
    intervals.back().end = added.end;
    return;
  }
  // The ones that it touches or overlaps become one with it.
  const auto first = std::lower_bound(
      intervals.begin(), intervals.end(), added.begin,
      [](const Interval& interval, uint64_t begin) { return interval.end < begin; });
  auto last = first;
  for (; last != intervals.end() && last->begin <= added.end; ++last) {
    added.begin = std::min(added.begin, last->begin);
    added.end = std::max(added.end, last->end);
  }
  if (first == last) {
    intervals.insert(first, added);
  } else {
    *first = added;
    intervals.erase(std::next(first), last);
  }
}

void GtidSet::Add(const Uuid& uuid, std::string_view tag, uint64_t number) {
  AddInterval({number, number + 1}, At(uuid, tag));
}

void GtidSet::Add(const GtidSet& other) {
  for (const auto& [origin, intervals] : other.origins_) {
    Intervals& mine = origins_[origin];
    for (const Interval& interval : intervals) AddInterval(interval, mine);
  }
}

GtidSet::Intervals GtidSet::Without(const Intervals& intervals, const Intervals& removed) {
  Intervals left;
  auto next = removed.begin();
  for (Interval interval : intervals) {
    while (next != removed.end() && next->end <= interval.begin) ++next;
    for (auto r = next; r != removed.end() && r->begin < interval.end; ++r) {
      if (interval.begin < r->begin) left.push_back({interval.begin, r->begin});
      interval.begin = std::min(r->end, interval.end);
    }
    if (interval.begin < interval.end) left.push_back(interval);
  }
  return left;
}

void GtidSet::Subtract(const GtidSet& other) {
  for (auto entry = origins_.begin(); entry != origins_.end();) {
    const auto found = other.origins_.find(entry->first);
    if (found != other.origins_.end()) entry->second = Without(entry->second, found->second);
    entry = entry->second.empty() ? origins_.erase(entry) : std::next(entry);
  }
}

bool GtidSet::Contains(const Uuid& uuid, std::string_view tag, uint64_t number) const {
  const auto found = origins_.find(OriginView{uuid, tag});
  if (found == origins_.end()) return false;
  const Intervals& intervals = found->second;
  const auto interval =
      std::upper_bound(intervals.begin(), intervals.end(), number,
                       [](uint64_t n, const Interval& candidate) { return n < candidate.end; });
  return interval != intervals.end() && interval->begin <= number;
}

bool GtidSet::Contains(const GtidSet& other) const {
  return std::all_of(other.origins_.begin(), other.origins_.end(), [&](const auto& entry) {
    const auto found = origins_.find(entry.first);
    return found != origins_.end() && Without(entry.second, found->second).empty();
  });
}

}  // namespace tidemark::capture::mysql
