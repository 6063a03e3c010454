#include "capture/mysql/charset.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "capture/mysql/charset_tables.h"

namespace tidemark::capture::mysql {
namespace {

const Charset& Named(std::string_view name) {
  absl::StatusOr<const Charset*> charset = Charset::Named(name);
  EXPECT_TRUE(charset.ok()) << charset.status();
  return **charset;
}

// nullopt: refused.
std::optional<std::string> Convert(const Charset& charset, std::string_view text) {
  model::Bytes out;
  if (!charset.AppendUtf8(out, text)) return std::nullopt;
  EXPECT_LE(out.size(), charset.Utf8Bound(text.size()));
  EXPECT_TRUE(IsValidUtf8(out.view()));
  return std::string(out.view());
}

// The one character of the basic plane that `utf8` is; 0: another number of them.
uint32_t Single(const std::optional<std::string>& utf8) {
  if (!utf8.has_value() || utf8->empty()) return 0;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>((*utf8)[i]); };
  if (utf8->size() == 1) return byte(0);
  if (utf8->size() == 2 && byte(0) >= 0xc0) return (byte(0) & 31u) << 6 | (byte(1) & 63u);
  if (utf8->size() == 3 && byte(0) >= 0xe0) {
    return (byte(0) & 15u) << 12 | (byte(1) & 63u) << 6 | (byte(2) & 63u);
  }
  return 0;
}

std::string Code(uint32_t code, int size) {
  std::string bytes;
  while (size-- > 0) bytes += static_cast<char>(code >> (8 * size));
  return bytes;
}

// Number of codes that stand for one character, and FNV-1a over code and character, in the order of
// codes.
struct Digest {
  int count = 0;
  uint64_t hash = 0xcbf29ce484222325;

