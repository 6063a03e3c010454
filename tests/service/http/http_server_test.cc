#include "service/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "tests/service/http/http_client.h"
#include "tests/support/status_matchers.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;
using testing::HttpGet;
using ::testing::IsEmpty;
using testing::TcpClient;

class HttpServerTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(std::chrono::seconds(10)); }
  void Start(std::chrono::milliseconds deadline) {
    auto started = HttpServer::Start(
        {.listen = "127.0.0.1:0", .deadline = deadline},
        [](const HttpRequest& request) { return HttpReply{.body = "at " + request.path}; });
    ASSERT_OK(started);
    server_ = *std::move(started);
  }
  const std::string& address() const { return server_->address(); }

  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersWhatIsAtThePathWithoutItsQuery) {
  const auto result = HttpGet(address(), "/metrics?name=x");
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.body, "at /metrics");
  EXPECT_THAT(result.headers, HasSubstr("Content-Type: text/plain; charset=utf-8"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  const auto result = HttpGet(address(), "/x", "HEAD");
  EXPECT_EQ(result.status, 200);
  EXPECT_THAT(result.headers, HasSubstr("Content-Length: 5"));
  EXPECT_THAT(result.body, IsEmpty());
}

TEST_F(HttpServerTest, RefusesWhatIsNoQuestion) {
  EXPECT_EQ(HttpGet(address(), "/x", "DELETE").status, 405);
}

TEST_F(HttpServerTest, KeepsAConnectionForTheNextRequest) {
  TcpClient client(address());
  for (const char* path : {"/first", "/second"}) {
    client.Send(std::string("GET ") + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_THAT(client.ReadTo(std::string("at ") + path), HasSubstr("200 OK"));
  }
}

TEST_F(HttpServerTest, ClosesOnARequestThatIsTooLargeOrNoHttp) {
  for (const std::string& request :
       {"GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n", std::string("hello\r\n\r\n")}) {
    TcpClient client(address());
    client.Send(request);
    EXPECT_THAT(client.ReadTo(), IsEmpty());
  }
  EXPECT_EQ(HttpGet(address(), "/").status, 200);
}

TEST_F(HttpServerTest, HoldsNoMoreThanSixtyFourConnectionsAndTheOneThatWaitsLongestGoes) {
  std::vector<std::unique_ptr<TcpClient>> clients;
  const auto ask = [](TcpClient& client) {
    client.Send("GET /x HTTP/1.1\r\nHost: test\r\n\r\n");
    return client.ReadTo("at /x");
  };
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<TcpClient>(address()));
    ASSERT_THAT(ask(*clients.back()), HasSubstr("200 OK"));
  }
  // Now the second has waited longest.
  ASSERT_THAT(ask(*clients[0]), HasSubstr("200 OK"));
  EXPECT_EQ(HttpGet(address(), "/").status, 200);
  EXPECT_THAT(clients[1]->ReadTo(), IsEmpty());
  EXPECT_THAT(ask(*clients[0]), HasSubstr("200 OK"));
  EXPECT_THAT(ask(*clients[2]), HasSubstr("200 OK"));
}

TEST_F(HttpServerTest, WhoHoldsConnectionsKeepsNobodyOut) {
  std::vector<std::unique_ptr<TcpClient>> hostile;
  for (int i = 0; i < 200; ++i) {
    hostile.push_back(std::make_unique<TcpClient>(address()));
    if (i % 2 == 0) hostile.back()->Send("GET /half");
  }
  EXPECT_EQ(HttpGet(address(), "/").status, 200);
}

TEST_F(HttpServerTest, ARequestThatDoesNotEndIsCut) {
  Start(std::chrono::milliseconds(300));
  TcpClient client(address());
  client.Send("GET /half");
  const absl::Time before = absl::Now();
  EXPECT_THAT(client.ReadTo(), IsEmpty());
  // Else the client itself gives up after ten seconds.
  EXPECT_LT(absl::Now() - before, absl::Seconds(8));
}

TEST_F(HttpServerTest, EndsWhileClientsAreConnected) {
  TcpClient idle(address());
  idle.Send("GET /half");
  server_.reset();
  EXPECT_THAT(idle.ReadTo(), IsEmpty());
}

TEST_F(HttpServerTest, AnAddressThatIsTakenIsToldWithTheRemedy) {
  const absl::Status refused = HttpServer::Start({.listen = address()}, [](const HttpRequest&) {
                                 return HttpReply{};
                               }).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("http.listen"));
}

}  // namespace
}  // namespace tidemark::service
