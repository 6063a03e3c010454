#include "capture/mysql/column_codec.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "capture/mysql/json_binary.h"
#include "capture/mysql/key_text.h"
#include "capture/mysql/row_layout.h"
#include "capture/mysql/schema_builder.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::capture::mysql {
namespace {

using std::string_literals::operator""s;

TableMap MapOf(std::vector<ColumnMeta> columns) {
  TableMap map;
  map.database = "shop";
  map.table = "orders";
  map.has_types = map.has_signs = map.has_names = true;
  for (ColumnMeta& column : columns) {
    if (column.name.empty()) column.name = "c" + std::to_string(map.columns.size());
    map.columns.push_back(std::move(column));
  }
  return map;
}

ColumnMeta Meta(ColumnType type, uint32_t meta = 0, uint32_t collation = 0) {
  ColumnMeta column;
  column.type = type;
  column.meta = meta;
  column.collation = collation;
  return column;
}

ColumnCodec CodecOf(const ColumnMeta& meta) {
  absl::StatusOr<BuiltTable> table = BuildFromTableMap(MapOf({meta}), std::nullopt);
  EXPECT_TRUE(table.ok()) << table.status();
  return table->codecs[0];
}

// protobuf's text of the value that packed bytes are; nullopt: refused.
std::optional<std::string> Decode(const ColumnCodec& codec, const std::string& hex) {
  const std::string bytes = absl::HexStringToBytes(hex);
  model::Bytes out;
  if (!codec.AppendBinlog(out, 1, bytes)) return std::nullopt;
  EXPECT_LE(out.size(), codec.BinlogBound(bytes));
  v1::Row row;
  EXPECT_TRUE(row.ParseFromArray(out.data(), static_cast<int>(out.size())));
  EXPECT_EQ(row.values_size(), 1);
  return row.values(0).ShortDebugString();
}

TEST(ColumnCodecTest, DecimalsAndIntegers) {
  const ColumnCodec decimal = CodecOf(Meta(ColumnType::kNewDecimal, 14 << 8 | 4));
  EXPECT_EQ(Decode(decimal, "810dfb38d204d2"), "decimal: \"1234567890.1234\"");
  EXPECT_EQ(Decode(decimal, "7ef204c72dfb2d"), "decimal: \"-1234567890.1234\"");
  EXPECT_EQ(Decode(decimal, "80000000000000"), "decimal: \"0.0000\"");
  EXPECT_EQ(Decode(decimal, "8000000000"), std::nullopt);
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kInt24)), "ffffff"), "integer: -1");
  ColumnMeta natural = Meta(ColumnType::kInt24);
  natural.is_unsigned = true;
  EXPECT_EQ(Decode(CodecOf(natural), "ffffff"), "unsigned_integer: 16777215");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kYear)), "00"), "integer: 0");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kBit, 9)), "0155"), "bits: \"101010101\"");
}

TEST(ColumnCodecTest, TimesAreExactToTheMicrosecond) {
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTime2, 2)), "7fffff9d"), "time: -990000");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTime2, 6)), "7f3747f3f5ec"), "time: -45296789012");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kDateTime2)), "8000000000"),
            "server_text: \"0000-00-00 00:00:00\"");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kDateTime2, 2)), "800000000000"),
            "server_text: \"0000-00-00 00:00:00.00\"");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTimestamp2)), "00000000"),
            "server_text: \"0000-00-00 00:00:00\"");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTimestamp2)), "ffffffff"),
            "timestamp_with_zone: 4294967295000000");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kDate)), "210000"), "date: -719528");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kDate)), "5ed00f"), "server_text: \"2024-02-30\"");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kDate)), "a1d10f"), std::nullopt);  // month 13
}

TEST(ColumnCodecTest, TimesFromBefore56) {
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTimestampOld)), "01000000"),
            "timestamp_with_zone: 1000000");
  // 20240229123456
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kDateTimeOld)), "80c5aa8b68120000"),
            "timestamp: 1709210096000000");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTimeOld)), "40e201"), "time: 45296000000");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kTimeOld)), "c01dfe"), "time: -45296000000");
}

