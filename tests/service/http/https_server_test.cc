// The pages over TLS, asked by Python's client.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "service/http/http_admission.h"
#include "service/http/http_server.h"
#include "service/http/pages.h"
#include "service/observer.h"
#include "tests/service/http/http_client.h"
#include "tests/service/http/https_client.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::HttpGet;
using testing::HttpsGet;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using testing::TcpClient;

constexpr char kToken[] = "the-token-of-the-metrics";
constexpr absl::Duration kPatience = absl::Seconds(30);

class HttpsServerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TempFolder;
    for (const char* authority : {"ca", "other"}) {
      ASSERT_OK(testing::MakeAuthority(folder_->path(), authority));
    }
    ASSERT_OK(testing::IssueAuthority(folder_->path(), "ca", "branch"));
    for (const char* name : {"server", "second", "client"}) {
      ASSERT_OK(testing::IssueCertificate(folder_->path(), "ca", name));
    }
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "other", "stranger"));
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "branch", "clerk"));
    testing::WriteFile(File("clerk.pem"), testing::ReadFile(File("clerk.pem")) +
                                              testing::ReadFile(File("branch.pem")));
    testing::WriteFile(File("tokens"), std::string(kToken) + "\n");
  }
  static void TearDownTestSuite() { delete folder_; }

  void SetUp() override {
    Put("server");
    access_ =
        *Access::Start({.listener = "http",
                        .tls = CertificateFiles{File("now.pem"), File("now.key"), File("ca.pem")},
                        .token_file = File("tokens")});
    admission_.emplace(access_.get());
    StartServer(std::chrono::seconds(10));
  }
  void StartServer(std::chrono::milliseconds deadline) {
    auto started =
        HttpServer::Start({.listen = "127.0.0.1:0", .access = access_.get(), .deadline = deadline},
                          [this](const HttpRequest& request) {
                            return AnswerPage(request, *admission_, observer_, "1.2.3");
                          });
    ASSERT_OK(started);
    server_ = *std::move(started);
  }

  static std::string File(const std::string& name) { return folder_->File(name); }
  static void Put(const std::string& name) {
    for (const char* kind : {".pem", ".key"}) {
      std::filesystem::copy_file(File(name + kind), File(std::string("now") + kind),
                                 std::filesystem::copy_options::overwrite_existing);
    }
  }
  // `client`, `token`: "" for none.
  static std::vector<std::string> As(const std::string& client, const std::string& token) {
    std::vector<std::string> options = {"--ca", File("ca.pem")};
    if (!client.empty()) {
      options.insert(options.end(),
                     {"--cert", File(client + ".pem"), "--key", File(client + ".key")});
    }
    if (!token.empty()) options.insert(options.end(), {"--token", token});
    return options;
  }
  const std::string& address() const { return server_->address(); }

  static testing::TempFolder* folder_;
  std::unique_ptr<Access> access_;
  std::optional<HttpAdmission> admission_;
  Observer observer_;
  std::unique_ptr<HttpServer> server_;
};

testing::TempFolder* HttpsServerTest::folder_ = nullptr;

// As the kubelet asks, which has no secret and takes any certificate.
TEST_F(HttpsServerTest, HealthNeedsNeitherCertificateNorToken) {
  EXPECT_THAT(HttpsGet(address(), "/healthz", As("", "")), StartsWith("200 server\nalive\n"));
  EXPECT_THAT(HttpsGet(address(), "/readyz", As("", "")), StartsWith("503 server\nstarting\n"));
}

TEST_F(HttpsServerTest, MetricsTakeACertificateAndAToken) {
  for (const char* client : {"client", "clerk"}) {
    EXPECT_THAT(HttpsGet(address(), "/metrics", As(client, kToken)),
                AllOf(StartsWith("200 server\n"), HasSubstr("tidemark_build_info")));
  }
}

