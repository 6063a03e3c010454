#include "tests/debezium/tables.h"

namespace tidemark::debezium {
namespace {

constexpr char kOwnTypes[] = R"(
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy', 'it''s "ok", no', 'back\slash');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(8,2);
CREATE DOMAIN short_text AS varchar(5);
CREATE TYPE pair AS (number int, word text);
CREATE TYPE float_range AS RANGE (subtype = float8);
)";

// The ordinary types, each at the ends of what it holds.
std::vector<TypeTable> PlainTypes() {
  return {
      {"boolean_", "boolean", {"true", "false"}},
      {"smallint_", "smallint", {"-32768", "32767"}},
      {"integer_", "integer", {"-2147483648", "2147483647", "0"}},
      {"bigint_", "bigint", {"-9223372036854775808", "9223372036854775807"}},
      {"oid_", "oid", {"0", "4294967295"}},
      {"numeric_",
       "numeric",
       {"0", "-0.00", "1.10", "100", "1e20", "1e-20", "12345678901234567890.123456789"}},
      {"numeric_nan", "numeric", {"'NaN'"}},
      {"numeric_infinity", "numeric", {"'Infinity'", "'-Infinity'"}},
      {"numeric_10_2", "numeric(10,2)", {"-12.5", "99999999.99", "0"}},
      {"numeric_5", "numeric(5)", {"-99999", "128", "-128", "0"}},
      {"numeric_3_5", "numeric(3,5)", {"0.00123"}},
      {"numeric_5_m2", "numeric(5,-2)", {"1234500"}},
      {"real_", "real", {"0", "'-0'", "1e-5", "16777216", "3.4028235e38", "0.1", "1e7", "1e-45"}},
      {"real_special", "real", {"'NaN'", "'Infinity'", "'-Infinity'"}},
      {"double_",
       "double precision",
       {"0", "'-0'", "1e-5", "1e23", "0.1", "5e-324", "123456789012345678", "2e-3", "9999999"}},
      {"double_special", "double precision", {"'NaN'", "'Infinity'", "'-Infinity'"}},
      {"money_", "money", {"'-12.34'", "'92233720368547758.07'", "'1234567.8'", "'0'"}},
      {"text_",
       "text",
       {"''", "'a'", "E'tab\\tline\\nback\\\\slash\\x01\\x7f'", "'Grüße 日本 😀 / < > & '' \"'",
        "'null'"}},
      {"varchar_", "varchar(10)", {"''", "'abc  '"}},
      {"char_", "char(6)", {"'ab'", "''", "'abcdef'"}},
      {"one_char", "\"char\"", {"'x'"}},
      {"name_", "name", {"'some_name'"}},
      {"bytea_", "bytea", {"''", "'\\x00ff10'", "'\\xdeadbeef'"}},
      {"json_", "json", {"'{\"b\": 1,  \"a\": [true, null]}'", "'\"x\"'", "'null'"}},
      {"jsonb_", "jsonb", {"'{\"b\": 1,  \"a\": [true, null]}'", "'1e5'", "'null'"}},
      {"xml_", "xml", {"'<a b=\"c\">d</a>'"}},
      {"uuid_", "uuid", {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"}},
      {"bit_1", "bit(1)", {"B'0'", "B'1'"}},
      {"bit_5", "bit(5)", {"B'10101'", "B'00001'", "B'00000'"}},
      {"bit_20", "bit(20)", {"B'10000000000000000001'", "B'00000000000000000001'"}},
      {"bit_80", "bit(80)", {"(B'1' || repeat('0', 79)::varbit)::bit(80)", "1::bit(80)"}},
      {"varbit_", "varbit", {"B'1011'", "B'0'"}},
      {"varbit_8", "varbit(8)", {"B'1011'", "B'10000001'"}},
      {"varbit_empty", "varbit", {"B''"}},
      {"inet_", "inet", {"'192.168.1.1'", "'10.0.0.0/8'", "'::1'", "'fe80::1/64'"}},
      {"cidr_", "cidr", {"'10.0.0.0/8'", "'2001:db8::/32'"}},
      {"macaddr_", "macaddr", {"'08:00:2b:01:02:03'"}},
      {"macaddr8_", "macaddr8", {"'08:00:2b:01:02:03:04:05'"}},
      {"tsvector_", "tsvector", {"to_tsvector('simple', 'a fat cat')"}},
  };
}

std::vector<TypeTable> TimeTypes() {
  return {
      {"date_", "date", {"'2024-02-29'", "'1970-01-01'", "'0001-01-01'", "'1500-06-01'"}},
      {"date_ends",
       "date",
       {"'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0001-12-31 BC'"}},
      {"time_", "time", {"'00:00'", "'12:34:56.789012'", "'23:59:59.999999'"}},
      {"time_24", "time", {"'24:00'"}},
      {"time_0", "time(0)", {"'12:34:56'"}},
      {"time_3", "time(3)", {"'12:34:56.789'"}},
      {"time_4", "time(4)", {"'12:34:56.7891'"}},
      {"timetz_", "timetz", {"'12:00:00+05:30'", "'00:00:00.5+00'", "'01:00:00+03'"}},
      {"timetz_24", "timetz", {"'24:00:00-15:59:59'", "'24:00:00+00'"}},
      {"timetz_0", "timetz(0)", {"'12:00:00-08'"}},
      {"timestamp_",
       "timestamp",
       {"'2024-02-29 12:34:56.789'", "'1969-12-31 23:59:59.999999'", "'1500-06-01 12:00'"}},
      {"timestamp_ends",
       "timestamp",
       {"'infinity'", "'-infinity'", "'4713-01-01 00:00 BC'", "'0001-12-31 12:00 BC'"}},
      {"timestamp_late", "timestamp", {"'294276-12-31 23:59:59.999999'"}},
      {"timestamp_0", "timestamp(0)", {"'2024-02-29 12:34:56'"}},
      {"timestamp_3", "timestamp(3)", {"'2024-02-29 12:34:56.789'", "'1969-12-31 23:59:59.999'"}},
      {"timestamp_3_ends", "timestamp(3)", {"'infinity'", "'-infinity'"}},
      {"timestamptz_",
       "timestamptz",
       {"'2024-02-29 12:34:56.789+02'", "'1969-12-31 23:59:59.999999+00'",
        "'2024-02-29 12:34:00+00'"}},
      {"timestamptz_old", "timestamptz", {"'1500-06-01 12:00+00'"}},
      {"timestamptz_ends",
       "timestamptz",
       {"'infinity'", "'-infinity'", "'0001-01-01 00:00+00 BC'", "'10000-01-01 00:00+00'"}},
      {"timestamptz_0", "timestamptz(0)", {"'2024-02-29 12:34:56+00'"}},
      {"timestamptz_3", "timestamptz(3)", {"'2024-02-29 12:34:56.7+00'"}},
      {"interval_",
       "interval",
       {"'1 year 2 months -3 days 04:05:06.789'", "'0'", "'-1 month'", "'-0.5 second'",
        "'1000 hours'", "'-1 day 00:00:01'"}},
      {"interval_long", "interval", {"'178000000 years'"}},
  };
}

std::vector<TypeTable> StructuredTypes() {
  return {
      {"point_", "point", {"'(1.5,-2)'"}},
      {"line_", "line", {"'{1,-1,0}'"}},
      {"lseg_", "lseg", {"'[(0,0),(1,1)]'"}},
      {"box_", "box", {"'(2,2),(0,0)'"}},
      {"path_closed", "path", {"'((0,0),(1,1),(2,0))'"}},
      {"path_open", "path", {"'[(0,0),(1,1)]'"}},
      {"polygon_", "polygon", {"'((0,0),(1,1),(1,0))'"}},
      {"circle_", "circle", {"'<(1,2),3>'"}},
      {"int4range_", "int4range", {"'[1,5)'", "'empty'", "'(,)'", "'[3,)'"}},
      {"int8range_", "int8range", {"'(,9]'"}},
      {"numrange_", "numrange", {"'(1.50,2.5]'"}},
      {"tsrange_",
       "tsrange",
       {"'[2024-01-01 10:00,2024-01-02)'", "'[-infinity,2024-01-02 10:00:00.5]'"}},
      {"tstzrange_", "tstzrange", {"'[2024-01-01 10:00+00,)'"}},
      {"daterange_", "daterange", {"'[2024-01-01,2024-02-01)'", "'[2024-01-01,infinity)'"}},
      {"mood_", "mood", {"'sad'", "'very happy'", "'it''s \"ok\", no'"}},
      {"positive_", "positive", {"1", "2147483647"}},
      {"price_", "price", {"1.5", "-3"}},
      {"short_text_", "short_text", {"'abc'"}},
      {"hstore_", "hstore", {"'a=>1, \"b c\"=>NULL'", "''", "'x=>\"q\\\"y\"'"}},
      {"citext_", "citext", {"'MiXed'"}},
      {"ltree_", "ltree", {"'top.middle.leaf'"}},
      {"integers", "integer[]", {"'{}'", "'{1,NULL,3}'", "'[0:1]={5,6}'"}},
      {"integers_square", "integer[]", {"'{{1,2},{3,4}}'"}},
      {"smallints", "smallint[]", {"'{1,NULL,3}'"}},
      {"bigints", "bigint[]", {"'{1,9223372036854775807}'"}},
      {"oids", "oid[]", {"'{1,4294967295}'"}},
      {"booleans", "boolean[]", {"'{t,f,NULL}'"}},
      {"texts",
       "text[]",
       {"'{}'", "ARRAY['', 'null', 'a b', 'q\"x', 'back\\slash', '{c}', NULL, 'd,e']"}},
      {"varchars", "varchar(5)[]", {"'{a,NULL}'"}},
      {"chars", "char(3)[]", {"ARRAY['a'::char(3), 'abc']"}},
      {"numerics", "numeric[]", {"'{1.50,-2}'"}},
      {"numerics_4_2", "numeric(4,2)[]", {"'{1.50,-2,NULL}'"}},
      {"reals", "real[]", {"'{0.1,1e10}'"}},
      {"doubles", "double precision[]", {"'{0.1,1e23,Infinity}'"}},
      {"byteas", "bytea[]", {"ARRAY['\\x00'::bytea, '\\xff']"}},
      {"dates", "date[]", {"'{2024-01-01,NULL}'"}},
      {"times", "time[]", {"'{12:34:56.789}'"}},
      {"timestamps", "timestamp[]", {"ARRAY['2024-01-01 10:00'::timestamp, NULL]"}},
      {"timestamptzs", "timestamptz[]", {"ARRAY['2024-01-01 10:00+00'::timestamptz, NULL]"}},
      {"uuids", "uuid[]", {"ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid]"}},
      {"jsons", "json[]", {"ARRAY['{\"a\": 1}'::json, 'null']"}},
      {"jsonbs", "jsonb[]", {"ARRAY['{\"a\": 1}'::jsonb, 'null']"}},
      {"inets", "inet[]", {"ARRAY['::1'::inet, '10.0.0.0/8']"}},
      {"cidrs", "cidr[]", {"ARRAY['10.0.0.0/8'::cidr]"}},
      {"macaddrs", "macaddr[]", {"ARRAY['08:00:2b:01:02:03'::macaddr]"}},
      {"int4ranges", "int4range[]", {"ARRAY['[1,5)'::int4range, 'empty']"}},
      {"moods", "mood[]", {"ARRAY['sad', 'very happy']::mood[]"}},
      {"citexts", "citext[]", {"ARRAY['A']::citext[]"}},
      {"ltrees", "ltree[]", {"ARRAY['a.b'::ltree]"}},
      {"hstores", "hstore[]", {"ARRAY['a=>1'::hstore]"}},
  };
}

// Columns that Debezium leaves out, most of them in our records as well.
std::vector<TypeTable> TypesLeftOut() {
  return {
      {"tsquery_", "tsquery", {"'fat & cat'"}},
      {"pg_lsn_", "pg_lsn", {"'16/B374D848'"}},
      {"xid_", "xid", {"'7'"}},
      {"xid8_", "xid8", {"'18446744073709551615'"}},
      {"txid_snapshot_", "txid_snapshot", {"'10:20:10,14,15'"}},
      {"jsonpath_", "jsonpath", {"'$.a'"}},
      {"regclass_", "regclass", {"'pg_class'"}},
      {"int4multirange_", "int4multirange", {"'{[1,3),[5,9)}'"}},
      {"pair_", "pair", {"ROW(1, 'a')"}},
      {"float_range_", "float_range", {"'[1.5,2.5)'"}},
      {"pairs", "pair[]", {"ARRAY[ROW(1, 'x')::pair]"}},
      {"positives", "positive[]", {"'{1,2}'"}},
      {"moneys", "money[]", {"'{1,2}'"}},
      {"names", "name[]", {"'{a,b}'"}},
      {"intervals", "interval[]", {"ARRAY[interval '1 day']"}},
      {"bits", "bit(3)[]", {"ARRAY[B'101', B'000']"}},
      {"varbits", "varbit[]", {"ARRAY[B'101']"}},
      {"xmls", "xml[]", {"ARRAY['<a/>'::xml]"}},
      {"points", "point[]", {"ARRAY['(1,2)'::point]"}},
      {"boxes", "box[]", {"ARRAY['(1,2),(3,4)'::box]"}},
      {"timetzs", "timetz[]", {"ARRAY['10:00+00'::timetz]"}},
      {"tsvectors", "tsvector[]", {"ARRAY['a'::tsvector]"}},
  };
}

std::vector<std::string> Before() {
  return {
      R"(CREATE TABLE defaults (
  id int PRIMARY KEY,
  a smallint NOT NULL DEFAULT 3, b int NOT NULL DEFAULT -7, c bigint NOT NULL DEFAULT 4,
  d numeric(10,2) NOT NULL DEFAULT 1.5, e real NOT NULL DEFAULT 1.5,
  f double precision NOT NULL DEFAULT 1e10, g boolean NOT NULL DEFAULT true,
  h text NOT NULL DEFAULT 'x''y', i varchar(10) NOT NULL DEFAULT 'v', j char(3) NOT NULL DEFAULT 'c',
  k text NOT NULL DEFAULT current_user, l int NOT NULL DEFAULT floor(2.5), m boolean NOT NULL DEFAULT random() >= 0))",
      R"(CREATE TABLE more_defaults (
  id int PRIMARY KEY,
  a date NOT NULL DEFAULT '2024-01-02', b timestamp NOT NULL DEFAULT '2024-01-02 03:04:05',
  c timestamptz NOT NULL DEFAULT '2024-01-02 03:04:05+00', d time NOT NULL DEFAULT '03:04',
  e interval NOT NULL DEFAULT '1 day', f uuid NOT NULL DEFAULT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  g jsonb NOT NULL DEFAULT '{}', h mood NOT NULL DEFAULT 'ok', i bytea NOT NULL DEFAULT '\x00',
  j int[] NOT NULL DEFAULT '{}', k numeric NOT NULL DEFAULT 2, l bit(3) NOT NULL DEFAULT B'101',
  m timestamptz NOT NULL DEFAULT now(), n inet NOT NULL DEFAULT '::1', o money NOT NULL DEFAULT 1,
  p point NOT NULL DEFAULT '(0,0)', q int4range NOT NULL DEFAULT 'empty', r oid NOT NULL DEFAULT 5))",
      R"(CREATE TABLE computed_defaults (
  id int PRIMARY KEY,
  a timestamp NOT NULL DEFAULT now(), b timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
  c date NOT NULL DEFAULT CURRENT_DATE, d time NOT NULL DEFAULT LOCALTIME, e uuid NOT NULL DEFAULT gen_random_uuid(),
  f timestamp(3) NOT NULL DEFAULT now(), g timestamptz(0) NOT NULL DEFAULT now(), h interval NOT NULL DEFAULT make_interval(),
  i jsonb NOT NULL DEFAULT jsonb_build_object(), j text NOT NULL DEFAULT md5('x'), k numeric NOT NULL DEFAULT random(),
  l bytea NOT NULL DEFAULT decode('00', 'hex'), m int[] NOT NULL DEFAULT ARRAY[1], n text NOT NULL DEFAULT 'a' || 'b',
  o timetz NOT NULL DEFAULT CURRENT_TIME, p mood NOT NULL DEFAULT enum_first(NULL::mood), q bit(3) NOT NULL DEFAULT 1::bit(3)))",
      R"(CREATE TABLE nullable_defaults (
  id int PRIMARY KEY, a int DEFAULT 5, b text DEFAULT 'dflt', c numeric(5,1) DEFAULT 2.5, d boolean DEFAULT true))",
      R"(CREATE TABLE serials (id serial PRIMARY KEY, big bigserial, other int GENERATED ALWAYS AS IDENTITY))",
      R"(CREATE TABLE required (
  id int PRIMARY KEY, a int NOT NULL, b text NOT NULL, c numeric(10,2) NOT NULL, d boolean NOT NULL,
  e timestamptz NOT NULL, f date NOT NULL, g uuid NOT NULL, h jsonb NOT NULL, i bytea NOT NULL, j int[] NOT NULL,
  k mood NOT NULL, l double precision NOT NULL, m interval NOT NULL, n timestamp NOT NULL, o numeric NOT NULL))",
      "CREATE TABLE composite (b text, a int, c text, PRIMARY KEY (a, b))",
      "CREATE TABLE keyless (a int, b text)",
      "CREATE TABLE keyless_full (a int, b text); ALTER TABLE keyless_full REPLICA IDENTITY FULL",
      "CREATE TABLE identity_full (id int PRIMARY KEY, v text, w numeric);"
      "ALTER TABLE identity_full REPLICA IDENTITY FULL",
      "CREATE TABLE by_index (a int, code text NOT NULL UNIQUE);"
      "ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key",
      R"(CREATE TABLE toasted (id int PRIMARY KEY, n int, a text, b bytea, c jsonb, d text[], e varchar, f int[]);
