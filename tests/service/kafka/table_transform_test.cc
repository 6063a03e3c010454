#include "service/kafka/table_transform.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Type IntegerColumn() { return MakeType(v1::TYPE_KIND_INTEGER, 23, "integer"); }
v1::Type TextColumn() { return MakeType(v1::TYPE_KIND_TEXT, 25, "text"); }

// secret text, id integer, name text, mood enum; the key is (name, id)
v1::TableSchema Customers() {
  v1::TableSchema schema = MakeTable(
      "shop", "customers",
      {MakeColumn("secret", TextColumn(), true, "'s3'::text"),
       MakeColumn("id", IntegerColumn(), false, "1"), MakeColumn("name", TextColumn(), false),
       MakeColumn("mood", MakeType(v1::TYPE_KIND_ENUM, 99, "mood", -1, {"sad", "ok"}), false)},
      {2, 1});
  schema.set_table_id(5);
  return schema;
}

v1::Value Mood(std::string label) {
  v1::Value value;
  value.set_enum_label(std::move(label));
  return value;
}

v1::Change Update() {
  v1::Change change;
  change.set_schema_id(3);
  change.set_op(v1::OP_UPDATE);
  change.mutable_position()->set_offset(24023128);
  change.set_transaction_id(555);
  change.set_commit_time_us(1);
  change.set_capture_time_us(2);
  change.set_transaction_index(3);
  change.set_last_in_transaction(true);
  *change.mutable_key() = MakeRow({Text("Ann"), Integer(7)});
  *change.mutable_before() = MakeRow({Text("s3cret"), Integer(7), Text("Ann"), Mood("sad")});
  *change.mutable_after() = MakeRow({Text("n\u00f6w"), Integer(7), Text("Ann"), Mood("ok")});
  return change;
}

TableTransform Prepared(const TransformOptions& options,
                        const v1::TableSchema& schema = Customers()) {
  absl::StatusOr<TableTransform> transform = TableTransform::Prepare(schema, options);
  EXPECT_TRUE(transform.ok()) << transform.status();
  return *std::move(transform);
}

v1::Change Applied(TableTransform& transform, const v1::Change& change) {
  std::string out = "x";
  const absl::Status status = transform.Apply(change.SerializeAsString(), out);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(out[0], 'x');
  v1::Change read;
  EXPECT_TRUE(read.ParseFromString(out.substr(1)));
  return read;
}

std::string HashOf(const std::string& salt, const std::string& text) {
  std::string out;
  EXPECT_TRUE(KeyedHash::Make(salt)->AppendHex(out, text).ok());
  return out;
}

TEST(TableTransformTest, WithoutRulesNothingChanges) {
  TableTransform transform = Prepared({});
  EXPECT_FALSE(transform.changes_rows());
  EXPECT_FALSE(transform.hides_key());
  EXPECT_EQ(transform.schema().SerializeAsString(), Customers().SerializeAsString());
  EXPECT_EQ(Applied(transform, Update()).SerializeAsString(), Update().SerializeAsString());
}

TEST(TableTransformTest, LeftOutColumnsAreInNoRowAndTheKeyIsIndexedAnew) {
  TransformOptions options;
  options.exclude = {"secret"};
  TableTransform transform = Prepared(options);
  EXPECT_THAT(transform.schema().key_columns(), ElementsAre(1, 0));
  EXPECT_EQ(transform.schema().columns_size(), 3);
  EXPECT_EQ(transform.schema().columns(0).name(), "id");
  EXPECT_EQ(transform.schema().id(), 3u);
  EXPECT_EQ(transform.schema().table_id(), 5u);
  v1::Change expected = Update();
  *expected.mutable_before() = MakeRow({Integer(7), Text("Ann"), Mood("sad")});
  *expected.mutable_after() = MakeRow({Integer(7), Text("Ann"), Mood("ok")});
  EXPECT_EQ(Applied(transform, Update()).SerializeAsString(), expected.SerializeAsString());
}

TEST(TableTransformTest, IncludeKeepsTheKeyColumns) {
  TransformOptions options;
  options.include = {"mo.*"};
  TableTransform transform = Prepared(options);
  const v1::Change change = Applied(transform, Update());
  EXPECT_EQ(change.after().SerializeAsString(),
            MakeRow({Integer(7), Text("Ann"), Mood("ok")}).SerializeAsString());
}

TEST(TableTransformTest, MaskedColumnsAreAsterisksAndText) {
  TransformOptions options;
  options.mask = {"secret", "mood"};
  options.mask_length = 3;
  TableTransform transform = Prepared(options);
  EXPECT_TRUE(transform.changes_rows());
  const v1::Change change = Applied(transform, Update());
  EXPECT_EQ(change.before().SerializeAsString(),
            MakeRow({Text("***"), Integer(7), Text("Ann"), Text("***")}).SerializeAsString());
  const v1::Column& mood = transform.schema().columns(3);
  EXPECT_EQ(mood.type().kind(), v1::TYPE_KIND_TEXT);
  EXPECT_THAT(mood.type().labels(), IsEmpty());
  EXPECT_FALSE(mood.nullable());
  EXPECT_TRUE(transform.schema().columns(0).nullable());
  EXPECT_EQ(transform.schema().columns(0).default_expression(), "");
  EXPECT_EQ(transform.schema().columns(1).default_expression(), "1");
}

