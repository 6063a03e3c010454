#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "service/config.h"
#include "service/kafka/publisher.h"
#include "service/kafka/restore.h"
#include "tests/service/events.h"
#include "tests/support/cache_folder.h"
#include "tests/support/free_port.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tidemark::testing::KafkaCluster;
using tidemark::testing::Process;
using tidemark::testing::TempFolder;

constexpr char kPassword[] = "a-password-that-nobody-may-see";
constexpr auto kPatience = absl::Seconds(60);

absl::Status RunToEnd(std::vector<std::string> command, const std::string& log) {
  auto process = Process::Start({.command = std::move(command), .output_file = log});
  if (!process.ok()) return process.status();
  auto code = (*process)->Wait(kPatience);
  if (!code.ok()) return code.status();
  return *code == 0 ? absl::OkStatus() : absl::InternalError((*process)->Output());
}

// A broker that takes TLS with each SASL mechanism, for user "shop", and the files to reach it.
class SecurityTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    MakeCertificate("broker");
    MakeCertificate("stranger");
    port_ = tidemark::testing::FreePort();
    const std::string login = "org.apache.kafka.common.security.";
    auto kafka = KafkaCluster::Start(
        {.settings = {{"listener.security.protocol.map",
                       "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL"},
                      {"ssl.keystore.type", "PEM"},
                      {"ssl.keystore.location", folder_->File("broker.both.pem")},
                      {"sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"},
                      {"listener.name.secure.plain.sasl.jaas.config",
                       absl::StrCat(login, "plain.PlainLoginModule required user_shop=\"",
                                    kPassword, "\";")},
                      {"listener.name.secure.scram-sha-256.sasl.jaas.config",
                       login + "scram.ScramLoginModule required;"},
                      {"listener.name.secure.scram-sha-512.sasl.jaas.config",
                       login + "scram.ScramLoginModule required;"},
                      {"listener.name.secure.oauthbearer.sasl.jaas.config",
                       login + "oauthbearer.OAuthBearerLoginModule required;"}},
         .further_listener = absl::StrCat("SECURE://127.0.0.1:", port_)});
    ASSERT_OK(kafka);
    kafka_ = kafka->release();
    tidemark::testing::WriteFile(folder_->File("password"), kPassword);
    tidemark::testing::WriteFile(folder_->File("wrong"), "wrong");
    ASSERT_OK(AddScramUser("SCRAM-SHA-256"));
    ASSERT_OK(AddScramUser("SCRAM-SHA-512"));
  }
  static void TearDownTestSuite() {
    delete kafka_;
    delete folder_;
  }

  static void MakeCertificate(const std::string& name) {
    const std::string key = folder_->File(name + ".key"), cert = folder_->File(name + ".pem");
    ASSERT_OK(RunToEnd(
        {"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert},
        folder_->File("openssl.log")));
    tidemark::testing::WriteFile(
        folder_->File(name + ".both.pem"),
        tidemark::testing::ReadFile(key) + tidemark::testing::ReadFile(cert));
  }
  static absl::Status AddScramUser(const std::string& mechanism) {
    return RunToEnd(
        {absl::StrCat(tidemark::testing::CacheFolder(), "/kafka-4/bin/kafka-run"),
         "kafka.admin.ConfigCommand", "--bootstrap-server", kafka_->bootstrap(), "--alter",
         "--add-config", absl::StrCat(mechanism, "=[password=", kPassword, "]"), "--entity-type",
         "users", "--entity-name", "shop"},
        folder_->File("users.log"));
  }

  // With `security`, lines of `kafka:`.
  static absl::StatusOr<Config> Configured(const std::string& source, const std::string& security) {
    return ParseConfig(absl::StrCat("data: d\nkafka:\n  brokers: 127.0.0.1:", port_, "\n", security,
                                    "sources:\n  - name: ", source,
                                    "\n    postgres: {connection: dbname=x}\n    publish: {}\n"),
                       folder_->File("t.yaml"));
  }
  static std::unique_ptr<storage::Store> OpenStore(const TempFolder& data) {
    storage::StoreOptions options;
    options.folder = data.path() + "/data";
    return *storage::Store::Open(options);
  }

  // Publishes one event; what the publisher's status says then.
  PublisherStatus Publish(const std::string& security) {
    const std::string source = absl::StrCat("s", ++sources_);
    auto config = Configured(source, security);
    EXPECT_OK(config);
    if (!config.ok()) return {};
    TempFolder data;
    auto store = OpenStore(data);
    storage::Journal* journal = *store->OpenJournal(source);
    EXPECT_OK(journal->state_log().Keep(true));
    EXPECT_OK(journal->Append(BlockMaker(1)
                                  .Schema(MakeSchema(1, 1, "public", "t"))
                                  .Change(1, model::Op::kCreate, 1, "x")
                                  .End()
                                  .Batch()));
    Publisher::Parts parts;
    parts.source = source;
    parts.cluster = config->kafka->cluster;
    parts.options = *config->sources[0].publish;
    parts.journal = journal;
    parts.names = [] { return capture::ServerNames{"PostgreSQL", "shop"}; };
    parts.published = [](const model::Position&) {};
    parts.superseded = [](const absl::Status&) {};
    auto publisher = Publisher::Start(std::move(parts));
    const absl::Time deadline = absl::Now() + kPatience;
    PublisherStatus status;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      status = publisher->status();
    } while (status.published < 3 && status.error.empty() && absl::Now() < deadline);
    return status;
  }

  static std::string Tls(const std::string& ca) {
    return absl::StrCat("  tls: {ca: ", folder_->File(ca + ".pem"), "}\n");
  }
  static std::string Sasl(const std::string& mechanism, const std::string& password = "password") {
    return absl::StrCat("  sasl: {mechanism: ", mechanism,
                        ", user: shop, password: {file: ", folder_->File(password), "}}\n");
  }

  static TempFolder* folder_;
  static KafkaCluster* kafka_;
  static int port_;
  static int sources_;
};