ALTER TABLE toasted ALTER a SET STORAGE EXTERNAL, ALTER b SET STORAGE EXTERNAL, ALTER c SET STORAGE EXTERNAL,
  ALTER d SET STORAGE EXTERNAL, ALTER e SET STORAGE EXTERNAL, ALTER f SET STORAGE EXTERNAL)",
      "CREATE TABLE emptied (id int PRIMARY KEY, v text)",
      R"(CREATE TABLE odd_names (id int PRIMARY KEY, "Weird Col" int, "grüße" text, "a.b-c" text, "select" int))",
      "CREATE TABLE widened (id int PRIMARY KEY, v text); CREATE TABLE narrowed (id int PRIMARY "
      "KEY, v text, w int)",
      R"(INSERT INTO defaults (id) VALUES (1); INSERT INTO more_defaults (id) VALUES (1); INSERT INTO computed_defaults (id) VALUES (1);
INSERT INTO nullable_defaults (id) VALUES (1); INSERT INTO serials DEFAULT VALUES;
INSERT INTO required VALUES (1, 1, 'b', 1.5, true, '2024-01-01 00:00+00', '2024-01-01',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{}', '\x01', '{1}', 'ok', 1.5, '1 day', '2024-01-01', 1.5);
INSERT INTO composite VALUES ('b', 1, 'c'); INSERT INTO identity_full VALUES (1, 'one', 1.1);
INSERT INTO emptied VALUES (1, 'gone'); INSERT INTO odd_names VALUES (1, 2, 'x', 'y', 3);
INSERT INTO widened VALUES (1, 'before'); INSERT INTO narrowed VALUES (1, 'before', 7))",
  };
}