TEST(TableTransformTest, ValuesHashTheSameInKeyAndRowsAndOtherTables) {
  TransformOptions options;
  options.hash = {"name", "id"};
  options.hash_salt = "pepper";
  TableTransform transform = Prepared(options);
  EXPECT_TRUE(transform.hides_key());
  EXPECT_THAT(transform.schema().key_columns(), ElementsAre(2, 1));
  const v1::Change change = Applied(transform, Update());
  const std::string name = HashOf("pepper", "Ann"), id = HashOf("pepper", "7");
  EXPECT_EQ(change.key().SerializeAsString(), MakeRow({Text(name), Text(id)}).SerializeAsString());
  EXPECT_EQ(change.after().values(2).text(), name);
  EXPECT_EQ(change.before().values(1).text(), id);
  v1::TableSchema other = MakeTable("crm", "people", {MakeColumn("name", TextColumn(), true)});
  TableTransform others = Prepared(options, other);
  v1::Change create;
  create.set_schema_id(3);
  create.set_op(v1::OP_CREATE);
  *create.mutable_after() = MakeRow({Text("Ann")});
  EXPECT_EQ(Applied(others, create).after().values(0).text(), name);
}

TEST(TableTransformTest, TruncateCutsTextAfterCharacters) {
  TransformOptions options;
  options.truncate = {{"secret", 2}};
  TableTransform transform = Prepared(options);
  const v1::Change change = Applied(transform, Update());
  EXPECT_EQ(change.before().values(0).text(), "s3");
  EXPECT_EQ(change.after().values(0).text(), "n\u00f6");
  EXPECT_EQ(transform.schema().columns(0).default_expression(), "'s3'::text");
}

TEST(TableTransformTest, NullAndUnavailableStay) {
  for (int rule = 0; rule < 3; ++rule) {
    TransformOptions options;
    if (rule == 0) options.mask = {"secret"};
    if (rule == 1) options.hash = {"secret"}, options.hash_salt = "x";
    if (rule == 2) options.truncate = {{"secret", 0}};
    TableTransform transform = Prepared(options);
    v1::Change change = Update();
    *change.mutable_before()->mutable_values(0) = v1::Value();
    *change.mutable_after()->mutable_values(0) = Unavailable();
    EXPECT_EQ(Applied(transform, change).SerializeAsString(), change.SerializeAsString());
  }
}

TEST(TableTransformTest, WhatHidesMostHolds) {
  TransformOptions options;
  options.truncate = {{"secret|mood", 1}};
  options.hash = {"secret|mood"};
  options.hash_salt = "x";
  options.mask = {"secret|mood"};
  options.exclude = {"mood"};
  TableTransform transform = Prepared(options);
  EXPECT_EQ(transform.schema().columns_size(), 3);
  EXPECT_EQ(Applied(transform, Update()).after().values(0).text(), "********");
  options.mask.clear();
  TableTransform hashing = Prepared(options);
  EXPECT_EQ(Applied(hashing, Update()).before().values(0).text(), HashOf("x", "s3cret"));
}

TEST(TableTransformTest, TruncateOfATableHasNoRows) {
  TransformOptions options;
  options.mask = {"secret"};
  TableTransform transform = Prepared(options);
  v1::Change change;
  change.set_schema_id(3);
  change.set_op(v1::OP_TRUNCATE);
  EXPECT_EQ(Applied(transform, change).SerializeAsString(), change.SerializeAsString());
}

