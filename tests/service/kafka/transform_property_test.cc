// Changes as the drivers encode them, of random tables under random rules, against the same done
// with protobuf's objects; and the same bytes damaged.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/event.h"
#include "model/value_writer.h"
#include "service/kafka/table_transform.h"
#include "service/kafka/value_text.h"
#include "tests/service/kafka/tables.h"
#include "tests/support/random_seed.h"

namespace tidemark::service::kafka {
namespace {

using model::Bytes;
using model::ChangeEncoder;
using model::ValueKind;

constexpr size_t kRowBound = 100'000;

enum class Rule { kKeep, kLeaveOut, kMask, kHash, kTruncate };

class RandomTable {
 public:
  explicit RandomTable(std::mt19937_64* random) : random_(*random) {
    const size_t columns = 1 + Below(8);
    for (size_t i = 0; i < columns; ++i) AddColumn(absl::StrCat("c", i));
    const std::vector<uint32_t> order = RandomKey();
    for (uint32_t column : order) schema_.add_key_columns(column);
    for (size_t i = 0; i < columns; ++i) rules_.push_back(AddRule(static_cast<uint32_t>(i)));
    options_.hash_salt = "salt";
    options_.mask_length = static_cast<uint32_t>(Below(5));
  }

  // A frame's body, as the journal has it.
  std::string RandomChange() {
    Bytes out;
    ChangeEncoder encoder(&out);
    encoder.SetTransaction({{Below(2), 77}, 9, 1000, 2000});
    const auto op = static_cast<model::Op>(1 + Below(3));
    encoder.Begin(3, op, Below(1000), 3 * kRowBound);
    WriteKey(encoder);
    if (Below(2) == 0) WriteRow(encoder, ChangeEncoder::kBefore);
    if (op != model::Op::kDelete) WriteRow(encoder, ChangeEncoder::kAfter);
    encoder.End();
    if (Below(2) == 0) encoder.MarkLast();
    model::FrameScanner scanner(out.view());
    model::EventView event;
    EXPECT_TRUE(scanner.Next(&event));
    return std::string(event.body);
  }

  // What must come of it.
  v1::Change Expected(v1::Change change) const {
    v1::Row key;
    for (int i = 0; i < schema_.key_columns_size(); ++i) {
      AddExpected(change.key().values(i), rules_[schema_.key_columns(i)], &key);
    }
    *change.mutable_key() = key;
    if (change.has_before()) *change.mutable_before() = ExpectedRow(change.before());
    if (change.has_after()) *change.mutable_after() = ExpectedRow(change.after());
    return change;
  }

  const v1::TableSchema& schema() const { return schema_; }
  const TransformOptions& options() const { return options_; }
  uint64_t Below(uint64_t end) { return random_() % end; }

 private:
  void AddColumn(std::string name) {
    const bool text = Below(2) == 0;
    kinds_.push_back(text ? ValueKind::kText : static_cast<ValueKind>(1 + Below(27)));
    const auto kind = kinds_.back() == ValueKind::kText ? v1::TYPE_KIND_TEXT : v1::TYPE_KIND_ARRAY;
    *schema_.add_columns() = MakeColumn(std::move(name), MakeType(kind, 0, "t"), true);
    schema_.set_id(3);
  }

  std::vector<uint32_t> RandomKey() {
    std::vector<uint32_t> key;
    for (uint32_t i = 0; i < kinds_.size(); ++i) {
      if (Below(3) == 0) key.push_back(i);
    }
    std::shuffle(key.begin(), key.end(), random_);
    return key;
  }

  bool IsKey(uint32_t column) const {
    for (uint32_t key : schema_.key_columns()) {
      if (key == column) return true;
    }
    return false;
  }

  Rule AddRule(uint32_t column) {
    const std::string& name = schema_.columns(static_cast<int>(column)).name();
    const bool key = IsKey(column);
    switch (Below(5)) {
      case 0:
        options_.hash.push_back(name);
        return Rule::kHash;
      case 1:
        // One column stays at least.
        if (key || column == 0) return Rule::kKeep;
        options_.exclude.push_back(name);
        return Rule::kLeaveOut;
      case 2:
        if (key) return Rule::kKeep;
        options_.mask.push_back(name);
        return Rule::kMask;
      case 3:
        if (key || kinds_[column] != ValueKind::kText) return Rule::kKeep;
        options_.truncate.emplace_back(name, 3);
        return Rule::kTruncate;
      default:
        return Rule::kKeep;
    }
  }

