#include "tests/support/schema_registry_server.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/free_port.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(120);
constexpr absl::Duration kRequestTimeout = absl::Seconds(60);
constexpr int kPortAttempts = 3;
// The last that it logs when it starts.
constexpr char kReady[] = "started in";

std::string RegistryFolder() { return absl::StrCat(CacheFolder(), "/registry"); }

// PUT /config; arguments: URL, user, password.
constexpr char kRequireCompatibility[] = R"(
import base64, sys, urllib.request
url, user, password = sys.argv[1:]
request = urllib.request.Request(url + "/config", method="PUT", data=b'{"compatibility": "BACKWARD"}')
request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
credentials = base64.b64encode((user + ":" + password).encode()).decode()
if user: request.add_header("Authorization", "Basic " + credentials)
urllib.request.urlopen(request, timeout=30).read()
)";

}  // namespace

SchemaRegistryServer::SchemaRegistryServer(const SchemaRegistryServerOptions& options)
    : options_(options) {}

SchemaRegistryServer::~SchemaRegistryServer() = default;

absl::StatusOr<std::unique_ptr<SchemaRegistryServer>> SchemaRegistryServer::Start(
    const SchemaRegistryServerOptions& options) {
  const std::string stamp = absl::StrCat(RegistryFolder(), "/request");
  std::error_code ignored;
  if (!std::filesystem::exists(stamp, ignored)) {
    return absl::NotFoundError(absl::StrCat("no ", stamp, ": run dev/registry"));
  }
  std::unique_ptr<SchemaRegistryServer> server(new SchemaRegistryServer(options));
  absl::Status started;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    started = server->LaunchOnFreePorts();
    // Another program may have been quicker to take a port: then it ends.
    if (started.ok() || !absl::IsAborted(started)) break;
  }
  if (started.ok()) started = server->RequireCompatibility();
  if (!started.ok()) return started;
  return server;
}

std::string SchemaRegistryServer::url() const {
  return absl::StrCat("http://127.0.0.1:", port_, "/apis/ccompat/v7");
}

std::string SchemaRegistryServer::tls_url() const {
  return absl::StrCat("https://127.0.0.1:", tls_port_, "/apis/ccompat/v7");
}

absl::Status SchemaRegistryServer::LaunchOnFreePorts() {
  port_ = FreePort();
  tls_port_ = FreePort();
  return Launch();
}

absl::Status SchemaRegistryServer::StartAgain() { return Launch(); }

absl::Status SchemaRegistryServer::Launch() {
  std::vector<std::string> command = {absl::StrCat(RegistryFolder(), "/bin/registry-run"),
                                      "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"};
  for (const std::string& setting : Settings()) command.push_back(absl::StrCat("-D", setting));
  absl::StatusOr<std::unique_ptr<Process>> process = Process::Start(
      {.command = command, .output_file = folder_.File(absl::StrCat("log-", ++starts_))});
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  return process_->WaitForLine(kReady, kStartTimeout).status();
}

std::vector<std::string> SchemaRegistryServer::Settings() const {
  std::vector<std::string> settings = {
      "quarkus.http.host=127.0.0.1", absl::StrCat("quarkus.http.port=", port_),
      // What is committed outlives kill -9.
      absl::StrCat("apicurio.datasource.url=jdbc:h2:file:", folder_.File("schemas"),
                   ";WRITE_DELAY=0"),
      "quarkus.log.category.\"io.quarkus\".level=INFO"};
  if (!options_.user.empty()) {
    const std::string users = "quarkus.security.users.embedded.";
    settings.push_back("quarkus.http.auth.basic=true");
    settings.push_back(users + "enabled=true");
    settings.push_back(users + "plain-text=true");
    settings.push_back(absl::StrCat(users, "users.", options_.user, "=", options_.password));
    settings.push_back("quarkus.http.auth.permission.all.paths=/*");
    settings.push_back("quarkus.http.auth.permission.all.policy=authenticated");
  }
  if (!options_.cert.empty()) {
    const std::string certificate = "quarkus.http.ssl.certificate.";
    settings.push_back(absl::StrCat("quarkus.http.ssl-port=", tls_port_));
    settings.push_back(absl::StrCat(certificate, "files=", options_.cert));
    settings.push_back(absl::StrCat(certificate, "key-files=", options_.key));
  }
  return settings;
}

absl::Status SchemaRegistryServer::RequireCompatibility() const {
  return RunProgram({RegistryPython(), "-c", kRequireCompatibility, url(), options_.user,
                     options_.password},
                    kRequestTimeout)
      .status();
}

std::string RegistryPython() { return absl::StrCat(RegistryFolder(), "/python/bin/python3"); }

}  // namespace tidemark::testing
