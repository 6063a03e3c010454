#include "service/kafka/value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

bool Append(std::string& out, const std::string& bytes) {
  ValueView view;
  return ReadValue(bytes, &view) && AppendValueText(out, view);
}

struct TextCase {
  std::function<void(v1::Value*)> set;
  std::string text;
};

TEST(ValueTextTest, EveryKindHasItsText) {
  const TextCase cases[] = {
      {[](v1::Value* v) { v->set_boolean(true); }, "true"},
      {[](v1::Value* v) { v->set_boolean(false); }, "false"},
      {[](v1::Value* v) { v->set_integer(-42); }, "-42"},
      {[](v1::Value* v) { v->set_integer(INT64_MIN); }, "-9223372036854775808"},
      {[](v1::Value* v) { v->set_unsigned_integer(UINT64_MAX); }, "18446744073709551615"},
      {[](v1::Value* v) { v->set_real(0.1f); }, "0.1"},
      {[](v1::Value* v) { v->set_double_precision(0.1); }, "0.1"},
      {[](v1::Value* v) { v->set_double_precision(1e20); }, "1e+20"},
      {[](v1::Value* v) { v->set_double_precision(-0.0); }, "-0"},
      {[](v1::Value* v) { v->set_double_precision(-std::nan("")); }, "nan"},
      {[](v1::Value* v) { v->set_double_precision(-INFINITY); }, "-inf"},
      {[](v1::Value* v) { v->set_decimal("-12.50"); }, "-12.50"},
      {[](v1::Value* v) { v->set_text("h\u00e9"); }, "h\u00e9"},
      {[](v1::Value* v) { v->set_binary(std::string("a\0b", 3)); }, std::string("a\0b", 3)},
      {[](v1::Value* v) { v->set_date(20'779); }, "2026-11-22"},
      {[](v1::Value* v) { v->set_date(-735'160); }, "0044-03-15 BC"},
      {[](v1::Value* v) { v->set_time(45'000'500'000); }, "12:30:00.5"},
      {[](v1::Value* v) { v->set_time(-3'020'399'000'000); }, "-838:59:59"},
      {[](v1::Value* v) {
         v->mutable_time_with_zone()->set_time(45'000'000'000);
         v->mutable_time_with_zone()->set_zone_offset(19'800);
       },
       "12:30:00+05:30"},
      {[](v1::Value* v) { v->mutable_time_with_zone()->set_zone_offset(-30); },
       "00:00:00-00:00:30"},
      {[](v1::Value* v) { v->set_timestamp(1'795'350'600'500'000); }, "2026-11-22 12:30:00.5"},
      {[](v1::Value* v) { v->set_timestamp_with_zone(1'795'350'600'000'000); },
       "2026-11-22 12:30:00+00"},
      {[](v1::Value* v) { v->mutable_interval()->set_months(14); }, "14 0 0"},
      {[](v1::Value* v) {
         v->mutable_interval()->set_days(-3);
         v->mutable_interval()->set_microseconds(5);
       },
       "0 -3 5"},
      {[](v1::Value* v) { v->set_json("{\"a\": 1}"); }, "{\"a\": 1}"},
      {[](v1::Value* v) { v->set_uuid("00-ff"); }, "00-ff"},
      {[](v1::Value* v) { v->set_bits("0101"); }, "0101"},
      {[](v1::Value* v) { v->set_enum_label("sad"); }, "sad"},
      {[](v1::Value* v) { v->set_server_text("10.0.0.1"); }, "10.0.0.1"},
      {[](v1::Value* v) { v->set_infinity(true); }, "infinity"},
      {[](v1::Value* v) { v->set_infinity(false); }, "-infinity"},
      {[](v1::Value* v) {
         v->mutable_geometry()->set_srid(4326);
         v->mutable_geometry()->set_wkb("wkb");
       },
       "SRID=4326;wkb"},
      {[](v1::Value* v) {
         v->mutable_vector()->add_elements(1);
         v->mutable_vector()->add_elements(2.5);
       },
       "[1,2.5]"},
      {[](v1::Value* v) { v->mutable_vector(); }, "[]"},
      {[](v1::Value* v) { v->mutable_array(); }, ""},
      {[](v1::Value* v) {
         v->mutable_array()->add_dimensions()->set_length(2);
         v->mutable_array()->mutable_dimensions(0)->set_lower_bound(1);
         *v->mutable_array()->add_elements() = Integer(7);
         v->mutable_array()->add_elements();
       },
       "[1,2]1:7-"},
      {[](v1::Value* v) {
         *v->mutable_composite()->add_fields() = Text("a:b");
         *v->mutable_composite()->add_fields()->mutable_composite()->add_fields() = Integer(1);
       },
       "(3:a:b5:(1:1))"},
      {[](v1::Value* v) { v->mutable_range()->set_empty(true); }, "empty"},
      {[](v1::Value* v) {
         *v->mutable_range()->mutable_lower() = Integer(10);
         v->mutable_range()->set_lower_inclusive(true);
       },
       "[2:10-)"},
      {[](v1::Value* v) {
         *v->mutable_multi_range()->add_ranges()->mutable_upper() = Integer(3);
         v->mutable_multi_range()->mutable_ranges(0)->set_upper_inclusive(true);
         v->mutable_multi_range()->add_ranges();
       },
       "{6:(-1:3]4:(--)}"},
  };
  for (const TextCase& one : cases) {
    v1::Value value;
    one.set(&value);
    std::string out;
    EXPECT_TRUE(Append(out, value.SerializeAsString())) << value.ShortDebugString();
    EXPECT_EQ(out, one.text) << value.ShortDebugString();
  }
}

TEST(ValueTextTest, EveryKindIsInTheTable) {
  // A new kind needs a text before it can be hashed.
  EXPECT_EQ(v1::Value::descriptor()->field_count(), 27);
}

TEST(ValueTextTest, WhatNoServerHasIsRefused) {
  std::string out;
  v1::Value value;
  value.set_date(std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(Append(out, value.SerializeAsString()));
  value.set_time(std::numeric_limits<int64_t>::min());
  EXPECT_FALSE(Append(out, value.SerializeAsString()));
  EXPECT_FALSE(Append(out, Unavailable().SerializeAsString()));
  EXPECT_FALSE(Append(out, std::string("\xf8\x01\x01", 3)));  // of kind 31
  v1::Value nested;
  *nested.mutable_array()->add_elements() = Unavailable();
  EXPECT_FALSE(Append(out, nested.SerializeAsString()));
}

TEST(ValueTextTest, EndlessNestingIsRefused) {
  v1::Value value = Integer(1);
  for (int depth = 0; depth < 200; ++depth) {
    v1::Value outer;
    *outer.mutable_composite()->add_fields() = value;
    value = outer;
  }
  std::string out;
  EXPECT_FALSE(Append(out, value.SerializeAsString()));
}

}  // namespace
}  // namespace tidemark::service::kafka