std::vector<std::string> After() {
  return {
      "INSERT INTO defaults (id) VALUES (2); UPDATE defaults SET b = 8 WHERE id = 2; DELETE FROM "
      "defaults WHERE id = 2",
      "INSERT INTO computed_defaults (id) VALUES (2); DELETE FROM computed_defaults WHERE id = 2;"
      "INSERT INTO more_defaults (id) VALUES (2); DELETE FROM more_defaults WHERE id = 2",
      "INSERT INTO nullable_defaults VALUES (2, NULL, NULL, NULL, NULL); INSERT INTO "
      "nullable_defaults VALUES (3);"
      "DELETE FROM nullable_defaults WHERE id = 3",
      "INSERT INTO serials DEFAULT VALUES; UPDATE serials SET big = 77 WHERE id = 2; DELETE FROM "
      "serials WHERE id = 2",
      R"(INSERT INTO required VALUES (2, 1, 'b', 1.5, true, '2024-01-01 00:00+00', '2024-01-01',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{}', '\x01', '{1}', 'ok', 1.5, '1 day', '2024-01-01', 1.5);
DELETE FROM required WHERE id = 2)",
      R"(INSERT INTO composite VALUES ('x', 1, 'c'), ('x', 2, 'd');
UPDATE composite SET c = 'e' WHERE a = 2; UPDATE composite SET b = 'y' WHERE a = 2; DELETE FROM composite WHERE a = 2)",
      "INSERT INTO keyless VALUES (1, 'a'), (1, 'a'), (2, NULL)",
      R"(INSERT INTO keyless_full VALUES (1, 'a'), (1, 'a'), (2, NULL);
