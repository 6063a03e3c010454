// Every type, by way of the log and of a snapshot, in the server's own text.

#include "absl/strings/str_cat.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

struct TypeCase {
  const char* type;
  // SQL expressions; NULL is tried for every type.
  std::vector<const char*> values;
};

const std::vector<TypeCase>& BuiltInTypes() {
  static const std::vector<TypeCase> types = {
      {"boolean", {"true", "false"}},
      {"smallint", {"-32768", "32767"}},
      {"integer", {"-2147483648", "2147483647", "0"}},
      {"bigint", {"-9223372036854775808", "9223372036854775807"}},
      {"oid", {"0", "4294967295"}},
      {"numeric",
       {"0", "-0.00", "1.10", "'NaN'", "'Infinity'", "'-Infinity'", "1e-20",
        "12345678901234567890.123456789"}},
      {"numeric(10,2)", {"-12.5", "99999999.99"}},
      {"real", {"0", "'-0'", "1e-5", "16777216", "'NaN'", "'Infinity'", "3.4028235e38", "0.1"}},
      {"double precision",
       {"0", "'-0'", "1e-5", "1e23", "0.1", "'-Infinity'", "5e-324", "123456789012345678"}},
      {"money", {"'-12.34'", "'92233720368547758.07'"}},
      {"text", {"''", "'a'", "E'tab\\tline\\nback\\\\slash'", "'Grüße 日本 😀'", "'\\N'"}},
      {"varchar(10)", {"''", "'abc  '"}},
      {"char(6)", {"'ab'", "''", "'abcdef'"}},
      {"\"char\"", {"'x'", "''"}},
      {"name", {"'some_name'"}},
      {"bytea", {"''", "'\\x00ff10'", "'\\xdeadbeef'"}},
      {"date",
       {"'2024-02-29'", "'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'",
        "'0001-12-31 BC'"}},
      {"time", {"'00:00'", "'24:00'", "'12:34:56.789012'"}},
      {"time(0)", {"'12:34:56'"}},
      {"timetz", {"'12:00:00+05:30'", "'24:00:00-15:59:59'", "'00:00:00.5+00'"}},
      {"timestamp",
       {"'2024-02-29 12:34:56.789'", "'infinity'", "'-infinity'", "'4713-01-01 00:00 BC'",
        "'294276-12-31 23:59:59.999999'", "'1969-12-31 23:59:59.999999'"}},
      {"timestamptz",
       {"'2024-02-29 12:34:56.789+02'", "'infinity'", "'0001-01-01 00:00+00 BC'",
        "'1500-06-01 12:00+00'"}},
      {"interval",
       {"'1 year 2 months -3 days 04:05:06.789'", "'0'", "'-1 month'", "'-0.5 second'",
        "'178000000 years'"}},
      {"json", {"'{\"b\": 1,  \"a\": [true, null]}'", "'\"x\"'", "'null'"}},
      {"jsonb", {"'{\"b\": 1,  \"a\": [true, null]}'", "'1e5'", "'null'"}},
      {"jsonpath", {"'$.a[*] ? (@ > 1)'"}},
      {"xml", {"'<a b=\"c\">d</a>'"}},
      {"uuid", {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"}},
      {"bit(5)", {"B'10101'"}},
      {"varbit", {"B''", "B'1011'"}},
      {"inet", {"'192.168.1.1'", "'10.0.0.0/8'", "'::1'", "'fe80::1/64'"}},
      {"cidr", {"'10.0.0.0/8'", "'2001:db8::/32'"}},
      {"macaddr", {"'08:00:2b:01:02:03'"}},
      {"macaddr8", {"'08:00:2b:01:02:03:04:05'"}},
      {"point", {"'(1.5,-2)'"}},
      {"line", {"'{1,-1,0}'"}},
      {"lseg", {"'[(0,0),(1,1)]'"}},
      {"box", {"'(2,2),(0,0)'"}},
      {"path", {"'((0,0),(1,1))'", "'[(0,0),(1,1)]'"}},
      {"polygon", {"'((0,0),(1,1),(1,0))'"}},
      {"circle", {"'<(1,2),3>'"}},
      {"tsvector", {"to_tsvector('simple', 'a fat cat')"}},
      {"tsquery", {"'fat & (cat | rat:*)'"}},
      {"pg_lsn", {"'16/B374D848'"}},
      {"tid", {"'(0,1)'", "'(4294967295,65535)'"}},
      {"xid", {"'0'", "'4294967295'"}},
      {"cid", {"'4294967295'"}},
      {"xid8", {"'0'", "'18446744073709551615'"}},
      {"txid_snapshot", {"'10:20:10,14,15'"}},
      {"pg_snapshot", {"'10:20:10,14,15'", "'10:10:'"}},
      {"refcursor", {"'a cursor'", "''"}},
      {"aclitem", {"'postgres=arw*/postgres'", "'=r/postgres'"}},
      {"oidvector", {"'0 4294967295'", "''"}},
      {"int2vector", {"'1 -32768 32767'", "''"}},
      {"regclass", {"'pg_class'", "0"}},
      {"regproc", {"'pg_backend_pid'", "0"}},
      {"regprocedure", {"'abs(numeric)'"}},
      {"regoper", {"'||/'"}},
      {"regoperator", {"'*(integer,integer)'"}},
      {"regtype", {"'timestamp with time zone'", "'text[]'", "0"}},
      {"regrole", {"'postgres'"}},
      {"regnamespace", {"'pg_catalog'"}},
      {"regcollation", {"'\"C\"'"}},
      {"regconfig", {"'simple'"}},
      {"regdictionary", {"'simple'"}},
      {"int4range", {"'[1,5)'", "'empty'", "'(,)'", "'[3,)'"}},
      {"int8range", {"'(,9]'"}},
      {"numrange", {"'(1.50,2.5]'"}},
      {"tsrange", {"'[2024-01-01 10:00,2024-01-02)'"}},
      {"tstzrange", {"'[2024-01-01 10:00+00,)'"}},
      {"daterange", {"'[2024-01-01,2024-02-01)'"}},
      {"int4multirange", {"'{}'", "'{[1,3),[5,9)}'"}},
      {"int8multirange", {"'{[-9223372036854775808,0),(9,)}'"}},
      {"nummultirange", {"'{[1.0,2.0],(5,)}'"}},
      {"tsmultirange", {"'{[2024-01-01 10:00,2024-01-02),[2024-03-01,)}'"}},
      {"tstzmultirange", {"'{[2024-01-01 10:00+02,2024-01-02 00:00+00),(infinity,]}'"}},
      {"datemultirange", {"'{(,2024-01-01),[2024-02-01,infinity)}'"}},
      {"integer[]", {"'{}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"}},
      {"text[]", {"'{}'", "ARRAY['', 'null', 'a b', 'q\"x', 'back\\slash', '{c}', NULL, 'd,e']"}},
      {"boolean[]", {"'{t,f,NULL}'"}},
      {"numeric[]", {"'{1.50,NaN,-2}'"}},
      {"double precision[]", {"'{0.1,Infinity,1e23}'"}},
      {"bytea[]", {"ARRAY['\\x00'::bytea, '\\xff']"}},
      {"timestamptz[]", {"ARRAY['2024-01-01 10:00+00'::timestamptz, 'infinity', NULL]"}},
      {"date[]", {"'{2024-01-01,-infinity}'"}},
      {"interval[]", {"ARRAY[interval '1 day', interval '-1 hour']"}},
      {"jsonb[]", {"ARRAY['{\"a\": 1}'::jsonb, 'null']"}},
      {"uuid[]", {"ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid]"}},
      {"box[]", {"'{(2,2),(0,0);(3,3),(1,1)}'"}},
      {"point[]", {"ARRAY['(1,2)'::point]"}},
      {"inet[]", {"ARRAY['::1'::inet, '10.0.0.0/8']"}},
      {"bit(3)[]", {"ARRAY[B'101', B'000']"}},
      {"int4range[]", {"ARRAY['[1,5)'::int4range, 'empty']"}},
      {"char(3)[]", {"ARRAY['a'::char(3), 'abc']"}},
  };
  return types;
}

const std::vector<TypeCase>& OwnTypes() {
  static const std::vector<TypeCase> types = {
      {"mood", {"'sad'", "'very happy'", "'it''s \"ok\"'"}},
      {"mood[]", {"ARRAY['sad', 'very happy', NULL]::mood[]"}},
      {"positive", {"1", "2147483647"}},
      {"positive[]", {"'{1,2}'"}},
      {"short_text", {"'abc'"}},
      {"pair", {"ROW(1, 'a, \"b\" (c)')", "ROW(NULL, NULL)", "ROW(2, '')"}},
      {"pair[]", {"ARRAY[ROW(1, 'x')::pair, ROW(NULL, 'y z')::pair]"}},
      {"nested", {"ROW(ROW(1, 'in'), '{1,2}', '2024-01-01', 'sad', true)"}},
      {"pair_domain", {"ROW(7, 'seven')"}},
      {"float_range", {"'[1.5,2.5)'", "'empty'"}},
      {"float_multirange", {"'{[1.5,2.5),[3,4)}'"}},
      {"mood_range", {"'[sad,ok]'"}},
      {"hstore", {"'a=>1, \"b c\"=>NULL'", "''"}},
      {"hstore[]", {"ARRAY['a=>1'::hstore]"}},
      {"citext", {"'MiXed'"}},
      {"ltree", {"'top.middle.leaf'"}},
      {"ltree[]", {"ARRAY['a.b'::ltree]"}},
  };
  return types;
}

constexpr char kOwnTypes[] = R"(
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy', 'it''s "ok"');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN short_text AS varchar(5);
CREATE TYPE pair AS (number int, word text);
CREATE DOMAIN pair_domain AS pair;
CREATE TYPE nested AS (inside pair, numbers int[], day date, feeling mood, flag boolean);
CREATE TYPE float_range AS RANGE (subtype = float8, multirange_type_name = float_multirange);
CREATE TYPE mood_range AS RANGE (subtype = mood);
)";

class TypesTest : public CaptureTest {
 protected:
  // One table a type: t0, t1, …; half of the rows before the service starts.
  void TryTypes(const std::vector<TypeCase>& types) {
    std::vector<std::string> tables;
    for (const TypeCase& type : types) {
      tables.push_back(absl::StrCat("public.t", tables.size()));
      Sql(absl::StrCat("CREATE TABLE ", tables.back(), " (id serial PRIMARY KEY, value ", type.type,
                       ")"));
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
  }

  void Insert(const std::string& table, const TypeCase& type) {
    Sql(absl::StrCat("INSERT INTO ", table, " (value) VALUES (NULL)"));
    for (const char* value : type.values) {
      Sql(absl::StrCat("INSERT INTO ", table, " (value) VALUES (", value, ")"));
    }
  }
};

TEST_P(TypesTest, BuiltInTypesAreTheServersOnBothPaths) { TryTypes(BuiltInTypes()); }

TEST_P(TypesTest, OwnAndExtensionTypesAreTheServersOnBothPaths) {
  Sql(kOwnTypes);
  TryTypes(OwnTypes());
}

TEST_P(TypesTest, VectorsAreTheServersText) {
  if (Value("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == "0") {
    // Debian 12 has no such package: a type of the same form stands in.
    Sql("CREATE DOMAIN vector AS real[]");
    TryTypes({{"vector", {"'{1,2.5,-3}'"}}});
  } else {
    Sql("CREATE EXTENSION vector");
    TryTypes({{"vector(3)", {"'[1,2.5,-3]'"}}, {"vector", {"'[1]'"}}});
  }
}

TEST_P(TypesTest, KeysOfEveryKindMeetTheirChanges) {
  const std::vector<TypeCase> keys = {
      {"text", {"'a'", "'A'", "'a '", "''", "E'x\\ty'", "'日本'"}},
      {"char(4)", {"'a'", "'ab'"}},
      {"numeric", {"1.0", "2.50", "'NaN'"}},
      {"double precision", {"0.1", "1e23", "-0.0"}},
      {"bytea", {"'\\x00'", "''", "'\\xff00'"}},
      {"uuid", {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"}},
      {"timestamptz", {"'2024-01-01 10:00+00'", "'infinity'"}},
      {"date", {"'2024-01-01'"}},
      {"interval", {"'1 day'", "'-1 hour'"}},
      {"boolean", {"true", "false"}},
      {"inet", {"'10.0.0.1'", "'10.0.0.0/8'"}},
      {"int4range", {"'[1,5)'", "'empty'"}},
      {"tstzmultirange", {"'{[2024-01-01 10:00+02,2024-01-02 00:00+00),(infinity,]}'"}},
      {"datemultirange", {"'{(,2024-01-01),[2024-02-01,infinity)}'"}},
      {"integer[]", {"'{}'", "'{1,2}'"}},
      {"bit(3)", {"B'101'"}},
  };
  std::vector<std::string> tables;
  for (const TypeCase& key : keys) {
    tables.push_back(absl::StrCat("public.k", tables.size()));
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
    Sql(absl::StrCat("DELETE FROM ", table, " WHERE id = (SELECT id FROM ", table, " LIMIT 1)"));
  }
  Snapshot(tables);
  ExpectExact({.tables = tables});
}

TIDEMARK_ON_EVERY_POSTGRES(TypesTest);

}  // namespace
}  // namespace tidemark::contract
