#ifndef TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_FIXTURE_H_
#define TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "service/kafka/schema_registry.h"
#include "tests/support/schema_registry_server.h"
#include "tests/support/status_matchers.h"

namespace tidemark::service::kafka {

// The message of an error of this code.
inline std::string MessageOf(const absl::Status& status, absl::StatusCode code) {
  EXPECT_EQ(status.code(), code) << status;
  return std::string(status.message());
}

// Tests of one suite share a registry; each takes topics of its own.
class RegistryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_OK_AND_ASSIGN(server_, tidemark::testing::SchemaRegistryServer::Start());
  }
  static void TearDownTestSuite() { server_.reset(); }

  static RegistryOptions OptionsOf(const std::string& url) {
    RegistryOptions options;
    options.urls = {url};
    return options;
  }

  std::optional<RegisteredSchema> Latest(const std::string& subject) {
    absl::StatusOr<std::optional<RegisteredSchema>> latest =
        registry_.Latest({subject, "public.t"});
    EXPECT_TRUE(latest.ok()) << latest.status();
    return *std::move(latest);
  }

  static inline std::unique_ptr<tidemark::testing::SchemaRegistryServer> server_;
  SchemaRegistry registry_{OptionsOf(server_->url()), std::stop_token()};
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_FIXTURE_H_
