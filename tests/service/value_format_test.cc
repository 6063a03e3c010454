#include "service/cli/value_format.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "service/cli/event_format.h"
#include "service/cli/progress.h"

namespace tidemark::service {
namespace {

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

struct Case {
  const char* value;
  const char* json;
  const char* human;
  const char* type = "";
};

class ValueFormatTest : public ::testing::TestWithParam<Case> {};

TEST_P(ValueFormatTest, JsonAndHuman) {
  auto value = Parse<v1::Value>(GetParam().value);
  auto type = Parse<v1::Type>(GetParam().type);
  std::string json;
  AppendJsonValue(json, value, type);
  EXPECT_EQ(json, GetParam().json);
  EXPECT_EQ(HumanValue(value, type), GetParam().human);
}

INSTANTIATE_TEST_SUITE_P(
    All, ValueFormatTest,
    ::testing::Values(
        Case{"", "null", "null"}, Case{"boolean: true", "true", "true"},
        Case{"integer: -9223372036854775808", "-9223372036854775808", "-9223372036854775808"},
        Case{"unsigned_integer: 18446744073709551615", "18446744073709551615",
             "18446744073709551615"},
        Case{"real: 0.1", "0.1", "0.1"}, Case{"real: 1e20", "1e+20", "1e+20"},
        Case{"double_precision: 0.1", "0.1", "0.1"},
        Case{"double_precision: 0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
        Case{"double_precision: -0.0", "-0", "-0"}, Case{"real: nan", "\"NaN\"", "NaN"},
        Case{"double_precision: -inf", "\"-Infinity\"", "-Infinity"},
        Case{"decimal: '-12.50'", "\"-12.50\"", "-12.50"},
        Case{"text: 'a\"\\n'", R"("a\"\n")", R"('a"\n')"}, Case{"text: ''", "\"\"", "''"},
        Case{"binary: '\\000\\377'", "\"AP8=\"", "\\x00ff"},
        Case{"date: 0", "\"1970-01-01\"", "1970-01-01"},
        Case{"date: 11016", "\"2000-02-29\"", "2000-02-29"},
        Case{"date: -719162", "\"0001-01-01\"", "0001-01-01"},
        Case{"date: -719163", "\"0000-12-31\"", "0000-12-31"},
        Case{"date: 2932897", "\"+010000-01-01\"", "+010000-01-01"},
        Case{"date: -2440588", "\"-004713-11-24\"", "-004713-11-24"},
        Case{"time: -3020399000000", "\"-838:59:59\"", "-838:59:59"},
        Case{"geometry { srid: 4326 wkb: '\\001\\002' }", R"({"srid":4326,"wkb":"AQI="})",
             "SRID=4326;\\x0102"},
        Case{"vector { elements: 1.5 elements: -0.1 }", "[1.5,-0.1]", "[1.5,-0.1]"},
        Case{"vector {}", "[]", "[]"}, Case{"infinity: true", "\"infinity\"", "infinity"},
        Case{"infinity: false", "\"-infinity\"", "-infinity"},
        Case{"time: 86400000000", "\"24:00:00\"", "24:00:00"},
        Case{"time: 1", "\"00:00:00.000001\"", "00:00:00.000001"},
        Case{"time_with_zone { time: 3600000000 zone_offset: -12600 }", "\"01:00:00-03:30\"",
             "01:00:00-03:30"},
        Case{"timestamp: -1", "\"1969-12-31T23:59:59.999999\"", "1969-12-31T23:59:59.999999"},
        Case{"timestamp_with_zone: 1500000", "\"1970-01-01T00:00:01.5Z\"",
             "1970-01-01T00:00:01.5Z"},
        Case{"interval { months: 14 days: -3 microseconds: 1500000 }",
             R"({"months":14,"days":-3,"microseconds":1500000})", "P1Y2M-3DT00:00:01.5"},
        Case{"interval { }", R"({"months":0,"days":0,"microseconds":0})", "PT0S"},
        Case{"json: '{\"a\": 1}'", R"("{\"a\": 1}")", R"('{"a": 1}')"},
        Case{"uuid: 'a0ee'", "\"a0ee\"", "a0ee"}, Case{"bits: '01'", "\"01\"", "01"},
        Case{"enum_label: 'ok'", "\"ok\"", "'ok'"},
        Case{"server_text: '1.2.3.4/8'", "\"1.2.3.4/8\"", "'1.2.3.4/8'"},
        Case{"unavailable: true", "{\"unavailable\":true}", "(unchanged)"},
        Case{"array { }", "[]", "[]"},
        Case{"array { dimensions { length: 2 lower_bound: 1 } dimensions { length: 2 lower_bound: "
             "1 } elements { integer: 1 } elements { integer: 2 } elements { } elements { "
             "integer: 4 } }",
             "[[1,2],[null,4]]", "[[1,2],[null,4]]"},
        Case{"array { dimensions { length: 1 lower_bound: 0 } elements { text: 'a' } }",
             R"({"lower_bounds":[0],"elements":["a"]})",
             R"({"lower_bounds":[0],"elements":['a']})"},
        Case{"range { empty: true }", "{\"empty\":true}", "empty"},
        Case{"range { lower { integer: 1 } lower_inclusive: true }",
             "{\"lower\":1,\"upper\":null,\"bounds\":\"[)\"}", "[1,)"},
        Case{"multi_range { ranges { upper { integer: 1 } } ranges { empty: true } }",
             "[{\"lower\":null,\"upper\":1,\"bounds\":\"()\"},{\"empty\":true}]", "{(,1),empty}"},
        Case{"composite { fields { integer: 1 } fields { } }", R"({"x":1,"y":null})", "(1,null)",
             "fields { name: 'x' type { } } fields { name: 'y' type { } }"}));

TEST(HumanValueTest, LongValuesAreCutBetweenCharacters) {
  auto value = Parse<v1::Value>("text: 'ééééé'");
  EXPECT_EQ(HumanValue(value, {}, 6), "'éé…");
}

constexpr char kSchemaEvent[] = R"(sequence: 1 schema { id: 5 table_id: 9 namespace: 'public'
  name: 'orders' key_columns: 0
  columns { name: 'id' type { name: 'bigint' kind: TYPE_KIND_INTEGER } }
  columns { name: 'status' type { name: 'text' kind: TYPE_KIND_TEXT } nullable: true }
  columns { name: 'big' type { name: 'text' kind: TYPE_KIND_TEXT } nullable: true } })";
constexpr char kUpdate[] = R"(sequence: 2 change { schema_id: 5 op: OP_UPDATE
  position { offset: 16777216 } transaction_id: 77 commit_time_us: 1500000 capture_time_us: 2000000
  last_in_transaction: true
  key { values { integer: 7 } }
  before { values { integer: 7 } values { text: 'new' } values { text: 'x' } }
  after { values { integer: 7 } values { text: 'paid' } values { unavailable: true } } })";