UPDATE keyless_full SET b = 'c' WHERE a = 2; DELETE FROM keyless_full WHERE a = 1)",
      R"(INSERT INTO identity_full VALUES (2, 'two', 2.2); UPDATE identity_full SET v = 'zwei' WHERE id = 2;
UPDATE identity_full SET id = 3 WHERE id = 2; DELETE FROM identity_full WHERE id = 3)",
      R"(INSERT INTO by_index VALUES (1, 'a'); UPDATE by_index SET a = 2; UPDATE by_index SET code = 'b';
DELETE FROM by_index)",
      R"(INSERT INTO toasted SELECT 1, 1, repeat('x', 9000), repeat('y', 9000)::bytea, to_jsonb(repeat('z', 9000)),
  array_fill('t'::text, ARRAY[3000]), repeat('v', 9000), array_fill(7, ARRAY[3000]);
UPDATE toasted SET n = 2; DELETE FROM toasted)",
      "INSERT INTO emptied VALUES (2, 'gone too'); TRUNCATE emptied; INSERT INTO emptied VALUES "
      "(3, 'new')",
      "INSERT INTO odd_names VALUES (2, 2, 'x', 'y', 3)",
      "CREATE TABLE born_later (id int PRIMARY KEY, v json, w timestamptz NOT NULL DEFAULT now())",
      "INSERT INTO born_later VALUES (1, '[1]', '2024-01-01 00:00+00')",
      R"(BEGIN; INSERT INTO widened VALUES (2, 'kept'); SAVEPOINT s; INSERT INTO widened VALUES (3, 'rolled back');
