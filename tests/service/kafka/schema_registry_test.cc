#include "service/kafka/schema_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/service/kafka/registry_fixture.h"
#include "tests/support/free_port.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tidemark::testing::SchemaRegistryServer;

constexpr char kUser[] = "reader";
constexpr char kPassword[] = "b8d1-secret";

Schema Record(const std::string& type) {
  return {"AVRO", absl::StrCat(R"({"type":"record","name":"r","fields":[{"name":"a","type":")",
                               type, R"("}]})")};
}

SchemaSubject Subject(const std::string& name) { return {name, "public.orders"}; }

class SchemaRegistryTest : public RegistryTest {};

TEST_F(SchemaRegistryTest, ARegisteredSchemaKeepsItsIdAndIsTheLatest) {
  ASSERT_OK_AND_ASSIGN(const int32_t id, registry_.Register(Subject("keeps"), Record("int")));
  SchemaRegistry another(OptionsOf(server_->url() + "/"), std::stop_token());
  ASSERT_OK_AND_ASSIGN(const int32_t again, another.Register(Subject("keeps"), Record("int")));
  EXPECT_EQ(id, again);
  ASSERT_OK_AND_ASSIGN(const int version, another.VersionOf(Subject("keeps"), Record("int")));
  EXPECT_EQ(version, 1);
  ASSERT_OK(another.Register(Subject("keeps"), Record("long")));
  EXPECT_EQ(Latest("keeps")->text, Record("long").text);
  EXPECT_EQ(Latest("keeps")->version, 2);
}

TEST_F(SchemaRegistryTest, ASubjectWithoutSchemasHasNoLatest) {
  EXPECT_FALSE(Latest("no/such \xc3\xa4").has_value());
}

TEST_F(SchemaRegistryTest, AnIncompatibleSchemaIsReportedInTheRegistrysWords) {
  ASSERT_OK(registry_.Register(Subject("orders-value"), Record("int")));
  EXPECT_THAT(MessageOf(registry_.Register(Subject("orders-value"), Record("string")).status(),
                        absl::StatusCode::kFailedPrecondition),
              AllOf(HasSubstr("subject orders-value of table public.orders"),
                    HasSubstr("reader type: STRING not compatible with writer type: INT"),
                    HasSubstr("NONE allows any")));
}

TEST_F(SchemaRegistryTest, ASchemaThatIsNoneIsRefusedInTheRegistrysWords) {
  EXPECT_THAT(
      MessageOf(registry_.Register(Subject("bad-value"), {"AVRO", "{\"type\":\"reco"}).status(),
                absl::StatusCode::kFailedPrecondition),
      AllOf(HasSubstr("bad-value"), HasSubstr("another format")));
}

TEST_F(SchemaRegistryTest, APathThatIsNoRegistryIsAnOperatorsMistake) {
  const std::string url = server_->url();
  SchemaRegistry wrong(OptionsOf(url.substr(0, url.find("/apis"))), std::stop_token());
  EXPECT_THAT(MessageOf(wrong.Register(Subject("path"), Record("int")).status(),
                        absl::StatusCode::kFailedPrecondition),
              HasSubstr("check the registry's URL"));
}

TEST_F(SchemaRegistryTest, TheNextUrlIsAskedWhereOneDoesNotAnswer) {
  RegistryOptions options;
  const std::string dead = absl::StrCat("http://127.0.0.1:", tidemark::testing::FreePort());
  options.urls = {dead, server_->url()};
  SchemaRegistry registry(options, std::stop_token());
  EXPECT_OK(registry.Register(Subject("next"), Record("int")));
  options.urls = {dead};
  SchemaRegistry none(options, std::stop_token());
  EXPECT_THAT(MessageOf(none.Register(Subject("next"), Record("int")).status(),
                        absl::StatusCode::kUnavailable),
              AllOf(HasSubstr(dead), HasSubstr("next of table public.orders")));
}

