#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "service/config.h"
#include "tests/support/status_matchers.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Config> Parse(const std::string& http) {
  return ParseConfig(
      absl::StrCat("data: data\n", http,
                   "\nsources:\n  - name: shop\n    postgres: {connection: \"host=/tmp\"}\n"),
      "t.yaml");
}

TEST(HttpConfigTest, IsNotServedIfLeftOut) {
  auto config = Parse("");
  ASSERT_OK(config);
  EXPECT_FALSE(config->http);
}

TEST(HttpConfigTest, LoopbackAddressesNeedNoFurtherWord) {
  for (const char* listen : {"127.0.0.1:9090", "[::1]:0", "localhost:1"}) {
    auto config = Parse(absl::StrCat("http: {listen: \"", listen, "\"}"));
    ASSERT_OK(config) << listen;
    EXPECT_EQ(config->http->listen, listen);
  }
}

TEST(HttpConfigTest, WhatOtherMachinesReachTakesInsecureInSoManyWords) {
  EXPECT_THAT(Parse("http: {listen: \"0.0.0.0:9090\"}").status().message(),
              HasSubstr("`insecure: true`"));
  EXPECT_FALSE(Parse("http: {listen: \"0.0.0.0:9090\", insecure: false}").ok());
  EXPECT_OK(Parse("http: {listen: \"0.0.0.0:9090\", insecure: true}"));
}

TEST(HttpConfigTest, WhatIsNoAddressIsRefused) {
  for (const char* http : {"http: {listen: nowhere}", "http: {listen: \"unix:/tmp/x\"}", "http: {}",
                           "http: {listen: \"127.0.0.1:99999\"}"}) {
    EXPECT_THAT(Parse(http).status().message(), HasSubstr("127.0.0.1:9090")) << http;
  }
}

}  // namespace
}  // namespace tidemark::service
