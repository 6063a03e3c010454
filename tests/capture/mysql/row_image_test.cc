#include "capture/mysql/row_image.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "capture/mysql/binlog_event.h"
#include "event_builder.h"

namespace tidemark::capture::mysql {
namespace {

TableMap Table(const std::vector<std::pair<ColumnType, uint32_t>>& columns) {
  TableMap map;
  map.table_id = 77;
  map.database = "shop";
  map.table = "t";
  for (const auto& [type, meta] : columns) {
    map.columns.emplace_back();
    map.columns.back().type = type;
    map.columns.back().meta = meta;
  }
  return map;
}

EventBuilder RowsV2(uint16_t flags = 1) {
  EventBuilder body;
  return body.U48(77).U16(flags).U16(2);
}

std::string Shown(const RowCells& cells) {
  std::string shown;
  for (const Cell& cell : cells) {
    if (!shown.empty()) shown += ' ';
    if (cell.kind == Cell::Kind::kNull) shown += "null";
    if (cell.kind == Cell::Kind::kAbsent) shown += "-";
    if (cell.kind == Cell::Kind::kJsonDiffs) shown += "diffs:";
    if (cell.bytes.data() == nullptr) continue;
    shown += absl::BytesToHexString({cell.bytes.data(), cell.bytes.size()});
  }
  return shown;
}

// "before -> after", one for each row; the status if it fails.
std::vector<std::string> ReadAll(EventType type, const std::string& body, const TableMap& map) {
  auto rows = RowsReader::Open(static_cast<uint8_t>(type), body, 6);
  if (!rows.ok()) return {std::string(rows.status().message())};
  if (auto status = rows->SetTable(&map); !status.ok()) return {std::string(status.message())};
  std::vector<std::string> shown;
  while (!rows->done()) {
    RowCells before, after;
    if (auto status = rows->Next(&before, &after); !status.ok()) {
      shown.emplace_back(status.message());
      return shown;
    }
    shown.push_back(Shown(before) + " -> " + Shown(after));
  }
  return shown;
}

using Rows = std::vector<std::string>;

TEST(RowImageTest, AnInsertHasRowsOfAllColumns) {
  const TableMap map = Table({{ColumnType::kLong, 0}, {ColumnType::kVarchar, 400}});
  EventBuilder body = RowsV2();
  body.U8(2).U8(0xff).U8(0xfc).U32(1).U16(2).Text("ab").U8(0xfe).U32(2);
  EXPECT_EQ(ReadAll(EventType::kWriteRows, body.str(), map),
            (Rows{" -> 01000000 6162", " -> 02000000 null"}));
}

TEST(RowImageTest, V1HasNoExtraDataAndV2SkipsIt) {
  const TableMap map = Table({{ColumnType::kTiny, 0}});
  EXPECT_EQ(ReadAll(EventType::kWriteRowsV1,
                    EventBuilder().U48(77).U16(0).U8(1).U8(1).U8(0).U8(9).str(), map),
            Rows{" -> 09"});
  EventBuilder v2;
  v2.U48(77).U16(1).U16(5).U8(1).U16(3).U8(1).U8(1).U8(0).U8(9);
  EXPECT_EQ(ReadAll(EventType::kDeleteRows, v2.str(), map), Rows{"09 -> "});
}

TEST(RowImageTest, TheLastEventOfAStatementSaysSo) {
  const std::string last = RowsV2(1).U8(0).str(), other = RowsV2(0).U8(0).str();
  EXPECT_TRUE(RowsReader::Open(30, last, 6)->statement_end());
  EXPECT_FALSE(RowsReader::Open(30, other, 6)->statement_end());
  EXPECT_EQ(RowsReader::Open(30, last, 6)->table_id(), 77u);
  EXPECT_EQ(RowsReader::Open(31, RowsV2().U8(0).str(), 6)->kind(), RowsKind::kUpdate);
}

// binlog_row_image=MINIMAL: the key before, the changed column after; null bits are of those.
TEST(RowImageTest, ColumnsThatAnImageLeavesOutAreAbsent) {
  const TableMap map = Table({{ColumnType::kTiny, 0},
                              {ColumnType::kShort, 0},
                              {ColumnType::kBlob, 2},
                              {ColumnType::kInt24, 0}});
  EventBuilder body = RowsV2();
  body.U8(4).U8(0x01).U8(0x0c).U8(0xfe).U8(5).U8(0xfe).U16(3).Text("abc");
  EXPECT_EQ(ReadAll(EventType::kUpdateRows, body.str(), map), Rows{"05 - - - -> - - 616263 null"});
}

TEST(RowImageTest, EachTypeTakesItsBytes) {
  using T = ColumnType;
  const std::vector<std::tuple<T, uint32_t, std::string, std::string>> cases = {
      {T::kTiny, 0, "01", "01"},
      {T::kYear, 0, "7c", "7c"},
      {T::kShort, 0, "0102", "0102"},
      {T::kInt24, 0, "010203", "010203"},
      {T::kLong, 0, "01020304", "01020304"},
      {T::kLongLong, 0, "0102030405060708", "0102030405060708"},
      {T::kFloat, 4, "01020304", "01020304"},
      {T::kDouble, 8, "0102030405060708", "0102030405060708"},
      {T::kNewDecimal, 10 << 8 | 2, "800000010a", "800000010a"},
      {T::kNewDecimal, 65 << 8 | 30, std::string(60, 'a'), std::string(60, 'a')},
      {T::kNewDecimal, 5 << 8 | 5, "aabbcc", "aabbcc"},
      {T::kDate, 0, "a1b2c3", "a1b2c3"},
      {T::kTime2, 0, "800000", "800000"},
      {T::kTime2, 2, "7fffff9d", "7fffff9d"},
      {T::kDateTime2, 0, "8000000000", "8000000000"},
      {T::kDateTime2, 6, "8000000000010203", "8000000000010203"},
      {T::kTimestamp2, 3, "010203040506", "010203040506"},
      {T::kTimestampOld, 0, "01020304", "01020304"},
      {T::kDateTimeOld, 0, "0102030405060708", "0102030405060708"},
      {T::kTimeOld, 0, "010203", "010203"},
      {T::kBit, 10, "03ff", "03ff"},
      {T::kEnum, 2, "0100", "0100"},
      {T::kSet, 8, "0102030405060708", "0102030405060708"},
      {T::kString, 32, "03010203", "010203"},
      {T::kString, 400, "0300010203", "010203"},
      {T::kVarchar, 255, "0141", "41"},
      {T::kVarchar, 256, "010041", "41"},
      {T::kVarcharCompressed, 101, "0141", "41"},
      {T::kBlob, 1, "0141", "41"},
      {T::kBlob, 3, "01000041", "41"},
      {T::kBlobCompressed, 2, "010041", "41"},
      {T::kGeometry, 4, "0100000041", "41"},
      {T::kJson, 4, "00000000", ""},
      {T::kVector, 4, "040000000000803f", "0000803f"},
      {T::kTypedArray, 0, "0100000041", "41"},
      {T::kNull, 0, "", ""},
  };
  for (const auto& [type, meta, stored, value] : cases) {
    const TableMap map = Table({{T::kTiny, 0}, {type, meta}, {T::kTiny, 0}});
    EventBuilder body = RowsV2();
    body.U8(3).U8(0x07).U8(0xf8).U8(0x66).Hex(stored).U8(0x77);
    EXPECT_EQ(ReadAll(EventType::kWriteRows, body.str(), map), Rows{" -> 66 " + value + " 77"})
        << "type " << static_cast<int>(type) << " meta " << meta;
  }
}

// A bit for each JSON column of the table, whether or not the image has it.
TEST(RowImageTest, PartialUpdatesHaveDiffsOfJson) {
  const TableMap map =
      Table({{ColumnType::kTiny, 0}, {ColumnType::kJson, 4}, {ColumnType::kJson, 4}});
  EventBuilder body = RowsV2();
  body.U8(3).U8(0x07).U8(0x05);
  body.U8(0).U8(5).U32(1).Text("a").U32(1).Text("b");  // before
  body.U8(1).U8(0x02).U8(0).U8(5).U32(1).Text("d");    // after: the second JSON column in diffs
  body.U8(0).U8(6).U32(1).Text("a").U32(1).Text("b");
  body.U8(0).U8(0).U8(6).U32(1).Text("w");  // after: no diffs at all
  EXPECT_EQ(ReadAll(EventType::kPartialUpdateRows, body.str(), map),
            (Rows{"05 61 62 -> 05 - diffs:64", "06 61 62 -> 06 - 77"}));
}

TEST(RowImageTest, ARowOfNoColumnsIsOneRow) {
  const TableMap map = Table({{ColumnType::kTiny, 0}});
  EXPECT_EQ(ReadAll(EventType::kWriteRows, RowsV2().U8(1).U8(0).str(), map), Rows{" -> -"});
  EXPECT_EQ(ReadAll(EventType::kWriteRows, RowsV2().U8(1).U8(0).Text("x").str(), map).size(), 1u);
}

TEST(RowImageTest, AnotherNumberOfColumnsThanTheTablesIsRefused) {
  const TableMap map = Table({{ColumnType::kTiny, 0}});
  const std::string body = RowsV2().U8(2).U8(3).U8(0).U16(5).str();
  EXPECT_EQ(ReadAll(EventType::kWriteRows, body, map),
            Rows{"a WRITE_ROWS event has 2 columns, and its table shop.t 1"});
}

TEST(RowImageTest, RowsCutShortAreRefused) {
  const TableMap map = Table({{ColumnType::kLong, 0}, {ColumnType::kBlob, 2}});
  EventBuilder body = RowsV2();
  body.U8(2).U8(0x03).U8(0x03).U8(0).U32(1).U16(2).Text("ab").U8(0).U32(1).U16(2).Text("cd");
  constexpr size_t kHeadSize = 13;
  for (size_t size = 0; size < body.str().size(); ++size) {
    const std::string cut = body.str().substr(0, size);
    const Rows rows = ReadAll(EventType::kUpdateRows, cut, map);
    if (size == kHeadSize) continue;  // whole, without rows
    EXPECT_NE(rows.back().find("malformed UPDATE_ROWS"), std::string::npos) << size;
  }
  EXPECT_FALSE(RowsReader::Open(2, body.str(), 6).ok());
}

}  // namespace
}  // namespace tidemark::capture::mysql
