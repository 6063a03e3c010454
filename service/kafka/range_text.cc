#include "service/kafka/range_text.h"

#include "model/wire.h"
#include "service/kafka/calendar_text.h"
#include "service/kafka/change_view.h"
#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

using model::ValueKind;
using model::WireType;

// The fields of a tidemark.v1.Range; a bound that is null is none.
struct Bounds {
  bool empty = false;
  ValueView lower;
  ValueView upper;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
};

bool ReadBound(model::WireReader& reader, ValueView* bound) {
  std::string_view bytes;
  return reader.ReadLength(&bytes) && ReadValue(bytes, bound);
}

bool ReadFlag(model::WireReader& reader, bool* flag) {
  uint64_t number = 0;
  const bool read = reader.ReadVarint(&number);
  *flag = number != 0;
  return read;
}

bool ReadField(model::WireReader& reader, uint32_t field, WireType type, Bounds* bounds) {
  switch (field) {
    case 1:
      return ReadFlag(reader, &bounds->empty);
    case 2:
      return ReadBound(reader, &bounds->lower);
    case 3:
      return ReadBound(reader, &bounds->upper);
    case 4:
      return ReadFlag(reader, &bounds->lower_inclusive);
    case 5:
      return ReadFlag(reader, &bounds->upper_inclusive);
    default:
      return reader.Skip(type);
  }
}

bool ReadBounds(std::string_view range, Bounds* bounds) {
  model::WireReader reader(range);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type) || !ReadField(reader, field, type, bounds)) return false;
  }
  return true;
}

bool AppendBound(std::string& out, const ValueView& bound) {
  if (bound.null) return true;
  switch (bound.kind) {
    case ValueKind::kInteger:
      AppendNumber(out, bound.integer());
      return true;
    case ValueKind::kDecimal:
      out += bound.bytes;
      return true;
    case ValueKind::kDate:
      AppendPostgresDate(out, bound.integer());
      return true;
    case ValueKind::kTimestamp:
    case ValueKind::kTimestampWithZone:
      AppendPostgresTimestamp(out, bound.integer(), bound.kind == ValueKind::kTimestampWithZone);
      return true;
    case ValueKind::kInfinity:
      out += bound.flag() ? "infinity" : "-infinity";
      return true;
    default:
      return false;
  }
}

// A bound with a blank in it stands between quotes.
bool AppendQuoted(std::string& out, const ValueView& bound) {
  const size_t start = out.size();
  if (!AppendBound(out, bound)) return false;
  if (out.find(' ', start) == std::string::npos) return true;
  out.insert(start, 1, '"');
  out += '"';
  return true;
}

}  // namespace

bool AppendRangeText(std::string& out, std::string_view range) {
  Bounds bounds;
  if (!ReadBounds(range, &bounds)) return false;
  if (bounds.empty) {
    out += "empty";
    return true;
  }
  out += bounds.lower_inclusive ? '[' : '(';
  if (!AppendQuoted(out, bounds.lower)) return false;
  out += ',';
  if (!AppendQuoted(out, bounds.upper)) return false;
  out += bounds.upper_inclusive ? ']' : ')';
  return true;
}

}  // namespace tidemark::service::kafka