  void Add(const Charset& charset, const std::string& bytes, uint32_t code) {
    const uint32_t unicode = Single(Convert(charset, bytes));
    if ((unicode == 0 && code != 0) || unicode == 0xfffd) return;
    ++count;
    for (uint32_t word : {code, unicode}) {
      for (int i = 0; i < 4; ++i) hash = (hash ^ (word >> (8 * i) & 0xff)) * 0x100000001b3;
    }
  }
};

Digest DigestOf(const CharsetSpec& spec) {
  const Charset& charset = Named(spec.name);
  Digest digest;
  for (uint32_t code = 0; code < 0x100; ++code) digest.Add(charset, Code(code, 1), code);
  if (spec.family == CharsetFamily::kSingleByte) return digest;
  for (uint32_t code = 0x8000; code < 0x10000; ++code) digest.Add(charset, Code(code, 2), code);
  for (uint32_t code = 0x8f8000; code < 0x900000; ++code) digest.Add(charset, Code(code, 3), code);
  if (spec.family != CharsetFamily::kGb18030) return digest;
  for (uint32_t i = 0; i < 39420; ++i) {
    const uint32_t code = (0x81 + i / 12600) << 24 | (0x30 + i / 1260 % 10) << 16 |
                          (0x81 + i / 10 % 126) << 8 | (0x30 + i % 10);
    digest.Add(charset, Code(code, 4), code);
  }
  return digest;
}

// What MySQL 9.7.4, MariaDB 10.11.18 and 11.8.6 answer to CONVERT(.. USING utf8mb4).
constexpr struct {
  const char* name;
  int count;
  uint64_t hash;
} kServers[] = {
    {"armscii8", 256, 0xd3b51820a41ba506},  {"ascii", 128, 0x00479e75ad05e725},
    {"big5", 13838, 0xb9bba4302e9d58ff},    {"cp1250", 251, 0x974bb688ea030624},
    {"cp1251", 255, 0x8b409dfe33f04ecf},    {"cp1256", 248, 0x793af0dcc46409ef},
    {"cp1257", 244, 0xbe2fe7731bd23851},    {"cp850", 256, 0x5ed0ef6507f06775},
    {"cp852", 256, 0x18abef9f6cd1e42a},     {"cp866", 256, 0x9015792305faaff1},
    {"cp932", 9795, 0x0cf76126fdcc893f},    {"dec8", 242, 0x55ef4ffd5d164a5c},
    {"eucjpms", 15206, 0x96509d686c1c19c9}, {"euckr", 17176, 0x17765932069f02bf},
    {"gb18030", 63487, 0x36c73bd4774819db}, {"gb2312", 7573, 0xa42027e0c12b8848},
    {"gbk", 21919, 0xb18b130d1a63c955},     {"geostd8", 215, 0xc1794ae203b472e7},
    {"greek", 250, 0xe0f978462dcf868c},     {"hebrew", 220, 0xcbcd747b1236b459},
    {"hp8", 255, 0x7c3195d19b2ab1cd},       {"keybcs2", 256, 0x62937c45d8a7aad8},
    {"koi8r", 256, 0xb048ac31a8f359fe},     {"koi8u", 256, 0xda2941013d271cf2},
    {"latin1", 256, 0x0fd1b6f865fe35cc},    {"latin2", 256, 0xf11612dacd4e402e},
    {"latin5", 256, 0x0d81b34d8079557c},    {"latin7", 256, 0x963518ff07ba394a},
    {"macce", 256, 0xd5a43f92c76404c0},     {"macroman", 256, 0x109922a3ad7fe065},
    {"sjis", 7070, 0xda7330a129a54f6e},     {"swe7", 127, 0xe2dd6c68b9646435},
    {"tis620", 247, 0x5f98ddcf7762560b},    {"ujis", 15017, 0xd92f46290d85c53b},
};

TEST(CharsetTest, EveryCodeIsWhatTheServersSay) {
  for (const auto& expected : kServers) {
    for (const CharsetSpec& spec : CharsetSpecs()) {
      if (spec.name != std::string_view(expected.name)) continue;
      const Digest digest = DigestOf(spec);
      EXPECT_EQ(digest.count, expected.count) << expected.name;
      EXPECT_EQ(digest.hash, expected.hash) << expected.name;
    }
  }
}

TEST(CharsetTest, NoCharsetIsLeftOut) {
  size_t own = 0;
  for (const CharsetSpec& spec : CharsetSpecs()) {
    EXPECT_TRUE(Charset::Named(spec.name).ok()) << spec.name;
    own += spec.iconv != nullptr || spec.high_half != nullptr;
  }
  EXPECT_EQ(own, std::size(kServers));
}

TEST(CharsetTest, Latin1IsWindows1252AndFiveMore) {
  const Charset& latin1 = Named("latin1");
  EXPECT_EQ(Convert(latin1, "caf\xe9 \x80"), "café €");
  EXPECT_EQ(Convert(latin1, "\x81\x8d\x8f\x90\x9d"), "\u0081\u008d\u008f\u0090\u009d");
  EXPECT_TRUE(latin1.IsUtf8("plain, and longer than a word"));
  EXPECT_FALSE(latin1.IsUtf8("plain, and longer than a w\xf6rd"));
}

TEST(CharsetTest, Utf8IsTakenAsItIsOrRefused) {
  const Charset& utf8 = Named("utf8mb4");
  for (const char* text : {"", "plain", "12345678é", "日本語 and more", "😀"}) {
    EXPECT_TRUE(utf8.IsUtf8(text)) << text;
    EXPECT_EQ(Convert(utf8, text), text);
  }
  for (const char* text :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "12345678\xe6\x97", "\xff"}) {
    EXPECT_FALSE(utf8.IsUtf8(text));
    EXPECT_EQ(Convert(utf8, text), std::nullopt);
  }
}

