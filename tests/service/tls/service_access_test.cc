// The real tidemarkd with TLS, certificates of clients and tokens, asked by the real command; it
// captures a PostgreSQL server that takes nothing but TLS.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.pb.h"
#include "service/tls/certificates.h"
#include "tests/service/http/https_client.h"
#include "tests/support/certificates.h"
#include "tests/support/free_port.h"
#include "tests/support/postgres_programs.h"
#include "tests/support/postgres_server.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"

namespace tidemark::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresServer;
using testing::Process;
using testing::ServiceProcess;
using ::testing::StartsWith;

constexpr absl::Duration kAccessPatience = absl::Seconds(60);
constexpr char kPassword[] = "the-password-of-the-database";
constexpr char kToken[] = "the-token-of-the-service";
constexpr char kOldToken[] = "a-token-that-is-rotated-out";

class ServiceAccessTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TempFolder;
    for (const char* authority : {"ca", "other"}) {
      ASSERT_OK(testing::MakeAuthority(folder_->path(), authority));
    }
    for (const char* name : {"server", "server2", "client", "postgres"}) {
      ASSERT_OK(testing::IssueCertificate(folder_->path(), "ca", name));
    }
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "ca", "expired", true));
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "other", "stranger"));
    ASSERT_OK(testing::IssueAuthority(folder_->path(), "ca", "branch"));
    ASSERT_OK(testing::IssueCertificate(folder_->path(), "branch", "clerk"));
    testing::WriteFile(File("chained.pem"), Content("clerk.pem") + Content("branch.pem"));
    testing::WriteFile(File("chained.key"), Content("clerk.key"));
    // One that is not its own, and good, behind it: it proves nothing.
    testing::WriteFile(File("liar.pem"), Content("stranger.pem") + Content("client.pem"));
    testing::WriteFile(File("liar.key"), Content("stranger.key"));
    testing::WriteFile(File("password"), kPassword);
    testing::WriteFile(File("tokens"), absl::StrCat(kToken, "\n", kOldToken, "\n"));
    testing::WriteFile(File("token"), kToken);
    testing::WriteFile(File("wrong-token"), "a-token-that-is-unknown");
    Put("server");
    ASSERT_NO_FATAL_FAILURE(StartPostgres());
    ASSERT_NO_FATAL_FAILURE(StartService());
  }
  static void TearDownTestSuite() {
    delete service_;
    delete http_address_;
    delete postgres_;
    delete folder_;
  }

  // TLS and the password are asked for over TCP; the tests' own superuser needs neither.
  static void StartPostgres() {
    const std::string user = testing::PostgresUser();
    if (!user.empty()) {
      ASSERT_OK(testing::RunProgram({"/bin/chown", user, File("postgres.key")}, kAccessPatience));
    }
    auto server = PostgresServer::Start({.settings = {{"ssl", "on"},
                                                      {"ssl_cert_file", File("postgres.pem")},
                                                      {"ssl_key_file", File("postgres.key")}}});
    ASSERT_OK(server);
    postgres_ = server->release();
    ASSERT_OK(postgres_->Exec(
        absl::StrCat("CREATE ROLE tide SUPERUSER LOGIN REPLICATION PASSWORD '", kPassword, "'")));
    ASSERT_OK(postgres_->Exec("CREATE TABLE t (id int PRIMARY KEY, note text)"));
    const std::string rules = postgres_->data_folder() + "/pg_hba.conf";
    testing::WriteFile(rules,
                       "hostssl all,replication tide 127.0.0.1/32 scram-sha-256\n"
                       "host all,replication tide all reject\n"
                       "host all postgres 127.0.0.1/32 trust\n");
    ASSERT_OK(postgres_->Exec("SELECT pg_reload_conf()"));
  }

  static std::string Connection(const std::string& ca) {
    return absl::StrCat("host=localhost hostaddr=127.0.0.1 port=", postgres_->port(),
                        " dbname=postgres user=tide sslmode=verify-full sslrootcert=", File(ca));
  }
  static std::vector<std::string> AccessLines() {
    return {absl::StrCat("tls: {cert: ", File("now.pem"), ", key: ", File("now.key"),
                         ", client_ca: ", File("ca.pem"), "}"),
            absl::StrCat("tokens: {file: ", File("tokens"), "}"),
            absl::StrCat("http: {listen: \"", *http_address_, "\", tls: {cert: ", File("now.pem"),
                         ", key: ", File("now.key"), "}, tokens: {file: ", File("tokens"), "}}"),
            "log: {level: debug}"};
  }

  static void StartService() {
    http_address_ = new std::string(absl::StrCat("127.0.0.1:", testing::FreePort()));
    auto service = ServiceProcess::Start(
        {.connection = Connection("ca.pem"),
         .postgres_lines = {absl::StrCat("password: {file: ", File("password"), "}")},
         .top_lines = AccessLines(),
         .credentials = Credentials()});
    ASSERT_OK(service);
    service_ = service->release();
    ASSERT_OK(service_->WaitUntilCapturing());
  }

  static std::string File(const std::string& name) { return folder_->File(name); }
  static std::string Content(const std::string& name) { return testing::ReadFile(File(name)); }
  // Makes it the service's pair, as a person would: one file after the other.
  static void Put(const std::string& name) {
    for (const char* kind : {".pem", ".key"}) {
      std::filesystem::copy_file(File(name + kind), File(std::string("now") + kind),
                                 std::filesystem::copy_options::overwrite_existing);
    }
  }

  static std::shared_ptr<grpc::ChannelCredentials> Credentials() {
    return grpc::CompositeChannelCredentials(Tls(), grpc::AccessTokenCredentials(kToken));
  }
  static std::shared_ptr<grpc::ChannelCredentials> Tls() {
    return grpc::SslCredentials({Content("ca.pem"), Content("client.key"), Content("client.pem")});
  }
  // On a connection of its own.
  static std::shared_ptr<grpc::Channel> Channel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(service_->address(), credentials, arguments);
  }

  // Calls a method with an empty request.
  static grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel,
                                const std::string& method, grpc::ByteBuffer* response) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    grpc::Status status;
    call->StartCall();
    call->Finish(response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    return status;
  }

  // The service's certificate, as a new connection sees it.
  static std::string ShownCertificate() {
    grpc::ClientContext context;
    v1::ListSourcesResponse response;
    const auto stub = v1::Sources::NewStub(Channel(Credentials()));
    EXPECT_OK(testing::FromGrpc(stub->List(&context, {}, &response)));
    const auto names = context.auth_context()->FindPropertyValues("x509_common_name");
    return names.empty() ? "" : std::string(names[0].data(), names[0].size());
  }

  // Runs the command to its end with these options, and returns its exit code and output.
  static std::string Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {Program("tidemark"), "--server", service_->address()});
    return Run(std::move(arguments));
  }
  static std::string Run(std::vector<std::string> command) {
    const std::string file = File(absl::StrCat("output-", ++outputs_));
    auto process = Process::Start({.command = std::move(command), .output_file = file});
    if (!process.ok()) return process.status().ToString();
    const int code = (*process)->Wait(kAccessPatience).value_or(-1);
    return absl::StrCat("exit ", code, ": ", (*process)->Output());
  }
  static std::string Program(const std::string& name) {
    return std::filesystem::canonical("/proc/self/exe").parent_path() / name;
  }
  static std::vector<std::string> As(const std::string& client, const std::string& token) {
    std::vector<std::string> options = {"--tls-ca", File("ca.pem")};
    if (!client.empty()) {
      options.insert(options.end(),
                     {"--tls-cert", File(client + ".pem"), "--tls-key", File(client + ".key")});
    }
    if (!token.empty()) options.insert(options.end(), {"--token-file", File(token)});
    options.push_back("status");
    return options;
  }
  static void WaitForLog(const std::string& text) {
    EXPECT_OK(service_->process().WaitForLine(text, kAccessPatience));
  }

  static testing::TempFolder* folder_;
  static PostgresServer* postgres_;
  static ServiceProcess* service_;
  static std::string* http_address_;
  static int outputs_;
};

