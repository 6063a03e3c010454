#include "tests/oracle/kcat_dump.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace tidemark::oracle {
namespace {

using testing::KafkaRecord;

// No broker takes more by default than a 64th of it.
constexpr int64_t kBytesMost = 64 << 20;

struct Head {
  KafkaRecord record;
  int64_t key_bytes = 0;
  int64_t value_bytes = 0;
};

bool ReadLength(absl::string_view text, int64_t* bytes) {
  return absl::SimpleAtoi(text, bytes) && *bytes >= -1 && *bytes <= kBytesMost;
}

std::optional<Head> ReadHead(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, ' ');
  Head head;
  if (fields.size() != 6 || fields[0].empty()) return std::nullopt;
  head.record.topic = std::string(fields[0]);
  const bool good = absl::SimpleAtoi(fields[1], &head.record.partition) &&
                    absl::SimpleAtoi(fields[2], &head.record.offset) &&
                    absl::SimpleAtoi(fields[3], &head.record.timestamp_ms) &&
                    ReadLength(fields[4], &head.key_bytes) &&
                    ReadLength(fields[5], &head.value_bytes);
  return good ? std::optional(std::move(head)) : std::nullopt;
}

// A length of -1 is null.
bool ReadBytes(std::istream& dump, int64_t bytes, std::optional<std::string>* out) {
  if (bytes < 0) return true;
  out->emplace(static_cast<size_t>(bytes), '\0');
  dump.read((*out)->data(), bytes);
  return dump.gcount() == bytes;
}

bool ReadHeaders(absl::string_view line, KafkaRecord* record) {
  if (line.empty()) return true;
  for (absl::string_view header : absl::StrSplit(line, ',')) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(header, absl::MaxSplits('=', 1));
    if (parts.first.empty() || parts.first.size() == header.size()) return false;
    record->headers.emplace_back(parts.first, parts.second);
  }
  return true;
}

// nullopt: it is not of the form.
std::optional<KafkaRecord> ReadRecord(std::istream& dump, absl::string_view head_line) {
  std::optional<Head> head = ReadHead(head_line);
  if (!head) return std::nullopt;
  KafkaRecord& record = head->record;
  if (!ReadBytes(dump, head->key_bytes, &record.key) ||
      !ReadBytes(dump, head->value_bytes, &record.value)) {
    return std::nullopt;
  }
  std::string headers;
  // The end of the dump in the middle of a line is no end of a record.
  if (!std::getline(dump, headers) || dump.eof()) return std::nullopt;
  if (!ReadHeaders(headers, &record)) return std::nullopt;
  return std::move(record);
}

}  // namespace

absl::StatusOr<std::vector<KafkaRecord>> ReadKcatDump(std::istream& dump) {
  std::vector<KafkaRecord> records;
  for (std::string line; std::getline(dump, line);) {
    std::optional<KafkaRecord> record = ReadRecord(dump, line);
    if (!record) {
      return absl::DataLossError(
          absl::StrCat("record ", records.size() + 1,
                       " of the dump is cut off or not of the form that kcat is to print"));
    }
    records.push_back(*std::move(record));
  }
  if (dump.bad()) return absl::DataLossError("the dump cannot be read");
  return records;
}

}  // namespace tidemark::oracle
