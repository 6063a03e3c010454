// Every type of MySQL and MariaDB, by way of the log and of a snapshot, in the server's own text;
// and the bytes of a row read are those of the same row created.

#include <map>

#include "absl/strings/str_cat.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

struct TypeCase {
  const char* type;
  // SQL expressions; NULL is tried for every type.
  std::vector<const char*> values;
};

const std::vector<TypeCase>& CommonTypes() {
  static const std::vector<TypeCase> types = {
      {"tinyint", {"-128", "127", "0"}},
      {"tinyint unsigned", {"0", "255"}},
      {"boolean", {"true", "false"}},
      {"smallint", {"-32768", "32767"}},
      {"smallint unsigned", {"65535"}},
      {"mediumint", {"-8388608", "8388607", "-1"}},
      {"mediumint unsigned", {"16777215"}},
      {"int", {"-2147483648", "2147483647", "0"}},
      {"int unsigned", {"4294967295"}},
      {"int(8) zerofill", {"5", "123456789"}},
      {"bigint", {"-9223372036854775808", "9223372036854775807"}},
      {"bigint unsigned", {"18446744073709551615", "9223372036854775808"}},
      {"decimal(10,2)", {"0", "-12.5", "99999999.99", "-0.01"}},
      {"decimal(10,2) unsigned zerofill", {"7.5"}},
      {"decimal(65,30)",
       {"-99999999999999999999999999999999999.999999999999999999999999999999", "1e-30", "1"}},
      {"decimal(38,0)", {"99999999999999999999999999999999999999", "-1"}},
      {"decimal(9,9)", {"0.000000001", "-0.999999999"}},
      {"float", {"0", "'-0'", "0.1", "1e-5", "16777216", "3.4028234e38", "-1.17549435e-38"}},
      {"float(7,3)", {"1234.567", "-0.001"}},
      {"float unsigned", {"0.1"}},
      {"double",
       {"0", "'-0'", "0.1", "1e23", "5e-324", "1.7976931348623157e308", "123456789012345678"}},
      {"double(10,2)", {"1.005", "12345678.91"}},
      {"bit(1)", {"b'1'", "b'0'"}},
      {"bit(5)", {"b'10101'", "b'00001'"}},
      {"bit(17)", {"b'10000000000000001'"}},
      {"bit(64)", {"0xffffffffffffffff", "1", "0x8000000000000000"}},
      {"year", {"1901", "2155", "0"}},
      {"date", {"'2024-02-29'", "'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2024-00-10'"}},
      {"time", {"'00:00'", "'-838:59:59'", "'838:59:59'", "'-00:00:01'"}},
      {"time(1)", {"'12:34:56.7'", "'-12:34:56.7'"}},
      {"time(2)", {"'-00:00:00.99'", "'-00:00:01.00'"}},
      {"time(3)", {"'-838:59:58.999'"}},
      {"time(4)", {"'-00:00:00.0001'", "'12:00:00.1234'"}},
      {"time(6)", {"'12:34:56.789012'", "'-12:34:56.789012'", "'-00:00:00.000001'"}},
      {"datetime",
       {"'2024-02-29 12:34:56'", "'1000-01-01'", "'9999-12-31 23:59:59'", "'0000-00-00'",
        "'2024-00-00 10:00:00'"}},
      {"datetime(1)", {"'1969-12-31 23:59:59.9'"}},
      {"datetime(3)", {"'2024-02-29 12:34:56.789'", "'0000-00-00'"}},
      {"datetime(6)", {"'2024-02-29 12:34:56.789012'", "'1000-01-01 00:00:00.000001'"}},
      {"timestamp NULL", {"'2024-02-29 12:34:56'", "'1970-01-01 00:00:01'", "'0000-00-00'"}},
      {"timestamp(3) NULL", {"'2038-01-19 03:14:07.999'", "'0000-00-00'"}},
      {"timestamp(6) NULL", {"'2024-02-29 12:34:56.789012'"}},
      {"char(6)", {"''", "'ab'", "'ab  '", "'日本'", "' a'"}},
      {"char(80) CHARACTER SET utf8mb4", {"repeat('😀', 80)", "'x'"}},
      {"char(0)", {"''"}},
      {"varchar(10)", {"''", "'abc  '", "'Grüße 日本😀'", "'a\\0b'"}},
      {"varchar(300)", {"repeat('é', 300)", "'tab\\tline\\nback\\\\slash'"}},
      {"varchar(20) CHARACTER SET latin1", {"'Grüße €‚ƒ„…'", "x'808182'"}},
      {"varchar(20) CHARACTER SET ascii", {"'plain'"}},
      {"varchar(20) CHARACTER SET latin2", {"'Łódź'"}},
      {"varchar(20) CHARACTER SET cp1251", {"'Привет'"}},
      {"varchar(20) CHARACTER SET koi8r", {"'Привет'"}},
      {"varchar(20) CHARACTER SET greek", {"'Ελλάδα'"}},
      {"varchar(20) CHARACTER SET utf8mb3", {"'Grüße 日本'"}},
      {"varchar(20) CHARACTER SET utf16", {"'Grüße 日本 😀'", "'ab '"}},
      {"varchar(20) CHARACTER SET utf16le", {"'Grüße 😀'"}},
      {"varchar(20) CHARACTER SET utf32", {"'Grüße 😀'"}},
      {"varchar(20) CHARACTER SET ucs2", {"'Grüße 日本'"}},
      {"varchar(20) CHARACTER SET sjis", {"'日本ｱｲ'"}},
      {"varchar(20) CHARACTER SET cp932", {"'日本①'"}},
      {"varchar(20) CHARACTER SET ujis", {"'日本'"}},
      {"varchar(20) CHARACTER SET euckr", {"'한국어'"}},
      {"varchar(20) CHARACTER SET gbk", {"'中文'"}},
      {"varchar(20) CHARACTER SET gb2312", {"'中文'"}},
      {"varchar(20) CHARACTER SET big5", {"'中文'"}},
      {"char(20) CHARACTER SET ucs2", {"'ab'", "'日本'"}},
      {"tinytext", {"''", "'short'"}},
      {"text", {"'Grüße 日本😀'", "repeat('x', 60000)"}},
      {"text CHARACTER SET latin1", {"'Grüße €'"}},
      {"mediumtext", {"repeat('é', 100000)"}},
      {"longtext", {"'long'"}},
      {"binary(4)", {"x'01020304'", "x'0100'", "x'00'", "''"}},
      {"binary(255)", {"x'01'"}},
      {"varbinary(300)", {"x'00ff00'", "''", "repeat(x'00', 300)"}},
      {"tinyblob", {"x'00ff'"}},
      {"blob", {"x'00ff00'", "''"}},
      {"mediumblob", {"repeat(x'ff', 70000)"}},
      {"longblob", {"x'deadbeef'"}},
      {"enum('a', 'B ', 'it''s', 'ß,x')", {"'a'", "'it''s'", "'ß,x'", "''"}},
      {"enum('é', 'ü') CHARACTER SET latin1", {"'é'", "'ü'"}},
      {"set('a', 'b', 'c d', 'ß')", {"''", "'a'", "'ß,a'", "'a,b,c d,ß'"}},
      {"geometry",
       {"ST_GeomFromText('POINT(1.5 -2)')", "ST_GeomFromText('LINESTRING(0 0, 1 1)')",
        "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1))')"}},
      {"point", {"ST_GeomFromText('POINT(1 2)')"}},
      {"linestring", {"ST_GeomFromText('LINESTRING(0 0, 1 1)')"}},
      {"polygon", {"ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))')"}},
      {"multipoint", {"ST_GeomFromText('MULTIPOINT(1 1, 2 2)')"}},
      {"multipolygon", {"ST_GeomFromText('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))')"}},
  };
  return types;
}

