#include "service/kafka/server_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

constexpr uint32_t kWkbPoint = 1, kWkbLineString = 2, kWkbPolygon = 3;
// Byte order, type, two doubles.
constexpr size_t kWkbPointSize = 21;

template <typename Number>
bool ParseNumber(std::string_view text, Number* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

// The numbers between brackets and commas.
bool ParseNumbers(std::string_view text, std::vector<double>* numbers) {
  constexpr std::string_view kBetween = "()[]{}<>,";
  while (true) {
    const size_t begin = text.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) return true;
    const size_t end = std::min(text.find_first_of(kBetween, begin), text.size());
    if (!ParseNumber(text.substr(begin, end - begin), &numbers->emplace_back())) return false;
    text.remove_prefix(end);
  }
}

template <typename Number>
void AppendPacked(std::string& bytes, Number number) {
  char packed[sizeof(Number)];
  std::memcpy(packed, &number, sizeof(Number));  // little endian, like the form
  bytes.append(packed, sizeof(Number));
}

std::string WkbHead(uint32_t type) {
  std::string wkb(1, '\1');
  AppendPacked(wkb, type);
  return wkb;
}

void AppendPoints(std::string& wkb, const std::vector<double>& coordinates) {
  AppendPacked(wkb, static_cast<uint32_t>(coordinates.size() / 2));
  for (double coordinate : coordinates) AppendPacked(wkb, coordinate);
}

std::string LineString(const std::vector<double>& points) {
  std::string wkb = WkbHead(kWkbLineString);
  AppendPoints(wkb, points);
  return wkb;
}

std::string Polygon(std::vector<double> ring) {
  const double x = ring[0], y = ring[1];
  if (ring[ring.size() - 2] != x || ring[ring.size() - 1] != y) {
    ring.push_back(x);
    ring.push_back(y);
  }
  std::string wkb = WkbHead(kWkbPolygon);
  AppendPacked(wkb, uint32_t{1});
  AppendPoints(wkb, ring);
  return wkb;
}

void WriteSimplePoint(ConnectWriter& out, double x, double y) {
  std::string wkb = WkbHead(kWkbPoint);
  AppendPacked(wkb, x);
  AppendPacked(wkb, y);
  WritePoint(out, x, y, wkb, 0);
}

void WriteLine(ConnectWriter& out, const std::vector<double>& n) {
  constexpr std::string_view kNames[] = {",\"a\":", ",\"b\":", ",\"c\":"};
  out.BeginStruct();
  for (size_t i = 0; i < 3; ++i) {
    out.Member(kNames[i]);
    out.Real(n[i]);
  }
  out.EndStruct();
}

void WriteCircle(ConnectWriter& out, const std::vector<double>& n) {
  out.BeginStruct();
  out.Member(",\"center\":");
  WriteSimplePoint(out, n[0], n[1]);
  out.Member(",\"radius\":");
  out.Real(n[2]);
  out.EndStruct();
}

void WritePath(ConnectWriter& out, const std::vector<double>& points, bool closed) {
  WriteGeometry(out, LineString(points), 0,
                {{"type", "path"}, {"closed", closed ? "true" : "false"}});
}

// How many numbers a value has; 0: any even number but none.
size_t NumberCount(Encoding encoding) {
  switch (encoding) {
    case Encoding::kPoint:
      return 2;
    case Encoding::kLine:
    case Encoding::kCircle:
      return 3;
    case Encoding::kBox:
    case Encoding::kSegment:
      return 4;
    default:
      return 0;
  }
}

bool Fits(const std::vector<double>& numbers, size_t count) {
  if (count != 0) return numbers.size() == count;
  return !numbers.empty() && numbers.size() % 2 == 0;
}

// Takes a quoted string off the front of `text`; a backslash keeps the next character as it is.
bool TakeQuoted(std::string_view* text, std::string* value) {
  value->clear();
  if (text->empty() || text->front() != '"') return false;
  for (size_t at = 1; at < text->size(); ++at) {
    char c = (*text)[at];
    if (c == '"') {
      text->remove_prefix(at + 1);
      return true;
    }
    if (c == '\\' && ++at < text->size()) c = (*text)[at];
    *value += c;
  }
  return false;
}

