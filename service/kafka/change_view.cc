#include "service/kafka/change_view.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {
namespace {

using model::WireReader;
using model::WireType;

// The payload of a field of any wire type.
bool ReadPayload(WireReader& reader, WireType type, uint64_t* number, std::string_view* bytes) {
  const char* at = reader.at();
  uint32_t narrow;
  switch (type) {
    case WireType::kVarint:
      return reader.ReadVarint(number);
    case WireType::kFixed64:
      return reader.ReadFixed64(number);
    case WireType::kLength:
      return reader.ReadLength(bytes);
    case WireType::kFixed32:
      if (!reader.Skip(type)) return false;
      std::memcpy(&narrow, at, sizeof(narrow));
      *number = narrow;
      return true;
  }
  return false;
}

bool ReadPosition(std::string_view message, ChangeView* change) {
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    uint64_t number = 0;
    std::string_view bytes;
    if (!reader.ReadTag(&field, &type) || !ReadPayload(reader, type, &number, &bytes)) return false;
    if (field == 1) change->position_file = number;
    if (field == 2) change->position_offset = number;
  }
  return true;
}

bool SetField(ChangeView* change, uint32_t field, uint64_t number, std::string_view bytes) {
  switch (field) {
    case 1:
      change->schema = static_cast<model::SchemaId>(number);
      return true;
    case 2:
      change->op = static_cast<model::Op>(number);
      return number <= static_cast<uint64_t>(model::Op::kRead);
    case 3:
      return ReadPosition(bytes, change);
    case 4:
      change->transaction_id = number;
      return true;
    case 5:
      change->commit_time_us = number;
      return true;
    case 6:
      change->capture_time_us = number;
      return true;
    case 7:
      change->transaction_index = number;
      return true;
    case 9:
      change->key = bytes;
      return true;
    case 10:
      change->before = bytes;
      return true;
    case 11:
      change->after = bytes;
      return true;
    default:
      return true;
  }
}

}  // namespace

bool ReadValue(std::string_view message, ValueView* value) {
  *value = ValueView();
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return false;
    if (!ReadPayload(reader, type, &value->number, &value->bytes)) return false;
    value->kind = static_cast<model::ValueKind>(field);
    value->null = false;
  }
  return true;
}

bool ValuesReader::Next(ValueView* value) {
  while (!reader_.done()) {
    uint32_t field;
    WireType type;
    std::string_view bytes;
    uint64_t number;
    malformed_ = !reader_.ReadTag(&field, &type) || !ReadPayload(reader_, type, &number, &bytes);
    if (malformed_) return false;
    if (field != field_ || type != WireType::kLength) continue;
    malformed_ = !ReadValue(bytes, value);
    return !malformed_;
  }
  return false;
}

bool ReadChange(std::string_view message, ChangeView* change) {
  *change = ChangeView();
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    uint64_t number = 0;
    std::string_view bytes;
    if (!reader.ReadTag(&field, &type) || !ReadPayload(reader, type, &number, &bytes)) return false;
    if (!SetField(change, field, number, bytes)) return false;
  }
  return true;
}

absl::Status ReadChangeOf(model::SchemaId schema, std::string_view message, ChangeView* change) {
  if (!ReadChange(message, change) || change->op == model::Op::kNone) return MalformedEvent();
  if (change->schema == schema) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a change of schema ", change->schema, " was given to schema ", schema));
}

absl::Status MalformedEvent() {
  return absl::DataLossError(
      "an event in the journal is malformed; restore the data folder, or capture the source anew");
}

}  // namespace tidemark::service::kafka