testing::TempFolder* ServiceAccessTest::folder_ = nullptr;
PostgresServer* ServiceAccessTest::postgres_ = nullptr;
ServiceProcess* ServiceAccessTest::service_ = nullptr;
std::string* ServiceAccessTest::http_address_ = nullptr;
int ServiceAccessTest::outputs_ = 0;

TEST_F(ServiceAccessTest, ACertificateAndATokenOpenTheService) {
  EXPECT_THAT(Command(As("client", "token")), AllOf(HasSubstr("exit 0"), HasSubstr("capturing")));
}

TEST_F(ServiceAccessTest, AClientOfAnAuthorityBetweenIsTakenWithTheChain) {
  EXPECT_THAT(Command(As("chained", "token")), HasSubstr("exit 0"));
  EXPECT_THAT(
      Command(As("clerk", "token")),
      AllOf(HasSubstr("exit 1"), HasSubstr("(CN=clerk) is refused: unable to get local issuer")));
}

TEST_F(ServiceAccessTest, WhoIsRefusedIsToldWhyAndTheLogNamesThem) {
  struct {
    const char *client, *token, *reason;
  } cases[] = {
      {"", "token", "shows no certificate"},
      {"expired", "token", "(CN=expired) is refused: certificate has expired"},
      {"stranger", "token", "(CN=stranger) is refused: unable to get local issuer"},
      {"liar", "token", "(CN=stranger) is refused: unable to get local issuer"},
      {"client", "", "the call has no token"},
      {"client", "wrong-token", "the call's token is none of those"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(Command(As(one.client, one.token)),
                AllOf(HasSubstr("exit 1"), HasSubstr(one.reason)));
    auto line = service_->process().WaitForLine(one.reason, kAccessPatience);
    ASSERT_OK(line);
    EXPECT_THAT(*line, AllOf(HasSubstr("call refused"), HasSubstr("127.0.0.1")));
  }
}

TEST_F(ServiceAccessTest, TheCommandSaysWhatIsWrongWithTheConnection) {
  const auto with = [](std::vector<std::string> options) {
    options.push_back("status");
    return Command(std::move(options));
  };
  EXPECT_THAT(with({}), AllOf(HasSubstr("exit 1"), HasSubstr("if it has TLS, add --tls-ca")));
  EXPECT_THAT(with({"--tls-ca", File("other.pem")}),
              AllOf(StartsWith("exit 1: tidemark: cannot reach tidemarkd at"),
                    HasSubstr("certificate verify failed")));
  EXPECT_THAT(with({"--tls-ca", File("none")}), HasSubstr("--tls-ca: expected a PEM file"));
  EXPECT_THAT(with({"--tls-ca", File("ca.pem"), "--tls-cert", File("client.pem")}),
              HasSubstr("expected both --tls-cert and --tls-key"));
  EXPECT_THAT(with({"--tls-ca", File("ca.pem"), "--tls-server-name", "elsewhere"}),
              AllOf(HasSubstr("exit 1"), HasSubstr("elsewhere")));
  EXPECT_THAT(Run({Program("tidemark"), "--server", "192.0.2.1:7654", "--token-file", File("token"),
                   "status"}),
              AllOf(HasSubstr("exit 1"), HasSubstr("would travel in clear text")));
}

// Every method there is, so that none is forgotten.
TEST_F(ServiceAccessTest, EveryMethodAsksForAToken) {
  const auto channel = Channel(Tls());
  int methods = 0;
  for (const char* name : {"ChangeStream", "Consumers", "Snapshots", "Sources"}) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
        absl::StrCat("tidemark.v1.", name));
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      grpc::ByteBuffer response;
      const grpc::Status status = CallEmpty(
          channel, absl::StrCat("/", service->full_name(), "/", service->method(i)->name()),
          &response);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED)
          << service->method(i)->full_name() << ": " << status.error_message();
    }
  }
  EXPECT_GE(methods, 17);
}