TEST(ColumnCodecTest, StringsInTheirCharset) {
  const ColumnCodec latin1 = CodecOf(Meta(ColumnType::kVarchar, 100, 8));
  EXPECT_EQ(Decode(latin1, "636166e9"), "text: \"caf\\303\\251\"");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kVarchar, 100, 45)), "ff41"), "binary: \"\\377A\"");
  EXPECT_EQ(Decode(CodecOf(Meta(ColumnType::kString, 4, kBinaryCollation)), "01"),
            "binary: \"\\001\\000\\000\\000\"");
  // The size needs another number of bytes in UTF-8 than in the charset.
  v1::Row row;
  model::Bytes out;
  ASSERT_TRUE(latin1.AppendBinlog(out, 1, std::string(100, '\xe9')));
  ASSERT_TRUE(latin1.AppendBinlog(out, 1, "after"));
  ASSERT_TRUE(row.ParseFromArray(out.data(), static_cast<int>(out.size())));
  EXPECT_EQ(row.values(0).text().size(), 200u);
  EXPECT_EQ(row.values(1).text(), "after");
}

TEST(ColumnCodecTest, EnumsAndSets) {
  ColumnMeta meta = Meta(ColumnType::kEnum, 1, 8);
  meta.labels = {"a", "\xe9"};
  EXPECT_EQ(Decode(CodecOf(meta), "02"), "enum_label: \"\\303\\251\"");
  EXPECT_EQ(Decode(CodecOf(meta), "00"), "enum_label: \"\"");
  EXPECT_EQ(Decode(CodecOf(meta), "03"), std::nullopt);
  meta.type = ColumnType::kSet;
  EXPECT_EQ(Decode(CodecOf(meta), "03"), "server_text: \"a,\\303\\251\"");
  EXPECT_EQ(Decode(CodecOf(meta), "04"), std::nullopt);
}

TEST(ColumnCodecTest, CompressedColumnsOfMariaDb) {
  const ColumnCodec codec = CodecOf(Meta(ColumnType::kBlobCompressed, 2, 8));
  EXPECT_EQ(Decode(codec, "00616263"), "text: \"abc\"");
  EXPECT_EQ(Decode(codec, ""), "text: \"\"");
  EXPECT_EQ(Decode(codec, "8a012c4b4a1a05c40200"),
            "text: \"" + std::string(300, 'b') + "\"");  // from MariaDB 10.11
  for (const char* broken : {"8a", "8a01", "8a012c", "8a012d4b4a1a05c40200", "8a012c4b4a1a05",
                             "9a012c4b4a1a05c40200", "8fffffffffffffff00", "02"}) {
    EXPECT_EQ(Decode(codec, broken), std::nullopt) << broken;
  }
}

TEST(JsonBinaryTest, DamagedDocumentsAreRefusedOrBounded) {
  // {"a": [1, "x", 1.5], "bb": {"c": null}} as MySQL 9.7 stores it, roughly; then bytes at random.
  const std::string document = absl::HexStringToBytes(
      "00020036001200010013000200021500000029006162620300140005010000"
      "0c12000b14000178000000000000f83f01000d000b0001000400006300");
  std::mt19937 random(20261122);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = document;
    for (int i = 0; i < 1 + round % 4; ++i) {
      damaged[random() % damaged.size()] =
          static_cast<char>(random() % 3 == 0 ? random() % 4 : random());
    }
    damaged.resize(damaged.size() - random() % 3);
    model::Bytes out;
    if (AppendJsonText(out, damaged)) {
      EXPECT_LE(out.size(), JsonTextBound(damaged.size()));
    }
    model::Bytes patched;
    AppendPatchedJson(patched, document, damaged);
    AppendPatchedJson(patched, damaged, "\x02\x05$.a[0"s);
  }
}

// [1, 2, 3] after one diff, whose value is 9.
std::string Patched(char operation, const std::string& path) {
  const std::string array = "\2\3\0\xd\0\5\1\0\5\2\0\5\3\0"s, nine = "\3\5\x9\0"s;
  std::string diffs = {operation, static_cast<char>(path.size())};
  diffs += path + (operation == 2 ? "" : nine);
  model::Bytes out;
  return AppendPatchedJson(out, array, diffs) ? std::string(out.view()) : "refused";
}

TEST(JsonBinaryTest, PlacesOutsideOfAnArrayTakeNewElementsOnly) {
  EXPECT_EQ(Patched(1, "$[last-9]"), "[9, 1, 2, 3]");
  EXPECT_EQ(Patched(1, "$[last-1]"), "[1, 9, 2, 3]");
  EXPECT_EQ(Patched(1, "$[9]"), "[1, 2, 3, 9]");
  EXPECT_EQ(Patched(0, "$[last-2]"), "[9, 2, 3]");
  EXPECT_EQ(Patched(2, "$[last]"), "[1, 2]");
  for (const char operation : {0, 2}) {
    EXPECT_EQ(Patched(operation, "$[last-3]"), "refused");
    EXPECT_EQ(Patched(operation, "$[3]"), "refused");
  }
}