  void WriteKey(ChangeEncoder& encoder) {
    encoder.OpenRow(ChangeEncoder::kKey, kRowBound);
    for (uint32_t column : schema_.key_columns()) WriteValue(encoder.out(), 1, kinds_[column]);
    encoder.CloseRow();
  }

  void WriteRow(ChangeEncoder& encoder, ChangeEncoder::RowField field) {
    encoder.OpenRow(field, kRowBound);
    for (ValueKind kind : kinds_) {
      const uint64_t special = Below(8);
      if (special == 0) model::AppendNull(encoder.out(), 1);
      if (special == 1) model::AppendUnavailable(encoder.out(), 1);
      if (special > 1) WriteValue(encoder.out(), 1, kind);
    }
    encoder.CloseRow();
  }

  void WriteValue(Bytes& out, uint32_t field, ValueKind kind) {
    switch (kind) {
      case ValueKind::kBoolean:
      case ValueKind::kInfinity:
        return model::AppendVarintValue(out, field, kind, Below(2));
      case ValueKind::kUnsignedInteger:
        return model::AppendVarintValue(out, field, kind, random_());
      case ValueKind::kInteger:
      case ValueKind::kTimestamp:
      case ValueKind::kTimestampWithZone:
        return model::AppendSigned(out, field, kind, static_cast<int64_t>(random_()));
      case ValueKind::kDate:
      case ValueKind::kTime:
        return model::AppendSigned(out, field, kind, static_cast<int64_t>(Below(1'000'000)));
      case ValueKind::kReal:
        return model::AppendReal(out, field, static_cast<float>(random_()) / 3);
      case ValueKind::kDoublePrecision:
        return model::AppendDouble(out, field, static_cast<double>(random_()) / 7);
      case ValueKind::kTimeWithZone:
        return model::AppendTimeWithZone(out, field, static_cast<int64_t>(Below(86'400'000'000)),
                                         static_cast<int32_t>(Below(80'000)) - 40'000);
      case ValueKind::kInterval:
        return model::AppendInterval(out, field, static_cast<int32_t>(random_()),
                                     static_cast<int32_t>(random_()),
                                     static_cast<int64_t>(random_()));
      case ValueKind::kGeometry:
        return model::AppendGeometry(out, field, static_cast<uint32_t>(Below(5000)), RandomText());
      case ValueKind::kVector:
        return model::AppendVector(out, field, std::string(4 * Below(4), '\x3f'));
      case ValueKind::kArray:
      case ValueKind::kComposite:
        return WriteNested(out, field, kind);
      case ValueKind::kRange:
      case ValueKind::kMultiRange:
      case ValueKind::kUnavailable:
        return WriteValue(out, field, ValueKind::kArray);
      default:
        return model::AppendBytesValue(out, field, kind, RandomText());
    }
  }

  void WriteNested(Bytes& out, uint32_t field, ValueKind kind) {
    const auto value = model::NestedValue::Open(out, field, kind, 1000);
    const uint32_t element = kind == ValueKind::kArray ? 2 : 1;
    for (uint64_t i = Below(3); i > 0; --i) {
      model::AppendInteger(out, element, static_cast<int64_t>(random_()));
    }
    model::AppendNull(out, element);
    value.Close(out);
  }

  std::string RandomText() {
    static constexpr const char* kPieces[] = {"a", "\u00e9", "\u4e16", "\U0001F600", "", "xyz"};
    std::string text;
    for (uint64_t i = Below(8); i > 0; --i) text += kPieces[Below(6)];
    if (Below(10) == 0) text.append(300, 'l');
    return text;
  }

  v1::Row ExpectedRow(const v1::Row& row) const {
    v1::Row expected;
    for (int i = 0; i < row.values_size(); ++i) {
      AddExpected(row.values(i), rules_[static_cast<size_t>(i)], &expected);
    }
    return expected;
  }

  void AddExpected(const v1::Value& value, Rule rule, v1::Row* row) const {
    if (rule == Rule::kLeaveOut) return;
    v1::Value* added = row->add_values();
    *added = value;
    if (value.kind_case() == v1::Value::KIND_NOT_SET || value.has_unavailable()) return;
    if (rule == Rule::kMask) added->set_text(std::string(options_.mask_length, '*'));
    if (rule == Rule::kHash) added->set_text(HashOf(value));
    if (rule == Rule::kTruncate) added->set_text(Cut(value.text(), 3));
  }

  static std::string HashOf(const v1::Value& value) {
    const std::string bytes = value.SerializeAsString();
    ValueView view;
    std::string text, hash;
    EXPECT_TRUE(ReadValue(bytes, &view) && AppendValueText(text, view)) << value.ShortDebugString();
    EXPECT_TRUE(KeyedHash::Make("salt")->AppendHex(hash, text).ok());
    return hash;
  }

  // By counting what starts a character.
  static std::string Cut(const std::string& text, size_t characters) {
    size_t starts = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<uint8_t>(text[i]) & 0xc0) != 0x80 && ++starts > characters) {
        return text.substr(0, i);
      }
    }
    return text;
  }

  std::mt19937_64& random_;
  std::vector<ValueKind> kinds_;
  std::vector<Rule> rules_;
  v1::TableSchema schema_;
  TransformOptions options_;
};

TEST(TransformPropertyTest, WireFormIsRewrittenAsTheMessagesWouldBe) {
  std::mt19937_64 random(testing::RandomSeed());
  for (int round = 0; round < 300; ++round) {
    RandomTable table(&random);
    auto transform = TableTransform::Prepare(table.schema(), table.options());
    ASSERT_TRUE(transform.ok()) << transform.status();
    for (int i = 0; i < 20; ++i) {
      const std::string change = table.RandomChange();
      std::string out;
      const absl::Status status = transform->Apply(change, out);
      ASSERT_TRUE(status.ok()) << status << " in round " << round;
      v1::Change before, after;
      ASSERT_TRUE(before.ParseFromString(change));
      ASSERT_TRUE(after.ParseFromString(out));
      ASSERT_EQ(after.SerializeAsString(), table.Expected(before).SerializeAsString())
          << "round " << round << ": " << before.ShortDebugString();
    }
  }
}

// Rows of the length that their schema has afterwards.
bool HasTheColumns(const std::string& bytes, const v1::TableSchema& schema) {
  ChangeView change;
  if (!ReadChange(bytes, &change)) return false;
  auto has = [](const std::optional<std::string_view>& row, int columns) {
    if (!row.has_value()) return true;
    ValuesReader reader(*row);
    int count = 0;
    for (ValueView value; reader.Next(&value);) ++count;
    return count == columns && !reader.malformed();
  };
  return has(change.key, schema.key_columns_size()) && has(change.before, schema.columns_size()) &&
         has(change.after, schema.columns_size());
}

TEST(TransformPropertyTest, DamagedChangesAreRefusedOrKeepTheirForm) {
  std::mt19937_64 random(testing::RandomSeed());
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    RandomTable table(&random);
    auto transform = TableTransform::Prepare(table.schema(), table.options());
    ASSERT_TRUE(transform.ok()) << transform.status();
    for (int i = 0; i < 50; ++i) {
      std::string change = table.RandomChange();
      for (uint64_t n = 1 + random() % 3; n > 0; --n) {
        change[random() % change.size()] = static_cast<char>(random());
      }
      if (random() % 4 == 0) change.resize(random() % change.size());
      std::string out;
      const absl::Status status = transform->Apply(change, out);
      if (status.ok()) {
        ASSERT_TRUE(HasTheColumns(out, transform->schema()));
        continue;
      }
      ASSERT_EQ(out, "");
      ASSERT_TRUE(absl::IsDataLoss(status) || absl::IsInvalidArgument(status)) << status;
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace tidemark::service::kafka
