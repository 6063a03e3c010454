// Retention as the configuration sets it.

#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using testing::FromGrpc;
using testing::ServiceProcess;

class RetentionTest : public CaptureTest {
 protected:
  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = CaptureTest::ServiceSettings();
    options.source_lines.push_back("retention: {size: 100 KiB}");
    return options;
  }

  v1::GetBoundsResponse Bounds() {
    grpc::ClientContext context;
    v1::GetBoundsRequest request;
    request.set_source(ServiceProcess::kSource);
    v1::GetBoundsResponse bounds;
    EXPECT_OK(FromGrpc(service().change_stream().GetBounds(&context, request, &bounds)));
    return bounds;
  }
  absl::Status Acknowledge(const std::string& consumer, uint64_t sequence) {
    grpc::ClientContext context;
    v1::AcknowledgeRequest request;
    request.set_source(ServiceProcess::kSource);
    request.set_consumer(consumer);
    request.set_sequence(sequence);
    v1::AcknowledgeResponse response;
    return FromGrpc(service().change_stream().Acknowledge(&context, request, &response));
  }
  // How a subscription that starts so ends, if it brings nothing; else its first change.
  absl::StatusOr<v1::Event> FirstChange(v1::SubscribeRequest request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    request.set_source(ServiceProcess::kSource);
    const auto reader = service().change_stream().Subscribe(&context, request);
    v1::SubscribeResponse response;
    while (reader->Read(&response)) {
      for (const v1::Event& event : response.events()) {
        if (!event.has_change()) continue;
        context.TryCancel();
        return event;
      }
    }
    return FromGrpc(reader->Finish());
  }
  void ExpectNotRetained(const v1::SubscribeRequest& request, uint64_t oldest) {
    const absl::Status status = FirstChange(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("oldest is ", oldest))) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "start there")) << status;
  }
};

TEST_P(RetentionTest, SizeOfTheConfigurationTrimsAndTellsThoseBehindIt) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, note text)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  auto insert = [this](int first) {
    Sql(absl::StrCat("INSERT INTO t SELECT i, repeat('x', 1000) FROM ", Rows(first, first + 19)));
    CatchUp();
  };
  insert(1);
  ASSERT_OK(Acknowledge("slow", 10));
  for (int first = 21; first < 400; first += 20) insert(first);
  // It looks at once, and then every ten seconds.
  StopService();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (Bounds().oldest_sequence() == 1 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  const v1::GetBoundsResponse bounds = Bounds();
  EXPECT_GT(bounds.oldest_sequence(), 200u);
  EXPECT_LT(bounds.retained_bytes(), 150u << 10);
  EXPECT_GT(bounds.retained_bytes(), 50u << 10);
  v1::SubscribeRequest request;
  request.set_sequence(1);
  ExpectNotRetained(request, bounds.oldest_sequence());
  request.set_consumer("slow");
  ExpectNotRetained(request, bounds.oldest_sequence());
  request.set_beginning(true);
  ASSERT_OK_AND_ASSIGN(const v1::Event first, FirstChange(request));
  EXPECT_EQ(first.sequence(), bounds.oldest_sequence());
  EXPECT_GT(first.change().key().values(0).integer(), 200);
}

INSTANTIATE_TEST_SUITE_P(Postgres, RetentionTest,
                         ::testing::Values(testing::PostgresKinds().front()), KindName);

}  // namespace
}  // namespace tidemark::contract
