#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "capture/mysql/charset.h"
#include "capture/mysql/charset_tables.h"
#include "capture/mysql/row_layout.h"
#include "capture/mysql/schema_builder.h"
#include "server_table.h"
#include "tests/support/mysql_server.h"
#include "tests/support/status_matchers.h"

namespace tidemark::capture::mysql {
namespace {

using testing::MysqlProduct;
using testing::MysqlServer;

// A column and what is written into it, row by row, and again from the start.
struct Sample {
  std::string type;
  std::vector<std::string> values;
};

const std::vector<Sample> kCommonTypes = {
    {"tinyint", {"-128", "127", "0"}},
    {"tinyint(1)", {"1", "0", "-5"}},
    {"tinyint unsigned", {"0", "255"}},
    {"smallint", {"-32768", "32767"}},
    {"smallint unsigned", {"65535", "0"}},
    {"mediumint", {"-8388608", "8388607", "-1"}},
    {"mediumint unsigned", {"16777215", "0"}},
    {"int", {"-2147483648", "2147483647"}},
    {"int(6) unsigned zerofill", {"42", "4294967295", "0"}},
    {"bigint", {"-9223372036854775808", "9223372036854775807"}},
    {"bigint unsigned", {"18446744073709551615", "0", "9223372036854775808"}},
    {"decimal(65,30)",
     {"99999999999999999999999999999999999.999999999999999999999999999999",
      "-99999999999999999999999999999999999.999999999999999999999999999999", "0", "-0.5", "1e-30"}},
    {"decimal(10,0)", {"-1234567890", "0", "7"}},
    {"decimal(5,5)", {"0.12345", "-0.00001", "0"}},
    {"decimal(20,9)", {"12345678901.123456789", "-1.000000001"}},
    {"decimal(8,3) unsigned zerofill", {"1.5", "99999.999", "0"}},
    {"float", {"1.1", "-3.4028234e38", "1.17549435e-38", "0", "-0e0", "16777217", "1e-45"}},
    {"float(7,2)", {"12345.67", "-0.01"}},
    {"double",
     {"0.1", "-1.7976931348623157e308", "2.2250738585072014e-308", "-0e0", "5e-324",
      "123456789012345678", "1e15", "0.000123456789012345"}},
    {"double(20,3)", {"1.1", "-12345678901234.567"}},
    {"bit(1)", {"b'1'", "b'0'"}},
    {"bit(9)", {"b'101010101'", "b'0'", "b'111111111'"}},
    {"bit(64)", {"~0", "0", "1"}},
    {"year", {"1901", "2155", "0", "2024"}},
    // Whose sign is whose in the log depends on whether YEAR has one.
    {"smallint unsigned", {"65535", "0"}},
    {"int", {"-1", "2147483647"}},
    {"date",
     {"'2024-02-29'", "'0000-00-00'", "'9999-12-31'", "'1000-01-01'", "'2024-00-10'",
      "'2024-10-00'", "'1969-12-31'"}},
    {"time", {"'838:59:59'", "'-838:59:59'", "'00:00:00'", "'-00:00:01'", "'12:34:56'"}},
    {"time(2)", {"'-00:00:00.99'", "'838:59:58.99'", "'-12:34:56.78'", "'00:00:00.01'"}},
    {"time(3)", {"'-00:00:00.001'", "'01:02:03.456'", "'-838:59:58.999'"}},
    {"time(6)", {"'-12:34:56.789012'", "'838:59:58.999999'", "'-00:00:00.000001'", "'0'"}},
    {"datetime",
     {"'0000-00-00 00:00:00'", "'9999-12-31 23:59:59'", "'1000-01-01 00:00:00'",
      "'2024-02-29 12:34:56'", "'2024-00-00 10:00:00'"}},
    {"datetime(1)", {"'2024-02-29 12:34:56.7'", "'0000-00-00 00:00:00'"}},
    {"datetime(4)", {"'2024-02-29 12:34:56.7891'", "'1969-12-31 23:59:59.9999'"}},
    {"datetime(6)", {"'2024-02-29 12:34:56.789012'", "'0000-00-00 00:00:00'", "'2024-01-00'"}},
    {"timestamp null", {"'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'0000-00-00 00:00:00'"}},
    {"timestamp(3) null", {"'2024-02-29 12:34:56.789'", "'0000-00-00 00:00:00'"}},
    {"timestamp(6) null", {"'2024-02-29 12:34:56.789012'", "'1970-01-01 00:00:01.000001'"}},
    {"char(5) character set latin1", {"'ab'", "'é€'", "''", "'a  '", "' b'"}},
    {"char(200) character set utf8mb4", {"'😀'", "repeat('é', 200)", "'x '", "'\\0z'"}},
    {"char(4) character set utf16", {"'a é'", "'😀  '", "''"}},
    {"char(4) character set ucs2", {"'a é'", "'  '"}},
    {"varchar(10) character set utf32", {"'a😀 '", "''"}},
    {"varchar(10) character set utf16le", {"'a😀 '"}},
    {"varchar(300) character set utf8mb3", {"'日本語 '", "repeat('x', 300)", "''"}},
    {"varchar(20) character set sjis", {"'表示 ｱ'", "'\\\\'"}},
    {"varchar(20) character set cp932", {"'①表'", "_cp932 x'fa4a8754'"}},
    {"varchar(20) character set ujis", {"'日本ｱ'"}},
    {"varchar(20) character set gbk", {"'中文'"}},
    {"varchar(20) character set big5", {"'中文'"}},
    {"varchar(20) character set euckr", {"'한국'"}},
    {"varchar(20) character set swe7", {"'Åäö'"}},
    {"varchar(20) character set keybcs2", {"'čáž'"}},
    {"varchar(20) character set hebrew", {"'שלום'"}},
    {"varchar(20) character set koi8r", {"'Привет'"}},
    {"varchar(20) character set utf8mb4 collate utf8mb4_bin", {"'A'", "'a '", "'\\\"\\'\\n'"}},
    {"tinytext character set latin1", {"'naïve'", "''"}},
    {"text", {"repeat('text é ', 500)", "''", "'x'"}},
    {"mediumtext character set cp1251", {"'мир'"}},
    {"longtext", {"repeat('0123456789', 3000)", "'tail '"}},
    {"binary(8)", {"x'0102030000000000'", "x''", "x'00'", "x'ffffffffffffffff'", "' a '"}},
    {"binary(255)", {"x'01'", "repeat(x'ff', 255)"}},
    {"varbinary(300)", {"x'0000'", "x''", "repeat(x'80', 300)", "'a '"}},
    {"tinyblob", {"x'ff00'", "x''"}},
    {"blob", {"repeat(x'00ff', 1000)"}},
    {"mediumblob", {"x'00'"}},
    {"longblob", {"repeat('z', 70000)", "x''"}},
    {"enum('small','größer','x''y')", {"'small'", "'größer'", "3", "'none of them'"}},
    {"enum('a','é') character set latin1", {"'é'", "'a'"}},
    {"set('a','b','ü')", {"'a,ü'", "''", "'b'", "7"}},
    {"set('é','z') character set latin1", {"'é,z'", "'é'"}},
    {"geometry",
     {"st_geomfromtext('POINT(1 -2.5)')", "st_geomfromtext('POLYGON((0 0,1 0,1 1,0 0))', 4326)",
      "st_geomfromtext('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')"}},
    {"point", {"st_geomfromtext('POINT(3 4)')"}},
};

const std::vector<Sample> kMySqlTypes = {
    {"json",
     {R"('{"b": 1, "aa": [true, false, null, "x\\\\y", -1, 65535, 4294967296], "é": {}}')",
      "json_array(0.1, 1e15, 1e16, 1.5e-7, -0e0, 1e308, 3e0, 18446744073709551615, 1e0/3)",
      "json_array(cast(-1.50 as decimal(10,2)), date'2020-01-02', timestamp'2020-01-02 03:04:05.6',"
      " cast('-12:34:56.5' as time(1)), x'00ff', b'101')",
      "json_array(repeat(x'ff', 100), st_geomfromtext('POINT(1 2)'))", "'null'",
      "'\"\\\\u0001\\\\n\\\\u007f/\"'", "'[]'", "'-0.0'",
      "json_object('k', repeat('long ', 20000), 'n', json_array(70000, -70000, 1))",
      "json_array(-32768, 32767, -32769, 65536, 2147483647, -2147483649, 4294967295)",
      "json_extract(concat(repeat('[', 99), repeat(']', 99)), '$')"}},
    {"varchar(20) character set gb18030", {"'中文😀'"}},
};

const std::vector<Sample> kMariaDbTypes = {
    {"json", {R"('{"b": 1,  "a": [1.0]}')", "'\"é\"'", "'null'"}},
    {"uuid",
     {"'550e8400-e29b-41d4-a716-446655440000'", "'00000000-0000-0000-0000-000000000000'",
      "'123e4567-e89b-12d3-a456-426655440000'", "'ffffffff-ffff-7fff-8fff-ffffffff0000'"}},
    {"inet6",
     {"'::'", "'::1'", "'::ffff:1.2.3.4'", "'::1.2.3.4'", "'fe80::1:0:0:1'",
      "'2001:db8:0:1:1:1:1:1'", "'1:0:0:2::'", "'::ffff'", "'1::8'", "'::1:2:3'", "'0:1::'",
      "'1:2:3:4:5:6:7::'", "'::2:3:4:5:6:7:8'"}},
    {"inet4", {"'0.0.0.0'", "'1.2.3.0'", "'255.255.255.255'"}},
    {"varchar(300) compressed", {"repeat('abc', 80)", "'short'", "''"}},
    {"text compressed character set latin1", {"repeat('é', 3000)", "'x'", "''"}},
    {"blob compressed", {"repeat(x'00ff', 3000)", "x''"}},
    {"mediumblob compressed", {"repeat('q', 100000)"}},
};

// What only later versions have.
std::vector<Sample> LaterTypes(const MysqlServer& server) {
  std::vector<Sample> types;
  if (server.mariadb()) {
    if (server.version() < 110700) return {};
    return {{"vector(3)", {"vec_fromtext('[1,2,-0.5]')", "vec_fromtext('[0,0,0]')"}}};
  }
  if (server.version() >= 80022) types.push_back({"json", {"json_array(cast(2020 as year))"}});
  if (server.version() >= 90000) {
    types.push_back({"vector(3)", {"string_to_vector('[1,2,-0.5]')", "string_to_vector('[0]')"}});
  }
  return types;
}

std::string Statements(const std::vector<Sample>& samples, std::string* insert) {
  std::vector<std::string> columns = {"id int PRIMARY KEY"};
  size_t rows = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    columns.push_back(absl::StrCat("c", i, " ", samples[i].type));
    rows = std::max(rows, samples[i].values.size());
  }
  for (size_t row = 0; row <= rows; ++row) {
    absl::StrAppend(insert, "INSERT IGNORE INTO every_type VALUES (", row);
    for (const Sample& sample : samples) {
      absl::StrAppend(insert, ", ",
                      row == rows ? "NULL" : sample.values[row % sample.values.size()]);
    }
    absl::StrAppend(insert, ");");
  }
  return absl::StrCat("CREATE TABLE every_type (", absl::StrJoin(columns, ", "),
                      ") ENGINE=InnoDB ROW_FORMAT=DYNAMIC CHARACTER SET utf8mb4");
}

// The SELECT list in the form that ColumnCodec::AppendSql takes.
std::string SelectList(const BuiltTable& table) {
  std::vector<std::string> columns;
  for (size_t i = 0; i < table.codecs.size(); ++i) {
    const std::string name = absl::StrCat("`", table.schema.columns[i].name, "`");
    columns.push_back(NeedsDoubleForm(table.codecs[i]) ? absl::StrCat(name, " * 1e0") : name);
  }
  return absl::StrJoin(columns, ", ");
}

std::string Shown(const model::Bytes& bytes) {
  std::string text(bytes.view().substr(0, 200));
  return absl::CHexEscape(text);
}

class TypesServerTest : public ::testing::TestWithParam<MysqlProduct> {
 protected:
  void SetUp() override {
    auto server = MysqlServer::Start({.product = GetParam()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<MysqlServer> server_;
};

TEST_P(TypesServerTest, SelectAndLogGiveTheSameBytes) {
  std::vector<Sample> samples = kCommonTypes;
  const std::vector<Sample>& own = server_->mariadb() ? kMariaDbTypes : kMySqlTypes;
  samples.insert(samples.end(), own.begin(), own.end());
  const std::vector<Sample> later = LaterTypes(*server_);
  samples.insert(samples.end(), later.begin(), later.end());
  std::string insert;
  ASSERT_OK(server_->Exec("SET sql_mode = '', time_zone = '+00:00', NAMES utf8mb4"));
  ASSERT_OK(server_->Exec(Statements(samples, &insert)));
  ASSERT_OK(server_->Exec(insert));
  ASSERT_OK(server_->Exec("FLUSH BINARY LOGS"));
  auto catalog = DescribeServerTable(*server_, "every_type");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  auto logged = ReadLoggedTable(*server_, "every_type");
  ASSERT_TRUE(logged.ok()) << logged.status();
  auto from_log = BuildFromTableMap(logged->map, *catalog);
  ASSERT_TRUE(from_log.ok()) << from_log.status();
  auto from_catalog = BuildFromCatalog(*catalog);
  ASSERT_TRUE(from_catalog.ok()) << from_catalog.status();
  EXPECT_TRUE(from_log->schema.catalog_current);
  for (size_t i = 0; i < from_log->codecs.size(); ++i) {
    EXPECT_EQ(from_log->codecs[i].model_type->oid, from_catalog->codecs[i].model_type->oid)
        << from_catalog->codecs[i].model_type->name;
    EXPECT_EQ(from_log->codecs[i].model_type->modifier,
              from_catalog->codecs[i].model_type->modifier)
        << from_catalog->codecs[i].model_type->name;
  }
  EXPECT_TRUE(model::SameContent(from_log->schema, from_catalog->schema));

  ASSERT_OK(server_->Exec("SET character_set_results = NULL"));
  auto rows = server_->Query(
      absl::StrCat("SELECT ", SelectList(*from_catalog), " FROM every_type ORDER BY id"));
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), logged->changes.size());
  size_t compared = 0;
  for (size_t row = 0; row < rows->size(); ++row) {
    const RowCells& cells = logged->changes[row].after;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string& type = from_catalog->codecs[i].model_type->name;
      const std::optional<std::string>& field = (*rows)[row][i];
      ASSERT_EQ(cells[i].kind == Cell::Kind::kNull, !field.has_value()) << type << " row " << row;
      if (!field.has_value()) continue;
      ++compared;
      model::Bytes log, sql;
      EXPECT_TRUE(from_log->codecs[i].AppendBinlog(log, 1, cells[i].bytes))
          << type << " " << absl::BytesToHexString(std::string(cells[i].bytes));
      EXPECT_TRUE(from_catalog->codecs[i].AppendSql(sql, 1, *field)) << type << " " << *field;
      EXPECT_EQ(log.view(), sql.view())
          << type << " row " << row << ": log " << Shown(log) << " select " << Shown(sql);
      EXPECT_LE(log.size(), from_log->codecs[i].BinlogBound(cells[i].bytes)) << type;
      EXPECT_LE(sql.size(), from_catalog->codecs[i].SqlBound(*field)) << type;
    }
  }
  EXPECT_EQ(compared, (rows->size() - 1) * samples.size() + rows->size());
}

// What PARTIAL_UPDATE_ROWS carries gives the document that the server then has.
TEST_P(TypesServerTest, JsonDiffsGiveTheNewDocument) {
  if (server_->mariadb()) return;  // has no such events
  const std::vector<std::string> changes = {
      "json_set(d, '$.a', 5)",
      "json_replace(d, '$.list[1]', json_object('z', 1, 'y', json_array()))",
      "json_set(d, '$.list[2].y', 'text \\n \"quoted\"', '$.b', 1.5)",
      "json_remove(d, '$.list[0]')",
      "json_set(d, '$.\"odd key.[]\"', true, '$.\"é\"', null)",
      "json_set(d, '$.\"odd key.[]\"', json_array(1, 2))",
      "json_array_insert(d, '$.list[0]', 'first')",
      "json_array_append(d, '$.list', 'last')",
      "json_set(d, '$.list[last]', 'tail')",
      "json_set(d, '$.list[last-9]', 'before')",
      "json_set(d, '$.list[99]', 'behind')",
      "json_set(json_replace(d, '$.list[last-9]', 0), '$.b', 2)",
      "json_set(json_remove(d, '$.list[last-9]'), '$.b', 3)",
      "json_set(d, '$.b[0]', 4)",
      "json_set(d, '$.b[last-2]', 'wrapped')",
      "json_set(d, '$.b[last-1][last-1]', 'deeper')",
      "json_remove(d, '$.a', '$.\"é\"')",
      "json_set(d, '$.deep.er', 1)",
      "json_replace(d, '$.pad', 'short')",
  };
  ASSERT_OK(server_->Exec("SET binlog_row_value_options = PARTIAL_JSON"));
  ASSERT_OK(server_->Exec("CREATE TABLE docs (id int PRIMARY KEY, d json)"));
  ASSERT_OK(server_->Exec(
      "INSERT INTO docs VALUES (1, json_object('a', 1, 'list', json_array(1, 'two', 3.5),"
      " 'deep', json_object(), 'pad', repeat('x', 2000)))"));
  std::vector<std::string> documents;
  for (const std::string& change : changes) {
    ASSERT_OK(server_->Exec(absl::StrCat("UPDATE docs SET d = ", change)));
    auto document = server_->QueryValue("SELECT d FROM docs");
    ASSERT_TRUE(document.ok()) << document.status();
    documents.push_back(*document);
  }
  ASSERT_OK(server_->Exec("FLUSH BINARY LOGS"));
  auto logged = ReadLoggedTable(*server_, "docs");
  ASSERT_TRUE(logged.ok()) << logged.status();
  ASSERT_EQ(logged->changes.size(), changes.size() + 1);
  auto table = BuildFromTableMap(logged->map, std::nullopt);
  ASSERT_TRUE(table.ok()) << table.status();
  size_t partial = 0;
  for (size_t i = 0; i < changes.size(); ++i) {
    const Cell& before = logged->changes[i + 1].before[1];
    const Cell& after = logged->changes[i + 1].after[1];
    model::Bytes from_log, from_sql;
    if (after.kind == Cell::Kind::kJsonDiffs) {
      ++partial;
      EXPECT_TRUE(table->codecs[1].AppendJsonDiffs(from_log, 1, before.bytes, after.bytes));
    } else {
      EXPECT_TRUE(table->codecs[1].AppendBinlog(from_log, 1, after.bytes));
    }
    EXPECT_TRUE(table->codecs[1].AppendSql(from_sql, 1, documents[i]));
    EXPECT_EQ(from_log.view(), from_sql.view()) << changes[i];
  }
  EXPECT_GE(partial, changes.size() - 4);
}

// Every code of every charset.
TEST_P(TypesServerTest, CharsetsConvertAsTheServerDoes) {
  ASSERT_OK(server_->Exec("SET sql_mode = ''"));
  ASSERT_OK(server_->Exec("CREATE TABLE codes (code varbinary(3), size int) ENGINE=InnoDB"));
  std::string values = "INSERT INTO codes VALUES (x'00', 1)";
  for (int i = 1; i < 0x100; ++i) {
    absl::StrAppend(&values, ",(x'", absl::Hex(i, absl::kZeroPad2), "',1)");
  }
  for (int i = 0x8000; i < 0x10000; ++i) {
    absl::StrAppend(&values, ",(x'", absl::Hex(i, absl::kZeroPad4), "',2)");
  }
  ASSERT_OK(server_->Exec(values));
  ASSERT_OK(
      server_->Exec("INSERT INTO codes SELECT concat(x'8f', code), 3 FROM codes"
                    " WHERE size = 2 AND code >= x'a1a1'"));
  auto names = server_->Query("SELECT character_set_name FROM information_schema.character_sets");
  ASSERT_TRUE(names.ok()) << names.status();
  int charsets = 0;
  for (const testing::SqlRow& name : *names) {
    if (name[0] == "binary" || name[0] == "filename") continue;
    const std::string known = name[0] == "utf8" ? "utf8mb3" : *name[0];
    auto charset = Charset::Named(known);
    ASSERT_TRUE(charset.ok()) << charset.status();
    if (known.rfind("utf", 0) == 0 || known == "ucs2") continue;
    ++charsets;
    auto rows = server_->Query(
        absl::StrCat("SELECT hex(code), hex(convert(convert(code USING ", known,
                     ") USING utf8mb4)) FROM codes WHERE size = 1 OR (size <= (SELECT maxlen FROM"
                     " information_schema.character_sets WHERE character_set_name = '",
                     known, "'))"));
    ASSERT_TRUE(rows.ok()) << rows.status();
    int compared = 0;
    for (const testing::SqlRow& row : *rows) {
      model::Bytes utf8;
      if (!(*charset)->AppendUtf8(utf8, absl::HexStringToBytes(*row[0]))) continue;
      ++compared;
      EXPECT_EQ(absl::AsciiStrToUpper(absl::BytesToHexString(std::string(utf8.view()))),
                row[1].value_or("NULL"))
          << known << " " << *row[0];
    }
    EXPECT_GE(compared, 127) << known;
  }
  EXPECT_GE(charsets, 33);
}

INSTANTIATE_TEST_SUITE_P(Servers, TypesServerTest, ::testing::ValuesIn(testing::kMysqlProducts),
                         [](const auto& of) { return std::string(testing::Name(of.param)); });

}  // namespace
}  // namespace tidemark::capture::mysql