TEST_F(ServiceAccessTest, HealthNeedsNeitherCertificateNorToken) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = Content("ca.pem");
  grpc::ByteBuffer bytes;
  ASSERT_OK(testing::FromGrpc(
      CallEmpty(Channel(grpc::SslCredentials(options)), "/grpc.health.v1.Health/Check", &bytes)));
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(grpc::SerializationTraits<grpc::health::v1::HealthCheckResponse>::Deserialize(
                  &bytes, &response)
                  .ok());
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(ServiceAccessTest, StreamsOutliveTheRotationOfCertificates) {
  constexpr int kConnections = 10, kStreams = 100;
  std::vector<std::unique_ptr<v1::ChangeStream::Stub>> stubs;
  for (int i = 0; i < kConnections; ++i) {
    stubs.push_back(v1::ChangeStream::NewStub(Channel(Credentials())));
  }
  v1::SubscribeRequest request;
  request.set_source(ServiceProcess::kSource);
  request.set_now(true);
  request.set_heartbeat_interval_ms(100);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> streams;
  v1::SubscribeResponse response;
  for (int i = 0; i < kStreams; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    contexts.back()->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    streams.push_back(stubs[i % kConnections]->Subscribe(contexts.back().get(), request));
  }
  for (auto& stream : streams) ASSERT_TRUE(stream->Read(&response));  // open, and waits for more
  EXPECT_EQ(ShownCertificate(), "server");
  Put("server2");
  WaitForLog("certificates reloaded subject=\"CN=server2\"");
  EXPECT_EQ(ShownCertificate(), "server2");
  ASSERT_OK(postgres_->Exec("INSERT INTO t VALUES (1, 'after the rotation')"));
  const auto is_change = [](const v1::Event& event) { return event.has_change(); };
  for (int i = 0; i < kStreams; ++i) {
    bool found = false;
    while (!found && streams[i]->Read(&response)) {
      found = std::any_of(response.events().begin(), response.events().end(), is_change);
    }
    EXPECT_TRUE(found) << i;
    contexts[i]->TryCancel();
  }
}

