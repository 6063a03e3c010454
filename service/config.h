#ifndef TIDEMARK_SERVICE_CONFIG_H_
#define TIDEMARK_SERVICE_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/kafka/publish_options.h"
#include "service/kafka_config.h"
#include "service/log.h"
#include "service/server_config.h"
#include "service/tls/access.h"
#include "storage/journal.h"

namespace tidemark::service {

// What `tidemarkd --config FILE` runs. docs/configuration.md documents every key.

struct SourceConfig {
  std::string name;
  ServerConfig server;
  // Connections that read chunks at the same time.
  uint32_t readers_max = 2;
  // Time that one chunk's SELECT should take.
  uint32_t chunk_ms_target = 200;
  storage::Retention retention;
  // How it is published to Kafka, if it is; then Config.kafka is set.
  std::optional<kafka::PublishOptions> publish;
};

// Metrics and health over HTTP.
struct HttpConfig {
  // "127.0.0.1:9090", "[::1]:0". Port 0: any free one.
  std::string listen;
  // Who may read the metrics; health is for everybody.
  AccessOptions access = {};
};

struct Config {
  // "127.0.0.1:7654", "[::1]:0", "unix:/run/tidemark.sock". Port 0: any free one.
  std::string listen = "127.0.0.1:7654";
  AccessOptions access;
  // What the files of both `access` and the rest let pass and should not, for an operator.
  std::vector<std::string> access_warnings;
  std::string data;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  // nullopt: not served.
  std::optional<HttpConfig> http;
  std::optional<KafkaConfig> kafka;
  std::vector<SourceConfig> sources;
};

// Parses `text`; relative paths in it are relative to the folder of `file`, which also names it in
// errors. Reads the secrets that it refers to. InvalidArgument: the message has one line for each
// error, "FILE:LINE:COLUMN: ...", which says what was expected.
absl::StatusOr<Config> ParseConfig(std::string_view text, const std::string& file);

// As ParseConfig with the file's content. NotFound or PermissionDenied: it cannot be read.
absl::StatusOr<Config> LoadConfig(const std::string& file);

// True for "127.0.0.1:7654", "localhost:1", "[::1]:1", "unix:/path": what other machines cannot
// reach.
bool IsLocalAddress(std::string_view listen);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CONFIG_H_
