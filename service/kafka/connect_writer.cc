#include "service/kafka/connect_writer.h"

#include <bit>
#include <cstring>

#include "model/wire.h"
#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

void AppendVarint(std::string& out, uint64_t value) {
  char bytes[10];
  out.append(bytes, model::WriteVarint(bytes, value));
}

template <typename Number>
void AppendFixed(std::string& out, Number number) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &number, sizeof(Number));  // little endian, like the form
  out.append(bytes, sizeof(Number));
}

// A comma, unless it would be the first in its brackets.
void Separate(std::string& out, char open) {
  if (out.back() != open) out += ',';
}

}  // namespace

void JsonWriter::Item() { Separate(out_, '['); }

void JsonWriter::Key(std::string_view key) {
  Separate(out_, '{');
  AppendName(out_, key);
  out_ += ':';
}

void JsonWriter::Integer(int64_t value) { AppendNumber(out_, value); }
void JsonWriter::Real(float value) { AppendReal(out_, value); }
void JsonWriter::Real(double value) { AppendReal(out_, value); }
bool JsonWriter::Text(std::string_view text) { return AppendString(out_, text); }
void JsonWriter::Name(std::string_view text) { AppendName(out_, text); }
void JsonWriter::Bytes(std::string_view bytes) { AppendBase64(out_, bytes); }

size_t JsonWriter::BeginPlainText() {
  out_ += '"';
  return out_.size();
}

void JsonWriter::EndPlainText(size_t) { out_ += '"'; }

void AvroWriter::BeginBlock(size_t count) {
  if (count > 0) AppendVarint(out_, model::ZigZag(static_cast<int64_t>(count)));
}

void AvroWriter::Integer(int64_t value) { AppendVarint(out_, model::ZigZag(value)); }
void AvroWriter::Real(float value) { AppendFixed(out_, std::bit_cast<uint32_t>(value)); }
void AvroWriter::Real(double value) { AppendFixed(out_, std::bit_cast<uint64_t>(value)); }

bool AvroWriter::Text(std::string_view text) {
  if (!IsUtf8(text)) return false;
  Bytes(text);
  return true;
}

void AvroWriter::Name(std::string_view text) { Bytes(WithoutInvalid(text)); }

void AvroWriter::Bytes(std::string_view bytes) {
  AppendVarint(out_, model::ZigZag(static_cast<int64_t>(bytes.size())));
  out_ += bytes;
}

size_t AvroWriter::BeginPlainText() {
  out_ += '\0';  // its length, which one byte holds
  return out_.size();
}

void AvroWriter::EndPlainText(size_t mark) {
  out_[mark - 1] = static_cast<char>((out_.size() - mark) << 1);
}

}  // namespace tidemark::service::kafka