TEST_F(HttpsServerTest, WhoMayNotReadMetricsIsToldWhyAndTheLogNamesThem) {
  struct {
    const char *client, *token, *status, *reason;
  } cases[] = {
      {"", kToken, "403 ", "shows no certificate"},
      {"stranger", kToken, "403 ", "(CN=stranger) is refused: unable to get local issuer"},
      {"client", "", "401 ", "the request has no token; send the header `Authorization: Bearer"},
      {"client", "a-token-that-is-unknown", "401 ",
       "is none of those in the service's http.tokens"},
  };
  for (const auto& one : cases) {
    ::testing::internal::CaptureStderr();
    EXPECT_THAT(HttpsGet(address(), "/metrics", As(one.client, one.token)),
                AllOf(StartsWith(one.status), HasSubstr(one.reason), Not(HasSubstr("tidemark_"))));
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                AllOf(HasSubstr("request refused"), HasSubstr("127.0.0.1:"), HasSubstr(one.reason),
                      Not(HasSubstr("a-token-that-is-unknown"))));
  }
}

// Else one whose certificate comes by way of another would show its own alone.
TEST_F(HttpsServerTest, ASessionThatIsTakenUpShowsTheWholeChain) {
  std::vector<std::string> options = As("clerk", kToken);
  options.push_back("--resume");
  EXPECT_THAT(HttpsGet(address(), "/metrics", options), StartsWith("200 "));
}

TEST_F(HttpsServerTest, ARotationIsSeenByNewConnectionsAndCutsNone) {
  std::vector<std::string> options = As("client", kToken);
  options.insert(options.end(), {"--again-after", File("rotated")});
  auto kept =
      testing::Process::Start({.command = testing::HttpsCommand(address(), "/healthz", options),
                               .output_file = File("kept")});
  ASSERT_OK(kept);
  ASSERT_OK((*kept)->WaitForLine("alive", kPatience));
  Put("second");
  const absl::Time deadline = absl::Now() + kPatience;
  while (access_->certificates()->subject != "CN=second" && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_THAT(HttpsGet(address(), "/healthz", As("", "")), StartsWith("200 second\n"));
  testing::WriteFile(File("rotated"), "");
  EXPECT_OK((*kept)->Wait(kPatience));
  EXPECT_EQ((*kept)->Output(), "200 server\nalive\n\n200 server\nalive\n\n");
}

// The begin of a handshake that says that much more follows.
constexpr char kHalfAHello[] = "\x16\x03\x01\x02";

TEST_F(HttpsServerTest, WhoHoldsConnectionsKeepsNobodyOut) {
  std::vector<std::unique_ptr<TcpClient>> hostile;
  for (int i = 0; i < 200; ++i) {
    hostile.push_back(std::make_unique<TcpClient>(address()));
    if (i % 2 == 0) hostile.back()->Send(kHalfAHello);
  }
  EXPECT_THAT(HttpsGet(address(), "/healthz", As("", "")), StartsWith("200 "));
  EXPECT_THAT(hostile[0]->ReadTo(), IsEmpty());
}

TEST_F(HttpsServerTest, AHandshakeThatDoesNotEndIsCut) {
  StartServer(std::chrono::milliseconds(300));
  for (const std::string& begin : {std::string(), std::string(kHalfAHello)}) {
    TcpClient client(address());
    client.Send(begin);
    const absl::Time before = absl::Now();
    EXPECT_THAT(client.ReadTo(), IsEmpty());
    // Else the client itself gives up after ten seconds.
    EXPECT_LT(absl::Now() - before, absl::Seconds(8));
  }
}

TEST_F(HttpsServerTest, ClearTextIsNotAnswered) {
  EXPECT_EQ(HttpGet(address(), "/healthz").status, 0);
  EXPECT_THAT(HttpsGet(address(), "/healthz", As("", "")), StartsWith("200 "));
}

}  // namespace
}  // namespace tidemark::service