TEST(TableTransformTest, KeysStayKeys) {
  auto error = [](const TransformOptions& options) {
    const auto transform = TableTransform::Prepare(Customers(), options);
    EXPECT_EQ(transform.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(transform.status().message());
  };
  TransformOptions mask, exclude, truncate;
  mask.mask = {"i."};
  EXPECT_THAT(error(mask), AllOf(HasSubstr("the transform of shop.customers masks column id"),
                                 HasSubstr("hash it instead")));
  exclude.exclude = {"name"};
  EXPECT_THAT(error(exclude), HasSubstr("leaves out column name, which is of the key"));
  truncate.truncate = {{"name", 1000}};
  EXPECT_THAT(error(truncate), HasSubstr("truncates column name"));
}

TEST(TableTransformTest, SomeColumnStays) {
  v1::TableSchema schema = MakeTable("a", "b", {MakeColumn("c", TextColumn(), true)});
  TransformOptions options;
  options.exclude = {".*"};
  const auto transform = TableTransform::Prepare(schema, options);
  EXPECT_EQ(transform.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(transform.status().message()), HasSubstr("leaves out every column"));
}

TEST(TableTransformTest, WrongOptionsAreRefused) {
  auto error = [](const TransformOptions& options) {
    const auto transform = TableTransform::Prepare(Customers(), options);
    EXPECT_EQ(transform.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(transform.status().message());
  };
  TransformOptions pattern, salt;
  pattern.truncate = {{"(", 1}};
  EXPECT_THAT(error(pattern), HasSubstr("truncate: \"(\" is no regular expression"));
  salt.hash = {"name"};
  EXPECT_THAT(error(salt), HasSubstr("needs a salt"));
  v1::TableSchema schema = Customers();
  schema.add_key_columns(9);
  EXPECT_EQ(TableTransform::Prepare(schema, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(TableTransformTest, PatternsThatDoNothingAreWarnedOf) {
  TransformOptions options;
  options.include = {".*"};
  options.mask = {"secret", "secert"};
  options.truncate = {{"id", 3}};
  TableTransform transform = Prepared(options);
  EXPECT_THAT(
      transform.warnings(),
      ElementsAre(AllOf(HasSubstr("mask \"secert\" matches no column of shop.customers")),
                  AllOf(HasSubstr("truncate matches column id"), HasSubstr("stays as it is"))));
}

TEST(TableTransformTest, WhatIsNotOfTheTableIsRefused) {
  TransformOptions options;
  options.hash = {"secret"};
  options.hash_salt = "x";
  TableTransform transform = Prepared(options);
  std::string out = "kept";
  auto code = [&](const std::string& change) {
    const absl::Status status = transform.Apply(change, out);
    EXPECT_EQ(out, "kept");
    return status.code();
  };
  v1::Change other = Update();
  other.set_schema_id(4);
  EXPECT_EQ(code(other.SerializeAsString()), absl::StatusCode::kInvalidArgument);
  v1::Change fewer = Update();
  fewer.mutable_after()->mutable_values()->RemoveLast();
  EXPECT_EQ(code(fewer.SerializeAsString()), absl::StatusCode::kDataLoss);
  v1::Change more = Update();
  more.mutable_key()->add_values();
  EXPECT_EQ(code(more.SerializeAsString()), absl::StatusCode::kDataLoss);
  const std::string whole = Update().SerializeAsString();
  EXPECT_EQ(code(whole.substr(0, whole.size() - 1)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(whole + std::string("\x58\x01", 2)), absl::StatusCode::kDataLoss);  // a number
}

TEST(TableTransformTest, ARowThatIsANumberIsRefused) {
  TransformOptions options;
  options.mask = {"c"};
  TableTransform transform =
      Prepared(options, MakeTable("a", "b", {MakeColumn("c", TextColumn(), true)}));
  std::string out;
  // Of a table without key an empty one would do.
  EXPECT_TRUE(absl::IsDataLoss(transform.Apply(std::string("\x08\x03\x10\x01\x48\x00", 6), out)));
}

// Apply copies the fields that it does not know: none of them may hold a row.
TEST(TableTransformTest, RowsAreInTheFieldsThatAreRewritten) {
  const auto* descriptor = v1::Change::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    const bool rewritten = field->number() >= 9 && field->number() <= 11;
    const bool is_row = field->message_type() == v1::Row::descriptor();
    EXPECT_EQ(rewritten, is_row) << field->name();
    EXPECT_TRUE(field->message_type() == nullptr || is_row ||
                field->message_type() == v1::Position::descriptor())
        << field->name();
    EXPECT_NE(field->cpp_type(), google::protobuf::FieldDescriptor::CPPTYPE_STRING);
  }
}

TEST(TransformChoiceTest, TheFirstThatMatchesTheTableIsTaken) {
  TransformOptions first, second;
  first.tables = "shop\\.cust.*";
  second.tables = "shop\\..*";
  const auto choice = TransformChoice::Make({first, second});
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->Of(Customers())->tables, first.tables);
  EXPECT_EQ(choice->Of(MakeTable("shop", "orders", {}))->tables, second.tables);
  EXPECT_EQ(choice->Of(MakeTable("workshop", "orders", {})), nullptr);
  first.tables = "*";
  EXPECT_THAT(std::string(TransformChoice::Make({second, first}).status().message()),
              HasSubstr("transforms[1].tables: \"*\" is no regular expression"));
}

TEST(FirstCharactersTest, NoCharacterIsSplit) {
  EXPECT_EQ(FirstCharacters("abc", 0), "");
  EXPECT_EQ(FirstCharacters("abc", 2), "ab");
  EXPECT_EQ(FirstCharacters("abc", 3), "abc");
  EXPECT_EQ(FirstCharacters("abc", 9), "abc");
  EXPECT_EQ(FirstCharacters("\u00e9\u4e16\U0001F600x", 1), "\u00e9");
  EXPECT_EQ(FirstCharacters("\u00e9\u4e16\U0001F600x", 2), "\u00e9\u4e16");
  EXPECT_EQ(FirstCharacters("\u00e9\u4e16\U0001F600x", 3), "\u00e9\u4e16\U0001F600");
  EXPECT_EQ(FirstCharacters("\x80\x80\x80", 2), "\x80\x80");  // no UTF-8
  EXPECT_EQ(FirstCharacters("\xf0\x9f", 1), "\xf0\x9f");
  EXPECT_EQ(FirstCharacters("\xe4z", 1), "\xe4");
}

}  // namespace
}  // namespace tidemark::service::kafka
