#include "service/kafka/connect_default.h"

#include <gtest/gtest.h>

namespace tidemark::service::kafka {
namespace {

const ConnectType kDate = NamedIntegerType(Encoding::kDate, 32, "io.debezium.time.Date");
const ConnectType kMicroTime =
    NamedIntegerType(Encoding::kTimeMicros, 64, "io.debezium.time.MicroTime");
const ConnectType kMilliTimestamp =
    NamedIntegerType(Encoding::kTimestampMillis, 64, "io.debezium.time.Timestamp");
const ConnectType kMicroTimestamp =
    NamedIntegerType(Encoding::kTimestampMicros, 64, "io.debezium.time.MicroTimestamp");

TEST(ConnectDefaultTest, DatesAndTimesAreTheirValue) {
  EXPECT_EQ(PostgresDefault(kDate, "'2024-01-02'::date"), "19724");
  EXPECT_EQ(PostgresDefault(kDate, "'1969-12-31'::date"), "-1");
  EXPECT_EQ(PostgresDefault(kMicroTime, "'03:04:00.5'::time without time zone"), "11040500000");
  EXPECT_EQ(PostgresDefault(kMicroTimestamp, "'2024-01-02 03:04:05'::timestamp"),
            "1704164645000000");
  EXPECT_EQ(PostgresDefault(kMilliTimestamp, "'2024-01-02 03:04:05.678'::timestamp"),
            "1704164645678");
  EXPECT_EQ(PostgresDefault(ZonedTimestampType(6), "'2024-01-02 03:04:05+00'::timestamptz"),
            "\"2024-01-02T03:04:05.000000Z\"");
  EXPECT_EQ(MysqlDefault(kDate, "2024-01-02"), "19724");
  EXPECT_EQ(MysqlDefault(kMilliTimestamp, "'2024-01-02 03:04:05'"), "1704164645000");
  EXPECT_EQ(MysqlDefault(ZonedTimestampType(0), "2024-01-02 03:04:05"), "\"2024-01-02T03:04:05Z\"");
}

TEST(ConnectDefaultTest, LiteralsOfPostgresAreTheirValue) {
  EXPECT_EQ(PostgresDefault(IntegerType(32), "7"), "7");
  EXPECT_EQ(PostgresDefault(IntegerType(32), "'-7'::integer"), "-7");
  EXPECT_EQ(PostgresDefault(BooleanType(), "true"), "true");
  EXPECT_EQ(PostgresDefault(DoubleType(), "1.5"), "1.5");
  EXPECT_EQ(PostgresDefault(RealType(), "'-0.1'::real"), "-0.1");
  EXPECT_EQ(PostgresDefault(DecimalType(10, 2), "1.5"), "\"AJY=\"");
  EXPECT_EQ(PostgresDefault(TextType(), "'it''s'::text"), "\"it's\"");
  EXPECT_EQ(PostgresDefault(JsonType(), "'{}'::jsonb"), "\"{}\"");
}

TEST(ConnectDefaultTest, CallsOfPostgresAreTheTypesZero) {
  EXPECT_EQ(PostgresDefault(IntegerType(64), "nextval('t_id_seq'::regclass)"), "0");
  EXPECT_EQ(PostgresDefault(TextType(), "upper('a'::text)"), "\"\"");
  EXPECT_EQ(PostgresDefault(TextType(), "CURRENT_USER"), "\"\"");
  EXPECT_EQ(PostgresDefault(DecimalType(5, 1), "random()"), "\"AA==\"");
  EXPECT_EQ(PostgresDefault(kDate, "CURRENT_DATE"), "0");
  EXPECT_EQ(PostgresDefault(kMicroTime, "LOCALTIME"), "0");
  EXPECT_EQ(PostgresDefault(kMicroTimestamp, "now()"), "0");
  EXPECT_EQ(PostgresDefault(ZonedTimestampType(6), "now()"), "\"1970-01-01T00:00:00.000000Z\"");
  EXPECT_EQ(PostgresDefault(ZonedTimestampType(0), "now()"), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(PostgresDefault(UuidType(), "gen_random_uuid()"),
            "\"00000000-0000-0000-0000-000000000000\"");
  EXPECT_EQ(PostgresDefault(JsonType(), "jsonb_build_object()"), "\"{}\"");
}

TEST(ConnectDefaultTest, WhatIsNotKnownIsNoDefault) {
  EXPECT_EQ(PostgresDefault(IntegerType(16), "40000"), "");
  EXPECT_EQ(PostgresDefault(IntegerType(32), "(1 + 1)"), "");
  EXPECT_EQ(PostgresDefault(DecimalType(10, 2), "'NaN'::numeric"), "");
  EXPECT_EQ(PostgresDefault(DecimalType(10, 2), "1.505"), "");
  EXPECT_EQ(PostgresDefault(DoubleType(), "'Infinity'::double precision"), "");
  EXPECT_EQ(PostgresDefault(TextType(), "NULL::text"), "");
  EXPECT_EQ(PostgresDefault(BytesType(), "decode('00'::text, 'hex'::text)"), "");
  for (const char* text : {"'infinity'::date", "'2024-02-30'::date", "'0044-03-15 BC'::date",
                           "'2024-05-06 07:08:09'::date", "'12024-05-06'::date"}) {
    EXPECT_EQ(PostgresDefault(kDate, text), "") << text;
  }
  EXPECT_EQ(PostgresDefault(ZonedTimestampType(6), "'2024-05-06 07:08:09+02'::timestamptz"), "");
}

TEST(ConnectDefaultTest, MysqlTellsNumbersAndMariaDbTextsToo) {
  EXPECT_EQ(MysqlDefault(IntegerType(8), "-5"), "-5");
  EXPECT_EQ(MysqlDefault(DecimalType(10, 2), "1.50"), "\"AJY=\"");
  EXPECT_EQ(MysqlDefault(TextType(), "'abc'"), "\"abc\"");
  EXPECT_EQ(MysqlDefault(TextType(), "uuid()"), "");
  EXPECT_EQ(MysqlDefault(TextType(), "current_timestamp()"), "");
  ConnectType timestamp = ZonedTimestampType(6);
  timestamp.zero_dates = true;
  EXPECT_EQ(MysqlDefault(timestamp, "CURRENT_TIMESTAMP(6)"), "\"1970-01-01T00:00:00Z\"");
  EXPECT_EQ(MysqlDefault(timestamp, "current_timestamp(6)"), "\"1970-01-01T00:00:00Z\"");
  ConnectType wrapped = IntegerType(64);
  wrapped.encoding = Encoding::kWrappedInteger;
  EXPECT_EQ(MysqlDefault(wrapped, "4"), "4");
  EXPECT_EQ(MysqlDefault(wrapped, "18446744073709551615"), "-1");
}

}  // namespace
}  // namespace tidemark::service::kafka