TEST(EventFormatTest, HumanLines) {
  EventFormat format;
  EXPECT_EQ(
      format.HumanLine(Parse<v1::Event>(kSchemaEvent)),
      "       1                schema    public.orders (id bigint key, status text, big text)");
  EXPECT_EQ(format.HumanLine(Parse<v1::Event>(kUpdate)),
            "       2  00:00:01.500  UPDATE    public.orders  id=7  status='new' → 'paid'");
  EXPECT_EQ(format.HumanLine(Parse<v1::Event>(
                "sequence: 3 snapshot { snapshot_id: 4 kind: CHUNK_DONE table_id: 9 rows: 1200 }")),
            "       3                snapshot  4 chunk done public.orders, 1,200 rows");
  EXPECT_EQ(format.HumanLine(
                Parse<v1::Event>("sequence: 4 transaction_end { transaction_id: 77 change_count: 1 "
                                 "position { offset: 16777216 } commit_time_us: 1500000 }")),
            "       4  00:00:01.500  commit    transaction 77, 1 change at 0/1000000");
}

TEST(EventFormatTest, JsonLines) {
  EventFormat format;
  EXPECT_EQ(format.JsonLine(Parse<v1::Event>(kSchemaEvent)),
            R"({"sequence":1,"schema":{"id":5,"table_id":9,"table":"public.orders","columns":[)"
            R"({"name":"id","type":"bigint","nullable":false,"generated":false,"key":true},)"
            R"({"name":"status","type":"text","nullable":true,"generated":false,"key":false},)"
            R"({"name":"big","type":"text","nullable":true,"generated":false,"key":false}]}})");
  EXPECT_EQ(format.JsonLine(Parse<v1::Event>(kUpdate)),
            R"({"sequence":2,"change":{"op":"update","table":"public.orders","schema_id":5,)"
            R"("position":"0/1000000","transaction_id":77,"transaction_index":0,)"
            R"("last_in_transaction":true,"commit_time":"1970-01-01T00:00:01.5Z",)"
            R"("capture_time":"1970-01-01T00:00:02Z","key":{"id":7},)"
            R"("before":{"id":7,"status":"new","big":"x"},)"
            R"("after":{"id":7,"status":"paid","big":{"unavailable":true}}}})");
}

