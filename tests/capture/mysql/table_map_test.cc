#include "capture/mysql/table_map.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "event_builder.h"

namespace tidemark::capture::mysql {
namespace {

// shop.t with columns of `types`, all nullable.
EventBuilder Map(std::string_view types_hex, std::string_view meta_hex) {
  const std::string types = EventBuilder().Hex(types_hex).str();
  const std::string meta = EventBuilder().Hex(meta_hex).str();
  EventBuilder body;
  body.U48(77).U16(1).ShortText("shop").U8(0).ShortText("t").U8(0);
  body.ShortText(types).ShortText(meta);
  return body.Text(std::string((types.size() + 7) / 8, '\xff'));
}

FormatDescription MySql(uint32_t version = 80407) {
  FormatDescription format;
  format.version = version;
  return format;
}

FormatDescription MariaDb() {
  FormatDescription format = MySql(101119);
  format.mariadb = true;
  return format;
}

TableMap Parse(const EventBuilder& body, const FormatDescription& format = MySql()) {
  auto map = ParseTableMap(body.str(), 6, format);
  EXPECT_TRUE(map.ok()) << map.status();
  return map.ok() ? *map : TableMap{};
}

EventBuilder& Field(EventBuilder& body, uint8_t type, const EventBuilder& value) {
  return body.U8(type).ShortText(value.str());
}

TEST(TableMapTest, EveryTypeHasItsMetadata) {
  // tiny, varchar(400), char(32), char(400 bytes), enum, set of 3 bytes, blob, decimal(10,2),
  // bit(10), datetime(3), double, json, geometry, year, date, vector, compressed varchar and blob.
  const TableMap map =
      Parse(Map("010ffefefefefcf610120"
                "5f5ff0d0af28d8c",
                "9001"
                "fe20"
                "ee90"
                "f701"
                "f803"
                "02"
                "0a02"
                "0201"
                "03"
                "08"
                "04"
                "04"
                "04"
                "6500"
                "03"));
  EXPECT_EQ(map.table_id, 77u);
  EXPECT_EQ(map.database, "shop");
  EXPECT_EQ(map.table, "t");
  using T = ColumnType;
  const std::vector<std::pair<T, uint32_t>> expected = {{T::kTiny, 0},
                                                        {T::kVarchar, 400},
                                                        {T::kString, 32},
                                                        {T::kString, 400},
                                                        {T::kEnum, 1},
                                                        {T::kSet, 3},
                                                        {T::kBlob, 2},
                                                        {T::kNewDecimal, 10 << 8 | 2},
                                                        {T::kBit, 10},
                                                        {T::kDateTime2, 3},
                                                        {T::kDouble, 8},
                                                        {T::kJson, 4},
                                                        {T::kGeometry, 4},
                                                        {T::kYear, 0},
                                                        {T::kDate, 0},
                                                        {T::kVector, 4},
                                                        {T::kVarcharCompressed, 0x65},
                                                        {T::kBlobCompressed, 3}};
  ASSERT_EQ(map.columns.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(map.columns[i].type, expected[i].first) << i;
    EXPECT_EQ(map.columns[i].meta, expected[i].second) << i;
    EXPECT_TRUE(map.columns[i].nullable);
  }
  EXPECT_FALSE(map.has_types);
  EXPECT_FALSE(map.has_names);
}

TEST(TableMapTest, SignsAreOfNumbersOnlyYearAmongThem) {
  // bigint unsigned, varchar, decimal, year, float, double: 1, 0, 1, 0, 0.
  EventBuilder body = Map("080ff60d0405",
                          "1000"
                          "0a02"
                          "04"
                          "08");
  Field(body, 1, EventBuilder().U8(0xa0));
  Field(body, 3, EventBuilder().U8(45));
  const TableMap map = Parse(body);
  EXPECT_TRUE(map.has_types);
  EXPECT_TRUE(map.columns[0].is_unsigned);
  EXPECT_FALSE(map.columns[2].is_unsigned);
  EXPECT_TRUE(map.columns[3].is_unsigned);
  EXPECT_FALSE(map.columns[4].is_unsigned);
  EXPECT_EQ(map.columns[1].collation, 45u);
}

// int, year, smallint unsigned, int: 0, (year's), 1, 0.
TEST(TableMapTest, YearHasNoSignInOldServers) {
  const struct {
    FormatDescription format;
    uint8_t bits;
  } kCases[] = {{MySql(80015), 0x40},
                {MySql(80020), 0x40},
                {MySql(80029), 0x20},
                {MySql(90704), 0x60},
                {MariaDb(), 0x60}};
  for (const auto& [format, bits] : kCases) {
    EventBuilder body = Map("030d0203", "");
    const TableMap map = Parse(Field(body, 1, EventBuilder().U8(bits)), format);
    EXPECT_TRUE(map.has_types && map.has_signs) << format.version;
    EXPECT_TRUE(map.columns[2].is_unsigned) << format.version;
    EXPECT_FALSE(map.columns[3].is_unsigned) << format.version;
  }
}

TEST(TableMapTest, SignsAreUnknownWhereTheTwoReadingsDiffer) {
  const struct {
    const char* types;
    std::string bits;
    bool known;
  } kCases[] = {{"030d0203", std::string("\x40"), false},
                {"030d0203", std::string("\x00", 1), true},  // none is unsigned
                {"03020d", std::string("\x40"), true},       // nothing behind the year
                {"0302", std::string("\x40"), true},
                // Eight numbers and a year: the second byte tells.
                {"0d0202020202020202", std::string("\x40"), true},
                {"0d0202020202020202", std::string("\x20\x00", 2), true}};
  for (const auto& [types, bits, known] : kCases) {
    for (const uint32_t version : {80021u, 80028u, 0u}) {
      EventBuilder body = Map(types, "");
      const TableMap map = Parse(Field(body, 1, EventBuilder().Text(bits)), MySql(version));
      EXPECT_TRUE(map.has_types);
      EXPECT_EQ(map.has_signs, known) << types << " " << version;
      if (known && bits != std::string(1, '\0')) {
        EXPECT_TRUE(map.columns[std::string(types).size() > 8 ? 2 : 1].is_unsigned) << types;
      }
    }
  }
}

TEST(TableMapTest, TheDefaultCharsetHasExceptionsByCharacterColumn) {
  // int, varchar, enum, text, char: the second character column (text) is latin1.
  EventBuilder body = Map("030ffefcfe",
                          "1000"
                          "f701"
                          "02"
                          "fe10");
  Field(body, 1, EventBuilder().U8(0));
  Field(body, 2, EventBuilder().U8(252).U16(255).U8(1).U8(8));
  Field(body, 10, EventBuilder().U8(33));
  const TableMap map = Parse(body);
  EXPECT_EQ(map.columns[1].collation, 255u);
  EXPECT_EQ(map.columns[2].collation, 33u);
  EXPECT_EQ(map.columns[3].collation, 8u);
  EXPECT_EQ(map.columns[4].collation, 255u);
}

TEST(TableMapTest, ServersCountDifferentTypesAmongCharacterColumns) {
  // VECTOR, TEXT: as MySQL 9.7 writes it.
  EventBuilder vector = Map("f2fc", "0402");
  EXPECT_EQ(Parse(Field(vector, 3, EventBuilder().U8(63).U8(8))).columns[1].collation, 8u);
  // GEOMETRY, VARCHAR.
  EventBuilder body = Map("ff0f",
                          "04"
                          "1000");
  EventBuilder mysql = body, mariadb = body;
  EXPECT_EQ(Parse(Field(mysql, 3, EventBuilder().U8(45))).columns[1].collation, 45u);
  Field(mariadb, 3, EventBuilder().U8(63).U8(45));
  EXPECT_EQ(Parse(mariadb, MariaDb()).columns[1].collation, 45u);
}

TEST(TableMapTest, FullMetadataNamesColumnsLabelsAndKey) {
  EventBuilder body = Map("03fefe",
                          "f701"
                          "f801");
  Field(body, 1, EventBuilder().U8(0x80));
  Field(body, 4, EventBuilder().ShortText("id").ShortText("mood").ShortText("flags"));
  Field(body, 5, EventBuilder().U8(1).ShortText("x"));
  Field(body, 6, EventBuilder().U8(2).ShortText("sad").ShortText("\xe9"));
  Field(body, 8, EventBuilder().U8(1).U8(0));
  Field(body, 12, EventBuilder().U8(0xc0));
  Field(body, 99, EventBuilder().Text("of a newer server"));
  const TableMap map = Parse(body);
  EXPECT_TRUE(map.has_types);
  EXPECT_TRUE(map.has_names);
  EXPECT_EQ(map.columns[1].name, "mood");
  EXPECT_EQ(map.columns[1].labels, (std::vector<std::string>{"sad", "\xe9"}));
  EXPECT_EQ(map.columns[2].labels, std::vector<std::string>{"x"});
  EXPECT_EQ(map.primary_key, (std::vector<uint32_t>{1, 0}));
  EXPECT_FALSE(map.key_has_prefix);
  EXPECT_TRUE(map.columns[1].visible);
  EXPECT_FALSE(map.columns[2].visible);
}

TEST(TableMapTest, AKeyOfPrefixesSaysSo) {
  EventBuilder body = Map("03fc", "02");
  Field(body, 9, EventBuilder().U8(0).U8(0).U8(1).U8(10));
  const TableMap map = Parse(body);
  EXPECT_EQ(map.primary_key, (std::vector<uint32_t>{0, 1}));
  EXPECT_TRUE(map.key_has_prefix);
}

TEST(TableMapTest, WhatMakesNoSenseIsRefused) {
  const std::vector<EventBuilder> wrong = {
      Map("03"
          "63",
          ""),            // unknown type
      Map("fe", "0120"),  // no string
      Map("f6", "5000"),  // DECIMAL(80)
      Map("12", "07"),    // DATETIME(7)
      Map("fc", "05"),    // length of five bytes
      Map("fe", "f703"),  // ENUM of three bytes
      Map("10", "0108"),  // BIT(65)
      Map("0f", "10"),    // metadata cut short
  };
  for (const EventBuilder& body : wrong) {
    EXPECT_EQ(ParseTableMap(body.str(), 6, MySql()).status().code(), absl::StatusCode::kDataLoss);
  }
  EventBuilder key = Map("03", "");
  Field(key, 8, EventBuilder().U8(1));
  EXPECT_FALSE(ParseTableMap(key.str(), 6, MySql()).ok());
}

TEST(TableMapTest, CutAnywhereItIsRefusedOrEndsBetweenFields) {
  EventBuilder body = Map("03fefc",
                          "f701"
                          "02");
  Field(body, 6, EventBuilder().U8(1).ShortText("sad"));
  for (size_t size = 0; size < body.str().size(); ++size) {
    const auto map = ParseTableMap(body.str().substr(0, size), 6, MySql());
    if (map.ok()) {
      EXPECT_EQ(map->columns.size(), 3u) << size;
    }
  }
}

}  // namespace
}  // namespace tidemark::capture::mysql
