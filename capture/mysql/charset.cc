#include "capture/mysql/charset.h"

#include <iconv.h>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/charset_tables.h"

namespace tidemark::capture::mysql {
namespace {

constexpr uint32_t kRowSize = 0x100;  // codes behind one first byte
constexpr uint32_t kDoubleCount = 0x80 * kRowSize;
// gb18030's four-byte codes of the basic plane, and where those of the other planes start.
constexpr uint32_t kQuadCount = 39420;
constexpr uint32_t kQuadPlanes = 189'000;

// glibc's conversion of single characters. The state is reset for each.
class Iconv {
 public:
  explicit Iconv(const char* from) : handle_(iconv_open("UCS-4LE", from)) {}
  ~Iconv() {
    if (ok()) iconv_close(handle_);
  }
  Iconv(const Iconv&) = delete;
  Iconv& operator=(const Iconv&) = delete;

  bool ok() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  // The character that the bytes are; 0: none, more than one, or outside the basic plane.
  uint16_t Character(std::string_view bytes) {
    char out[32];
    char* in_at = const_cast<char*>(bytes.data());
    char* out_at = out;
    size_t in_left = bytes.size(), out_left = sizeof(out);
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    if (iconv(handle_, &in_at, &in_left, &out_at, &out_left) != 0 || in_left != 0) return 0;
    uint32_t unicode;
    if (out_at - out != sizeof(unicode)) return 0;
    std::memcpy(&unicode, out, sizeof(unicode));
    return unicode <= 0xffff ? static_cast<uint16_t>(unicode) : 0;
  }

