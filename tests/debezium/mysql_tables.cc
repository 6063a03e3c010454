#include "tests/debezium/tables.h"

namespace tidemark::debezium {
namespace {

void Add(const std::vector<TypeTable>& more, std::vector<TypeTable>& types) {
  types.insert(types.end(), more.begin(), more.end());
}

std::vector<TypeTable> Numbers() {
  return {
      {"tinyint_", "tinyint", {"-128", "127", "0"}},
      {"tinyint_unsigned", "tinyint unsigned", {"0", "255"}},
      {"boolean_", "boolean", {"true", "false", "7"}},
      {"smallint_", "smallint", {"-32768", "32767"}},
      {"smallint_unsigned", "smallint unsigned", {"65535"}},
      {"mediumint_", "mediumint", {"-8388608", "8388607", "-1"}},
      {"mediumint_unsigned", "mediumint unsigned", {"16777215"}},
      {"int_", "int", {"-2147483648", "2147483647", "0"}},
      {"int_unsigned", "int unsigned", {"4294967295"}},
      {"int_zerofill", "int(8) zerofill", {"5", "123456789"}},
      {"bigint_", "bigint", {"-9223372036854775808", "9223372036854775807"}},
      {"bigint_unsigned", "bigint unsigned", {"18446744073709551615", "9223372036854775808", "7"}},
      {"decimal_10_2", "decimal(10,2)", {"0", "-12.5", "99999999.99", "-0.01"}},
      {"decimal_zerofill", "decimal(10,2) unsigned zerofill", {"7.5"}},
      {"decimal_65_30",
       "decimal(65,30)",
       {"-99999999999999999999999999999999999.999999999999999999999999999999", "1e-30", "1"}},
      {"decimal_38", "decimal(38,0)", {"99999999999999999999999999999999999999", "-1"}},
      {"decimal_9_9", "decimal(9,9)", {"0.000000001", "-0.999999999"}},
      {"float_",
       "float",
       {"0", "'-0'", "0.1", "1e-5", "16777216", "3.4028234e38", "-1.17549435e-38"}},
      {"float_7_3", "float(7,3)", {"1234.567", "-0.001"}},
      {"float_24", "float(24)", {"0.1"}},
      {"float_25", "float(25)", {"0.1"}},
      {"float_unsigned", "float unsigned", {"0.1"}},
      {"double_",
       "double",
       {"0", "'-0'", "0.1", "1e23", "5e-324", "1.7976931348623157e308", "123456789012345678"}},
      {"double_10_2", "double(10,2)", {"1.005", "12345678.91"}},
      {"bit_1", "bit(1)", {"b'1'", "b'0'"}},
      {"bit_5", "bit(5)", {"b'10101'", "b'00001'", "b'00000'"}},
      {"bit_17", "bit(17)", {"b'10000000000000001'"}},
      {"bit_64", "bit(64)", {"0xffffffffffffffff", "1", "0x8000000000000000"}},
  };
}

std::vector<TypeTable> Times() {
  return {
      {"year_", "year", {"1901", "2155"}},
      {"date_", "date", {"'2024-02-29'", "'1000-01-01'", "'9999-12-31'"}},
      {"date_zero", "date", {"'0000-00-00'", "'2024-00-10'"}},
      {"time_", "time", {"'00:00'", "'23:59:59'"}},
      {"time_long", "time", {"'-838:59:59'", "'838:59:59'", "'-00:00:01'"}},
      {"time_1", "time(1)", {"'12:34:56.7'", "'-12:34:56.7'"}},
      {"time_3", "time(3)", {"'-838:59:58.999'", "'01:02:03.004'"}},
      {"time_6", "time(6)", {"'12:34:56.789012'", "'-12:34:56.789012'", "'-00:00:00.000001'"}},
      {"datetime_", "datetime", {"'2024-02-29 12:34:56'", "'1000-01-01'", "'9999-12-31 23:59:59'"}},
      {"datetime_zero", "datetime", {"'0000-00-00'", "'2024-00-00 10:00:00'"}},
      {"datetime_1", "datetime(1)", {"'1969-12-31 23:59:59.9'"}},
      {"datetime_3", "datetime(3)", {"'2024-02-29 12:34:56.789'"}},
      {"datetime_6",
       "datetime(6)",
       {"'2024-02-29 12:34:56.789012'", "'1000-01-01 00:00:00.000001'"}},
      {"timestamp_", "timestamp NULL", {"'2024-02-29 12:34:56'", "'1970-01-01 00:00:01'"}},
      {"timestamp_zero", "timestamp NULL", {"'0000-00-00'"}},
      {"timestamp_3", "timestamp(3) NULL", {"'2038-01-19 03:14:07.999'", "'2024-01-01 00:00:00'"}},
      {"timestamp_6",
       "timestamp(6) NULL",
       {"'2024-02-29 12:34:56.789012'", "'2024-01-01 00:00:00.5'"}},
  };
}

std::vector<TypeTable> Texts() {
  return {
      {"char_", "char(6)", {"''", "'ab'", "'ab  '", "'日本'", "' a'"}},
      {"varchar_",
       "varchar(20)",
       {"''", "'abc  '", "'Grüße 日本😀'", "'a\\0b'", "'tab\\tline\\nback\\\\slash \" /'"}},
      {"varchar_latin1", "varchar(20) CHARACTER SET latin1", {"'Grüße €‚ƒ„…'"}},
      {"varchar_latin2", "varchar(20) CHARACTER SET latin2", {"'Łódź'"}},
      {"varchar_cp1251", "varchar(20) CHARACTER SET cp1251", {"'Привет'"}},
      {"varchar_utf16", "varchar(20) CHARACTER SET utf16", {"'Grüße 日本 😀'"}},
      {"varchar_ucs2", "varchar(20) CHARACTER SET ucs2", {"'Grüße 日本'"}},
      {"varchar_sjis", "varchar(20) CHARACTER SET sjis", {"'日本ｱｲ'"}},
      {"varchar_gbk", "varchar(20) CHARACTER SET gbk", {"'中文'"}},
      {"tinytext_", "tinytext", {"''", "'short'"}},
      {"text_", "text", {"'Grüße 日本😀'", "repeat('x', 60000)"}},
      {"mediumtext_", "mediumtext", {"'medium'"}},
      {"longtext_", "longtext", {"'long'"}},
      {"binary_4", "binary(4)", {"x'01020304'", "x'0100'", "''"}},
      {"varbinary_", "varbinary(300)", {"x'00ff00'", "''"}},
      {"tinyblob_", "tinyblob", {"x'00ff'"}},
      {"blob_", "blob", {"x'00ff00'", "''"}},
      {"mediumblob_", "mediumblob", {"x'ff'"}},
      {"longblob_", "longblob", {"x'deadbeef'"}},
      {"enum_", "enum('a', 'B ', 'it''s', 'ß,x')", {"'a'", "'it''s'", "'ß,x'"}},
      {"set_", "set('a', 'b', 'c d', 'ß')", {"''", "'a'", "'ß,a'", "'a,b,c d,ß'"}},
  };
}

std::vector<TypeTable> Geometries() {
  return {
      {"geometry_",
       "geometry",
       {"ST_GeomFromText('POINT(1.5 -2)')", "ST_GeomFromText('LINESTRING(0 0, 1 1)')",
        "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1))')"}},
      {"point_", "point", {"ST_GeomFromText('POINT(1 2)')"}},
      {"linestring_", "linestring", {"ST_GeomFromText('LINESTRING(0 0, 1 1)')"}},
      {"polygon_", "polygon", {"ST_GeomFromText('POLYGON((0 0, 1 0, 1 1, 0 0))')"}},
      {"multipoint_", "multipoint", {"ST_GeomFromText('MULTIPOINT(1 1, 2 2)')"}},
      {"multilinestring_", "multilinestring", {"ST_GeomFromText('MULTILINESTRING((0 0, 1 1))')"}},
      {"multipolygon_",
       "multipolygon",
       {"ST_GeomFromText('MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)))')"}},
      {"geometrycollection_",
       "geometrycollection",
       {"ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"}},
  };
}

std::vector<TypeTable> TypesOfMysql() {
  return {
      {"year_zero", "year", {"0"}},
      {"json_",
       "json",
       {"'{\"b\": 1, \"aa\": [true, null, \"x\"]}'", "'[]'", "'{}'", "'null'", "'\"text ß 😀\"'",
        "'1'", "'-1.5'", "'18446744073709551615'"}},
      {"json_numbers",
       "json",
       {"'1e100'", "'1.0'", "JSON_OBJECT('d', CAST('12.50' AS DECIMAL(10,2)))"}},
      {"json_times",
       "json",
       {"JSON_ARRAY(CAST('2024-02-29' AS DATE), CAST('12:34:56.5' AS TIME(6)), "
        "CAST('2024-02-29 12:34:56.789' AS DATETIME(6)))"}},
      {"json_binary", "json", {"JSON_ARRAY(x'00ff', b'101')"}},
      {"point_4326", "point SRID 4326", {"ST_GeomFromText('POINT(10 20)', 4326)"}},
      {"geometry_srid", "geometry", {"ST_GeomFromText('POINT(1 2)', 3857)"}},
      {"varchar_gb18030", "varchar(20) CHARACTER SET gb18030", {"'中文😀'"}},
      {"vector_3", "vector(3)", {"STRING_TO_VECTOR('[1,-2.5,3e10]')"}},
  };
}

// Without INET4 and INET6: a table with such a column stops Debezium, which cannot read its
// definition.
std::vector<TypeTable> TypesOfMariaDb() {
  return {
      {"json_", "json", {"'{\"b\": 1,  \"a\": [true, null]}'", "'null'", "'1.0'"}},
      {"uuid_",
       "uuid",
       {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'123e4567-e89b-12d3-a456-426655440000'"}},
  };
}

std::vector<std::string> Before() {
  return {
      R"(CREATE TABLE defaults (
  id int PRIMARY KEY,
  a tinyint NOT NULL DEFAULT 3, b int NOT NULL DEFAULT -7, c bigint unsigned NOT NULL DEFAULT 4,
  d decimal(10,2) NOT NULL DEFAULT 1.5, e float NOT NULL DEFAULT 1.5, f double NOT NULL DEFAULT 1e10,
  g boolean NOT NULL DEFAULT true, h varchar(20) NOT NULL DEFAULT 'x''y', i char(3) NOT NULL DEFAULT 'c',
  j enum('a', 'b') NOT NULL DEFAULT 'b', k set('a', 'b') NOT NULL DEFAULT 'a,b', l year NOT NULL DEFAULT 2020))",
      R"(CREATE TABLE more_defaults (
  id int PRIMARY KEY,
  a date NOT NULL DEFAULT '2024-01-02', b datetime NOT NULL DEFAULT '2024-01-02 03:04:05',
  c timestamp NOT NULL DEFAULT '2024-01-02 03:04:05', d time NOT NULL DEFAULT '03:04:00',
  e datetime(6) NOT NULL DEFAULT '2024-01-02 03:04:05.678', f timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  g datetime NOT NULL DEFAULT CURRENT_TIMESTAMP, h bit(1) NOT NULL DEFAULT b'1', i bit(5) NOT NULL DEFAULT b'101',
  j binary(3) NOT NULL DEFAULT 'abc', k varbinary(3) NOT NULL DEFAULT 'abc', l int NOT NULL DEFAULT (1 + 1),
  m datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), n timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)))",
      R"(CREATE TABLE nullable_defaults (
  id int PRIMARY KEY, a int DEFAULT 5, b varchar(10) DEFAULT 'dflt', c decimal(5,1) DEFAULT 2.5, d boolean DEFAULT true))",
      "CREATE TABLE serials (id int AUTO_INCREMENT PRIMARY KEY, v int)",
      R"(CREATE TABLE required (
  id int PRIMARY KEY, a int NOT NULL, b text NOT NULL, c decimal(10,2) NOT NULL, d boolean NOT NULL,
  e timestamp(6) NOT NULL, f date NOT NULL, g datetime NOT NULL, h json NOT NULL, i blob NOT NULL, j point NOT NULL,
  k enum('a', 'b') NOT NULL, l double NOT NULL, m geometry NOT NULL, n time NOT NULL, o year NOT NULL))",
      R"(CREATE TABLE zero_dates (
  id int PRIMARY KEY, a date NOT NULL, b datetime NOT NULL, c datetime(6) NOT NULL, d timestamp NOT NULL,
  e timestamp(6) NOT NULL))",
      "CREATE TABLE composite (b varchar(10), a int, c text, PRIMARY KEY (a, b))",
      "CREATE TABLE keyless (a int, b text)",
      "CREATE TABLE by_index (a int, code varchar(10) NOT NULL UNIQUE)",
      "CREATE TABLE emptied (id int PRIMARY KEY, v text)",
      "CREATE TABLE odd_names (id int PRIMARY KEY, `Weird Col` int, `grüße` text, `a.b-c` text, "
      "`select` int)",
      "CREATE TABLE widened (id int PRIMARY KEY, v text)",
      "CREATE TABLE narrowed (id int PRIMARY KEY, v text, w int)",
      "INSERT INTO defaults (id) VALUES (1)",
      // Of the time now one in ten ends with a zero, which Debezium's snapshot leaves out.
      "SET timestamp = 1704067200.123456",
      "INSERT INTO more_defaults (id) VALUES (1)",
      "SET timestamp = DEFAULT",
      "INSERT INTO nullable_defaults (id) VALUES (1)",
      "INSERT INTO serials (v) VALUES (1)",
      R"(INSERT INTO required VALUES (1, 1, 'b', 1.5, true, '2024-01-01 00:00:00', '2024-01-01', '2024-01-01', '{}', x'01',
  ST_GeomFromText('POINT(1 2)'), 'a', 1.5, ST_GeomFromText('POINT(1 2)'), '10:00', 2024))",
      "INSERT INTO zero_dates VALUES (1, '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', "
      "'0000-00-00')",
      "INSERT INTO composite VALUES ('b', 1, 'c')",
      "INSERT INTO by_index VALUES (1, 'one')",
      "INSERT INTO emptied VALUES (1, 'gone')",
      "INSERT INTO odd_names VALUES (1, 2, 'x', 'y', 3)",
      "INSERT INTO widened VALUES (1, 'before')",
      "INSERT INTO narrowed VALUES (1, 'before', 7)",
  };
}

