// Records that a broker does not take.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/service/kafka/publisher_fixture.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

void AppendTruncate(DataFolder& data) {
  BlockMaker maker(data.journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kTruncate, 0, "").End();
  data.Append(maker);
}

std::string Umlauts(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "\u00e4";
  return text;
}

TEST_F(PublisherTest, RecordWithoutAKeyInACompactedTopicStopsWithTopicAndRemedy) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  data_->AppendSchema(1, "lines", /*with_key=*/false);
  data_->Append(1, {1});
  EXPECT_THAT(WhyStopped(Start(*data_)),
              AllOf(HasSubstr(absl::StrCat("cannot write to topic ", source_, ".lines: ")),
                    HasSubstr("INVALID_RECORD"), HasSubstr("set its cleanup.policy to delete")));
}

TEST_F(PublisherTest, TruncateInACompactedTopicStopsUntilItIsLeftOut) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  AppendTruncate(*data_);
  data_->Append(1, {2});
  Publisher* publisher = Start(*data_);
  EXPECT_THAT(WhyStopped(publisher), AllOf(HasSubstr(absl::StrCat(source_, ".orders")),
                                           HasSubstr("publish.truncates: false")));
  EXPECT_EQ(publisher->status().errors.by_cause[static_cast<size_t>(FailureCause::kOperator)], 1u);
  publishers_.clear();
  options_.truncates = false;
  WaitUntilPublished(Start(*data_), *data_);
  EXPECT_EQ(Sequences("orders").size(), 2u);
}

// It is found out while records are still written.
TEST_F(PublisherTest, RefusalIsSaidInALargeTransactionToo) {
  options_.topic_settings = {{"cleanup.policy", "compact"}};
  data_->AppendSchema(1, "orders");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kTruncate, 0, "");
  for (int i = 0; i < 50'000; ++i) maker.Change(1, model::Op::kCreate, i, "n");
  maker.End();
  data_->Append(maker);
  EXPECT_THAT(WhyStopped(Start(*data_)), HasSubstr(absl::StrCat("topic ", source_, ".orders: ")));
}

TEST_F(PublisherTest, RecordThatDoesNotFitStopsWithItsTableKeyEventAndLimit) {
  data_->AppendSchema(1, "orders");
  data_->Append(1, {41});
  data_->Append(1, {4242}, true, std::string(1'500'000, 'x'));
  ::testing::internal::CaptureStderr();
  const std::string error = WhyStopped(Start(*data_));
  publishers_.clear();
  EXPECT_THAT(error, AllOf(HasSubstr("event 4, a change of public.orders with the key "
                                     "{\"id\":\"4242\"}, does not fit into topic"),
                           HasSubstr("the limit is 1000000")));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("4242"));
}

TEST_F(PublisherTest, KeyOfARecordThatDoesNotFitIsHashedAsInTheRecord) {
  TransformOptions transform;
  transform.tables = "public\\.orders";
  transform.hash = {"id"};
  transform.hash_salt = "salt";
  options_.transforms = {transform};
  data_->AppendSchema(1, "orders");
  data_->Append(1, {4242}, true, std::string(1'500'000, 'x'));
  EXPECT_THAT(WhyStopped(Start(*data_)),
              AllOf(ContainsRegex("with the key .\"id\":\"[0-9a-f]{64}\"., does not fit"),
                    Not(HasSubstr("4242"))));
}

TEST_F(PublisherTest, LongKeyOfARecordThatDoesNotFitIsCut) {
  auto schema = std::make_shared<model::TableSchema>(*MakeSchema(1, 1, "public", "orders"));
  schema->key_columns = {1};
  model::Bytes key, row;
  model::AppendBytesValue(key, 1, model::ValueKind::kText, Umlauts(500));
  model::AppendInteger(row, 1, 1);
  model::AppendBytesValue(row, 1, model::ValueKind::kText, std::string(1'500'000, 'x'));
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Schema(schema).Rows(1, model::Op::kCreate, key.view(), "", row.view()).End();
  data_->Append(maker);
  // Whole characters.
  EXPECT_THAT(WhyStopped(Start(*data_)),
              HasSubstr("with the key {\"note\":\"" + Umlauts(95) + "..., does not fit"));
}

TEST_F(PublisherTest, TombstoneOfADeleteThatDoesNotFitIsInItsTopic) {
  options_.oversize = Oversize::kDeadLetter;
  options_.dead_letter_topic = source_ + ".dead";
  options_.tombstones = true;
  options_.topic_settings = {{"max.message.bytes", "20000"}};
  data_->AppendSchema(1, "orders");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kCreate, 5, "n");
  maker.Change(1, model::Op::kDelete, 5, std::string(50'000, 'x'));
  maker.Change(1, model::Op::kCreate, 6, std::string(50'000, 'x')).End();
  data_->Append(maker);
  WaitUntilPublished(Start(*data_), *data_);
  const std::vector<KafkaRecord> records = Read("orders");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[1].key, records[0].key);
  EXPECT_EQ(records[1].value, std::nullopt);
  EXPECT_EQ(HeaderOf(records[1], "op"), "delete");
  EXPECT_EQ(Read("dead").size(), 2u);
}

TEST_F(PublisherTest, TimeThatIsAheadIsPublishedAsNow) {
  const int64_t now_us = absl::GetCurrentTimeNanos() / 1000;
  const uint64_t ahead_us = static_cast<uint64_t>(now_us) + 86'400'000'000;
  data_->AppendSchema(1, "orders");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.CommittedAt(ahead_us).Change(1, model::Op::kCreate, 1, "n");
  maker.CommittedAt(1'000'000'000).Change(1, model::Op::kCreate, 1, "n").End();
  data_->Append(maker);
  WaitUntilPublished(Start(*data_), *data_);
  const std::vector<KafkaRecord> records = Read("orders");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_GE(records[0].timestamp_ms, now_us / 1000);
  EXPECT_LE(records[0].timestamp_ms, absl::GetCurrentTimeNanos() / 1'000'000);
  EXPECT_EQ(records[1].timestamp_ms, 1'000'000);
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(*records[0].value));
  EXPECT_EQ(event.change().commit_time_us(), ahead_us);
}

TEST_F(PublisherTest, TimeThatATopicDoesNotTakeStopsWithTopicAndRemedy) {
  options_.topic_settings = {{"message.timestamp.before.max.ms", "60000"}};
  data_->AppendSchema(1, "orders");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.CommittedAt(1'000'000'000).Change(1, model::Op::kCreate, 1, "n").End();
  data_->Append(maker);
  EXPECT_THAT(WhyStopped(Start(*data_)),
              AllOf(HasSubstr(absl::StrCat("topic ", source_, ".orders: ")),
                    HasSubstr("INVALID_TIMESTAMP"), HasSubstr("message.timestamp.before.max.ms")));
}

}  // namespace
}  // namespace tidemark::service::kafka
