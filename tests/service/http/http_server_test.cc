#include "service/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

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
  void SetUp() override {
    auto started = HttpServer::Start("127.0.0.1:0", [](std::string_view path) {
      return HttpReply{.body = std::string("at ") + std::string(path)};
    });
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

TEST_F(HttpServerTest, TakesNoMoreThanSixtyFourConnections) {
  std::vector<std::unique_ptr<TcpClient>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<TcpClient>(address()));
    clients.back()->Send("GET /x HTTP/1.1\r\nHost: test\r\n\r\n");
    ASSERT_THAT(clients.back()->ReadTo("at /x"), HasSubstr("200 OK"));
  }
  EXPECT_THAT(TcpClient(address()).ReadTo(), IsEmpty());
  EXPECT_EQ(HttpGet(address(), "/").status, 0);
  clients.clear();
  int status = 0;
  for (int i = 0; i < 500 && status != 200; ++i) status = HttpGet(address(), "/").status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpServerTest, EndsWhileClientsAreConnected) {
  TcpClient idle(address());
  idle.Send("GET /half");
  server_.reset();
  EXPECT_THAT(idle.ReadTo(), IsEmpty());
}

TEST_F(HttpServerTest, AnAddressThatIsTakenIsToldWithTheRemedy) {
  const absl::Status refused =
      HttpServer::Start(address(), [](std::string_view) { return HttpReply{}; }).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("http.listen"));
}

}  // namespace
}  // namespace tidemark::service