std::vector<std::string> After() {
  return {
      "INSERT INTO defaults (id) VALUES (2)",
      "UPDATE defaults SET b = 8 WHERE id = 2",
      "DELETE FROM defaults WHERE id = 2",
      "INSERT INTO more_defaults (id, f, g) VALUES (2, '2024-01-01', '2024-01-01')",
      "DELETE FROM more_defaults WHERE id = 2",
      "INSERT INTO nullable_defaults VALUES (2, NULL, NULL, NULL, NULL), (3, 1, 'x', 2, false)",
      "DELETE FROM nullable_defaults WHERE id = 3",
      "INSERT INTO serials (v) VALUES (2)",
      R"(INSERT INTO required VALUES (2, 1, 'b', 1.5, true, '2024-01-01 00:00:00', '2024-01-01', '2024-01-01', '{}', x'01',
  ST_GeomFromText('POINT(1 2)'), 'a', 1.5, ST_GeomFromText('POINT(1 2)'), '10:00', 2024))",
      "DELETE FROM required WHERE id = 2",
      "INSERT INTO zero_dates VALUES (2, '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', "
      "'0000-00-00')",
      "INSERT INTO composite VALUES ('x', 1, 'c'), ('x', 2, 'd')",
      "UPDATE composite SET c = 'e' WHERE a = 2",
      "UPDATE composite SET b = 'y' WHERE a = 2",
      "DELETE FROM composite WHERE a = 2",
      "INSERT INTO keyless VALUES (1, 'a'), (1, 'a'), (2, NULL)",
      "UPDATE keyless SET b = 'c' WHERE a = 2",
      "DELETE FROM keyless WHERE a = 1",
      "INSERT INTO by_index VALUES (2, 'two')",
      "UPDATE by_index SET a = 3 WHERE code = 'two'",
      "UPDATE by_index SET code = 'zwei' WHERE code = 'two'",
      "DELETE FROM by_index WHERE code = 'zwei'",
      "INSERT INTO emptied VALUES (2, 'gone too')",
      "INSERT INTO odd_names VALUES (2, 2, 'x', 'y', 3)",
      "CREATE TABLE born_later (id int PRIMARY KEY, v json, w timestamp NOT NULL DEFAULT "
      "CURRENT_TIMESTAMP)",
      "INSERT INTO born_later VALUES (1, '[1]', '2024-01-01')",
      "BEGIN",
      "INSERT INTO widened VALUES (2, 'kept')",
      "SAVEPOINT s",
      "INSERT INTO widened VALUES (3, 'rolled back')",
      "ROLLBACK TO s",
      "UPDATE composite SET c = 'in one transaction'",
      "COMMIT",
      "BEGIN",
      "INSERT INTO widened VALUES (4, 'never')",
      "ROLLBACK",
  };
}