TEST_F(ServiceAccessTest, HalfAPairIsNotTakenAndTheFileNamed) {
  const std::string before = ShownCertificate();
  std::filesystem::copy_file(File("stranger.key"), File("now.key"),
                             std::filesystem::copy_options::overwrite_existing);
  WaitForLog(absl::StrCat(File("now.key"), " is not the key of the certificate in"));
  EXPECT_EQ(ShownCertificate(), before);
}

TEST_F(ServiceAccessTest, ATokenIsRotatedWithoutARestart) {
  testing::WriteFile(File("old-token"), kOldToken);
  EXPECT_THAT(Command(As("client", "old-token")), HasSubstr("exit 0"));
  testing::WriteFile(File("tokens"), absl::StrCat(kToken, "\n"));
  WaitForLog("tokens reloaded tokens=1");
  EXPECT_THAT(Command(As("client", "old-token")), HasSubstr("exit 1"));
  EXPECT_THAT(Command(As("client", "token")), HasSubstr("exit 0"));
}

TEST_F(ServiceAccessTest, MetricsTellWhenTheCertificatesThatAreShownNowExpire) {
  const std::vector<std::string> scraper = {"--ca", File("ca.pem"), "--token", kToken};
  // Seconds after the others.
  ASSERT_OK(testing::IssueCertificate(folder_->path(), "ca", "late"));
  Put("late");
  for (const char* listener : {"grpc", "http"}) {
    WaitForLog(absl::StrCat("certificates reloaded subject=\"CN=late\" listener=", listener));
  }
  const std::string page = testing::HttpsGet(*http_address_, "/metrics", scraper);
  EXPECT_THAT(page, StartsWith("200 late\n"));
  const auto expiry = CertificateExpiry(File("late.pem"));
  ASSERT_TRUE(expiry);
  EXPECT_NE(expiry, CertificateExpiry(File("server.pem")));
  for (const char* use : {"grpc", "http"}) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat("tidemark_certificate_expiry_timestamp_seconds{use=\"",
                                             use, "\"} ", absl::ToUnixSeconds(*expiry), "\n")));
  }
}