bool Take(std::string_view* text, std::string_view word) {
  if (text->substr(0, word.size()) != word) return false;
  text->remove_prefix(word.size());
  return true;
}

// One pair of an hstore as a member of a JSON object.
bool TakePair(std::string_view* text, std::string* json) {
  std::string part;
  if (!TakeQuoted(text, &part) || !Take(text, "=>")) return false;
  if (!AppendString(*json, part)) return false;
  *json += ':';
  if (Take(text, "NULL")) {
    *json += "null";
    return true;
  }
  return TakeQuoted(text, &part) && AppendString(*json, part);
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool FromHex(std::string_view text, std::string* bytes) {
  if (text.size() % 2 != 0) return false;
  for (size_t at = 0; at < text.size(); at += 2) {
    const int high = HexValue(text[at]), low = HexValue(text[at + 1]);
    if (high < 0 || low < 0) return false;
    *bytes += static_cast<char>(high << 4 | low);
  }
  return true;
}

uint32_t ReadNumber(std::string_view wkb, size_t at) {
  uint32_t number;
  std::memcpy(&number, wkb.data() + at, sizeof(number));
  return wkb[0] != 0 ? number : __builtin_bswap32(number);
}

// "[1,2,3]" -> "1,2,3"
bool Unwrap(std::string_view* text, char open, char close) {
  if (text->size() < 2 || text->front() != open || text->back() != close) return false;
  *text = text->substr(1, text->size() - 2);
  return true;
}

// Takes what stands before the next comma.
std::string_view TakeElement(std::string_view* text) {
  const size_t comma = text->find(',');
  const std::string_view element = text->substr(0, comma);
  *text = comma == std::string_view::npos ? "" : text->substr(comma + 1);
  return element;
}

size_t ElementCount(std::string_view text) {
  return text.empty() ? 0 : 1 + static_cast<size_t>(std::count(text.begin(), text.end(), ','));
}

template <typename Real>
bool WriteElement(ConnectWriter& out, std::string_view text) {
  Real value;
  if (!ParseNumber(text, &value)) return false;
  out.Real(value);
  return true;
}

// "3:2.5" as "[3,2.5]". Debezium's index has 16 bits.
bool WriteSparseElement(ConnectWriter& out, std::string_view text) {
  const size_t colon = text.find(':');
  int16_t index;
  if (colon == std::string_view::npos || !ParseNumber(text.substr(0, colon), &index)) return false;
  out.BeginEntry();
  out.Item();
  out.Integer(index);
  out.Item();
  if (!WriteElement<double>(out, text.substr(colon + 1))) return false;
  out.EndEntry();
  return true;
}

void WriteSrid(ConnectWriter& out, uint32_t srid) {
  out.Member(",\"srid\":");
  if (srid == 0) {
    out.Null();
    return;
  }
  out.Present();
  out.Integer(srid);
}

void WriteExtensions(ConnectWriter& out, GeometryExtensions extensions) {
  if (extensions.size() == 0) {
    out.Null();
    return;
  }
  out.Present();
  out.BeginMap(extensions.size());
  for (const auto& [key, value] : extensions) {
    out.Key(key);
    out.Name(value);
  }
  out.EndMap();
}

}  // namespace

void WritePoint(ConnectWriter& out, double x, double y, std::string_view wkb, uint32_t srid) {
  out.BeginStruct();
  out.Member(",\"x\":");
  out.Real(x);
  out.Member(",\"y\":");
  out.Real(y);
  out.Member(",\"wkb\":");
  out.Present();
  out.Bytes(wkb);
  WriteSrid(out, srid);
  out.EndStruct();
}

void WriteGeometry(ConnectWriter& out, std::string_view wkb, uint32_t srid,
                   GeometryExtensions extensions) {
  out.BeginStruct();
  out.Member(",\"wkb\":");
  out.Bytes(wkb);
  WriteSrid(out, srid);
  out.Member(",\"extensions\":");
  WriteExtensions(out, extensions);
  out.EndStruct();
}