const std::vector<TypeCase>& MySqlTypes() {
  static const std::vector<TypeCase> types = {
      {"json",
       {"'{\"b\": 1, \"aa\": [true, null, \"x\"]}'", "'[]'", "'{}'", "'null'", "'\"text ß 😀\"'",
        "'1'", "'-1.5'", "'1e100'", "'1.0'", "'18446744073709551615'", "'-9223372036854775808'",
        "'[1, 2.25, 70000, 5000000000]'", "'\"\\\\n\\\\u0001\\\\\"\"'",
        "JSON_OBJECT('d', CAST('12.50' AS DECIMAL(10,2)))",
        "JSON_ARRAY(CAST('2024-02-29' AS DATE), CAST('12:34:56.5' AS TIME(6)), "
        "CAST('2024-02-29 12:34:56.789' AS DATETIME(6)))",
        "JSON_ARRAY(x'00ff', b'101')", "JSON_OBJECT('big', repeat('y', 70000))",
        "(SELECT JSON_OBJECTAGG(concat('k', i), i) FROM (SELECT 1 AS i UNION SELECT 2) s)"}},
      {"point SRID 4326", {"ST_GeomFromText('POINT(10 20)', 4326)"}},
      {"geometry",
       {"ST_GeomFromText('POINT(10 20)', 4326)", "ST_GeomFromText('POINT(1 2)', 3857)"}},
      {"varchar(20) CHARACTER SET gb18030", {"'中文😀'"}},
      {"varchar(20) COLLATE utf8mb4_0900_ai_ci", {"'a '", "'Ä'"}},
  };
  return types;
}