TEST_F(SchemaRegistryTest, AStopEndsTheWaitForARegistryThatDoesNotAnswer) {
  std::stop_source stop;
  SchemaRegistry registry(OptionsOf(server_->url()), stop.get_token());
  server_->Freeze();
  const absl::Time start = absl::Now();
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  EXPECT_EQ(registry.Register(Subject("frozen"), Record("int")).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  server_->Thaw();
}

TEST(SchemaRegistryDownTest, WhatIsRegisteredIsKnownWhileItIsDownAndTheRestWaitsForItsReturn) {
  ASSERT_OK_AND_ASSIGN(const auto server, SchemaRegistryServer::Start());
  RegistryOptions options;
  options.urls = {server->url()};
  SchemaRegistry registry(options, std::stop_token());
  ASSERT_OK_AND_ASSIGN(const int32_t id, registry.Register(Subject("down"), Record("int")));
  server->Kill9();
  EXPECT_EQ(registry.Register(Subject("down"), Record("long")).status().code(),
            absl::StatusCode::kUnavailable);
  ASSERT_OK_AND_ASSIGN(const int32_t known, registry.Register(Subject("down"), Record("int")));
  EXPECT_EQ(known, id);
  ASSERT_OK(server->StartAgain());
  ASSERT_OK_AND_ASSIGN(const int32_t next, registry.Register(Subject("down"), Record("long")));
  EXPECT_NE(next, id);
  SchemaRegistry another(options, std::stop_token());
  ASSERT_OK_AND_ASSIGN(const int32_t again, another.Register(Subject("down"), Record("int")));
  EXPECT_EQ(again, id);
}

// With a user, a certificate of its own, and both its ports.
class ProtectedRegistryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_OK(tidemark::testing::RunProgram(
        {"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder_.File("key"),
         "-out", folder_.File("cert")},
        absl::Seconds(60)));
    ASSERT_OK_AND_ASSIGN(server_, SchemaRegistryServer::Start({.user = kUser,
                                                               .password = kPassword,
                                                               .cert = folder_.File("cert"),
                                                               .key = folder_.File("key")}));
  }
  static void TearDownTestSuite() { server_.reset(); }

  static RegistryOptions Trusted() {
    RegistryOptions options;
    options.urls = {server_->tls_url()};
    options.user = kUser;
    options.password = kPassword;
    options.ca = folder_.File("cert");
    return options;
  }

  static absl::Status Registered(const RegistryOptions& options) {
    SchemaRegistry registry(options, std::stop_token());
    return registry.Register(Subject("guarded"), Record("int")).status();
  }

  static inline tidemark::testing::TempFolder folder_;
  static inline std::unique_ptr<SchemaRegistryServer> server_;
};

TEST_F(ProtectedRegistryTest, UserPasswordAndAuthorityLetIn) { EXPECT_OK(Registered(Trusted())); }

TEST_F(ProtectedRegistryTest, AWrongPasswordIsPermissionDeniedAndInNoMessage) {
  RegistryOptions options = Trusted();
  options.password = "wrong-secret";
  EXPECT_THAT(MessageOf(Registered(options), absl::StatusCode::kPermissionDenied),
              AllOf(HasSubstr("guarded of table public.orders"), HasSubstr("user and password"),
                    Not(HasSubstr("secret"))));
  options.user.clear();
  EXPECT_EQ(Registered(options).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ProtectedRegistryTest, AnAuthorityThatIsNotTrustedIsAnOperatorsMatter) {
  RegistryOptions options = Trusted();
  options.ca.clear();
  EXPECT_THAT(MessageOf(Registered(options), absl::StatusCode::kFailedPrecondition),
              HasSubstr("name the authority"));
  options.ca = folder_.File("no such file");
  EXPECT_THAT(MessageOf(Registered(options), absl::StatusCode::kFailedPrecondition),
              HasSubstr("PEM file"));
  options = Trusted();
  options.cert = folder_.File("no such file");
  EXPECT_THAT(MessageOf(Registered(options), absl::StatusCode::kFailedPrecondition),
              HasSubstr("`cert` and `key`"));
}

TEST(HttpRequestTest, CredentialsInAUrlAreNotShown) {
  EXPECT_EQ(ShownUrl("http://me:secret@host:8081/a@b"), "http://host:8081/a@b");
  EXPECT_EQ(ShownUrl("https://host"), "https://host");
}

TEST(HttpRequestTest, APartOfAPathHasNoOtherCharacters) {
  EXPECT_EQ(PathPart("a/b c-\xc3\xa4.1"), "a%2Fb%20c-%C3%A4.1");
}

TEST(SchemaIdTest, IdsAreBigEndianBehindAZero) {
  std::string out;
  AppendSchemaId(out, 0x01020384);
  EXPECT_EQ(out, std::string("\0\1\2\3\x84", 5));
}

}  // namespace
}  // namespace tidemark::service::kafka