TEST(CharsetTest, FixedWidthUnicode) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(Convert(Named("ucs2"), "\0A\x20\xac"sv), "A€");
  EXPECT_EQ(Convert(Named("ucs2"), "\xd8\x3d\xde\0"sv), std::nullopt);
  EXPECT_EQ(Convert(Named("utf16"), "\xd8\x3d\xde\0\0B"sv), "😀B");
  EXPECT_EQ(Convert(Named("utf16le"),
                    "\x3d\xd8\0\xde"
                    "B\0"sv),
            "😀B");
  for (std::string_view lone : {"\xd8\x3d"sv, "\xde\0"sv, "\xd8\x3d\0A"sv, "\0"sv}) {
    EXPECT_EQ(Convert(Named("utf16"), lone), std::nullopt);
  }
  EXPECT_EQ(Convert(Named("utf32"), "\0\x1\xf6\0\0\0\0C"sv), "😀C");
  EXPECT_EQ(Convert(Named("utf32"), "\0\x11\0\0"sv), std::nullopt);
  EXPECT_EQ(Convert(Named("utf32"), "\0\0\xd8\0"sv), std::nullopt);
  EXPECT_FALSE(Named("utf16").IsUtf8("AB"));
}

TEST(CharsetTest, MultiByteTextIsReadFromTheLeft) {
  // A second byte may look like ASCII.
  EXPECT_EQ(Convert(Named("sjis"), "\x95\x5c\\\xb1"), "表\\ｱ");
  EXPECT_EQ(Convert(Named("ujis"), "a\xa4\xa2\x8e\xb1\x8f\xb0\xa1z"), "aあｱ丂z");
  EXPECT_EQ(Convert(Named("gb18030"), "\x81\x30\x81\x30\xd6\xd0\x90\x30\x81\x30"), "\u0080中𐀀");
  EXPECT_EQ(Convert(Named("gb18030"), "\xe3\x32\x9a\x35"), "\U0010ffff");
  EXPECT_EQ(Convert(Named("gb18030"), "\xe3\x32\x9a\x36"), std::nullopt);
  EXPECT_EQ(Convert(Named("gbk"), "\xd6"), std::nullopt);
  EXPECT_EQ(Convert(Named("ujis"), "\x8f\xb0"), std::nullopt);
}

TEST(CharsetTest, TwoCodesOfOneCharacterDoNotConvertBack) {
  const Charset& cp932 = Named("cp932");
  EXPECT_EQ(Convert(cp932, "\x87\x54"), "Ⅰ");
  EXPECT_EQ(Convert(cp932, "\xfa\x4a"), "Ⅰ");
  EXPECT_FALSE(cp932.ConvertsBack("Ⅰ"));
  EXPECT_TRUE(cp932.ConvertsBack("plain 表"));
  EXPECT_FALSE(Named("armscii8").ConvertsBack("it's"));
  EXPECT_TRUE(Named("utf8mb4").ConvertsBack("anything"));
}

TEST(CharsetTest, CollationsOfBothServers) {
  const std::vector<std::pair<uint32_t, std::string>> cases = {
      {8, "latin1"},     {33, "utf8mb3"},   {45, "utf8mb4"},  {46, "utf8mb4"},   {255, "utf8mb4"},
      {248, "gb18030"},  {323, "utf8mb4"},  {1032, "latin1"}, {1057, "utf8mb3"}, {1270, "utf8mb4"},
      {2048, "utf8mb3"}, {2304, "utf8mb4"}, {2560, "ucs2"},   {2816, "utf16"},   {3271, "utf32"},
      {62, "utf16le"},   {97, "eucjpms"},   {13, "sjis"},     {95, "cp932"},     {28, "gbk"}};
  for (const auto& [id, name] : cases) {
    absl::StatusOr<const Charset*> charset = Charset::OfCollation(id);
    ASSERT_TRUE(charset.ok()) << id;
    EXPECT_EQ((*charset)->name(), name) << id;
  }
  for (uint32_t id : {0u, 17u, 63u, 400u, 5000u}) {
    EXPECT_EQ(Charset::OfCollation(id).status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace tidemark::capture::mysql