TempFolder* SecurityTest::folder_ = nullptr;
KafkaCluster* SecurityTest::kafka_ = nullptr;
int SecurityTest::port_ = 0;
int SecurityTest::sources_ = 0;

TEST_F(SecurityTest, PlainPublishesOverTls) {
  const PublisherStatus status = Publish(Tls("broker") + Sasl("PLAIN"));
  EXPECT_EQ(status.published, 3u) << status.error;
}

// Debian 12's client cannot do it with this broker, and must say so.
TEST_F(SecurityTest, ScramPublishesOrTheClientIsNamed) {
  for (const char* mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-512"}) {
    const PublisherStatus status = Publish(Tls("broker") + Sasl(mechanism));
    if (tidemark::testing::KafkaClientVersion() >= 0x020601ff) {
      EXPECT_EQ(status.published, 3u) << mechanism << ": " << status.error;
    } else {
      EXPECT_THAT(status.error, HasSubstr("mended in 2.6.1")) << mechanism;
    }
  }
}

// An issuer of tokens for client "shop" with the password: of those without a signature, which the
// broker takes where nothing else is set up.
class TokenIssuer {
 public:
  explicit TokenIssuer(const std::string& folder) {
    port_ = tidemark::testing::FreePort();
    const std::string script = folder + "/issuer.py";
    tidemark::testing::WriteFile(script, kScript);
    auto process = Process::Start(
        {.command = {"/usr/bin/env", "python3", "-u", script, absl::StrCat(port_), kPassword},
         .output_file = absl::StrCat(folder, "/issuer-", port_)});
    EXPECT_OK(process);
    process_ = *std::move(process);
    EXPECT_OK(process_->WaitForLine("ready", kPatience));
  }
  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_, "/token"); }

 private:
  static constexpr char kScript[] = R"(
