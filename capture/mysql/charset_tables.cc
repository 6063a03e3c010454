#include "capture/mysql/charset_tables.h"

#include <algorithm>
#include <iterator>

namespace tidemark::capture::mysql {
namespace {

// Where the servers differ from glibc 2.36, found by asking MySQL 9.7 and MariaDB 10.11 for every
// code (CONVERT(.. USING utf8mb4)).
constexpr CharsetPatch kArmscii8Patches[] = {
    {0xa1, 1, 0x2741}, {0xa2, 1, 0xa7}, {0xad, 1, 0x55f}, {0xfe, 1, 0x2019}, {0xff, 1, 0x27}};
constexpr CharsetPatch kBig5Patches[] = {
    {0x80, 1, 0x0},       {0xa145, 1, 0x2022},  {0xa14e, 1, 0xff64},  {0xa15a, 1, 0x0},
    {0xa1c2, 1, 0x203e},  {0xa1c3, 1, 0x0},     {0xa1c5, 1, 0x0},     {0xa1e3, 1, 0x223c},
    {0xa1f2, 1, 0x2641},  {0xa1f3, 1, 0x2609},  {0xa1fe, 1, 0x0},     {0xa240, 1, 0x0},
    {0xa241, 1, 0xff0f},  {0xa242, 1, 0xff3c},  {0xa244, 1, 0xa5},    {0xa246, 2, 0xa2},
    {0xa2cc, 1, 0x0},     {0xa2ce, 1, 0x0},     {0xa3e1, 1, 0x0},     {0xc6a1, 1, 0x30fe},
    {0xc6a2, 2, 0x309d},  {0xc6a4, 1, 0x3005},  {0xc6a5, 83, 0x3041}, {0xc6f8, 7, 0x30a1},
    {0xc740, 63, 0x30a8}, {0xc7a1, 16, 0x30e7}, {0xc7b1, 2, 0x414},   {0xc7b3, 1, 0x401},
    {0xc7b4, 7, 0x416},   {0xc7bb, 19, 0x423},  {0xc7ce, 1, 0x451},   {0xc7cf, 26, 0x436},
    {0xc7e9, 10, 0x2460}, {0xc7f3, 10, 0x2474}, {0xc7fd, 2, 0x0},     {0xc840, 63, 0x0},
    {0xc8a1, 94, 0x0},    {0xf9dd, 34, 0x0}};
constexpr CharsetPatch kCp1256Patches[] = {{0x8a, 1, 0x0}, {0x8f, 1, 0x0}, {0x98, 1, 0x0},
                                           {0x9a, 1, 0x0}, {0x9f, 1, 0x0}, {0xaa, 1, 0x0},
                                           {0xc0, 1, 0x0}, {0xff, 1, 0x0}};
constexpr CharsetPatch kCp866Patches[] = {{0xfc, 1, 0x207f}, {0xfd, 1, 0xb2}};
constexpr CharsetPatch kDec8Patches[] = {{0xa0, 1, 0xa0}};
constexpr CharsetPatch kEucjpmsPatches[] = {{0x80, 14, 0x0}, {0x90, 16, 0x0}};
constexpr CharsetPatch kGb18030Patches[] = {
    {0xa6d9, 7, 0xe78d},     {0xa6ec, 2, 0xe794},     {0xa6f3, 1, 0xe796}, {0xfe51, 3, 0xe816},
    {0xfe59, 1, 0xe81e},     {0xfe61, 1, 0xe826},     {0xfe66, 2, 0xe82b}, {0xfe6c, 2, 0xe831},
    {0xfe76, 1, 0xe83b},     {0xfe7e, 1, 0xe843},     {0xfe90, 2, 0xe854}, {0xfea0, 1, 0xe864},
    {0x82359037, 8, 0x9fb4}, {0x84318236, 10, 0xfe10}};
constexpr CharsetPatch kGbkPatches[] = {{0x80, 1, 0x0}};
constexpr CharsetPatch kGreekPatches[] = {
    {0xa1, 1, 0x2bd}, {0xa2, 1, 0x2bc}, {0xa4, 2, 0x0}, {0xaa, 1, 0x0}};
constexpr CharsetPatch kHebrewPatches[] = {{0xaf, 1, 0x203e}};
constexpr CharsetPatch kKoi8uPatches[] = {{0x95, 1, 0x2022}};
constexpr CharsetPatch kLatin1Patches[] = {
    {0x81, 1, 0x81}, {0x8d, 1, 0x8d}, {0x8f, 2, 0x8f}, {0x9d, 1, 0x9d}};
constexpr CharsetPatch kMacromanPatches[] = {{0xc6, 1, 0x2206}, {0xf0, 1, 0xf8ff}};
constexpr CharsetPatch kSjisPatches[] = {{0x5c, 1, 0x5c}, {0x7e, 1, 0x7e}, {0x815f, 1, 0x5c}};
constexpr CharsetPatch kSwe7Patches[] = {{0x24, 1, 0x24}, {0x7f, 1, 0x0}};
constexpr CharsetPatch kTis620Patches[] = {{0xa0, 1, 0x0}};
constexpr CharsetPatch kUjisPatches[] = {
    {0x80, 14, 0x0},     {0x90, 16, 0x0},     {0xa1c0, 1, 0x5c},  {0xa1c1, 1, 0x301c},
    {0xa1c2, 1, 0x2016}, {0xa1dd, 1, 0x2212}, {0xa1f1, 2, 0xa2},  {0xa2cc, 1, 0xac},
    {0xada1, 30, 0x0},   {0xadc0, 23, 0x0},   {0xaddf, 30, 0x0},  {0x8fa2b7, 1, 0x7e},
    {0x8fa2c3, 1, 0xa6}, {0x8ff3f3, 12, 0x0}, {0x8ff4a1, 94, 0x0}};

// What glibc lacks.
constexpr uint16_t kKeybcs2HighHalf[128] = {
    0x010c, 0x00fc, 0x00e9, 0x010f, 0x00e4, 0x010e, 0x0164, 0x010d, 0x011b, 0x011a, 0x0139, 0x00cd,
    0x013e, 0x013a, 0x00c4, 0x00c1, 0x00c9, 0x017e, 0x017d, 0x00f4, 0x00f6, 0x00d3, 0x016f, 0x00da,
    0x00fd, 0x00d6, 0x00dc, 0x0160, 0x013d, 0x00dd, 0x0158, 0x0165, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x0148, 0x0147, 0x016e, 0x00d4, 0x0161, 0x0159, 0x0155, 0x0154, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0};
constexpr uint16_t kGeostd8HighHalf[128] = {
    0x20ac, 0x0000, 0x201a, 0x0000, 0x201e, 0x2026, 0x2020, 0x2021, 0x0000, 0x2030, 0x0000, 0x2039,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x0000, 0x0000, 0x0000, 0x203a, 0x0000, 0x0000, 0x0000, 0x0000, 0x00a0, 0x00a1, 0x00a2, 0x00a3,
    0x00a4, 0x00a5, 0x00a6, 0x00a7, 0x00a8, 0x00a9, 0x00aa, 0x00ab, 0x00ac, 0x00ad, 0x00ae, 0x00af,
    0x00b0, 0x00b1, 0x00b2, 0x00b3, 0x00b4, 0x00b5, 0x00b6, 0x00b7, 0x00b8, 0x00b9, 0x00ba, 0x00bb,
    0x00bc, 0x00bd, 0x00be, 0x00bf, 0x10d0, 0x10d1, 0x10d2, 0x10d3, 0x10d4, 0x10d5, 0x10d6, 0x10f1,
    0x10d7, 0x10d8, 0x10d9, 0x10da, 0x10db, 0x10dc, 0x10f2, 0x10dd, 0x10de, 0x10df, 0x10e0, 0x10e1,
    0x10e2, 0x10f3, 0x10e3, 0x10e4, 0x10e5, 0x10e6, 0x10e7, 0x10e8, 0x10e9, 0x10ea, 0x10eb, 0x10ec,
    0x10ed, 0x10ee, 0x10f4, 0x10ef, 0x10f0, 0x10f5, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x2116, 0x0000, 0x0000};

constexpr CharsetSpec kSpecs[] = {
    {"utf8mb4", CharsetFamily::kUtf8, nullptr, {}, nullptr},
    {"utf8mb3", CharsetFamily::kUtf8, nullptr, {}, nullptr},
    {"latin1", CharsetFamily::kSingleByte, "CP1252", kLatin1Patches, nullptr},
    {"armscii8", CharsetFamily::kSingleByte, "ARMSCII-8", kArmscii8Patches, nullptr},
    {"ascii", CharsetFamily::kSingleByte, "ASCII", {}, nullptr},
    {"big5", CharsetFamily::kMultiByte, "BIG5", kBig5Patches, nullptr},
    {"cp1250", CharsetFamily::kSingleByte, "CP1250", {}, nullptr},
    {"cp1251", CharsetFamily::kSingleByte, "CP1251", {}, nullptr},
    {"cp1256", CharsetFamily::kSingleByte, "CP1256", kCp1256Patches, nullptr},
    {"cp1257", CharsetFamily::kSingleByte, "CP1257", {}, nullptr},
    {"cp850", CharsetFamily::kSingleByte, "CP850", {}, nullptr},
    {"cp852", CharsetFamily::kSingleByte, "CP852", {}, nullptr},
    {"cp866", CharsetFamily::kSingleByte, "CP866", kCp866Patches, nullptr},
    {"cp932", CharsetFamily::kMultiByte, "CP932", {}, nullptr},
    {"dec8", CharsetFamily::kSingleByte, "DEC-MCS", kDec8Patches, nullptr},
    {"eucjpms", CharsetFamily::kMultiByte, "EUC-JP-MS", kEucjpmsPatches, nullptr},
    {"euckr", CharsetFamily::kMultiByte, "UHC", {}, nullptr},
    {"gb2312", CharsetFamily::kMultiByte, "GB2312", {}, nullptr},
    {"gbk", CharsetFamily::kMultiByte, "GBK", kGbkPatches, nullptr},
    {"geostd8", CharsetFamily::kSingleByte, nullptr, {}, kGeostd8HighHalf},
    {"greek", CharsetFamily::kSingleByte, "ISO-8859-7", kGreekPatches, nullptr},
    {"hebrew", CharsetFamily::kSingleByte, "ISO-8859-8", kHebrewPatches, nullptr},
    {"hp8", CharsetFamily::kSingleByte, "HP-ROMAN8", {}, nullptr},
    {"keybcs2", CharsetFamily::kSingleByte, nullptr, {}, kKeybcs2HighHalf},
    {"koi8r", CharsetFamily::kSingleByte, "KOI8-R", {}, nullptr},
    {"koi8u", CharsetFamily::kSingleByte, "KOI8-U", kKoi8uPatches, nullptr},
    {"latin2", CharsetFamily::kSingleByte, "ISO-8859-2", {}, nullptr},
    {"latin5", CharsetFamily::kSingleByte, "ISO-8859-9", {}, nullptr},
    {"latin7", CharsetFamily::kSingleByte, "ISO-8859-13", {}, nullptr},
    {"macce", CharsetFamily::kSingleByte, "MAC-CENTRALEUROPE", {}, nullptr},
    {"macroman", CharsetFamily::kSingleByte, "MACINTOSH", kMacromanPatches, nullptr},
    {"sjis", CharsetFamily::kMultiByte, "SHIFT_JIS", kSjisPatches, nullptr},
    {"swe7", CharsetFamily::kSingleByte, "SEN_850200_C", kSwe7Patches, nullptr, false},
    {"tis620", CharsetFamily::kSingleByte, "ISO-8859-11", kTis620Patches, nullptr},
    {"ujis", CharsetFamily::kMultiByte, "EUC-JP-MS", kUjisPatches, nullptr},
    {"gb18030", CharsetFamily::kGb18030, "GB18030", kGb18030Patches, nullptr},
    {"ucs2", CharsetFamily::kUcs2, nullptr, {}, nullptr, false},
    {"utf16", CharsetFamily::kUtf16, nullptr, {}, nullptr, false},
    {"utf16le", CharsetFamily::kUtf16Le, nullptr, {}, nullptr, false},
    {"utf32", CharsetFamily::kUtf32, nullptr, {}, nullptr, false},
};

// The charset of collations `first` to `last`; ids that no server uses may lie between.
struct CollationRange {
  uint16_t first, last;
  const char* charset;
};

// information_schema.COLLATIONS of MySQL 9.7 and COLLATION_CHARACTER_SET_APPLICABILITY of MariaDB
// 10.11 and 11.8, which give no id two meanings. In the order of ids.
constexpr CollationRange kCollations[] = {
    {1, 1, "big5"},        {2, 2, "latin2"},        {3, 3, "dec8"},          {4, 4, "cp850"},
    {5, 5, "latin1"},      {6, 6, "hp8"},           {7, 7, "koi8r"},         {8, 8, "latin1"},
    {9, 9, "latin2"},      {10, 10, "swe7"},        {11, 11, "ascii"},       {12, 12, "ujis"},
    {13, 13, "sjis"},      {14, 14, "cp1251"},      {15, 15, "latin1"},      {16, 16, "hebrew"},
    {18, 18, "tis620"},    {19, 19, "euckr"},       {20, 20, "latin7"},      {21, 21, "latin2"},
    {22, 22, "koi8u"},     {23, 23, "cp1251"},      {24, 24, "gb2312"},      {25, 25, "greek"},
    {26, 26, "cp1250"},    {27, 27, "latin2"},      {28, 28, "gbk"},         {29, 29, "cp1257"},
    {30, 30, "latin5"},    {31, 31, "latin1"},      {32, 32, "armscii8"},    {33, 33, "utf8mb3"},
    {34, 34, "cp1250"},    {35, 35, "ucs2"},        {36, 36, "cp866"},       {37, 37, "keybcs2"},
    {38, 38, "macce"},     {39, 39, "macroman"},    {40, 40, "cp852"},       {41, 42, "latin7"},
    {43, 43, "macce"},     {44, 44, "cp1250"},      {45, 46, "utf8mb4"},     {47, 49, "latin1"},
    {50, 52, "cp1251"},    {53, 53, "macroman"},    {54, 55, "utf16"},       {56, 56, "utf16le"},
    {57, 57, "cp1256"},    {58, 59, "cp1257"},      {60, 61, "utf32"},       {62, 62, "utf16le"},
    {64, 64, "armscii8"},  {65, 65, "ascii"},       {66, 66, "cp1250"},      {67, 67, "cp1256"},
    {68, 68, "cp866"},     {69, 69, "dec8"},        {70, 70, "greek"},       {71, 71, "hebrew"},
    {72, 72, "hp8"},       {73, 73, "keybcs2"},     {74, 74, "koi8r"},       {75, 75, "koi8u"},
    {76, 76, "utf8mb3"},   {77, 77, "latin2"},      {78, 78, "latin5"},      {79, 79, "latin7"},
    {80, 80, "cp850"},     {81, 81, "cp852"},       {82, 82, "swe7"},        {83, 83, "utf8mb3"},
    {84, 84, "big5"},      {85, 85, "euckr"},       {86, 86, "gb2312"},      {87, 87, "gbk"},
    {88, 88, "sjis"},      {89, 89, "tis620"},      {90, 90, "ucs2"},        {91, 91, "ujis"},
    {92, 93, "geostd8"},   {94, 94, "latin1"},      {95, 96, "cp932"},       {97, 98, "eucjpms"},
    {99, 99, "cp1250"},    {101, 124, "utf16"},     {128, 159, "ucs2"},      {160, 183, "utf32"},
    {192, 223, "utf8mb3"}, {224, 247, "utf8mb4"},   {248, 250, "gb18030"},   {255, 323, "utf8mb4"},
    {576, 579, "utf8mb3"}, {608, 611, "utf8mb4"},   {640, 642, "ucs2"},      {672, 674, "utf16"},
    {736, 738, "utf32"},   {2048, 2247, "utf8mb3"}, {2304, 2503, "utf8mb4"}, {2560, 2759, "ucs2"},
    {2816, 3015, "utf16"}, {3072, 3271, "utf32"}};

// MariaDB's NO PAD variant of a collation has an id that is larger by this much.
constexpr uint32_t kNoPad = 1024;

}  // namespace

absl::Span<const CharsetSpec> CharsetSpecs() { return kSpecs; }

const char* CharsetNameOfCollation(uint32_t collation) {
  if (collation >= kNoPad && collation < kNoPad + 256) collation -= kNoPad;
  auto range = std::upper_bound(
      std::begin(kCollations), std::end(kCollations), collation,
      [](uint32_t id, const CollationRange& candidate) { return id < candidate.first; });
  if (range == std::begin(kCollations)) return nullptr;
  --range;
  return collation <= range->last ? range->charset : nullptr;
}

}  // namespace tidemark::capture::mysql