TEST(JsonBinaryTest, Doubles) {
  const std::vector<std::pair<double, std::string>> cases = {
      {1, "1.0"},
      {-0.0, "-0.0"},
      {0.1, "0.1"},
      {1e14, "100000000000000.0"},
      {1e15, "1e15"},
      {1000000000000000.5, "1000000000000000.5"},
      {1e16, "1e16"},
      {1.5e-7, "0.00000015"},
      {1e-15, "0.000000000000001"},
      {1e-16, "1e-16"},
      {1.7976931348623157e308, "1.7976931348623157e308"},
      {5e-324, "5e-324"},
      {-123456789.12345678, "-123456789.12345678"}};
  for (const auto& [value, text] : cases) {
    char out[kJsonDoubleMax];
    EXPECT_EQ(std::string(out, WriteJsonDouble(out, value)), text);
  }
}

TEST(RowLayoutTest, AbsentColumnsAreUnavailable) {
  absl::StatusOr<BuiltTable> table = BuildFromTableMap(
      MapOf({Meta(ColumnType::kLong), Meta(ColumnType::kTiny), Meta(ColumnType::kJson, 4)}),
      std::nullopt);
  ASSERT_TRUE(table.ok()) << table.status();
  RowLayout layout(std::make_shared<model::TableSchema>(table->schema), table->codecs);
  const std::string id = "\1\0\0\0"s, document = "\5\7\0"s, diffs = "\0\1$\3\5\x8\0"s;
  const RowCells before = {{Cell::Kind::kValue, id}, {}, {Cell::Kind::kValue, document}};
  const RowCells after = {{}, {}, {Cell::Kind::kJsonDiffs, diffs}};
  const auto encode = [&](absl::Span<const Cell> old) {
    model::Bytes out;
    model::ChangeEncoder encoder(&out);
    encoder.SetTransaction({});
    const size_t bound = layout.Bound(after) + layout.Bound(before);
    encoder.Begin(1, model::Op::kUpdate, 0, bound);
    EXPECT_TRUE(layout.EncodeRow(model::ChangeEncoder::kAfter, after, bound, encoder, old).ok());
    const model::FrameExtent extent = encoder.End();
    v1::Row row;
    EXPECT_TRUE(
        row.ParseFromString(std::string(out.view().substr(extent.after_at, extent.after_size))));
    return row.ShortDebugString();
  };
  EXPECT_EQ(
      encode({}),
      "values { unavailable: true } values { unavailable: true } values { unavailable: true }");
  EXPECT_EQ(encode(before),
            "values { integer: 1 } values { unavailable: true } values { json: \"8\" }");
}

CatalogColumn CatalogColumnOf(const std::string& name, const std::string& type) {
  CatalogColumn column;
  column.name = name;
  column.data_type = column.column_type = type;
  return column;
}

TEST(SchemaBuilderTest, TheCatalogGivesWhatTheLogLacks) {
  TableMap map = MapOf({Meta(ColumnType::kLong), Meta(ColumnType::kString, 16, kBinaryCollation)});
  map.primary_key = {0};
  CatalogTable catalog;
  catalog.database = "shop";
  catalog.name = "orders";
  catalog.columns = {CatalogColumnOf("c0", "int"), CatalogColumnOf("c1", "uuid")};
  catalog.key = {0};
  absl::StatusOr<BuiltTable> table = BuildFromTableMap(map, catalog);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->schema.catalog_current);
  EXPECT_EQ(table->schema.columns[1].type->kind, model::TypeKind::kUuid);
  EXPECT_TRUE(model::SameContent(table->schema, BuildFromCatalog(catalog)->schema));

  // Altered since: what still fits is taken over.
  catalog.columns.insert(catalog.columns.begin() + 1, CatalogColumnOf("new", "date"));
  table = BuildFromTableMap(map, catalog);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_FALSE(table->schema.catalog_current);
  EXPECT_EQ(table->schema.columns[1].type->kind, model::TypeKind::kUuid);
  EXPECT_EQ(table->schema.key_columns, std::vector<uint32_t>{0});

  // Without names the columns could be any.
  map.has_names = false;
  for (ColumnMeta& column : map.columns) column.name.clear();
  map.primary_key.clear();
  table = BuildFromTableMap(map, catalog);
  EXPECT_EQ(table.status().code(), absl::StatusCode::kFailedPrecondition);
  catalog.columns.erase(catalog.columns.begin() + 1);
  table = BuildFromTableMap(map, catalog);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->schema.columns[1].name, "c1");
}