constexpr char kSnapshot[] = R"(id: 3 source: 'shop' state: RUNNING rows_done: 500
  rows_estimated: 2000 rows_per_second: 100.4 eta_seconds: 15
  tables { table: 'public.a' rows_done: 500 rows_estimated: 1000 chunks_done: 1
           rows_per_second: 50.2 eta_seconds: 10 }
  tables { table: 'public.long' rows_done: 9 rows_estimated: 9 done: true })";

TEST(ProgressTest, LinesBarsAndRedraw) {
  auto snapshot = Parse<v1::Snapshot>(kSnapshot);
  EXPECT_EQ(ProgressLine(snapshot),
            "snapshot 3 of shop: running, 500 of about 2,000 rows, 100 rows/s, 15s left");
  auto bars = ProgressBars(snapshot, 120);
  ASSERT_EQ(bars.size(), 3u);
  EXPECT_EQ(bars[1],
            "  public.a     ████████████░░░░░░░░░░░░  50%  500 of about 1,000 rows  50 rows/s, "
            "10s left");
  EXPECT_EQ(bars[2], "  public.long  ████████████████████████ 100%  9 rows  done");
  EXPECT_EQ(ProgressBars(snapshot, 20)[1], "  public.a     █████");

  ProgressDisplay terminal(120), pipe(0);
  EXPECT_EQ(terminal.Show(snapshot).find("\x1b[3A"), std::string::npos);
  EXPECT_EQ(terminal.Show(snapshot).find("\x1b[3A"), 0u);
  EXPECT_EQ(pipe.Show(snapshot), ProgressLine(snapshot) + "\n");
  EXPECT_EQ(pipe.Show(snapshot), "");
}

TEST(ProgressTest, SeveralSnapshotsAreShownTogether) {
  auto shop = Parse<v1::Snapshot>(kSnapshot);
  auto crm = shop;
  crm.set_id(4);
  crm.set_source("crm");
  ProgressDisplay terminal(120), pipe(0);
  terminal.Show(shop);
  EXPECT_EQ(terminal.Show(crm).find("\x1b[3A"), 0u);
  const std::string both = terminal.Show(shop);
  EXPECT_EQ(both.find("\x1b[6A"), 0u);
  EXPECT_NE(both.find(ProgressLine(shop)), std::string::npos);
  EXPECT_NE(both.find(ProgressLine(crm)), std::string::npos);
  pipe.Show(shop);
  EXPECT_EQ(pipe.Show(crm), ProgressLine(crm) + "\n");
  EXPECT_EQ(pipe.Show(shop), "");
}

}  // namespace
}  // namespace tidemark::service