bool ReadWkbPoint(std::string_view wkb, double* x, double* y) {
  if (wkb.size() != kWkbPointSize || wkb[0] != 1 || ReadNumber(wkb, 1) != kWkbPoint) return false;
  std::memcpy(x, wkb.data() + 5, sizeof(*x));
  std::memcpy(y, wkb.data() + 13, sizeof(*y));
  return true;
}

bool WriteGeometric(ConnectWriter& out, Encoding encoding, std::string_view text) {
  std::vector<double> n;
  if (!ParseNumbers(text, &n) || !Fits(n, NumberCount(encoding))) return false;
  switch (encoding) {
    case Encoding::kPoint:
      WriteSimplePoint(out, n[0], n[1]);
      return true;
    case Encoding::kBox:
      WriteGeometry(out, Polygon({n[0], n[1], n[0], n[3], n[2], n[3], n[2], n[1]}), 0,
                    {{"type", "box"}});
      return true;
    case Encoding::kSegment:
      WriteGeometry(out, LineString(n), 0, {{"type", "lseg"}});
      return true;
    case Encoding::kPath:
      WritePath(out, n, text[0] != '[');
      return true;
    case Encoding::kPolygon:
      WriteGeometry(out, Polygon(n), 0, {{"type", "polygon"}});
      return true;
    case Encoding::kLine:
      WriteLine(out, n);
      return true;
    case Encoding::kCircle:
      WriteCircle(out, n);
      return true;
    default:
      return false;
  }
}

bool WriteHstore(ConnectWriter& out, std::string_view text) {
  std::string json = "{";
  while (!text.empty()) {
    if (json.size() > 1) {
      if (!Take(&text, ", ")) return false;
      json += ',';
    }
    if (!TakePair(&text, &json)) return false;
  }
  json += '}';
  return out.Text(json);
}

bool WriteEwkb(ConnectWriter& out, bool geography, std::string_view text) {
  constexpr uint32_t kHasSrid = 0x20000000;
  std::string wkb;
  if (!FromHex(text, &wkb) || wkb.size() < 9) return false;
  const uint32_t srid = (ReadNumber(wkb, 1) & kHasSrid) != 0 ? ReadNumber(wkb, 5) : 0;
  if (!geography) {
    WriteGeometry(out, wkb, srid, {});
    return true;
  }
  out.BeginStruct();
  out.Member(",\"wkb\":");
  out.Bytes(wkb);
  WriteSrid(out, srid);
  out.EndStruct();
  return true;
}

bool WriteVectorText(ConnectWriter& out, bool half, std::string_view text) {
  if (!Unwrap(&text, '[', ']')) return false;
  out.BeginArray(ElementCount(text));
  while (!text.empty()) {
    out.Item();
    const std::string_view element = TakeElement(&text);
    if (!(half ? WriteElement<float>(out, element) : WriteElement<double>(out, element))) {
      return false;
    }
  }
  out.EndArray();
  return true;
}

bool WriteSparseVector(ConnectWriter& out, std::string_view text) {
  const size_t slash = text.rfind('/');
  int16_t dimensions;
  if (slash == std::string_view::npos || !ParseNumber(text.substr(slash + 1), &dimensions)) {
    return false;
  }
  text = text.substr(0, slash);
  if (!Unwrap(&text, '{', '}')) return false;
  out.BeginStruct();
  out.Member(",\"dimensions\":");
  out.Integer(dimensions);
  out.Member(",\"vector\":");
  out.BeginArray(ElementCount(text));
  while (!text.empty()) {
    out.Item();
    if (!WriteSparseElement(out, TakeElement(&text))) return false;
  }
  out.EndArray();
  out.EndStruct();
  return true;
}

bool ParseMoney(std::string_view text, Decimal* decimal) {
  std::string plain;
  for (char c : text) {
    if (c != '$' && c != ',') plain += c;
  }
  return ParseDecimal(plain, decimal);
}

}  // namespace tidemark::service::kafka
