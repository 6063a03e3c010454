#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/config.h"
#include "tests/support/certificates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AccessConfigTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TempFolder;
    ASSERT_OK(testing::MakeAuthority(folder_->path(), "ca"));
    testing::WriteFile(folder_->File("tokens"), "0123456789abcdef\n");
    std::filesystem::permissions(folder_->File("tokens"), std::filesystem::perms(0600));
  }
  static void TearDownTestSuite() { delete folder_; }

  static absl::StatusOr<Config> Parse(const std::string& lines) {
    return ParseConfig(
        lines + "\ndata: d\nsources:\n  - {name: a, postgres: {connection: dbname=x}}\n",
        folder_->File("t.yaml"));
  }
  static std::string ErrorOf(const std::string& lines) {
    return std::string(Parse(lines).status().message());
  }
  static std::string WarningsOf(const std::string& lines) {
    const auto config = Parse(lines);
    EXPECT_OK(config);
    return config.ok() ? absl::StrJoin(config->access_warnings, "\n") : "";
  }

  static testing::TempFolder* folder_;
};

testing::TempFolder* AccessConfigTest::folder_ = nullptr;

constexpr char kTls[] = "listen: 0.0.0.0:1\ntls: {cert: ca.pem, key: ca.key, client_ca: ca.pem}\n";

TEST_F(AccessConfigTest, EveryKeyIsRead) {
  const auto config = Parse(absl::StrCat(kTls, "tokens: {file: tokens}"));
  ASSERT_OK(config);
  ASSERT_TRUE(config->access.tls);
  EXPECT_EQ(config->access.tls->cert, folder_->File("ca.pem"));
  EXPECT_EQ(config->access.tls->key, folder_->File("ca.key"));
  EXPECT_EQ(config->access.tls->client_ca, folder_->File("ca.pem"));
  EXPECT_EQ(config->access.token_file, folder_->File("tokens"));
  EXPECT_FALSE(Parse("")->access.tls);
}

TEST_F(AccessConfigTest, OtherMachinesTakeTlsUnlessSaidInSoManyWords) {
  for (const char* listen : {"0.0.0.0:1", "'[::]:1'", "10.0.0.1:1", "example.org:1"}) {
    const std::string line = absl::StrCat("listen: ", listen, "\n");
    EXPECT_THAT(ErrorOf(line), HasSubstr("listen: other machines can reach")) << listen;
    EXPECT_THAT(ErrorOf(line + "insecure: false"), HasSubstr("other machines can reach"));
    EXPECT_OK(Parse(line + "insecure: true"));
  }
  EXPECT_OK(Parse(kTls));
  for (const char* listen : {"127.0.0.1:1", "localhost:1", "'[::1]:1'", "unix:/run/t.sock"}) {
    EXPECT_OK(Parse(absl::StrCat("listen: ", listen, "\n"))) << listen;
  }
}

TEST_F(AccessConfigTest, WhatIsMissingOrDoubtfulIsNamed) {
  EXPECT_THAT(ErrorOf("tls: {}"), HasSubstr("tls.cert: is missing; expected the server's"));
  EXPECT_THAT(ErrorOf("tls: {}"), HasSubstr("tls.key: is missing; expected the key"));
  EXPECT_THAT(ErrorOf("tokens: {}"), HasSubstr("tokens.file: is missing"));
  EXPECT_THAT(ErrorOf("tls: {cert: a, key: b, ca: c}"), HasSubstr("tls.ca: unknown key"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kTls, "insecure: true")), HasSubstr("stands beside tls"));
  EXPECT_THAT(WarningsOf("listen: 0.0.0.0:1\ninsecure: true"), HasSubstr("whoever reaches"));
  EXPECT_THAT(WarningsOf("listen: 0.0.0.0:1\ninsecure: true\ntokens: {file: tokens}"),
              HasSubstr("in clear text"));
  EXPECT_THAT(WarningsOf(kTls), Not(HasSubstr("whoever reaches")));
  EXPECT_THAT(WarningsOf("tokens: {file: tokens}"), IsEmpty());
}

TEST_F(AccessConfigTest, HttpTakesTheSameWords) {
  const char* const on_all = "http: {listen: '0.0.0.0:1'";
  const auto config = Parse(absl::StrCat(
      on_all, ", tls: {cert: ca.pem, key: ca.key, client_ca: ca.pem}, tokens: {file: tokens}}"));
  ASSERT_OK(config);
  ASSERT_TRUE(config->http && config->http->access.tls);
  EXPECT_EQ(config->http->access.tls->cert, folder_->File("ca.pem"));
  EXPECT_EQ(config->http->access.tls->key, folder_->File("ca.key"));
  EXPECT_EQ(config->http->access.tls->client_ca, folder_->File("ca.pem"));
  EXPECT_EQ(config->http->access.token_file, folder_->File("tokens"));
  EXPECT_EQ(config->http->access.listener, "http");
  EXPECT_FALSE(config->access.tls);
  EXPECT_THAT(ErrorOf(absl::StrCat(on_all, "}")), HasSubstr("http.listen: other machines can"));
  EXPECT_THAT(ErrorOf(absl::StrCat(on_all, ", tls: {}}")), HasSubstr("http.tls.cert: is missing"));
  EXPECT_THAT(ErrorOf(absl::StrCat(on_all, ", tokens: {}}")), HasSubstr("http.tokens.file: is"));
  EXPECT_THAT(ErrorOf(absl::StrCat(on_all, ", tls: {cert: ca.pem, key: ca.key}, insecure: true}")),
              HasSubstr("http.insecure: stands beside tls"));
  EXPECT_THAT(WarningsOf(absl::StrCat(on_all, ", insecure: true, tokens: {file: tokens}}")),
              HasSubstr("http.insecure: tokens and metrics travel in clear text"));
  // In a pod's network metrics may be open: no warning at each start.
  EXPECT_THAT(WarningsOf(absl::StrCat(on_all, ", insecure: true}")), IsEmpty());
}

}  // namespace
}  // namespace tidemark::service