ROLLBACK TO s; UPDATE identity_full SET v = 'in one transaction'; COMMIT)",
      "BEGIN; INSERT INTO widened VALUES (4, 'never'); ROLLBACK",
  };
}

}  // namespace

Tables PostgresTables() {
  Tables tables;
  for (auto* part : {&PlainTypes, &TimeTypes, &StructuredTypes, &TypesLeftOut}) {
    const std::vector<TypeTable> types = part();
    tables.types.insert(tables.types.end(), types.begin(), types.end());
  }
  tables.before = Before();
  tables.before.insert(tables.before.begin(), kOwnTypes);
  tables.after = After();
  // Each in a transaction of its own: in one, rows of the new columns may come before the catalog
  // shows these.
  tables.altered = {
      "ALTER TABLE widened ADD COLUMN w int",
      "INSERT INTO widened VALUES (5, 'after', 7)",
      "ALTER TABLE narrowed DROP COLUMN v",
      "INSERT INTO narrowed VALUES (6, 8)",
  };
  tables.keyed = {"defaults", "more_defaults", "computed_defaults", "nullable_defaults",
                  "serials",  "required",      "composite",         "identity_full",
                  "emptied",  "odd_names",     "widened",           "narrowed"};
  // So that old rows are compared as well.
  tables.type_table_settings = "REPLICA IDENTITY FULL";
  return tables;
}

}  // namespace tidemark::debezium
