#include "service/kafka/connect_default.h"

#include <gtest/gtest.h>

namespace tidemark::service::kafka {
namespace {

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
}

TEST(ConnectDefaultTest, WhatIsNotKnownIsNoDefault) {
  EXPECT_EQ(PostgresDefault(IntegerType(16), "40000"), "");
  EXPECT_EQ(PostgresDefault(IntegerType(32), "(1 + 1)"), "");
  EXPECT_EQ(PostgresDefault(DecimalType(10, 2), "'NaN'::numeric"), "");
  EXPECT_EQ(PostgresDefault(DecimalType(10, 2), "1.505"), "");
  EXPECT_EQ(PostgresDefault(DoubleType(), "'Infinity'::double precision"), "");
  EXPECT_EQ(PostgresDefault(TextType(), "NULL::text"), "");
  EXPECT_EQ(PostgresDefault(UuidType(), "gen_random_uuid()"), "");
  EXPECT_EQ(PostgresDefault(ZonedTimestampType(6), "now()"), "");
}

TEST(ConnectDefaultTest, MysqlTellsNumbersAndMariaDbTextsToo) {
  EXPECT_EQ(MysqlDefault(IntegerType(8), "-5"), "-5");
  EXPECT_EQ(MysqlDefault(DecimalType(10, 2), "1.50"), "\"AJY=\"");
  EXPECT_EQ(MysqlDefault(TextType(), "'abc'"), "\"abc\"");
  EXPECT_EQ(MysqlDefault(TextType(), "uuid()"), "");
  EXPECT_EQ(MysqlDefault(ZonedTimestampType(0), "CURRENT_TIMESTAMP"), "");
}

}  // namespace
}  // namespace tidemark::service::kafka