const std::vector<TypeCase>& MySql9Types() {
  static const std::vector<TypeCase> types = {
      {"vector(3)", {"STRING_TO_VECTOR('[1,-2.5,3e10]')"}},
      {"vector", {"STRING_TO_VECTOR('[0]')"}},
  };
  return types;
}

const std::vector<TypeCase>& MariaDbTypes() {
  static const std::vector<TypeCase> types = {
      {"json", {"'{\"b\": 1,  \"a\": [true, null]}'", "'null'", "'1.0'"}},
      {"uuid",
       {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'00000000-0000-0000-0000-000000000000'",
        "'ffffffff-ffff-7fff-8fff-ffffffff0000'", "'123e4567-e89b-12d3-a456-426655440000'"}},
      {"inet4", {"'10.0.0.1'", "'0.0.0.0'", "'255.255.255.0'"}},
      {"inet6", {"'::'", "'::1'", "'fe80::1:0:0'", "'::ffff:1.2.3.4'", "'2001:db8::'"}},
      {"varchar(200) COMPRESSED", {"''", "'abc'", "repeat('z', 200)"}},
      {"text COMPRESSED", {"'abc'", "repeat('Grüße', 5000)"}},
      {"blob COMPRESSED", {"x'00ff'", "repeat(x'00ff', 20000)"}},
      {"varchar(20) COLLATE utf8mb4_nopad_bin", {"'a '", "'a'"}},
  };
  return types;
}

const std::vector<TypeCase>& MariaDb11Types() {
  static const std::vector<TypeCase> types = {
      {"vector(3) NOT NULL DEFAULT VEC_FromText('[0,0,0]')", {"VEC_FromText('[1,-2.5,3e10]')"}},
      {"timestamp(6) NULL", {"'2106-02-07 06:28:15.999999'"}},
      {"varchar(20) COLLATE uca1400_ai_ci", {"'a '", "'Ä'"}},
  };
  return types;
}

class MysqlTypesTest : public CaptureTest {
 protected:
  // One table a type: t0, t1, …; a third of the rows before the service starts, one before and one
  // after the snapshot.
  void TryTypes(const std::vector<TypeCase>& types) {
    Sql("SET SESSION sql_mode = 'PIPES_AS_CONCAT,ALLOW_INVALID_DATES'");
    std::vector<std::string> tables;
    for (const TypeCase& type : types) {
      tables.push_back(Named(absl::StrCat("t", tables.size())));
      Sql(absl::StrCat("CREATE TABLE ", tables.back(),
                       " (id int AUTO_INCREMENT PRIMARY KEY, value ", type.type, ")"));
      Insert(tables.back(), type);
    }
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    for (size_t i = 0; i < types.size(); ++i) Insert(tables[i], types[i]);
    Snapshot(tables);
    for (size_t i = 0; i < types.size(); ++i) {
      Insert(tables[i], types[i]);
      Sql(absl::StrCat("UPDATE ", tables[i], " SET value = ", types[i].values[0], " WHERE id = 1"));
    }
    ExpectExact({.tables = tables, .differences_max = 200});
    ExpectOneEncoding(types);
  }

  void Insert(const std::string& table, const TypeCase& type) {
    std::string rows = IsNullable(type) ? "(NULL)" : "(DEFAULT)";
    for (const char* value : type.values) absl::StrAppend(&rows, ", (", value, ")");
    Sql(absl::StrCat("INSERT INTO ", table, " (value) VALUES ", rows));
  }

  static bool IsNullable(const TypeCase& type) {
    return std::string(type.type).find("NOT NULL") == std::string::npos;
  }

