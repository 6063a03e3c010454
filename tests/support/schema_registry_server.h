#ifndef TIDEMARK_TESTS_SUPPORT_SCHEMA_REGISTRY_SERVER_H_
#define TIDEMARK_TESTS_SUPPORT_SCHEMA_REGISTRY_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {

struct SchemaRegistryServerOptions {
  // Who may use it, by basic authentication; no user: everyone.
  std::string user = "";
  std::string password = "";
  // PEM files; set: https too, at tls_url().
  std::string cert = "";
  std::string key = "";
};

// A throwaway schema registry that speaks Confluent's protocol (Apicurio Registry, dev/registry) on
// free ports of 127.0.0.1, with its schemas in a folder of its own. New schemas must be backward
// compatible, as is Confluent's default. Stopped and removed by the destructor, and by the cleanup
// guard if the test dies. One thread at a time.
class SchemaRegistryServer {
 public:
  // Returns when it answers. Errors: NotFound (none installed: the message names the remedy),
  // Aborted (it ended), DeadlineExceeded; the message holds the end of its log.
  static absl::StatusOr<std::unique_ptr<SchemaRegistryServer>> Start(
      const SchemaRegistryServerOptions& options = {});
  ~SchemaRegistryServer();
  SchemaRegistryServer(const SchemaRegistryServer&) = delete;
  SchemaRegistryServer& operator=(const SchemaRegistryServer&) = delete;

  // As clients take it: "http://127.0.0.1:12345/apis/ccompat/v7".
  std::string url() const;
  std::string tls_url() const;

  void Kill9() { process_->Kill9(); }
  // On the same ports, with the schemas it had. REQUIRES: Kill9 was called.
  absl::Status StartAgain();
  void Freeze() { process_->Freeze(); }
  void Thaw() { process_->Thaw(); }

 private:
  explicit SchemaRegistryServer(const SchemaRegistryServerOptions& options);
  absl::Status LaunchOnFreePorts();
  absl::Status Launch();
  std::vector<std::string> Settings() const;
  absl::Status RequireCompatibility() const;

  const SchemaRegistryServerOptions options_;
  TempFolder folder_;
  int port_ = 0;
  int tls_port_ = 0;
  int starts_ = 0;
  std::unique_ptr<Process> process_;
};

// A Python with clients of registries that are not ours (confluent_kafka, fastavro, protoc).
std::string RegistryPython();

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_SCHEMA_REGISTRY_SERVER_H_