TEST(SchemaBuilderTest, SignsThatTheLogLeavesOpenAreTheCatalogs) {
  TableMap map = MapOf({Meta(ColumnType::kLong), Meta(ColumnType::kLong)});
  map.has_signs = false;
  CatalogTable catalog;
  catalog.database = "shop";
  catalog.name = "orders";
  catalog.columns = {CatalogColumnOf("c0", "int"), CatalogColumnOf("c1", "int")};
  catalog.columns[1].column_type = "int unsigned";
  absl::StatusOr<BuiltTable> table = BuildFromTableMap(map, catalog);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_FALSE(table->codecs[0].is_unsigned);
  EXPECT_TRUE(table->codecs[1].is_unsigned);
  for (const auto& gone : {std::optional<CatalogTable>(), std::optional(CatalogTable{})}) {
    const absl::Status status = BuildFromTableMap(map, gone).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_NE(status.message().find("YEAR"), absl::string_view::npos) << status;
  }
}

TEST(SchemaBuilderTest, ColumnsThatAreLeftOutAreInNeitherSchemaNorRow) {
  TableMap map =
      MapOf({Meta(ColumnType::kLong), Meta(ColumnType::kLongLong), Meta(ColumnType::kLong)});
  map.primary_key = {2};
  CatalogTable catalog;
  catalog.database = "shop";
  catalog.name = "orders";
  catalog.columns = {CatalogColumnOf("c0", "int"), CatalogColumnOf("c2", "int")};
  catalog.left_out = {{"c1", 1}};
  catalog.key = {1};
  absl::StatusOr<BuiltTable> table = BuildFromTableMap(map, catalog);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->schema.catalog_current);
  EXPECT_TRUE(model::SameContent(table->schema, BuildFromCatalog(catalog)->schema));

  RowLayout layout(std::make_shared<model::TableSchema>(table->schema), table->codecs, table->kept);
  RowCells row = {{Cell::Kind::kValue, "a"}, {Cell::Kind::kAbsent, {}}, {Cell::Kind::kValue, "c"}};
  layout.DropLeftOut(row);
  ASSERT_EQ(row.size(), 2u);
  EXPECT_EQ(row[0].bytes, "a");
  EXPECT_EQ(row[1].bytes, "c");

  // Without names the place counts.
  map.has_names = false;
  for (ColumnMeta& column : map.columns) column.name.clear();
  map.primary_key.clear();
  table = BuildFromTableMap(map, catalog);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(model::SameContent(table->schema, BuildFromCatalog(catalog)->schema));
}

TEST(KeyTextTest, LiteralsOfWhatTheUserGives) {
  const ColumnCodec text = CodecOf(Meta(ColumnType::kVarchar, 100, 8));
  EXPECT_EQ(*KeyLiteral(text, "it's \\"), "_utf8mb4'it''s \\\\'");
  EXPECT_EQ(*KeyLiteral(text, "\0e9"s), "_latin1 x'e9'");
  EXPECT_FALSE(KeyLiteral(text, "\0e9' OR 1"s).ok());
  EXPECT_FALSE(KeyLiteral(text, "\xff").ok());
  const ColumnCodec number = CodecOf(Meta(ColumnType::kLong));
  EXPECT_EQ(*KeyLiteral(number, "-5"), "-5");
  for (const char* wrong : {"", "5 OR 1=1", "0x5", "1e5"}) {
    EXPECT_EQ(KeyLiteral(number, wrong).status().code(), absl::StatusCode::kInvalidArgument);
  }
  const ColumnCodec bytes = CodecOf(Meta(ColumnType::kVarchar, 9, kBinaryCollation));
  EXPECT_EQ(*KeyLiteral(bytes, "0x00ff"), "x'00ff'");
  EXPECT_FALSE(KeyLiteral(bytes, "00ff").ok());
  EXPECT_EQ(*KeyLiteral(CodecOf(Meta(ColumnType::kTime2, 3)), "-838:59:59"), "'-838:59:59'");
  EXPECT_FALSE(KeyLiteral(CodecOf(Meta(ColumnType::kDate)), "2024-13-01").ok());
}

}  // namespace
}  // namespace tidemark::capture::mysql