 private:
  iconv_t handle_;
};

bool IsAscii(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if ((word & 0x8080808080808080) != 0) return false;
  }
  for (; at < end; ++at) {
    if (static_cast<unsigned char>(*at) >= 0x80) return false;
  }
  return true;
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Size of the UTF-8 character at `at`, which is no ASCII; 0: none.
size_t MultiByteUtf8Size(const char* at, const char* end) {
  const auto lead = static_cast<unsigned char>(at[0]);
  const size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || static_cast<size_t>(end - at) < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(at[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(at[1]);
  const bool wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
                     (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90);
  return wrong ? 0 : size;
}

char* WriteUtf8(char* at, uint32_t unicode) {
  if (unicode < 0x80) {
    *at++ = static_cast<char>(unicode);
    return at;
  }
  if (unicode < 0x800) {
    *at++ = static_cast<char>(0xc0 | unicode >> 6);
  } else {
    if (unicode < 0x10000) {
      *at++ = static_cast<char>(0xe0 | unicode >> 12);
    } else {
      *at++ = static_cast<char>(0xf0 | unicode >> 18);
      *at++ = static_cast<char>(0x80 | (unicode >> 12 & 0x3f));
    }
    *at++ = static_cast<char>(0x80 | (unicode >> 6 & 0x3f));
  }
  *at++ = static_cast<char>(0x80 | (unicode & 0x3f));
  return at;
}

// Takes the character at `at` off; false: there is none.
uint32_t ReadUtf8(const char** at) {
  const auto byte = [at](int i) { return static_cast<uint32_t>((*at)[i] & 0x3f); };
  const auto lead = static_cast<unsigned char>(**at);
  uint32_t unicode = lead;
  size_t size = 1;
  if (lead >= 0xf0) {
    unicode = (lead & 7u) << 18 | byte(1) << 12 | byte(2) << 6 | byte(3);
    size = 4;
  } else if (lead >= 0xe0) {
    unicode = (lead & 15u) << 12 | byte(1) << 6 | byte(2);
    size = 3;
  } else if (lead >= 0xc0) {
    unicode = (lead & 31u) << 6 | byte(1);
    size = 2;
  }
  *at += size;
  return unicode;
}

bool IsSurrogate(uint32_t unit) { return unit >= 0xd800 && unit < 0xe000; }

uint32_t Unit16(const char* at, bool little_endian) {
  const auto first = static_cast<unsigned char>(at[0]), second = static_cast<unsigned char>(at[1]);
  return little_endian ? second << 8 | first : first << 8 | second;
}

// nullptr: malformed.
char* AppendUtf16(char* at, std::string_view text, bool little_endian, bool surrogates) {
  if (text.size() % 2 != 0) return nullptr;
  for (size_t i = 0; i < text.size(); i += 2) {
    uint32_t unicode = Unit16(&text[i], little_endian);
    if (IsSurrogate(unicode)) {
      if (!surrogates || unicode >= 0xdc00 || i + 4 > text.size()) return nullptr;
      const uint32_t low = Unit16(&text[i + 2], little_endian);
      if (!IsSurrogate(low) || low < 0xdc00) return nullptr;
      unicode = 0x10000 + ((unicode - 0xd800) << 10) + (low - 0xdc00);
      i += 2;
    }
    at = WriteUtf8(at, unicode);
  }
  return at;
}

char* AppendUtf32(char* at, std::string_view text) {
  if (text.size() % 4 != 0) return nullptr;
  for (size_t i = 0; i < text.size(); i += 4) {
    const uint32_t unicode = Unit16(&text[i], false) << 16 | Unit16(&text[i + 2], false);
    if (unicode > 0x10ffff || IsSurrogate(unicode)) return nullptr;
    at = WriteUtf8(at, unicode);
  }
  return at;
}

// gb18030's number of a four-byte code.
uint32_t QuadNumber(const unsigned char* code) {
  return ((code[0] - 0x81u) * 10 + (code[1] - 0x30u)) * 1260 + (code[2] - 0x81u) * 10 +
         (code[3] - 0x30u);
}

std::string QuadCode(uint32_t number) {
  return {static_cast<char>(0x81 + number / 12600), static_cast<char>(0x30 + number / 1260 % 10),
          static_cast<char>(0x81 + number / 10 % 126), static_cast<char>(0x30 + number % 10)};
}

// One charset, made when it is first asked for.
struct Slot {
  std::once_flag once;
  std::unique_ptr<const Charset> charset;
};

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    if (end - at >= 8 && IsAscii(at, at + 8)) {
      at += 8;
    } else if (static_cast<unsigned char>(*at) < 0x80) {
      ++at;
    } else {
      const size_t size = MultiByteUtf8Size(at, end);
      if (size == 0) return false;
      at += size;
    }
  }
  return true;
}

Charset::Charset(const CharsetSpec& spec) : spec_(spec), ascii_compatible_(spec.ascii_compatible) {}

std::unique_ptr<const Charset> Charset::Make(const CharsetSpec& spec) {
  std::unique_ptr<Charset> charset(new Charset(spec));
  const bool tables = spec.iconv != nullptr || spec.high_half != nullptr;
  if (tables && !charset->LoadTables()) return nullptr;
  if (spec.family != CharsetFamily::kUtf8) charset->growth_ = 3;
  return charset;
}

absl::StatusOr<const Charset*> Charset::Named(std::string_view name) {
  static auto* slots = new std::vector<Slot>(CharsetSpecs().size());
  const absl::Span<const CharsetSpec> specs = CharsetSpecs();
  for (size_t i = 0; i < specs.size(); ++i) {
    if (name != specs[i].name) continue;
    Slot& slot = (*slots)[i];
    std::call_once(slot.once, [&] { slot.charset = Make(specs[i]); });
    if (slot.charset != nullptr) return slot.charset.get();
    return absl::FailedPreconditionError(
        absl::StrCat("the C library here cannot convert ", specs[i].iconv, " (charset ",
                     specs[i].name, "); install its converters (the gconv modules of glibc)"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("charset ", std::string(name), " is not known to this version of Tidemark"));
}

absl::StatusOr<const Charset*> Charset::OfCollation(uint32_t collation) {
  const char* name = CharsetNameOfCollation(collation);
  if (name != nullptr) return Named(name);
  return absl::FailedPreconditionError(
      absl::StrCat("the collation with id ", collation,
                   " is not known to this version of Tidemark; "
                   "see information_schema.COLLATIONS for its name"));
}

std::string_view Charset::name() const { return spec_.name; }

bool Charset::LoadTables() {
  const bool multi_byte = spec_.family != CharsetFamily::kSingleByte;
  singles_.resize(kRowSize);
  if (spec_.iconv == nullptr) {
    for (uint32_t i = 0; i < 0x80; ++i) {
      singles_[i] = static_cast<uint16_t>(i);
      singles_[0x80 + i] = spec_.high_half[i];
    }
  } else {
    Iconv iconv(spec_.iconv);
    if (!iconv.ok()) return false;
    std::string code(3, '\x8f');
    for (uint32_t i = 0; i < kRowSize; ++i) {
      const char byte = static_cast<char>(i);
      singles_[i] = iconv.Character({&byte, 1});
    }
    if (multi_byte) {
      doubles_.resize(kDoubleCount);
      const bool has_triples = iconv.Character("\x8f\xb0\xa1") != 0;
      if (has_triples) triples_.resize(kDoubleCount);
      for (uint32_t i = 0; i < kDoubleCount; ++i) {
        code[1] = static_cast<char>(0x80 + i / kRowSize);
        code[2] = static_cast<char>(i);
        doubles_[i] = iconv.Character(std::string_view(code).substr(1));
        if (has_triples) triples_[i] = iconv.Character(code);
      }
    }
    if (spec_.family == CharsetFamily::kGb18030) {
      quads_.resize(kQuadCount);
      for (uint32_t i = 0; i < kQuadCount; ++i) quads_[i] = iconv.Character(QuadCode(i));
    }
  }
  ApplyPatches();
  FindAmbiguous();
  if (!multi_byte) PackSingles();
  return true;
}

uint16_t* Charset::Entry(uint32_t code) {
  if (code < kRowSize) return &singles_[code];
  if (code < 0x10000) return &doubles_[code - 0x8000];
  if (code < 0x1000000) return &triples_[code - 0x8f8000];
  return nullptr;
}

void Charset::ApplyPatches() {
  for (const CharsetPatch& patch : spec_.patches) {
    uint16_t* entry = Entry(patch.code);
    if (entry == nullptr) {
      const unsigned char code[] = {static_cast<unsigned char>(patch.code >> 24),
                                    static_cast<unsigned char>(patch.code >> 16),
                                    static_cast<unsigned char>(patch.code >> 8),
                                    static_cast<unsigned char>(patch.code)};
      entry = &quads_[QuadNumber(code)];
    }
    for (uint16_t i = 0; i < patch.count; ++i) {
      entry[i] = patch.unicode == 0 ? 0 : static_cast<uint16_t>(patch.unicode + i);
    }
  }
}

void Charset::FindAmbiguous() {
  std::vector<bool> seen(0x10000);
  ambiguous_.resize(0x10000);
  for (const std::vector<uint16_t>* table : {&singles_, &doubles_, &triples_, &quads_}) {
    for (uint16_t unicode : *table) {
      if (unicode == 0) continue;
      if (seen[unicode]) ambiguous_[unicode] = true;
      seen[unicode] = true;
    }
  }
}

void Charset::PackSingles() {
  packed_.resize(kRowSize);
  for (uint32_t i = 0; i < kRowSize; ++i) {
    if (singles_[i] == 0 && i != 0) continue;
    char utf8[4] = {};
    const auto size = static_cast<uint32_t>(WriteUtf8(utf8, singles_[i]) - utf8);
    std::memcpy(&packed_[i], utf8, 4);
    packed_[i] |= size << 24;
  }
}

bool Charset::IsUtf8(std::string_view text) const {
  if (spec_.family == CharsetFamily::kUtf8) return IsValidUtf8(text);
  return ascii_compatible_ && IsAscii(text.data(), text.data() + text.size());
}

bool Charset::ConvertsBack(std::string_view utf8) const {
  if (ambiguous_.empty()) return true;
  const char* at = utf8.data();
  while (at < utf8.data() + utf8.size()) {
    const uint32_t unicode = ReadUtf8(&at);
    if (unicode <= 0xffff && ambiguous_[unicode]) return false;
  }
  return true;
}

char* Charset::AppendSingleBytes(char* at, std::string_view text) const {
  for (char c : text) {
    const uint32_t packed = packed_[static_cast<unsigned char>(c)];
    if (packed == 0) return nullptr;
    std::memcpy(at, &packed, 4);
    at += packed >> 24;
  }
  return at;
}

const char* Charset::TakeFourBytes(const char* from, const char* end, uint32_t* unicode) const {
  if (end - from < 4) return nullptr;
  const auto* code = reinterpret_cast<const unsigned char*>(from);
  const bool formed = code[0] >= 0x81 && code[0] <= 0xfe && code[2] >= 0x81 && code[2] <= 0xfe &&
                      code[3] >= '0' && code[3] <= '9';
  if (!formed) return nullptr;
  const uint32_t number = QuadNumber(code);
  if (number < kQuadCount) {
    *unicode = quads_[number];
  } else {
    *unicode =
        number < kQuadPlanes || number > kQuadPlanes + 0xfffff ? 0 : 0x10000 + number - kQuadPlanes;
  }
  return *unicode == 0 ? nullptr : from + 4;
}

const char* Charset::TakeMultiByte(const char* from, const char* end, uint32_t* unicode) const {
  const auto first = static_cast<unsigned char>(from[0]);
  *unicode = singles_[first];
  if (*unicode != 0 || first == 0) return from + 1;
  if (end - from < 2 || first < 0x80) return nullptr;
  const auto second = static_cast<unsigned char>(from[1]);
  if (!quads_.empty() && second >= '0' && second <= '9') return TakeFourBytes(from, end, unicode);
  *unicode = doubles_[(first - 0x80) * kRowSize + second];
  if (*unicode != 0) return from + 2;
  if (triples_.empty() || first != 0x8f || end - from < 3 || second < 0x80) return nullptr;
  *unicode = triples_[(second - 0x80) * kRowSize + static_cast<unsigned char>(from[2])];
  return *unicode == 0 ? nullptr : from + 3;
}

char* Charset::AppendMultiBytes(char* at, std::string_view text) const {
  const char* from = text.data();
  const char* end = from + text.size();
  while (from < end) {
    uint32_t unicode;
    from = TakeMultiByte(from, end, &unicode);
    if (from == nullptr) return nullptr;
    at = WriteUtf8(at, unicode);
  }
  return at;
}

bool Charset::AppendUtf8(model::Bytes& out, std::string_view text) const {
  if (IsUtf8(text)) {
    out.Append(text);
    return true;
  }
  out.Reserve(Utf8Bound(text.size()));
  char* end = nullptr;
  switch (spec_.family) {
    case CharsetFamily::kUtf8:
      return false;
    case CharsetFamily::kSingleByte:
      end = AppendSingleBytes(out.end(), text);
      break;
    case CharsetFamily::kMultiByte:
    case CharsetFamily::kGb18030:
      end = AppendMultiBytes(out.end(), text);
      break;
    case CharsetFamily::kUcs2:
    case CharsetFamily::kUtf16:
    case CharsetFamily::kUtf16Le:
      end = AppendUtf16(out.end(), text, spec_.family == CharsetFamily::kUtf16Le,
                        spec_.family != CharsetFamily::kUcs2);
      break;
    case CharsetFamily::kUtf32:
      end = AppendUtf32(out.end(), text);
      break;
  }
  if (end == nullptr) return false;
  out.Advance(end - out.end());
  return true;
}

}  // namespace tidemark::capture::mysql