TEST_F(ServiceAccessTest, PostgresIsReadOverTlsAndAStrangersCertificateRefused) {
  EXPECT_EQ(*postgres_->QueryValue("SELECT bool_and(ssl) AND count(*) > 1 FROM pg_stat_ssl s JOIN "
                                   "pg_stat_activity a USING (pid) WHERE a.usename = 'tide'"),
            "t");
  testing::WriteFile(
      File("strange.yaml"),
      absl::StrCat("data: d\nsources:\n  - name: db\n    postgres: {connection: \"",
                   Connection("other.pem"), "\", password: {file: ", File("password"), "}}\n"));
  EXPECT_THAT(Run({Program("tidemarkd"), "--check", "--config", File("strange.yaml")}),
              AllOf(HasSubstr("exit 1"), HasSubstr("certificate verify failed")));
}

TEST_F(ServiceAccessTest, CheckFindsEveryBadFile) {
  testing::WriteFile(
      File("bad.yaml"),
      absl::StrCat("listen: 0.0.0.0:0\ntls: {cert: expired.pem, key: client.key, "
                   "client_ca: none.pem}\ntokens: {file: password.none}\ndata: d\n"
                   "sources:\n  - name: db\n    postgres: {connection: dbname=x}\n"));
  const std::string output = Run({Program("tidemarkd"), "--check", "--config", File("bad.yaml")});
  EXPECT_THAT(output, HasSubstr("exit 1"));
  for (const char* expected :
       {"bad.yaml:2:13: tls.cert: the certificate in", "tls.key: ", "is not the key of",
        "tls.client_ca: expected a readable PEM file", "tokens.file: expected a readable file"}) {
    EXPECT_THAT(output, HasSubstr(expected));
  }
}

// All that the programs have written in the tests above and here, at the level debug.
TEST_F(ServiceAccessTest, SecretsAreInNoLogAndNoOutput) {
  for (const char* command : {"status", "check"}) {
    Command({"--tls-ca", File("ca.pem"), "--tls-cert", File("client.pem"), "--tls-key",
             File("client.key"), "--token-file", File("token"), command});
  }
  Command(As("client", "wrong-token"));
  testing::WriteFile(
      File("kafka.yaml"),
      absl::StrCat("data: ", File("kafka-data"),
                   "\nlog: {level: debug}\nlisten: 127.0.0.1:0\nkafka:\n  brokers: 127.0.0.1:1\n"
                   "  sasl: {mechanism: PLAIN, user: u, password: {env: SECRET_OF_KAFKA}}\n"
                   "  schema_registry: {url: 'http://127.0.0.1:1', user: u, password: {env: "
                   "SECRET_OF_REGISTRY}}\nsources:\n  - name: db\n    postgres: {connection: \"",
                   Connection("ca.pem"),
                   "\", slot: s2, publication: p2, password: {file: ", File("password"),
                   "}}\n    publish:\n      format: avro\n      transforms:\n        - {tables: "
                   "'.*', hash: [note], hash_salt: {env: SECRET_OF_HASH}}\n"));
  auto publishing =
      Process::Start({.command = {Program("tidemarkd"), "--config", File("kafka.yaml")},
                      .output_file = File("output-kafka"),
                      .environment = {{"SECRET_OF_KAFKA", "the-password-of-kafka"},
                                      {"SECRET_OF_REGISTRY", "the-password-of-the-registry"},
                                      {"SECRET_OF_HASH", "the-salt-of-the-hashes"}}});
  ASSERT_OK(publishing);
  EXPECT_OK((*publishing)->WaitForLine("127.0.0.1:1", kAccessPatience));
  EXPECT_OK((*publishing)->Terminate(kAccessPatience));
  std::string all = absl::StrCat(service_->Log(), Content("output-kafka"));
  for (int i = 1; i <= outputs_; ++i) absl::StrAppend(&all, Content(absl::StrCat("output-", i)));
  EXPECT_THAT(all, AllOf(HasSubstr("call refused"), HasSubstr("127.0.0.1:1")));
  const std::string key = Content("server.key");
  for (const std::string& secret :
       {std::string(kPassword), std::string(kToken), std::string(kOldToken),
        std::string("a-token-that-is-unknown"), std::string("the-password-of-kafka"),
        std::string("the-password-of-the-registry"), std::string("the-salt-of-the-hashes"),
        std::string("PRIVATE KEY"), key.substr(key.find('\n') + 1, 40)}) {
    EXPECT_THAT(all, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace tidemark::service
