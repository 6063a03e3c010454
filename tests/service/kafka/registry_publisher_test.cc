// The formats with a schema registry where the publisher writes them: from a journal into topics.

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_split.h"
#include "service/kafka/schema_registry.h"
#include "tests/service/kafka/registry_publisher_fixture.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(RegistryPublisherTest, AvroWaitsForARegistryThatIsDownAndThenIsReadByAConsumerOfConfluent) {
  AppendRow("avro");
  server_->Kill9();
  Publish(Format::kAvro, server_->url());
  WaitFor([&] { return !publisher_->status().error.empty(); });
  EXPECT_EQ(publisher_->status().state, PublisherState::kConnecting);
  EXPECT_THAT(publisher_->status().error,
              AllOf(HasSubstr(server_->url()), HasSubstr("public.avro")));
  ASSERT_OK(server_->StartAgain());
  WaitUntilPublished();
  ExpectRead("avro", "shop.avro",
             R"({"before":null,"after":{"id":7,"note":"note"},"source":{"version":")" +
                 std::string(TIDEMARK_VERSION) +
                 R"(","connector":"postgresql","name":"shop","ts_ms":0,"snapshot":"false",)"
                 R"("db":"orders","sequence":"[null,\"102\"]","ts_us":0,"ts_ns":0,)"
                 R"("schema":"public","table":"avro","txId":7,"lsn":102,"xmin":null,)"
                 R"("origin":null,"origin_lsn":null},"transaction":null,"op":"c",)"
                 R"("ts_ms":0,"ts_us":0,"ts_ns":0})");
}

// Each attempt connects to Kafka, and fails with the first event.
TEST_F(RegistryPublisherTest, RegistryThatStaysAwayIsLoggedOnceAndTheLagGrows) {
  AppendRow("away");
  ::testing::internal::CaptureStderr();
  Publish(Format::kAvro, "http://127.0.0.1:1");
  WaitFor([&] { return publisher_->status().lag_us > 0 && !publisher_->status().error.empty(); });
  const uint64_t lag_us = publisher_->status().lag_us;
  for (int look = 0; look < 40; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_GE(publisher_->status().lag_us, lag_us);
  }
  EXPECT_GE(publisher_->status().lag_us, lag_us + 2'000'000);
  publisher_.reset();
  const std::string log = ::testing::internal::GetCapturedStderr();
  std::vector<std::string> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, ElementsAre(HasSubstr("publisher disconnected")));
}

TEST_F(RegistryPublisherTest, ProtobufIsReadByAConsumerOfConfluent) {
  AppendRow("proto");
  Publish(Format::kRegistryProtobuf, server_->url());
  WaitUntilPublished();
  ExpectRead("protobuf", "shop.proto",
             R"({"op":"OP_CREATE","after":{"id":7,"note":"note"},"source":{"name":"shop",)"
             R"("namespace":"public","table":"proto","positionOffset":102,)"
             R"("transactionId":7}})");
}

TEST_F(RegistryPublisherTest, WhatTheRegistryRefusesStopsThePublisherAndSaysSo) {
  RegistryOptions options;
  options.urls = {server_->url()};
  SchemaRegistry registry(options, std::stop_token());
  ASSERT_OK(registry.Register({"shop.taken-key", "public.taken"},
                              {"AVRO", R"({"type":"record","name":"r","fields":[]})"}));
  AppendRow("taken");
  Publish(Format::kAvro, server_->url());
  WaitFor([&] { return publisher_->status().state == PublisherState::kStopped; });
  EXPECT_THAT(publisher_->status().error,
              AllOf(HasSubstr("shop.taken-key"), HasSubstr("public.taken"),
                    HasSubstr("set the subject's compatibility")));
}

}  // namespace
}  // namespace tidemark::service::kafka
