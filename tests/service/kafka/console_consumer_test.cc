// Kafka's own console consumer, which is of Java, reads our topics.

#include "tests/support/console_consumer.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "service/kafka/producer.h"
#include "tests/service/kafka/publisher_fixture.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The lines "headers|key|value" of the first records, from the topic's beginning.
std::vector<std::string> ConsoleConsumer(const std::string& brokers, const std::string& topic,
                                         int records) {
  const absl::StatusOr<std::string> output =
      tidemark::testing::RunConsoleConsumer({.brokers = brokers,
                                             .topic = topic,
                                             .records = records,
                                             .properties = {"print.headers=true"}});
  EXPECT_OK(output);
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(output.value_or(""), '\n')) {
    if (line.find('|') != line.npos) lines.emplace_back(line);
  }
  return lines;
}

// A record of a transaction that does not come to its end.
void WriteAborted(const ClusterOptions& cluster, const std::string& topic) {
  ASSERT_OK_AND_ASSIGN(auto producer, Producer::Open(cluster, "aborts-" + topic, UINT64_MAX));
  ASSERT_OK(producer->Init({}));
  ASSERT_OK(producer->Begin());
  Record record;
  record.partition = 0;
  record.key = "aborted";
  record.value = "aborted";
  ASSERT_OK(producer->Produce(topic, record, {}));
  ASSERT_EQ(rd_kafka_flush(producer->client(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_OK(producer->Abort({}));
}

TEST_F(PublisherTest, ConsoleConsumerOfJavaReadsKeysValuesAndHeadersThatAreCommitted) {
  options_.format = Format::kDebeziumJsonBare;
  options_.tombstones = true;
  const std::string topic = source_ + ".orders";
  ASSERT_OK(tidemark::testing::CreateKafkaTopic(cluster_.brokers, {.name = topic}));
  WriteAborted(cluster_, topic);
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {41}, true, "h\u00e4lt");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kDelete, 41, "").End();
  data_->Append(maker);
  WaitUntilPublished(publisher, *data_);

  const std::vector<std::string> lines = ConsoleConsumer(cluster_.brokers, topic, 3);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], AllOf(StartsWith(absl::StrCat("source:", source_,
                                                      ",table:public.orders,"
                                                      "op:create,sequence:2,")),
                              HasSubstr("|{\"id\":41}|{\"before\":null,\"after\":{\"id\":41,"
                                        "\"note\":\"h\u00e4lt\"},\"source\":{"),
                              HasSubstr(",\"op\":\"c\",")));
  EXPECT_THAT(lines[1],
              AllOf(HasSubstr("op:delete,"), HasSubstr("|{\"id\":41}|{\"before\":{\"id\":41,"),
                    HasSubstr(",\"op\":\"d\",")));
  EXPECT_THAT(lines[2], AllOf(HasSubstr("op:delete,"), EndsWith("|{\"id\":41}|null")));
}

}  // namespace
}  // namespace tidemark::service::kafka
