#include "service/kafka/client.h"

#include "gtest/gtest.h"

namespace tidemark::service::kafka {
namespace {

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) { return ToStatus("cannot ask", error).code(); }

TEST(ClientTest, WhatPassesByItselfIsUnavailable) {
  for (const rd_kafka_resp_err_t error :
       {RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED}) {
    EXPECT_EQ(CodeOf(error), absl::StatusCode::kUnavailable) << rd_kafka_err2name(error);
  }
}

TEST(ClientTest, WhatAnOperatorMustMendIsFailedPrecondition) {
  for (const rd_kafka_resp_err_t error :
       {RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__AUTHENTICATION,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_POLICY_VIOLATION}) {
    EXPECT_EQ(CodeOf(error), absl::StatusCode::kFailedPrecondition) << rd_kafka_err2name(error);
  }
}

}  // namespace
}  // namespace tidemark::service::kafka