  // Each insert wrote the same rows again: the value of each, read or created, has the same bytes.
  void ExpectOneEncoding(const std::vector<TypeCase>& types) {
    std::map<std::string, const TypeCase*> by_table;
    for (const TypeCase& type : types) {
      by_table[Named(absl::StrCat("t", by_table.size()))] = &type;
    }
    std::map<std::pair<std::string, size_t>, std::string> known;
    std::map<std::string, size_t> compared;
    ForEachChange([&](const std::string& table, const v1::Change& change) {
      if (change.op() != v1::OP_READ && change.op() != v1::OP_CREATE) return;
      const TypeCase& type = *by_table.at(table);
      const auto id = static_cast<size_t>(change.after().values(0).integer());
      const std::string bytes = change.after().values(1).SerializeAsString();
      const std::pair row(table, (id - 1) % (type.values.size() + 1));
      if (!known.emplace(row, bytes).second) ++compared[table];
      EXPECT_EQ(known[row], bytes)
          << type.type << ", row " << id << " " << v1::Op_Name(change.op());
    });
    for (const auto& [table, type] : by_table) {
      EXPECT_GT(compared[table], type->values.size()) << type->type;
    }
  }
};

TEST_P(MysqlTypesTest, CommonTypesAreTheServersOnBothPaths) { TryTypes(CommonTypes()); }

TEST_P(MysqlTypesTest, TypesOfOneMakeAreTheServersOnBothPaths) {
  std::vector<TypeCase> types = mysql() ? MySqlTypes() : MariaDbTypes();
  const uint32_t version = mysql_server().version();
  if (mysql() && version >= 90000) {
    types.insert(types.end(), MySql9Types().begin(), MySql9Types().end());
  } else if (mariadb() && version >= 110700) {
    types.insert(types.end(), MariaDb11Types().begin(), MariaDb11Types().end());
  }
  TryTypes(types);
}

TEST_P(MysqlTypesTest, KeysOfEveryKindMeetTheirChanges) {
  const std::vector<TypeCase> keys = {
      {"varchar(20) COLLATE utf8mb4_bin", {"'a'", "'A'", "''", "'x\\ty'", "'日本'"}},
      {"char(4) COLLATE utf8mb4_bin", {"'a'", "'ab'"}},
      {"char(4) CHARACTER SET utf16", {"'a'", "'日本'"}},
      {"varchar(20) CHARACTER SET latin1", {"'é'", "'€'"}},
      {"decimal(10,2)", {"1.0", "-2.50", "0"}},
      {"double", {"0.1", "1e23"}},
      {"float", {"0.1", "1e10"}},
      {"binary(4)", {"x'00'", "x'01000000'", "x'ff00ff'"}},
      {"varbinary(9)", {"x'00'", "''", "x'ff00'"}},
      {"timestamp(3)", {"'2024-01-01 10:00:00.123'"}},
      {"datetime", {"'2024-01-01 10:00:00'"}},
      {"date", {"'2024-01-01'", "'9999-12-31'"}},
      {"time(6)", {"'-12:00:00.000001'", "'838:00:00'"}},
      {"year", {"2024", "1901"}},
      {"bigint unsigned", {"18446744073709551615", "0"}},
      {"mediumint", {"-8388608", "1"}},
      {"bit(9)", {"b'100000001'", "b'1'"}},
      {"enum('x', 'y')", {"'x'", "'y'"}},
      {"set('x', 'y')", {"'x,y'", "''"}},
  };
  std::vector<std::string> tables;
  for (const TypeCase& key : keys) {
    tables.push_back(Named(absl::StrCat("k", tables.size())));
    Sql(absl::StrCat("CREATE TABLE ", tables.back(), " (id ", key.type,
                     " PRIMARY KEY, version bigint NOT NULL)"));
    for (const char* value : key.values) {
      Sql(absl::StrCat("INSERT INTO ", tables.back(), " VALUES (", value, ", 1)"));
    }
  }
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot(tables);
  for (const std::string& table : tables) {
    Sql(absl::StrCat("UPDATE ", table, " SET version = 2"));
    Sql(absl::StrCat("DELETE FROM ", table, " ORDER BY id LIMIT 1"));
  }
  Snapshot(tables);
  ExpectExact({.tables = tables});
}

TIDEMARK_ON_EVERY_MYSQL(MysqlTypesTest);

}  // namespace
}  // namespace tidemark::contract