import base64, http.server, json, sys, time
def part(content): return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b'=').decode()
class Issuer(http.server.BaseHTTPRequestHandler):
  def do_POST(self):
    form = self.rfile.read(int(self.headers['Content-Length'])).decode()
    known = 'Basic ' + base64.b64encode(('shop:' + sys.argv[2]).encode()).decode()
    good = self.headers['Authorization'] == known and form == 'grant_type=client_credentials&scope=a%20b'
    now = int(time.time())
    token = part({'alg': 'none'}) + '.' + part({'sub': 'shop', 'iat': now, 'exp': now + 60}) + '.'
    body = json.dumps({'access_token': token, 'token_type': 'Bearer', 'expires_in': 60}).encode()
    self.send_response(200 if good else 401)
    self.send_header('Content-Length', str(len(body)))
    self.end_headers()
    self.wfile.write(body)
server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Issuer)
print('ready')
server.serve_forever()
)";
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

std::string Oidc(const TokenIssuer& issuer, const std::string& secret_file) {
  return absl::StrCat("  sasl: {mechanism: OAUTHBEARER, oidc: {token_url: '", issuer.url(),
                      "', client_id: shop, client_secret: {file: ", secret_file,
                      "}, scope: a b}}\n");
}

TEST_F(SecurityTest, OauthBearerPublishesWithTokensOfTheIssuer) {
  const TokenIssuer issuer(folder_->path());
  const PublisherStatus status = Publish(Tls("broker") + Oidc(issuer, folder_->File("password")));
  EXPECT_EQ(status.published, 3u) << status.error;
}

TEST_F(SecurityTest, ClientThatTheIssuerRefusesIsNamed) {
  const TokenIssuer issuer(folder_->path());
  const PublisherStatus status = Publish(Tls("broker") + Oidc(issuer, folder_->File("wrong")));
  EXPECT_THAT(status.error, HasSubstr("refuses the client (HTTP 401)"));
  EXPECT_THAT(status.error, HasSubstr("kafka.sasl.oidc"));
}

TEST_F(SecurityTest, WrongPasswordIsNamedAndNotShown) {
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-512"}) {
    const PublisherStatus status = Publish(Tls("broker") + Sasl(mechanism, "wrong"));
    EXPECT_EQ(status.published, 0u);
    EXPECT_THAT(status.error, HasSubstr("kafka.sasl")) << mechanism;
    EXPECT_THAT(status.error, Not(HasSubstr(kPassword)));
  }
}

TEST_F(SecurityTest, CertificateOfAStrangerIsRefused) {
  const PublisherStatus status = Publish(Tls("stranger") + Sasl("PLAIN"));
  EXPECT_EQ(status.published, 0u);
  EXPECT_THAT(status.error, HasSubstr("certificate"));
  EXPECT_THAT(status.error, HasSubstr("kafka.tls"));
}

// A broker that starts or ends may break a handshake off, so that it looks like this.
TEST_F(SecurityTest, RestoreWaitsWhereItIsNotLetInAndSaysWhy) {
  const auto config = Configured("restored", Tls("stranger") + Sasl("PLAIN"));
  ASSERT_OK(config);
  const TempFolder data;
  const auto store = OpenStore(data);
  std::stop_source stop;
  std::string cause;
  const auto waits = [&](const absl::Status& status) {
    cause = std::string(status.message());
    stop.request_stop();
  };
  const absl::Status status =
      Restore("restored", config->kafka->cluster, *config->sources[0].publish, store.get(), waits,
              stop.get_token());
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_THAT(cause, HasSubstr("kafka.tls"));
}

TEST_F(SecurityTest, PropertyThatTheClientDoesNotKnowIsNamed) {
  const PublisherStatus status =
      Publish(Tls("broker") + Sasl("PLAIN") + "  properties: {no.such.thing: 1}\n");
  EXPECT_EQ(status.state, PublisherState::kStopped);
  EXPECT_THAT(status.error, HasSubstr("no.such.thing"));
}

}  // namespace
}  // namespace tidemark::service::kafka