Tables CommonTables() {
  Tables tables;
  for (auto* part : {&Numbers, &Times, &Texts, &Geometries}) Add(part(), tables.types);
  tables.before = Before();
  // Zero dates, and as both sides read sessions' times.
  tables.before.insert(
      tables.before.begin(),
      "SET SESSION sql_mode = 'PIPES_AS_CONCAT,ALLOW_INVALID_DATES', time_zone = '+00:00'");
  tables.after = After();
  tables.altered = {
      "TRUNCATE emptied",
      "INSERT INTO emptied VALUES (3, 'new')",
      "ALTER TABLE widened ADD COLUMN w int",
      "INSERT INTO widened VALUES (5, 'after', 7)",
      "ALTER TABLE narrowed DROP COLUMN v",
      "INSERT INTO narrowed VALUES (6, 8)",
  };
  tables.keyed = {"defaults", "more_defaults", "nullable_defaults", "serials",
                  "required", "zero_dates",    "composite",         "by_index",
                  "emptied",  "odd_names",     "widened",           "narrowed"};
  return tables;
}

}  // namespace

Tables MysqlTables() {
  Tables tables = CommonTables();
  Add(TypesOfMysql(), tables.types);
  tables.before.push_back(
      "CREATE TABLE computed (id int PRIMARY KEY, a int, b int AS (a + 1) STORED, c int AS (a + 2) "
      "VIRTUAL)");
  tables.after.push_back("INSERT INTO computed (id, a) VALUES (1, 1)");
  tables.after.push_back("UPDATE computed SET a = 2");
  return tables;
}

Tables MariaDbTables() {
  Tables tables = CommonTables();
  Add(TypesOfMariaDb(), tables.types);
  // Such a year stops Debezium's snapshot.
  tables.before.push_back("CREATE TABLE year_zero (id int PRIMARY KEY, v year)");
  tables.after.push_back("INSERT INTO year_zero VALUES (1, 0)");
  return tables;
}

}  // namespace tidemark::debezium
